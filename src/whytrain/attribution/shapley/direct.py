"""The direct engine: coalitions of any predict function, in batches of sentences of equal length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from whytrain.attribution.removal import Removal
from whytrain.attribution.shapley.coalitions import Rows
from whytrain.attribution.units import Units
from whytrain.errors import ConfigError
from whytrain.types import PredictFn


def coalition_rows(players: Units, present: NDArray[np.bool_], absence: Removal) -> Iterator[Rows]:
    """Write coalitions as sentences, grouped by their length.

    Args:
        players: the sentence.
        present: bool (n_coalitions, n_players).
        absence: what stands where a player is absent.

    Yields:
        Positions in `present` (n,) and token ids (n, n_tokens); every coalition once, or where words are
        filled in as often as texts are made of it.
    """
    if absence.fill is not None:
        yield from absence.fill(players, present)
        return
    stays = np.concatenate([present, np.ones((len(present), 1), dtype=bool)], axis=1)
    # Special tokens have player -1: the column of ones at the end.
    tokens_stay = stays[:, players.player_of_token]
    if absence.replacement_id is not None:
        yield np.arange(len(present)), np.where(tokens_stay, players.token_ids, absence.replacement_id)
        return
    lengths = tokens_stay.sum(axis=1)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        if length == 0:
            yield rows, _empty(len(rows), absence)
            continue
        kept = np.nonzero(tokens_stay[rows])[1].reshape(len(rows), length)
        yield rows, players.token_ids[kept]


def _empty(n_rows: int, absence: Removal) -> NDArray[np.int64]:
    if absence.empty_id is None:
        raise ConfigError(
            "absence=removed leaves nothing of a sentence without special tokens; "
            "choose padding, mask or unknown"
        )
    return np.full((n_rows, 1), absence.empty_id, dtype=np.int64)


def direct_logits(
    predict: PredictFn, rows: Iterable[Rows], batch_tokens: int, device: torch.device
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Evaluate sentences in batches of one length and of about `batch_tokens` tokens, each text once.

    Returns:
        Positions (n_sentences,) and their logits, float32 (n_sentences, n_classes), in the order computed.
    """
    waiting: dict[int, list[Rows]] = {}
    done: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = []
    for part in rows:
        length = part[1].shape[1]
        batch = waiting.setdefault(length, [])
        batch.append(part)
        if sum(ids.size for _, ids in batch) >= batch_tokens:
            done.extend(_evaluate(predict, waiting.pop(length), batch_tokens, device))
    for batch in waiting.values():
        done.extend(_evaluate(predict, batch, batch_tokens, device))
    positions, logits = zip(*done, strict=True)
    return np.concatenate(positions), np.concatenate(logits)


def _evaluate(
    predict: PredictFn, parts: list[Rows], batch_tokens: int, device: torch.device
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    positions = np.concatenate([p for p, _ in parts])
    token_ids, inverse = _distinct(np.concatenate([ids for _, ids in parts]))
    size = max(1, batch_tokens // token_ids.shape[1])
    logits = [
        predict(torch.from_numpy(token_ids[start : start + size]).to(device), None).float().cpu().numpy()
        for start in range(0, len(token_ids), size)
    ]
    yield positions, np.concatenate(logits)[inverse]


def _distinct(token_ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return distinct rows and, for each row, which of them it is."""
    packed = np.ascontiguousarray(token_ids).view(np.dtype((np.void, token_ids.shape[1] * 8))).ravel()
    _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return token_ids[first], inverse
