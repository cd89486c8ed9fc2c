"""How a model treats groups of rows: accuracy, selection, true and false positives, against the others."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from whytrain.errors import DataError
from whytrain.statistics.fisher import fisher_p_value
from whytrain.statistics.holm import holm_correction
from whytrain.statistics.intervals import Interval, share_difference, share_ratio, wilson_interval

FEWEST_ROWS = 30  # of a group, and beside it: with fewer nothing is said
ACCURACY = "accuracy"
SELECTION_RATE = "selection rate"
TRUE_POSITIVE_RATE = "true positive rate"
FALSE_POSITIVE_RATE = "false positive rate"
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class GroupRate:
    """One share in one group, beside all other rows.

    Attributes:
        column: by which rows are grouped.
        group: its name.
        metric: which share.
        class_index: the class that counts as positive; None for accuracy.
        n_rows: rows of the group of which it is the share: for true positives those of the class, for false
            ones the others.
        rate: the share with its Wilson interval; NaN without rows.
        n_others: as many rows beside the group.
        difference: of the share to that of all other rows, and
        ratio: likewise; both None where there are too few rows to judge.
        p_value: of no difference to the others, corrected for all looks (Holm); None likewise.
    """

    column: str
    group: str
    metric: str
    class_index: int | None
    n_rows: int
    rate: Interval
    n_others: int
    difference: Interval | None
    ratio: Interval | None
    p_value: float | None

    @property
    def differs(self) -> bool:
        """Whether the group differs surely from the others, at the level of its intervals."""
        return self.p_value is not None and self.p_value <= 1 - self.rate.level


@dataclass(frozen=True, kw_only=True)
class Disparity:
    """The gap between the groups with the largest and the least share.

    Attributes:
        column: by which rows are grouped.
        metric: which share.
        class_index: as in `GroupRate`.
        largest: group with the largest share.
        least: group with the least one.
        difference: largest less least share.
        ratio: least by largest share; NaN where both are 0.
        by_chance: mean difference over groups of these sizes drawn by lot: the largest of several shares
            always lies above the least.
    """

    column: str
    metric: str
    class_index: int | None
    largest: str
    least: str
    difference: float
    ratio: float
    by_chance: float


def group_rates(
    decided: NDArray[np.int64],
    labels: NDArray[np.int64],
    columns: Mapping[str, NDArray[np.str_]],
    classes: Sequence[int],
    *,
    level: float = 0.95,
) -> tuple[GroupRate, ...]:
    """Measure every group of every column, and hold it against all other rows.

    Differences have Newcombe's intervals, ratios those of the same kind, p-values are Fisher's: exact for
    small groups, where resampled rows would say too little. One correction covers all columns, groups, shares
    and classes; in a column of two groups both are the same look.

    Args:
        decided: int64 (n,), the model's classes.
        labels: int64 (n,), the true classes.
        columns: the group of each row (n,), by name (`whytrain.slices.slice_columns`).
        classes: that count as positive, one after the other; of two classes one is enough.
        level: of the intervals.

    Raises:
        DataError: a column has another number of rows.

    References:
        Hardt, Price, Srebro (2016), Equality of opportunity in supervised learning.
        Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    found: list[GroupRate] = []
    for column, groups in columns.items():
        if groups.shape != labels.shape:
            raise DataError(
                f"Expected column {column!r} with {labels.size} values, got shape {groups.shape}."
            )
        for metric, class_index, hit, eligible in _shares(decided, labels, classes):
            for group in np.unique(groups):
                rate = _rate(hit, eligible, groups == group, level)
                found.append(
                    replace(rate, column=column, group=str(group), metric=metric, class_index=class_index)
                )
    return _corrected(found)


