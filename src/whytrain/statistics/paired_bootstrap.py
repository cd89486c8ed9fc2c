"""Paired bootstrap: the difference between two runs on the same sentences, over sentences and seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import ConfigError, DataError
from whytrain.metrics.checks import check_scored
from whytrain.metrics.score_terms import METRICS, ScoreTerms, score_differences, score_terms, scores
from whytrain.statistics.intervals import Interval, check_level
from whytrain.statistics.seed_spread import interaction_variance, note_on_seeds, seed_shifts, standard_error

# Resample counts held at a time: 2 MiB, which stay in the cache.
_CHUNK_ELEMENTS = 262_144


@dataclass(frozen=True)
class MetricDifference:
    """B minus A in one metric.

    Attributes:
        metric: one of METRICS.
        value_a: the metric of A, averaged over its seeds.
        value_b: the metric of B, averaged over its seeds.
        difference: B minus A with its interval.
        p_value: two-sided, of "no difference"; 1 for identical predictions.
        sentence_error: standard error of the difference that comes from the choice of sentences.
        seed_error: standard error that comes from the choice of seeds; NaN where a run has one seed.
        interaction_error: the part of both that comes from sentences which the seeds judge differently, so
            that more of either reduces it; NaN where a run has one seed.
    """

    metric: str
    value_a: float
    value_b: float
    difference: Interval
    p_value: float
    sentence_error: float
    seed_error: float
    interaction_error: float


@dataclass(frozen=True)
class PairedBootstrap:
    """The differences between two runs, all from the same resamples.

    Attributes:
        differences: one per metric, in the order of METRICS.
        n_sentences: number of sentences.
        n_seeds_a: number of seeds of A.
        n_seeds_b: number of seeds of B.
        note: one sentence on what too few seeds mean for the claim; empty where they are enough.
    """

    differences: tuple[MetricDifference, ...]
    n_sentences: int
    n_seeds_a: int
    n_seeds_b: int
    note: str


def paired_bootstrap(
    probabilities_a: ArrayLike,
    probabilities_b: ArrayLike,
    labels: ArrayLike,
    *,
    paired_seeds: bool = True,
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> PairedBootstrap:
    """Bootstrap the difference in accuracy, F1, NLL and Brier over sentences × seeds.

    A replicate is m̄* + t*·s/√S: m̄* the difference on resampled sentences (each drawn in both runs and all
    seeds at once), averaged over the S seeds; s the standard deviation of the per-seed differences; t* from
    Student's t with S - 1 degrees of freedom. With one seed only the sentences are resampled. Seeds are not
    resampled themselves because that understates their variance by (S - 1) / S: where seeds dominate, a
    nominal 5% test then rejects equal recipes in about 40% of cases with 2 seeds and 15% with 5. What
    differs between seeds sentence by sentence enters both parts, so the interval errs on the wide side.

    Args:
        probabilities_a: floating (n_rows, n_classes), or (n_seeds, n_rows, n_classes) for several seeds.
        probabilities_b: the same for B, rows in the same order.
        labels: integers (n_rows,).
        paired_seeds: seed k of A belongs to seed k of B; False if the seeds of A and B are unrelated.
        level: coverage of the intervals, in (0, 1).
        n_resamples: number of replicates.
        seed: of the resampling.

    Returns:
        The differences B - A with percentile intervals and p-values.

    Raises:
        DataError: with fewer than 2 sentences, rows, classes or paired seeds that do not match, bad
            probabilities or labels.
        ConfigError: if the level is outside (0, 1) or n_resamples is not positive.

    References:
        Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13; for crossed factors, Owen
        (2007), The Pigeonhole Bootstrap.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> probabilities = generator.dirichlet([1.0, 1.0], size=50)
        >>> result = paired_bootstrap(probabilities, probabilities, generator.integers(2, size=50))
        >>> result.differences[0].difference.low, result.differences[0].p_value
        (0.0, 1.0)
    """
    check_level(level)
    if n_resamples < 1:
        raise ConfigError(f"A bootstrap needs at least 1 resample (2000 is usual), got {n_resamples}.")
    a, b = _terms(probabilities_a, probabilities_b, labels)
    if paired_seeds and a.n_seeds != b.n_seeds:
        raise DataError(
            f"Paired seeds need as many in A as in B, got {a.n_seeds} and {b.n_seeds}; leave out the seeds "
            "that only one has, or compare with paired_seeds=False."
        )

    def sides(counts: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Return what is averaged over seeds and then added up, (n_resamples, 4, n_seeds) each."""
        if paired_seeds or a.n_seeds == b.n_seeds == 1:
            return [score_differences(counts, a, b)]
        return [scores(counts, b), -scores(counts, a)]

    everything = np.ones((1, len(a.means)))
    observed = [side[0] for side in sides(everything)]
    chunks = [sides(counts) for counts in _counts(len(a.means), n_resamples, seed)]
    resampled = [np.concatenate(side) for side in zip(*chunks, strict=True)]
    from_sentences = _total([side.mean(axis=2) for side in resampled])
    errors = _Errors(
        sentence=from_sentences.std(axis=0),
        seed=np.sqrt(_total([np.square(standard_error(side)) for side in observed])),
        interaction=np.sqrt(_total([interaction_variance(side) for side in resampled])),
    )
    return PairedBootstrap(
        differences=_differences(
            values=[scores(everything, terms)[0].mean(axis=1) for terms in (a, b)],
            estimate=_total([side.mean(axis=1) for side in observed]),
            replicates=from_sentences + seed_shifts(observed, n_resamples, seed),
            errors=errors,
            level=level,
        ),
        n_sentences=len(a.means),
        n_seeds_a=a.n_seeds,
        n_seeds_b=b.n_seeds,
        note=note_on_seeds(min(a.n_seeds, b.n_seeds), level),
    )


