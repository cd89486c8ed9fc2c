"""Every row of a split through a model, batch by batch, on the device where the model is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from whytrain.data.batch_plan import Rows, evaluation_plan
from whytrain.data.encoded import EncodedSplit
from whytrain.models.evaluation import differentiable, evaluating
from whytrain.models.interface import ModelInterface
from whytrain.models.layers import LayerStates, Replacement
from whytrain.types import Batch, Inspection, Predictions

BATCH_SIZE = 256  # sentences

Progress = Callable[[Sequence[Rows]], Iterable[Rows]]


class InspectedBatch(NamedTuple):
    """Sentences of similar length, and what the model computed of them.

    Attributes:
        rows: int64 (batch,), the position of each sentence in its split; on the CPU.
        mask: bool (batch, n_tokens), True where there is a token.
        embeddings: (batch, n_tokens, embedding_size).
        inspection: everything behind them.
    """

    rows: Tensor
    mask: Tensor
    embeddings: Tensor
    inspection: Inspection


def predict_split(
    model: ModelInterface, split: EncodedSplit, *, batch_size: int = BATCH_SIZE, progress: Progress = iter
) -> Predictions:
    """Return logits and labels of every row, in the order of the rows.

    Args:
        model: asked in evaluation mode; every submodule's own mode is restored.
        split: the encoded sentences, at least one.
        batch_size: sentences at once, at most.
        progress: shows how far it is.
    """
    rows, logits = [], []
    for batch in _batches(model, split, batch_size, progress):
        logits.append(model(batch.token_ids, batch.mask).double().cpu())
        rows.append(batch.rows)
    order = torch.cat(rows).argsort()
    return Predictions(logits=torch.cat(logits)[order].numpy(), labels=split.labels)


def inspect_split(
    model: ModelInterface,
    split: EncodedSplit,
    *,
    batch_size: int = BATCH_SIZE,
    progress: Progress = iter,
    with_gradients: bool = False,
) -> Iterator[InspectedBatch]:
    """Yield every row once, in batches from short to long sentences. Arguments as in `predict_split`.

    With gradients, what is yielded can be differentiated by the embeddings.

    Raises:
        ConfigError: the model shows nothing.
    """
    for batch in _batches(
        model, split, batch_size, progress, differentiable if with_gradients else evaluating
    ):
        embeddings = model.embed(batch.token_ids).detach().requires_grad_(with_gradients)
        inspection = model.inspect_embeddings(embeddings, batch.mask)
        mask = torch.ones_like(batch.token_ids, dtype=torch.bool) if batch.mask is None else batch.mask
        yield InspectedBatch(batch.rows, mask.to(embeddings.device), embeddings, inspection)


def split_through_layers(
    model: ModelInterface,
    split: EncodedSplit,
    replacement: Replacement | None = None,
    *,
    batch_size: int = BATCH_SIZE,
) -> Iterator[tuple[Tensor, Tensor, LayerStates]]:
    """Yield rows int64 (batch,), mask bool (batch, n_tokens) and layers of every batch, as `inspect_split`.

    Raises:
        ConfigError: the model shows no layers.
    """
    for batch in _batches(model, split, batch_size, iter):
        seen = model.through_layers(batch.token_ids, batch.mask, replacement)
        mask = torch.ones_like(batch.token_ids, dtype=torch.bool) if batch.mask is None else batch.mask
        yield batch.rows, mask.to(seen.logits.device), seen


def split_of(
    texts: Sequence[str], model: ModelInterface, labels: NDArray[np.int64] | None = None
) -> EncodedSplit:
    """Return texts as a split, cut as the model cuts them; labels that nobody gives are zeros."""
    encoded = model.tokenizer.encode(texts, model.max_tokens)
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(ids) for ids in encoded], out=offsets[1:])
    return EncodedSplit(
        token_ids=np.concatenate(encoded),
        offsets=offsets,
        labels=np.zeros(len(encoded), dtype=np.int64) if labels is None else labels,
        padding_id=model.tokenizer.padding_id,
    )


def _batches(
    model: ModelInterface,
    split: EncodedSplit,
    batch_size: int,
    progress: Progress,
    asking: Callable[[ModelInterface], AbstractContextManager[None]] = evaluating,
) -> Iterator[Batch]:
    with asking(model):
        for rows in progress(evaluation_plan(split.lengths, batch_size)):
            yield split.batch(rows)
