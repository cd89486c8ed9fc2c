"""Slices: values, planted differences found, noise left alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from whytrain.errors import ConfigError, DataError
from whytrain.metrics.calibration import expected_calibration_error
from whytrain.slices import score_slices as implementation
from whytrain.slices.score_slices import SLICE_METRICS, differing_slices, slice_table
from whytrain.slices.slice_columns import number_ranges


def binary(p: ArrayLike) -> NDArray[np.float64]:
    return np.stack([1 - p, p], axis=-1)


def draw(generator: np.random.Generator, n_rows: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    confidence = generator.uniform(0.5, 1, size=n_rows)
    return binary(confidence), (generator.random(n_rows) < confidence).astype(int)


def test_values_are_the_metrics_of_the_slice() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.ones(3), size=120)
    labels, genre = generator.integers(3, size=120), generator.integers(4, size=120)
    table = slice_table(probabilities, labels, {"class": labels, "genre": genre}, n_permutations=50)
    assert [(part.column, part.group) for part in table] == [
        *(("class", str(c)) for c in range(3)),
        *(("genre", str(c)) for c in range(4)),
    ]
    for part in table:
        rows = {"class": labels, "genre": genre}[part.column] == int(part.group)
        assert part.n_rows == rows.sum()
        right = probabilities[rows].argmax(axis=1) == labels[rows]
        assert part.accuracy.value == pytest.approx(right.mean())
        assert part.confidence.value == pytest.approx(probabilities[rows].max(axis=1).mean())
        assert part.ece.value == pytest.approx(expected_calibration_error(probabilities[rows], labels[rows]))


def test_expectation_and_spread_are_those_of_random_slices() -> None:
    generator = np.random.default_rng(1)
    probabilities, labels = draw(generator, 100)
    part = slice_table(probabilities, labels, {"x": np.arange(100) < 30}, n_permutations=4000)[1]
    right = (labels == 1).astype(float)
    # Sampling without replacement: exact mean and standard deviation; Monte Carlo error of 4,000 draws.
    spread = right.std() * np.sqrt((100 - 30) / (30 * 99))
    assert part.accuracy.expected == pytest.approx(right.mean(), abs=5 * spread / np.sqrt(4000))
    assert part.accuracy.spread == pytest.approx(spread, rel=0.06)
    confidence = probabilities[:, 1]
    assert part.confidence.spread == pytest.approx(
        confidence.std() * np.sqrt((100 - 30) / (30 * 99)), rel=0.06
    )
    random_errors = [
        expected_calibration_error(probabilities[rows], labels[rows])
        for rows in (generator.permutation(100)[:30] for _ in range(500))
    ]
    assert part.ece.expected == pytest.approx(np.mean(random_errors), rel=0.05)


def test_a_planted_difference_is_named() -> None:
    generator = np.random.default_rng(2)
    probabilities, labels = draw(generator, 800)
    negated = np.where(generator.random(800) < 0.15, "yes", "no")
    labels = np.where((negated == "yes") & (generator.random(800) < 0.5), 1 - labels, labels)
    columns = {"negation": negated, "length": number_ranges(generator.integers(1, 40, size=800))}
    named = differing_slices(slice_table(probabilities, labels, columns, n_permutations=500))
    assert named
    assert all(sentence.startswith("negation") for sentence in named)
    assert any("negation yes" in sentence and "accuracy 0." in sentence for sentence in named)
    assert any("ece 0." in sentence for sentence in named)


def test_noise_is_named_no_more_often_than_promised() -> None:
    generator = np.random.default_rng(3)
    alarms = 0
    for k in range(300):
        probabilities, labels = draw(generator, 80)
        columns = {
            "a": generator.integers(5, size=80),
            "b": number_ranges(generator.random(80)),
            "c": generator.random(80) < 0.1,
        }
        table = slice_table(probabilities, labels, columns, n_permutations=99, seed=k)
        alarms += bool(differing_slices(table))
    # 11 slices, 33 tests: without correction most tables would hold an alarm.
    assert alarms <= stats.binom.ppf(0.999, 300, 0.05)
    assert alarms >= stats.binom.ppf(0.001, 300, 0.02)  # and it is not silent


def test_a_slice_of_everything_and_a_single_row_are_no_finding() -> None:
    probabilities, labels = draw(np.random.default_rng(4), 60)
    table = slice_table(
        probabilities, labels, {"all": np.zeros(60, dtype=int), "one": np.arange(60) == 7}, n_permutations=199
    )
    assert all(getattr(table[0], metric).p_value == 1.0 for metric in SLICE_METRICS)
    assert all(getattr(table[0], metric).spread == pytest.approx(0, abs=1e-12) for metric in SLICE_METRICS)
    assert [part.n_rows for part in table] == [60, 59, 1]
    assert differing_slices(table) == ()


def test_a_perfect_model_has_no_slices_that_differ() -> None:
    table = slice_table(
        binary(np.ones(40)), np.ones(40, dtype=int), {"x": np.arange(40) % 3}, n_permutations=19
    )
    assert differing_slices(table) == ()


def test_seeded_and_independent_of_the_memory_it_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(5)
    probabilities, labels = draw(generator, 60)
    columns = {"x": generator.integers(3, size=60), "y": generator.integers(2, size=60)}
    whole = slice_table(probabilities, labels, columns, n_permutations=30, seed=1)
    assert slice_table(probabilities, labels, columns, n_permutations=30, seed=2) != whole
    monkeypatch.setattr(implementation, "_CHUNK_ELEMENTS", 7 * 120)
    assert slice_table(probabilities, labels, columns, n_permutations=30, seed=1) == whole


def test_groups_keep_their_names() -> None:
    probabilities, labels = draw(np.random.default_rng(7), 120)
    digits = np.array([str(n) for n in np.arange(120) % 10])  # classes that are called 0 to 9
    table = slice_table(probabilities, labels, {"class": digits}, n_permutations=9)
    assert [part.group for part in table] == list("0123456789")


def test_bad_input() -> None:
    probabilities, labels = draw(np.random.default_rng(6), 20)
    with pytest.raises(DataError, match=r"'x' with 20 values, one per row, got shape \(3,\)"):
        slice_table(probabilities, labels, {"x": [1, 2, 3]})
    with pytest.raises(DataError, match="at least one column"):
        slice_table(probabilities, labels, {})
    with pytest.raises(ConfigError, match="at least 1 permutation"):
        slice_table(probabilities, labels, {"x": labels}, n_permutations=0)
    with pytest.raises(ConfigError, match="alpha between 0 and 1"):
        differing_slices((), alpha=5)
