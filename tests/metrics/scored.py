"""Predictions of any kind, classes that are missing in gold or prediction and ties of probabilities included."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from whytrain.metrics import Scored


@st.composite
def scored_rows(draw: st.DrawFn) -> Scored:
    """2 to 5 classes, 1 to 40 rows; some classes may be neither there nor predicted."""
    n_classes, n_rows = draw(st.integers(2, 5)), draw(st.integers(1, 40))
    generator = np.random.default_rng(draw(st.integers(0, 10_000)))
    known = generator.permutation(n_classes)[: draw(st.integers(1, n_classes))]
    labels = generator.choice(known, n_rows).astype(np.int64)
    # Few distinct weights make equal probabilities; in float64 equal weights of a row stay equal.
    weights = generator.integers(1, draw(st.sampled_from([3, 1000])), (n_rows, n_classes)).astype(float)
    if draw(st.booleans()):
        weights[:, known] += 5  # predictions among the classes that are there
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    return Scored(probabilities=probabilities, labels=labels, positive=draw(st.integers(0, 1)))
