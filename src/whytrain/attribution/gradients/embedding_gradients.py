"""Gradients of targets by the embeddings of texts, several texts in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from whytrain.attribution.target import Target
from whytrain.attribution.units import Units
from whytrain.models.evaluation import differentiable
from whytrain.models.interface import ModelInterface

Array = NDArray[np.float64]

NO_EMBEDDINGS = "needs a model that can be run from its embeddings"
_TOKENS_AT_ONCE = 8192


class EmbeddingGradients(NamedTuple):
    """A text's embeddings x, and what one target does when they change.

    Attributes:
        embeddings: float64 (n_tokens, embedding_size).
        gradients: float64 (n_tokens, embedding_size), ∂target/∂x.
    """

    embeddings: Array
    gradients: Array


def embedding_gradients(
    model: ModelInterface, sentences: Sequence[Units], targets: Sequence[Target]
) -> list[EmbeddingGradients]:
    """Run texts forward and backward in batches of about one length, without a trace on the model.

    Args:
        model: the model; `capabilities.embeddings` is true.
        sentences: the texts.
        targets: which output of each.
    """
    found: dict[int, EmbeddingGradients] = {}
    with differentiable(model):
        for rows in _batches([len(units.token_ids) for units in sentences]):
            batch = [torch.from_numpy(sentences[row].token_ids) for row in rows]
            both = _run(model, batch, [targets[row] for row in rows])
            for place, row in enumerate(rows):
                n_tokens = len(sentences[row].token_ids)
                found[row] = EmbeddingGradients(*(values[place, :n_tokens] for values in both))
    return [found[row] for row in range(len(sentences))]


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Put neighbors in length together, as many as a batch holds when all are as long as its last one."""
    batches: list[list[int]] = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if not batches or lengths[row] * (len(batches[-1]) + 1) > _TOKENS_AT_ONCE:
            batches.append([])
        batches[-1].append(row)
    return batches


def _run(model: ModelInterface, batch: list[Tensor], targets: Sequence[Target]) -> tuple[Array, Array]:
    token_ids = torch.nn.utils.rnn.pad_sequence(
        batch, batch_first=True, padding_value=model.tokenizer.padding_id
    )
    lengths = torch.tensor([len(ids) for ids in batch])
    mask = torch.arange(token_ids.shape[1]) < lengths[:, None]
    embeddings = model.embed(token_ids).detach().requires_grad_()
    logits = model.logits_of_embeddings(embeddings, None if mask.all() else mask)
    values = []
    for target in dict.fromkeys(targets):
        asked = [row for row, other in enumerate(targets) if other == target]
        values.append(target.of_tensor(logits[asked]))
    # Rows do not see each other: the gradient of their sum is each row's own.
    (gradients,) = torch.autograd.grad(torch.cat(values).sum(), embeddings)
    embedded, moved = (tensor.detach().cpu().double().numpy() for tensor in (embeddings, gradients))
    return embedded, moved
