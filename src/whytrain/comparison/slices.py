"""Groups of sentences on which a run got better or worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from whytrain.comparison.recipes import Recipe
from whytrain.comparison.runs import Progress, Sentences
from whytrain.data.words import split_words
from whytrain.metrics import accuracy_for, right_rows
from whytrain.slices.slice_columns import MOST_CATEGORIES, is_negated, number_ranges
from whytrain.statistics.comparison import enough_resamples
from whytrain.statistics.holm import holm_correction
from whytrain.statistics.intervals import Interval
from whytrain.statistics.mcnemar import mcnemar
from whytrain.statistics.paired_bootstrap import paired_bootstrap


@dataclass(frozen=True, kw_only=True)
class SliceChange:
    """The accuracy of two recipes on a group of sentences.

    Attributes:
        recipe: that is compared with the baseline.
        column: what the sentences are grouped by.
        group: name of the group.
        n_rows: number of sentences in it.
        before: accuracy of the baseline, mean over seeds.
        after: accuracy of the recipe.
        difference: after minus before, with its interval.
        p_value: of "no difference"; McNemar's exact test for one seed, else of the crossed bootstrap.
        adjusted_p_value: after Holm's correction over all groups and recipes.
    """

    recipe: str
    column: str
    group: str
    n_rows: int
    before: float
    after: float
    difference: Interval
    p_value: float
    adjusted_p_value: float


def slice_columns(sentences: Sentences) -> dict[str, NDArray[np.str_]]:
    """Return what sentences are grouped by: class, and where texts are known length and negation."""
    columns: dict[str, NDArray[np.str_]] = {}
    if sentences.labels.ndim == 1 and len(sentences.class_names) <= MOST_CATEGORIES:
        columns["class"] = np.array(sentences.class_names)[sentences.labels]
    if sentences.texts is not None:
        columns["words"] = number_ranges([len(split_words(text)) for text in sentences.texts])
        columns["negation"] = is_negated(sentences.texts)
    return columns


def slice_changes(
    recipes: Sequence[Recipe],
    sentences: Sentences,
    progress: Progress,
    *,
    level: float,
    n_resamples: int,
    seed: int,
) -> tuple[SliceChange, ...]:
    """Compare every recipe with the first on every group of at least two sentences, surest first.

    Args:
        recipes: the baseline first.
        sentences: that they judged.
        progress: shows how far it is.
        level: coverage of the intervals.
        n_resamples: of the bootstrap, at least.
        seed: of the resampling.
    """
    groups = [
        (column, str(group), np.flatnonzero(names == group))
        for column, names in slice_columns(sentences).items()
        for group in np.unique(names)
    ]
    groups = [(column, group, rows) for column, group, rows in groups if len(rows) > 1]
    baseline, others = recipes[0], recipes[1:]
    n_enough = enough_resamples(len(groups) * len(others), level, n_resamples)
    found: list[SliceChange] = []
    for other in progress(others, "comparing slices"):
        # One seed has an exact p-value, and the bootstrap gives the interval alone.
        n = n_resamples if len(baseline.runs) == len(other.runs) == 1 else n_enough
        found += [
            accuracy_change(
                baseline, other, sentences.labels, rows, (column, group), level=level, n=n, seed=seed
            )
            for column, group, rows in groups
        ]
    adjusted = holm_correction([change.p_value for change in found]).tolist() if found else []
    changes = [replace(change, adjusted_p_value=p) for change, p in zip(found, adjusted, strict=True)]
    return tuple(sorted(changes, key=lambda change: (change.adjusted_p_value, change.p_value)))


def accuracy_change(
    baseline: Recipe,
    other: Recipe,
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    called: tuple[str, str],
    *,
    level: float,
    n: int,
    seed: int,
) -> SliceChange:
    """Compare the accuracy of two recipes on some rows, the p-value not yet corrected.

    Args:
        baseline: what is compared with.
        other: what is compared.
        labels: int64 (n_rows,), of all rows that they judged; or label sets.
        rows: int64, positions of those that count.
        called: what the rows are grouped by, and the name of the group.
        level: coverage of the interval.
        n: resamples of the bootstrap.
        seed: of the resampling.
    """
    a, b = (recipe.probabilities[:, rows] for recipe in (baseline, other))
    accuracy = paired_bootstrap(
        a,
        b,
        labels[rows],
        metrics=[accuracy_for(labels)],
        paired_seeds=baseline.seeds == other.seeds,
        level=level,
        n_resamples=n,
        seed=seed,
    ).differences[0]
    p_value = accuracy.p_value
    if len(a) == len(b) == 1:
        p_value = mcnemar(*(right_rows(side[0], labels[rows]) for side in (a, b))).p_value
    column, group = called
    return SliceChange(
        recipe=other.name,
        column=column,
        group=group,
        n_rows=len(rows),
        before=accuracy.value_a,
        after=accuracy.value_b,
        difference=accuracy.difference,
        p_value=p_value,
        adjusted_p_value=p_value,
    )