class _Errors(NamedTuple):
    """Standard errors of each metric's difference, (4,) each: see MetricDifference."""

    sentence: NDArray[np.float64]
    seed: NDArray[np.float64]
    interaction: NDArray[np.float64]


def _terms(
    probabilities_a: ArrayLike, probabilities_b: ArrayLike, labels: ArrayLike
) -> tuple[ScoreTerms, ScoreTerms]:
    runs = [_with_seeds(probabilities, labels) for probabilities in (probabilities_a, probabilities_b)]
    if runs[0].shape[1:] != runs[1].shape[1:]:
        raise DataError(
            f"Both runs must judge the same sentences into the same classes, got (n_rows, n_classes) "
            f"{runs[0].shape[1:]} and {runs[1].shape[1:]}; match the rows with align_rows."
        )
    if runs[0].shape[1] < 2:
        raise DataError(f"A paired comparison needs at least 2 sentences, got {runs[0].shape[1]}.")
    classes = np.asarray(labels, dtype=np.int64)
    return score_terms(runs[0], classes), score_terms(runs[1], classes)


def _with_seeds(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.floating]:
    array = np.asarray(probabilities)
    seeds = array[None] if array.ndim == 2 else array
    if seeds.ndim != 3 or len(seeds) < 1:
        raise DataError(
            f"Expected probabilities (n_rows, n_classes) or (n_seeds, n_rows, n_classes), got {array.shape}."
        )
    return np.stack([check_scored(one, labels)[0] for one in seeds])


def _counts(n_rows: int, n_resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each row is drawn in each resample, (chunk, n_rows)."""
    generator = np.random.default_rng(seed)
    chunk = max(1, _CHUNK_ELEMENTS // n_rows)
    for start in range(0, n_resamples, chunk):
        size = min(chunk, n_resamples - start)
        rows = generator.integers(n_rows, size=(size, n_rows))
        rows += np.arange(size)[:, None] * n_rows
        yield np.bincount(rows.ravel(), minlength=size * n_rows).reshape(size, n_rows).astype(np.float64)


def _total(sides: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.sum(sides, axis=0)
    return total


def _differences(
    *,
    values: list[NDArray[np.float64]],
    estimate: NDArray[np.float64],
    replicates: NDArray[np.float64],
    errors: _Errors,
    level: float,
) -> tuple[MetricDifference, ...]:
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    # One more in numerator and denominator: no p-value of 0 from a finite number of resamples.
    tails = np.minimum((replicates <= 0).sum(axis=0), (replicates >= 0).sum(axis=0)) + 1
    p_values = np.minimum(1.0, 2 * tails / (len(replicates) + 1))
    return tuple(
        MetricDifference(
            metric=metric,
            value_a=float(values[0][k]),
            value_b=float(values[1][k]),
            difference=Interval(float(estimate[k]), float(low[k]), float(high[k]), level),
            p_value=float(p_values[k]),
            sentence_error=float(errors.sentence[k]),
            seed_error=float(errors.seed[k]),
            interaction_error=float(errors.interaction[k]),
        )
        for k, metric in enumerate(METRICS)
    )
