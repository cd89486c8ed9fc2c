"""The coalition table: the logits of all 2^n coalitions of a sentence, from the cheapest engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from whytrain.attribution.removal import Removal
from whytrain.attribution.shapley.coalitions import Rows, membership, subset_sums
from whytrain.attribution.shapley.direct import coalition_rows, direct_logits
from whytrain.attribution.shapley.shared_rows import shared_rows
from whytrain.attribution.shapley.sharing import shared_logits
from whytrain.attribution.units import Units
from whytrain.errors import ConfigError
from whytrain.models.evaluation import device_of, evaluating
from whytrain.models.interface import recurrence_of
from whytrain.types import PredictFn, PrefixModel, Recurrence

Engine = Literal["auto", "direct", "sharing"]

MAX_PLAYERS = 24  # 16.8 million coalitions: the table is still below 200 MB for two classes
BATCH_TOKENS = 32_768  # tokens of a batch: large enough for a GPU, small enough for a CPU's cache
_BLOCK = 1 << 14  # coalitions written out as token ids at once
_WRITTEN_OUT = 7  # words up to which many sentences together are faster than a walk through each


@dataclass(frozen=True, eq=False, kw_only=True)
class CoalitionTable:
    """All coalitions of a sentence's game.

    Attributes:
        players: who plays; `players.grouped` says whether words were grouped.
        logits: float32 (2^n_players, n_classes); bit i of the row's index = player i is present.
        absence: what stood where a player was absent.
    """

    players: Units
    logits: NDArray[np.float32]
    absence: Removal

    @property
    def words(self) -> tuple[str, ...]:
        """The players' names."""
        return self.players.words


def coalition_table(
    model: PredictFn | PrefixModel,
    players: Units,
    absence: Removal,
    *,
    engine: Engine = "auto",
    device: torch.device | str | None = None,
) -> CoalitionTable:
    """Evaluate a model on all coalitions of a sentence's players.

    Args:
        model: a predict function, or a model in its prefix form (`ModelInterface.coalition_model`).
        players: the sentence.
        absence: what stands where a player is absent.
        engine: `sharing` for a `PrefixModel` that has a recurrence; `direct` for everything; `auto` takes
            sharing where it is possible.
        device: where the direct engine sends token ids; None: where the model's parameters are.

    Raises:
        ConfigError: more players than a table can hold, or an engine that cannot do this.
    """
    return coalition_tables(model, [players], absence, engine=engine, device=device)[0]


def coalition_tables(
    model: PredictFn | PrefixModel,
    sentences: Sequence[Units],
    absence: Removal,
    *,
    engine: Engine = "auto",
    device: torch.device | str | None = None,
) -> list[CoalitionTable]:
    """Evaluate a model on all coalitions of several sentences; the direct engine batches across them.

    Args and errors as in `coalition_table`.
    """
    for players in sentences:
        if len(players) > MAX_PLAYERS:
            raise ConfigError(
                f"a coalition table holds at most {MAX_PLAYERS} players, the sentence has {len(players)}; "
                "group its words (whytrain.attribution.grouping) or estimate "
                "(whytrain.attribution.shapley.estimators)"
            )
    with evaluating(model):
        recurrence = None if engine == "direct" else recurrence_of(model)
    if engine == "sharing" and recurrence is None:
        raise ConfigError(
            "engine=sharing needs a model whose recurrence is shared (`ModelInterface.coalition_model` of a "
            "single-layer BiLSTM); use engine=direct"
        )
    reduced = [_without_dummies(players, absence) for players in sentences]
    with evaluating(model):
        walk = None
        if recurrence is not None and absence.replacement_id is not None:
            walk = partial(shared_logits, recurrence, replacement_id=absence.replacement_id)
        is_written = [walk is None or len(players) <= _WRITTEN_OUT for players, _ in reduced]
        written = iter(
            _written_tables(
                model,
                recurrence,
                [players for (players, _), apart in zip(reduced, is_written, strict=True) if apart],
                absence,
                device,
            )
        )
        logits = [
            next(written) if apart or walk is None else walk(players)
            for (players, _), apart in zip(reduced, is_written, strict=True)
        ]
    return [
        CoalitionTable(players=players, logits=table[kept] if kept is not None else table, absence=absence)
        for players, table, (_, kept) in zip(sentences, logits, reduced, strict=True)
    ]


