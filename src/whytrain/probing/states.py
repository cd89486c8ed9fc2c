"""The states of parts of sentences, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from whytrain.data.encoded import EncodedSplit
from whytrain.data.tokenization import WordEncoding
from whytrain.models.batch_runner import split_through_layers
from whytrain.models.interface import ModelInterface
from whytrain.models.layers import POOLED, token_layers
from whytrain.probing.tasks import ProbeTask

Array = NDArray[np.float64]
_BATCH = 64  # sentences


def split_of_encodings(encodings: Sequence[WordEncoding], padding_id: int) -> EncodedSplit:
    """Return tokenized sentences as a split; the labels are zeros."""
    lengths = [len(encoding.token_ids) for encoding in encodings]
    return EncodedSplit(
        token_ids=np.concatenate([encoding.token_ids for encoding in encodings]).astype(np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        labels=np.zeros(len(encodings), dtype=np.int64),
        padding_id=padding_id,
    )


def states_of_parts(model: ModelInterface, task: ProbeTask) -> dict[str, NDArray[np.float32]]:
    """Return by layer the mean state of the tokens of each part, float32 (n_parts, size).

    Of whole sentences also the `pooled` state.

    Raises:
        ConfigError: the model shows no layers.
    """
    wanted = token_layers(model.capabilities.layers) + ([POOLED] if task.whole else [])
    split = split_of_encodings(task.sentences, model.tokenizer.padding_id)
    parts_of = [np.flatnonzero(task.sentence == row) for row in range(len(task.sentences))]
    found: dict[str, NDArray[np.float32]] = {}
    for rows, mask, seen in split_through_layers(model, split, batch_size=_BATCH):
        batch = rows.tolist()
        weights = torch.zeros(len(batch), max(len(parts_of[row]) for row in batch), mask.shape[1])
        for i, row in enumerate(batch):
            word_of_token = task.sentences[row].word_of_token
            for j, part in enumerate(parts_of[row]):
                inside = (task.begin[part] <= word_of_token) & (word_of_token < task.end[part])
                weights[i, j, : len(inside)] = torch.from_numpy(inside / inside.sum())
        for layer in wanted:
            states = seen.states[layer].float().cpu()
            means = states.expand(-1, weights.shape[1], -1) if layer == POOLED else weights @ states
            kept = found.setdefault(layer, np.empty((len(task), states.shape[2]), dtype=np.float32))
            for i, row in enumerate(batch):
                kept[parts_of[row]] = means[i, : len(parts_of[row])].numpy()
    return found
