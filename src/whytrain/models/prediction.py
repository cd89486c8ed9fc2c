"""A model's predictions on a whole split."""

from __future__ import annotations

import torch
from torch import nn

from whytrain.data.batch_plan import evaluation_plan
from whytrain.data.encoded import EncodedSplit
from whytrain.types import Predictions

BATCH_SIZE = 256


@torch.no_grad()
def predict_split(model: nn.Module, split: EncodedSplit) -> Predictions:
    """Return logits and labels of every row, in the order of the rows.

    The model runs in evaluation mode on the device where it is, and its mode is restored.

    Args:
        model: `model(token_ids, mask) -> logits (batch, n_classes)`.
        split: the encoded sentences.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        rows, logits = [], []
        for chosen in evaluation_plan(split.lengths, BATCH_SIZE):
            batch = split.batch(chosen)
            mask = None if batch.mask is None else batch.mask.to(device)
            logits.append(model(batch.token_ids.to(device), mask).double().cpu())
            rows.append(batch.rows)
    finally:
        model.train(was_training)
    order = torch.cat(rows).argsort()
    return Predictions(torch.cat(logits)[order].numpy(), split.labels)
