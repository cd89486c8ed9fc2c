"""What rows weigh: those that a run found hard more, and all so that marks say nothing about the label."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from whytrain.errors import ConfigError
from whytrain.guidance.explained_edits import found_in_data
from whytrain.guidance.guidance_settings import GuidanceSettings
from whytrain.guidance.marked_words import MarkedWords
from whytrain.guidance.training_rows import Named, TrainingRows
from whytrain.shortcuts.marks import Kind


def row_weights(
    settings: GuidanceSettings,
    named: Named,
    rows: TrainingRows,
    marked: MarkedWords,
    generator: np.random.Generator,
) -> Tensor | None:
    """Return weights with mean 1; None where all are the same."""
    weights = np.ones(len(rows))
    for factor, ids, what in (
        (settings.upweight, named.disputed, "rows"),
        (settings.upweight_errors, named.mistaken, "rows that it gets wrong and"),
    ):
        if factor > 1:
            weights[_rows_of(ids, rows.ids, what, settings, generator)] *= factor
    if settings.reweight:
        weights *= _reweighted(settings, marked, rows.encoded.labels)
    if (weights == 1).all():
        return None
    return torch.from_numpy((weights / weights.mean()).astype(np.float32))


def _rows_of(
    ids: Sequence[str],
    of_rows: Sequence[str],
    what: str,
    settings: GuidanceSettings,
    generator: np.random.Generator,
) -> list[int]:
    """Return the rows with some ids, or as many random ones."""
    row_of = {name: row for row, name in enumerate(of_rows)}
    rows = found_in_data([row_of[name] for name in ids if name in row_of], what)
    if settings.targets == "random":
        rows = [int(row) for row in generator.choice(len(of_rows), len(rows), replace=False)]
    return rows


def _reweighted(
    settings: GuidanceSettings, marked: MarkedWords, labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return weights under which what rows show says nothing, as far as nothing else hides it."""
    hidden: set[Kind] = {"words", "pair", "pattern"} if settings.swap == 1 else set()
    hidden |= {"ordered_pair"} if settings.swap_order == 0.5 else set()
    every = range(len(labels))
    return independent_weights(
        [marked.shown(row) for row in every],
        labels,
        coarser=[marked.left_to_see(row, hidden) for row in every],
        one_sided=np.array([0.0 if not hidden or marked.is_visible(row, hidden) else 1.0 for row in every]),
    )


def independent_weights(
    shown: Sequence[Hashable],
    labels: NDArray[np.int64],
    *,
    coarser: Sequence[Hashable] | None = None,
    one_sided: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Return weights under which the label is independent of what rows show of the marks.

    A row that shows z and has label y weighs P(z) P(y) / P(z, y). Where what is shown never comes with some
    label, no weight can make it say nothing.

    Args:
        shown: of each row, what it shows of all marks.
        labels: int64 (n_rows,).
        coarser: of each row, what training leaves to see of it: it counts for all rows together whose own
            marks never come with some label; None: the same.
        one_sided: float64 (n_rows,), the weight of a row where these never do either, unless it looks like
            rows that are balanced, which it would spoil: then it weighs 0. The others' mean is 1.

    Returns:
        float64 (n_rows,), with mean 1.

    Raises:
        ConfigError: all rows would weigh 0.

    References:
        Kamiran, Calders (2012), Data preprocessing techniques for classification without discrimination,
        Knowledge and Information Systems 33, section 4.2 (reweighing).
    """
    y = np.unique(labels, return_inverse=True)[1]
    rough = list(coarser or shown)
    alone = _is_one_sided(shown, y)
    z, counts = _counted([r if few else s for s, r, few in zip(shown, rough, alone, strict=True)], y)
    is_one_sided = (counts == 0).any(axis=1)
    balanced = {r for r, of_one in zip(rough, is_one_sided[z], strict=True) if not of_one}
    looks_like_them = np.array([r in balanced for r in rough])
    counts[is_one_sided] = 0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1)
    weight_of = np.divide(expected, counts, out=np.zeros_like(counts), where=counts > 0)
    weights = np.where(is_one_sided[z], np.where(looks_like_them, 0.0, one_sided), weight_of[z, y])
    if not weights.any():
        raise ConfigError(
            "guidance.reweight: what is marked always comes with the same label, and no row shows that it "
            "need not: use guidance.swap or guidance.delete"
        )
    mean_one: NDArray[np.float64] = weights / weights.mean()
    return mean_one


def _is_one_sided(shown: Sequence[Hashable], y: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return of each row whether what it shows never comes with some label."""
    z, counts = _counted(shown, y)
    of_rows: NDArray[np.bool_] = (counts == 0).any(axis=1)[z]
    return of_rows


def _counted(
    shown: Sequence[Hashable], y: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the number of what each row shows, and how often each comes with each label."""
    number = {value: i for i, value in enumerate(dict.fromkeys(shown))}
    z = np.array([number[value] for value in shown])
    counts = np.zeros((len(number), y.max() + 1))
    np.add.at(counts, (z, y), 1)
    return z, counts
