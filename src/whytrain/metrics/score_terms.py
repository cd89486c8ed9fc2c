"""Accuracy, F1, NLL and Brier as sums over sentences, so that a resample costs one matrix product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.metrics.calibration import brier_per_row, nll_per_row

METRICS = ("accuracy", "f1", "nll", "brier")


@dataclass(frozen=True)
class ScoreTerms:
    """What each sentence adds to the metrics of one run's seeds.

    Attributes:
        means: float64 (n_rows, 3, n_seeds): correct, NLL and Brier of each sentence.
        hits: float64 (n_rows, n_f1_classes, n_seeds): 1 where a class is predicted and right.
        claims: float64 (n_rows, n_f1_classes, n_seeds): predicted plus actual members of a class, 0 to 2.
    """

    means: NDArray[np.float64]
    hits: NDArray[np.float64]
    claims: NDArray[np.float64]

    @property
    def n_seeds(self) -> int:
        """Number of seeds."""
        return int(self.means.shape[2])


def score_terms(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> ScoreTerms:
    """Split the metrics of each seed into sums over sentences.

    Args:
        probabilities: floating (n_seeds, n_rows, n_classes), rows summing to 1.
        labels: int64 (n_rows,).

    Returns:
        The terms; F1 is of class 1 for two classes and of all classes otherwise.
    """
    n_classes = probabilities.shape[2]
    classes = np.arange(1, 2) if n_classes == 2 else np.arange(n_classes)
    predicted = probabilities.argmax(axis=2)
    means = [
        (predicted == labels).astype(np.float64),
        np.stack([nll_per_row(run, labels) for run in probabilities]),
        np.stack([brier_per_row(run, labels) for run in probabilities]),
    ]
    claimed = predicted.T[:, None, :] == classes[:, None]  # (n_rows, n_f1_classes, n_seeds)
    actual = (labels[:, None] == classes)[:, :, None]
    return ScoreTerms(
        means=np.stack(means).transpose(2, 0, 1),
        hits=(claimed & actual).astype(np.float64),
        claims=claimed.astype(np.float64) + actual,
    )


def scores(counts: NDArray[np.float64], terms: ScoreTerms) -> NDArray[np.float64]:
    """Return the metrics of resamples, float64 (n_resamples, 4, n_seeds), in the order of METRICS.

    Args:
        counts: float64 (n_resamples, n_rows), how often each sentence was drawn.
        terms: of one run.
    """
    return _ordered(_weighted(counts, terms.means) / counts.shape[1], _f1(counts, terms))


def score_differences(counts: NDArray[np.float64], a: ScoreTerms, b: ScoreTerms) -> NDArray[np.float64]:
    """Return B's metrics minus A's seed by seed, float64 (n_resamples, 4, n_seeds).

    Subtracting sentence by sentence first makes equal runs differ by exactly 0, however a product rounds;
    the sums behind F1 are whole numbers and exact anyway.

    Args:
        counts: float64 (n_resamples, n_rows), how often each sentence was drawn.
        a: terms of run A.
        b: terms of run B, with as many seeds.
    """
    means = _weighted(counts, b.means - a.means) / counts.shape[1]
    return _ordered(means, _f1(counts, b) - _f1(counts, a))


def _ordered(means: NDArray[np.float64], f1: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([means[:, :1], f1[:, None], means[:, 1:]], axis=1)


def _weighted(counts: NDArray[np.float64], terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Σ_i counts_i·terms_i, (n_resamples, *terms.shape[1:])."""
    flat: NDArray[np.float64] = counts @ terms.reshape(len(terms), -1)
    return flat.reshape(len(counts), *terms.shape[1:])


def _f1(counts: NDArray[np.float64], terms: ScoreTerms) -> NDArray[np.float64]:
    """Return F1 = 2·hits / claims, mean of the classes that occur, 0 if none does; (n_resamples, n_seeds)."""
    hits, claims = _weighted(counts, terms.hits), _weighted(counts, terms.claims)
    per_class = 2 * hits / np.maximum(claims, 1)
    total: NDArray[np.float64] = per_class.sum(axis=1) / np.maximum((claims > 0).sum(axis=1), 1)
    return total
