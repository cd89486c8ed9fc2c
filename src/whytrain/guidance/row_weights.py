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
        every = range(len(rows))
        shown = [marked.shown(row) for row in every]
        coarser = [marked.touched(row) for row in every] if settings.swap == 1 else None
        weights *= independent_weights(shown, rows.encoded.labels, coarser=coarser)
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


def independent_weights(
    shown: Sequence[Hashable], labels: NDArray[np.int64], *, coarser: Sequence[Hashable] | None = None
) -> NDArray[np.float64]:
    """Return weights under which the label is independent of what rows show of the marks.

    A row that shows z and has label y weighs P(z) P(y) / P(z, y). Where what is shown never comes with some
    label, no weight can make it say nothing: these rows weigh 0, or by what else is left to see of them.

    Args:
        shown: of each row, what it shows of all marks.
        labels: int64 (n_rows,).
        coarser: of each row, what is left to see once training hides which of its words are shown. It counts
            where `shown` never comes with some label; where it never does itself, rows weigh 1.

    Returns:
        float64 (n_rows,), with mean 1.

    Raises:
        ConfigError: all that is shown comes with some labels only, and nothing coarser counts.

    References:
        Kamiran, Calders (2012), Data preprocessing techniques for classification without discrimination,
        Knowledge and Information Systems 33, section 4.2 (reweighing).
    """
    y = np.unique(labels, return_inverse=True)[1]
    z, counts = _counted(shown, y)
    one_sided = (counts == 0).any(axis=1)
    if coarser is not None:
        seen = [rough if one_sided[at] else fine for at, fine, rough in zip(z, shown, coarser, strict=True)]
        z, counts = _counted(seen, y)
        one_sided = (counts == 0).any(axis=1)
    elif one_sided.all():
        raise ConfigError(
            "guidance.reweight: what is marked always comes with the same label, and no row shows that it "
            "need not: use guidance.swap or guidance.delete"
        )
    counts[one_sided] = 0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1)
    without = np.full_like(counts, 0 if coarser is None else 1)
    weight_of = np.divide(expected, counts, out=without, where=counts > 0)
    weights: NDArray[np.float64] = weight_of[z, y] / weight_of[z, y].mean()
    return weights


def _counted(
    shown: Sequence[Hashable], y: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the number of what each row shows, and how often each comes with each label."""
    number = {value: i for i, value in enumerate(dict.fromkeys(shown))}
    z = np.array([number[value] for value in shown])
    counts = np.zeros((len(number), y.max() + 1))
    np.add.at(counts, (z, y), 1)
    return z, counts
