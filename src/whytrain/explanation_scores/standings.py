"""Who is ahead in a score: methods paired on the same texts, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from whytrain.explanation_scores.score import Array
from whytrain.statistics.intervals import Interval, bootstrap_interval

Place = Literal["ahead", "level", "behind", "undefined"]
NEAR = 0.05  # of the way from random scores to the best
_RESAMPLES = 2000
_PER_TAIL = 10  # resamples beyond an end of the interval of a difference, at least


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a method stands in a score.

    Attributes:
        mean: over the texts where the score is defined, with its interval over texts; NaN for fewer than 2.
        n_texts: how many these are.
        place: `ahead`: of every other method, by paired intervals that hold for all comparisons of the score
            together; `level`: it cannot be told apart from the best one; `behind` it; `undefined`.
        above_random: whether it is better than the method `random` by such an interval; None without one.
        lag: how far it is behind the best, as a share of the way from random scores to the best; NaN where
            random scores are the best.
    """

    mean: Interval
    n_texts: int
    place: Place
    above_random: bool | None
    lag: float

    @property
    def is_near(self) -> bool:
        """Whether it is surely behind the best, and by so little that it hardly matters."""
        return self.place == "behind" and self.lag < NEAR


def standings(
    values: Mapping[str, Array], *, higher_is_better: bool, floor: str | None, level: float, seed: int
) -> dict[str, Standing]:
    """Compare methods in one score.

    The best one is compared with each other one, and each with the floor, by the bootstrap interval of the
    mean difference over the texts where both are defined. The level of these intervals is corrected for their
    number (Bonferroni): with m methods each holds at 1 − (1 − level)/(m − 1).

    Args:
        values: by method, float64 (n,) of the same texts, NaN where not defined.
        higher_is_better: direction.
        floor: which of them draws its scores at random; None: none.
        level: of the intervals.
        seed: of the resampling.
    """
    sign = 1.0 if higher_is_better else -1.0
    means = {name: _mean(column, level, seed) for name, column in values.items()}
    defined = {name: sign * mean.estimate for name, mean in means.items() if math.isfinite(mean.estimate)}
    best = max(defined, key=lambda name: defined[name], default=None)
    one_of = 1 - (1 - level) / max(1, len(defined) - 1)

    def ahead(first: str, second: str) -> bool:
        gain = _mean(sign * (values[first] - values[second]), one_of, seed)
        return gain.low > 0

    behind = {name for name in defined if best is not None and name != best and ahead(best, name)}
    way = defined[str(best)] - defined[floor] if floor in defined else 0.0
    found = {}
    for name, mean in means.items():
        place: Place = "undefined"
        if name in defined:
            alone = len(behind) == len(defined) - 1 and len(defined) > 1
            place = "behind" if name in behind else "ahead" if alone else "level"
        above = None
        if floor in defined and name in defined and name != floor:
            above = ahead(name, str(floor))
        found[name] = Standing(
            mean=mean,
            n_texts=int(np.isfinite(values[name]).sum()),
            place=place,
            above_random=above,
            lag=(defined[str(best)] - defined[name]) / way if name in defined and way > 0 else math.nan,
        )
    return found


def _mean(column: Array, level: float, seed: int) -> Interval:
    """Return the mean over the texts where it is defined, with its interval."""
    known = column[np.isfinite(column)]
    if len(known) < 2:
        return Interval(estimate=math.nan, low=math.nan, high=math.nan, level=level)
    n_resamples = max(_RESAMPLES, math.ceil(2 * _PER_TAIL / (1 - level)))
    return bootstrap_interval(
        lambda drawn: drawn.mean(axis=1), known, level=level, n_resamples=n_resamples, seed=seed
    )
