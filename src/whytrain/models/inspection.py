"""What a model computes on the way to its logits, for every row of a split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from whytrain.data.batch_plan import evaluation_plan
from whytrain.data.encoded import EncodedSplit
from whytrain.models.prediction import BATCH_SIZE
from whytrain.types import Inspectable, Inspection


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


@torch.no_grad()
def inspect_split(model: Inspectable, split: EncodedSplit) -> Iterator[InspectedBatch]:
    """Yield every row once, in batches from short to long sentences.

    The model runs in evaluation mode on the device where it is; its mode is restored behind the last batch.
    """
    assert isinstance(model, nn.Module)
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        for rows in evaluation_plan(split.lengths, BATCH_SIZE):
            batch = split.batch(rows)
            mask = None if batch.mask is None else batch.mask.to(device)
            embeddings = model.embed(batch.token_ids.to(device))
            inspection = model.inspect(embeddings, mask)
            present = torch.ones(embeddings.shape[:2], dtype=torch.bool, device=device)
            yield InspectedBatch(batch.rows, present if mask is None else mask, embeddings, inspection)
    finally:
        model.train(was_training)
