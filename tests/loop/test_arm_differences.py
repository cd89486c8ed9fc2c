"""Differences between runs: by hand, against the paired bootstrap, and what they cannot know."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from whytrain.loop.arm_differences import difference
from whytrain.loop.measured_run import MeasuredRun
from whytrain.metrics.calibration import expected_calibration_error
from whytrain.statistics.intervals import share_of_unseen
from whytrain.statistics.paired_bootstrap import paired_bootstrap
from whytrain.tracking.reader import RunRecord


def run(
    metrics: dict[str, float], rows: dict[str, pd.Series] | None = None, confidence: Any = ()
) -> MeasuredRun:
    record = object.__new__(RunRecord)
    return MeasuredRun(
        run=record, metrics=metrics, rows=rows or {}, confidence=pd.Series(confidence, dtype="float64")
    )


def judged(right: Any, ids: Any = None) -> MeasuredRun:
    values = pd.Series(np.asarray(right, dtype=float), index=ids if ids is not None else range(len(right)))
    return run({"best/accuracy": float(values.mean())}, {"best/accuracy": values})


def test_one_seed_is_paired_by_sentence() -> None:
    a, b = judged([1, 0, 1, 0], list("wxyz")), judged([1, 1, 1, 0], list("zyxw"))  # another order
    found = difference("best/accuracy", [a], [b])
    # w: 0 - 1, x: 1 - 0, y: 1 - 1, z: 1 - 0
    assert found is not None
    assert found.estimate == pytest.approx((-1 + 1 + 0 + 1) / 4)


def test_several_seeds_on_the_same_sentences_agree_with_the_paired_bootstrap() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(2, size=300)

    def probabilities(accuracy: float) -> np.ndarray:
        right = generator.random((3, 300)) < accuracy
        first = np.where(right == (labels == 1), 0.1, 0.9)
        return np.stack([first, 1 - first], axis=2)

    a, b = probabilities(0.7), probabilities(0.8)
    expected = paired_bootstrap(a, b, labels).differences[0].difference
    before, after = ([judged(one.argmax(axis=1) == labels) for one in side] for side in (a, b))
    found = difference("best/accuracy", before, after)
    assert found is not None
    assert found.estimate == pytest.approx(expected.estimate)
    # The same replicates, up to rounding.
    assert found.low == pytest.approx(expected.low, abs=1e-12)
    assert found.high == pytest.approx(expected.high, abs=1e-12)


def test_without_shared_sentences_the_seeds_decide() -> None:
    changes = [0.1, 0.3, 0.2]
    before = [judged([0.0, 0.0], [f"{s}a", f"{s}b"]) for s in range(3)]
    after = [judged([c, c], [f"{s}a", f"{s}b"]) for s, c in enumerate(changes)]
    found = difference("best/accuracy", before, after)
    half = stats.t.ppf(0.975, 2) * np.std(changes, ddof=1) / math.sqrt(3)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(0.2 - half), pytest.approx(0.2 + half))


def test_seeds_with_sentences_of_their_own_are_paired_on_what_both_runs_have() -> None:
    # The second run also explained an easy sentence: it must not count as a gain.
    before = [judged([0.0, 1.0], [f"{s}a", f"{s}b"]) for s in range(3)]
    after = [judged([0.0, 1.0, 1.0], [f"{s}a", f"{s}b", f"{s}c"]) for s in range(3)]
    found = difference("best/accuracy", before, after)
    assert found is not None
    assert (found.estimate, found.low, found.high) == (0.0, 0.0, 0.0)


def test_a_number_without_rows_has_no_interval_from_one_seed() -> None:
    found = difference("diagnosis/x", [run({"diagnosis/x": 1.0})], [run({"diagnosis/x": 1.5})])
    assert found is not None
    assert found.estimate == 0.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_a_metric_that_one_side_lacks() -> None:
    assert difference("x", [run({"x": 1.0})], [run({})]) is None


def test_calibration_error_of_one_seed() -> None:
    generator = np.random.default_rng(1)
    right = (generator.random(400) < 0.7).astype(float)

    def with_confidence(value: float) -> MeasuredRun:
        confidence = np.clip(value + generator.normal(0, 0.02, 400), 0.5, 1)
        return run({"best/ece": 0.0}, {"best/accuracy": pd.Series(right)}, confidence)

    a, b = with_confidence(0.95), with_confidence(0.72)
    errors = []
    for one in (a, b):
        c = one.confidence.to_numpy()
        errors.append(expected_calibration_error(np.stack([c, 1 - c], axis=1), (1 - right).astype(int)))
    found = difference("best/ece", [a], [b])
    assert found is not None
    assert found.estimate == pytest.approx(errors[1] - errors[0])
    # Resampled one by one, by other draws.
    draws = np.random.default_rng(9).integers(400, size=(4000, 400))
    pairs = [
        [
            expected_calibration_error(
                np.stack([c[rows], 1 - c[rows]], axis=1), (1 - right[rows]).astype(int)
            )
            for c in (a.confidence.to_numpy(), b.confidence.to_numpy())
        ]
        for rows in draws
    ]
    low, high = np.quantile(np.diff(np.array(pairs), axis=1)[:, 0], [0.025, 0.975])
    # Spread 0.03: 2,000 and 4,000 replicates fix a 2.5% quantile to 0.0022 together; four times that.
    assert (found.low, found.high) == (pytest.approx(low, abs=0.009), pytest.approx(high, abs=0.009))


def test_where_no_sentence_differs_unseen_ones_may() -> None:
    same = judged([1, 0, 1, 1])
    found = difference("best/accuracy", [same, same], [same, same])
    assert found is not None
    assert (found.estimate, found.high) == (0, share_of_unseen(4))
    losses = pd.Series([0.3, 0.4], index=["a", "b"])
    unbounded = run({"best/nll": 0.35}, {"best/nll": losses})
    found = difference("best/nll", [unbounded], [unbounded])
    assert found is not None
    assert found.estimate == 0
    assert math.isnan(found.low)
    assert math.isnan(found.high)
