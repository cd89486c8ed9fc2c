"""AUROC and average precision against scikit-learn, by hand, and where they are not defined."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scored import scored_rows
from sklearn import metrics as sk

from whytrain.metrics import AUROC, AVERAGE_PRECISION, Metric, OfCounts, Scored, evaluate
from whytrain.types import Predictions

ORACLES: dict[Metric, Callable[..., float]] = {
    AUROC: sk.roc_auc_score,
    AVERAGE_PRECISION: sk.average_precision_score,
}


def by_scikit_learn(metric: Metric, scored: Scored, rows: np.ndarray) -> float:
    """The mean over the classes that some of the rows have and others do not; of two the positive one."""
    labels, probabilities = scored.labels[rows], scored.probabilities[rows]
    classes = [scored.positive] if scored.n_classes == 2 else range(scored.n_classes)
    values = [
        ORACLES[metric](labels == k, probabilities[:, k]) for k in classes if 0 < (labels == k).mean() < 1
    ]
    return float(np.mean(values)) if values else np.nan


@settings(max_examples=150, deadline=None)
@given(scored=scored_rows(), seed=st.integers(0, 1000))
def test_rows_and_resampled_rows_equal_scikit_learn(scored: Scored, seed: int) -> None:
    n = scored.n_rows
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=3).astype(float)
    for metric in ORACLES:
        whole = by_scikit_learn(metric, scored, np.arange(n))
        assert metric.value(scored) == pytest.approx(whole, abs=1e-12, nan_ok=True)
        assert isinstance(metric.form, OfCounts)
        found = metric.form.of_drawn(metric.form.drawn(scored, counts))
        expected = [
            by_scikit_learn(metric, scored, np.repeat(np.arange(n), drawn.astype(int))) for drawn in counts
        ]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_by_hand() -> None:
    # Members 0.9 and 0.4, others 0.4 and 0.1: pairs won 2 + 1.5 of 4; precision 1 at 0.9, 2/3 at 0.4.
    p = np.array([0.9, 0.4, 0.4, 0.1])
    scored = Scored(probabilities=np.stack([1 - p, p], axis=1), labels=np.array([1, 1, 0, 0]))
    assert AUROC.value(scored) == 3.5 / 4
    assert AVERAGE_PRECISION.value(scored) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    # The other class ranks the same pairs from the other end; its precisions are 1 at 0.9, 2/3 at 0.6.
    assert (
        AUROC.value(Scored(probabilities=scored.probabilities, labels=scored.labels, positive=0)) == 3.5 / 4
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_rows_of_one_class_cannot_be_ranked(n_classes: int) -> None:
    generator = np.random.default_rng(0)
    for label in range(n_classes):
        result = evaluate(Predictions(logits=generator.normal(size=(5, n_classes)), labels=np.full(5, label)))
        assert [name for name, value in result.items() if np.isnan(value)] == ["auroc", "average_precision"]


def test_with_three_classes_of_which_one_is_missing_the_others_count() -> None:
    # Class 2 is never there: nothing to rank for it; the other two are ranked perfectly.
    probabilities = np.array([[0.5, 0.2, 0.3], [0.4, 0.1, 0.5], [0.1, 0.6, 0.3]])
    assert AUROC.value(Scored(probabilities=probabilities, labels=np.array([0, 0, 1]))) == 1.0
