"""Sharing for any coalitions of a recurrent model: every distinct beginning and end is run only once.

Sentences that are written out are sorted; neighbors then share their beginnings, and what is equal up to a
position is one row of a step. That serves what no table holds (orders of a long sentence's words, many short
sentences at once) and a removal that makes sentences shorter, whose lengths may differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from whytrain.attribution.shapley.coalitions import Rows
from whytrain.types import Recurrence

_BATCH_ROWS = 8192  # sentences that share: more share more, and need more memory
_READ_ROWS = 512  # of which the readout takes so many at once: what it computes should stay in the cache

Ints = NDArray[np.int64]


class _Nodes(NamedTuple):
    """The distinct beginnings of sentences that have a token at a position.

    Attributes:
        tokens: (n_nodes,), the token there.
        parents: (n_nodes,), the node of the position before; 0 at the first.
        of_row: (n_rows,), the node of each sentence; without meaning behind its end.
    """

    tokens: Ints
    parents: Ints
    of_row: Ints


def shared_rows(recurrence: Recurrence, rows: Iterable[Rows]) -> tuple[Ints, NDArray[np.float32]]:
    """Evaluate sentences of any lengths.

    Returns:
        Positions (n_sentences,) and their logits, float32 (n_sentences, n_classes), in the order computed.
    """
    done: list[tuple[Ints, NDArray[np.float32]]] = []
    waiting: list[Rows] = []
    for part in rows:
        waiting.append(part)
        if sum(len(positions) for positions, _ in waiting) >= _BATCH_ROWS:
            done.append(_evaluate(recurrence, waiting))
            waiting = []
    if waiting:
        done.append(_evaluate(recurrence, waiting))
    positions, logits = zip(*done, strict=True)
    return np.concatenate(positions), np.concatenate(logits)


def _evaluate(recurrence: Recurrence, parts: list[Rows]) -> tuple[Ints, NDArray[np.float32]]:
    lengths = np.concatenate([np.full(len(ids), ids.shape[1]) for _, ids in parts])
    places = np.arange(lengths.max())
    inside = places < lengths[:, None]
    token_ids = np.zeros(inside.shape, dtype=np.int64)
    token_ids[inside] = np.concatenate([ids.ravel() for _, ids in parts])
    vocabulary, numbered = np.unique(token_ids, return_inverse=True)
    numbered = numbered.reshape(token_ids.shape)
    turned = np.take_along_axis(numbered, np.where(inside, lengths[:, None] - 1 - places, 0), axis=1)
    inputs = recurrence.inputs(torch.from_numpy(vocabulary))
    levels, orders = zip(*(_levels(tokens, inside) for tokens in (numbered, turned)), strict=True)
    summaries = [_run(recurrence, inputs[d], levels[d], d) for d in (0, 1)]
    logits: NDArray[np.float32] | None = None
    # Neighbors in the order of beginnings read the same rows of memory.
    for length in np.unique(lengths).tolist():
        group = orders[0][lengths[orders[0]] == length]
        for start in range(0, len(group), _READ_ROWS):
            chosen = group[start : start + _READ_ROWS]
            found = _read_out(recurrence, summaries, levels, chosen, length).float().cpu().numpy()
            if logits is None:
                logits = np.empty((len(lengths), found.shape[1]), dtype=np.float32)
            logits[chosen] = found
    assert logits is not None
    return np.concatenate([positions for positions, _ in parts]), logits


def _levels(tokens: Ints, inside: NDArray[np.bool_]) -> tuple[list[_Nodes], NDArray[np.intp]]:
    """Return the nodes of every position, and the order of the sentences by their beginnings."""
    written = np.where(inside, tokens + 1, 0).astype(">u4")  # 0: the sentence has ended
    order = written.view(np.dtype((np.void, 4 * written.shape[1]))).ravel().argsort()
    ordered = written[order]
    is_new = np.ones(written.shape, dtype=bool)
    is_new[1:] = np.logical_or.accumulate(ordered[1:] != ordered[:-1], axis=1)
    is_new &= inside[order]
    numbers = is_new.cumsum(axis=0) - 1
    levels = []
    for place in range(written.shape[1]):
        first = np.flatnonzero(is_new[:, place])
        of_row = np.empty(len(order), dtype=np.int64)
        of_row[order] = numbers[:, place]
        parents = numbers[first, place - 1] if place else np.zeros(len(first), dtype=np.int64)
        levels.append(_Nodes(tokens[order[first], place], parents, of_row))
    return levels, order


def _run(recurrence: Recurrence, inputs: Tensor, levels: list[_Nodes], direction: int) -> list[Tensor]:
    """Return what the readout needs of every node: per position (n_nodes, size)."""
    state, summaries = recurrence.initial(), []
    for nodes in levels:
        parents, tokens = (torch.from_numpy(a).to(inputs.device) for a in (nodes.parents, nodes.tokens))
        state = recurrence.follow(state, parents, inputs, tokens, direction)
        summaries.append(recurrence.summarize(state, direction))
    return summaries


def _read_out(
    recurrence: Recurrence,
    summaries: list[list[Tensor]],
    levels: tuple[list[_Nodes], ...],
    rows: NDArray[np.intp],
    length: int,
) -> Tensor:
    """Return the logits of some sentences of one length."""
    places = recurrence.positions(length)
    forward, backward = (
        [
            part.index_select(0, torch.from_numpy(levels[d][p].of_row[rows]).to(part.device))
            for p in at
            for part in [summaries[d][p]]
        ]
        for d, at in enumerate((places, [length - 1 - p for p in places]))
    )
    return recurrence.combine(forward, backward, len(rows))