def disparities(rates: Sequence[GroupRate], *, seed: int = 0, n_draws: int = 500) -> tuple[Disparity, ...]:
    """Return the gaps between groups that are large enough to be judged, where there are two.

    They are what fairlearn calls demographic parity difference (of selection rates), and of true and false
    positive rates the two parts of the equalized odds difference.

    Args:
        rates: from `group_rates`.
        seed: of the groups drawn by lot.
        n_draws: how many times they are.
    """
    generator, found = np.random.default_rng([seed, 0xFA1]), []
    keys = dict.fromkeys((rate.column, rate.metric, rate.class_index) for rate in rates)
    for column, metric, class_index in keys:
        of = [
            rate
            for rate in rates
            if (rate.column, rate.metric, rate.class_index) == (column, metric, class_index)
            and rate.n_rows >= FEWEST_ROWS
        ]
        if len(of) < 2:
            continue
        ordered = sorted(of, key=lambda rate: rate.rate.estimate)
        least, largest = ordered[0], ordered[-1]
        top, bottom = largest.rate.estimate, least.rate.estimate
        found.append(
            Disparity(
                column=column,
                metric=metric,
                class_index=class_index,
                largest=largest.group,
                least=least.group,
                difference=top - bottom,
                ratio=bottom / top if top > 0 else math.nan,
                by_chance=_gap_by_lot(of, generator, n_draws),
            )
        )
    return tuple(found)


def _shares(
    decided: NDArray[np.int64], labels: NDArray[np.int64], classes: Sequence[int]
) -> list[tuple[str, int | None, Bools, Bools]]:
    """Return each share with the rows that count for it, and those of which it is the share."""
    everyone = np.ones(len(labels), dtype=bool)
    found: list[tuple[str, int | None, Bools, Bools]] = [(ACCURACY, None, decided == labels, everyone)]
    for k in classes:
        chosen, of_class = decided == k, labels == k
        found += [
            (SELECTION_RATE, k, chosen, everyone),
            (TRUE_POSITIVE_RATE, k, chosen, of_class),
            (FALSE_POSITIVE_RATE, k, chosen, ~of_class),
        ]
    return found


def _rate(hit: Bools, eligible: Bools, inside: Bools, level: float) -> GroupRate:
    """Return one share of one group; its names are still to be given."""
    own, others = eligible & inside, eligible & ~inside
    n, m = int(own.sum()), int(others.sum())
    hits, other_hits = int((hit & own).sum()), int((hit & others).sum())
    unknown = Interval(estimate=math.nan, low=0.0, high=1.0, level=level)
    enough = min(n, m) >= FEWEST_ROWS
    return GroupRate(
        column="",
        group="",
        metric="",
        class_index=None,
        n_rows=n,
        rate=wilson_interval(hits, n, level) if n else unknown,
        n_others=m,
        difference=share_difference(hits, n, other_hits, m, level) if enough else None,
        ratio=share_ratio(hits, n, other_hits, m, level) if enough else None,
        p_value=fisher_p_value(hits, n, other_hits, m) if enough else None,
    )


def _corrected(rates: Sequence[GroupRate]) -> tuple[GroupRate, ...]:
    """Return the shares with p-values that are corrected for all looks."""
    groups: dict[str, set[str]] = defaultdict(set)
    for rate in rates:
        groups[rate.column].add(rate.group)
    # Of two groups the second is the first one's others.
    keys = [(r.column, r.metric, r.class_index, r.group if len(groups[r.column]) > 2 else "") for r in rates]
    looks = {key: rate.p_value for key, rate in zip(keys, rates, strict=True) if rate.p_value is not None}
    adjusted = dict(zip(looks, holm_correction(list(looks.values())).tolist(), strict=True))
    return tuple(
        rate if rate.p_value is None else replace(rate, p_value=adjusted[key])
        for rate, key in zip(rates, keys, strict=True)
    )


def _gap_by_lot(of: Sequence[GroupRate], generator: np.random.Generator, n_draws: int) -> float:
    """Return the mean gap where hits fall to groups of these sizes by lot."""
    sizes = np.array([rate.n_rows for rate in of])
    hits = sum(round(rate.rate.estimate * rate.n_rows) for rate in of)
    drawn = generator.multivariate_hypergeometric(sizes, hits, size=n_draws) / sizes
    return float((drawn.max(axis=1) - drawn.min(axis=1)).mean())
