"""Class weights against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from whytrain.objectives.class_weights import balanced_weights


def test_they_are_those_of_scikit_learn() -> None:
    labels = np.random.default_rng(0).choice(4, size=500, p=[0.6, 0.3, 0.08, 0.02])
    expected = compute_class_weight("balanced", classes=np.arange(4), y=labels)
    assert balanced_weights(labels, 4).numpy() == pytest.approx(expected, rel=1e-6)  # single precision
    assert balanced_weights(labels, 4)[labels].mean() == pytest.approx(1.0, rel=1e-5)


def test_a_class_without_rows_has_no_weight() -> None:
    weights = balanced_weights(np.array([0, 0, 2]), 3)
    assert weights.tolist() == pytest.approx([0.75, 0.0, 1.5])