def coalition_logits(
    model: PredictFn | PrefixModel,
    players: Units,
    present: NDArray[np.bool_],
    absence: Removal,
    *,
    device: torch.device | str | None = None,
) -> NDArray[np.float32]:
    """Evaluate some coalitions.

    Args:
        model: a predict function, or a model in its prefix form.
        players: the sentence.
        present: bool (n_coalitions, n_players), who is present.
        absence: what stands where a player is absent.
        device: where token ids are sent; None: where the model's parameters are.

    Returns:
        float32 (n_coalitions, n_classes).
    """
    return logits_of_many(model, [players], [present], absence, device=device)[0]


def logits_of_many(
    model: PredictFn | PrefixModel,
    sentences: Sequence[Units],
    present: Sequence[NDArray[np.bool_]],
    absence: Removal,
    *,
    device: torch.device | str | None = None,
) -> list[NDArray[np.float32]]:
    """Evaluate some coalitions of several sentences together.

    Args and results as in `coalition_logits`, for each sentence.
    """
    ends = np.cumsum([len(coalitions) for coalitions in present])

    def rows() -> Iterator[Rows]:
        for players, coalitions, end in zip(sentences, present, ends, strict=True):
            for positions, ids in coalition_rows(players, coalitions, absence):
                yield positions + end - len(coalitions), ids

    with evaluating(model):
        return np.split(_row_logits(model, recurrence_of(model), rows(), device), ends[:-1])


def _without_dummies(players: Units, absence: Removal) -> tuple[Units, NDArray[np.int64] | None]:
    """Fix players that are the same present and absent (an unknown word where absence is unknown).

    Returns:
        The game of the others, and for each coalition of all players its index in that game (None if equal).
    """
    ids, owner = players.token_ids, players.player_of_token
    changes = np.bincount(owner[(owner >= 0) & (ids != absence.replacement_id)], minlength=len(players)) > 0
    if absence.replacement_id is None or changes.all():
        return players, None
    number = np.where(changes, np.cumsum(changes) - 1, -1)
    masks = np.where(changes, np.int64(1) << np.maximum(number, 0), 0)
    kept = np.flatnonzero(changes)
    reduced = Units(
        words=tuple(players.words[i] for i in kept),
        token_ids=ids,
        player_of_token=np.where(owner >= 0, number[owner], -1),
        n_words=tuple(players.n_words[i] for i in kept),
        whole_words=players.whole_words,
    )
    return reduced, subset_sums(masks)


def _written_tables(
    model: PredictFn,
    recurrence: Recurrence | None,
    sentences: Sequence[Units],
    absence: Removal,
    device: torch.device | str | None,
) -> list[NDArray[np.float32]]:
    """Return the tables of sentences whose coalitions are written out; all of them share batches."""
    if not sentences:
        return []
    ends = np.cumsum([1 << len(players) for players in sentences])

    def rows() -> Iterator[Rows]:
        for players, end in zip(sentences, ends, strict=True):
            start = end - (1 << len(players))
            for block in range(start, end, _BLOCK):
                indices = np.arange(block, min(block + _BLOCK, end)) - start
                for positions, ids in coalition_rows(players, membership(indices, len(players)), absence):
                    yield positions + block, ids

    return np.split(_row_logits(model, recurrence, rows(), device), ends[:-1])


def _row_logits(
    model: PredictFn, recurrence: Recurrence | None, rows: Iterable[Rows], device: torch.device | str | None
) -> NDArray[np.float32]:
    """Return the logits of coalitions that are written out; the mean where one is written several times."""
    if recurrence is not None:
        positions, logits = shared_rows(recurrence, rows)
    else:
        positions, logits = direct_logits(model, rows, BATCH_TOKENS, device_of(model, device))
    times = np.bincount(positions)
    ordered = np.zeros((len(times), logits.shape[1]), dtype=np.float32)
    np.add.at(ordered, positions, logits)
    ordered /= times[:, None].astype(np.float32)
    return ordered
