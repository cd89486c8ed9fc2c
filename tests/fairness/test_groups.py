"""Shares by group against a hand-computed case, fairlearn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    demographic_parity_ratio,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from scipy.stats import fisher_exact
from sklearn.metrics import accuracy_score

from whytrain.errors import DataError
from whytrain.fairness.groups import (
    ACCURACY,
    FALSE_POSITIVE_RATE,
    FEWEST_ROWS,
    SELECTION_RATE,
    TRUE_POSITIVE_RATE,
    Disparity,
    GroupRate,
    disparities,
    group_rates,
)
from whytrain.statistics.holm import holm_correction

METRICS = {
    ACCURACY: accuracy_score,
    SELECTION_RATE: selection_rate,
    TRUE_POSITIVE_RATE: true_positive_rate,
    FALSE_POSITIVE_RATE: false_positive_rate,
}


def of(rates: tuple[GroupRate, ...], group: str, metric: str) -> GroupRate:
    (found,) = (rate for rate in rates if (rate.group, rate.metric) == (group, metric))
    return found


def test_by_hand() -> None:
    """100 rows of a: 40 of 50 positives and 10 of 50 negatives are called positive; 50 rows of b: 10 and 5 of 25."""
    labels = np.repeat([1, 0, 1, 0], [50, 50, 25, 25])
    decided = np.concatenate([np.arange(50) < 40, np.arange(50) < 10, np.arange(25) < 10, np.arange(25) < 5])
    groups = np.repeat(["a", "b"], [100, 50])
    rates = group_rates(decided.astype(np.int64), labels, {"who": groups}, [1])
    assert [r.rate.estimate for r in rates if r.group == "a"] == pytest.approx([0.8, 0.5, 0.8, 0.2])
    assert [r.rate.estimate for r in rates if r.group == "b"] == pytest.approx([0.6, 0.3, 0.4, 0.2])
    a = of(rates, "a", ACCURACY)
    assert a.difference is not None
    assert a.ratio is not None
    assert a.difference.estimate == pytest.approx(0.2)
    assert a.ratio.estimate == pytest.approx(0.8 / 0.6)
    assert (a.n_rows, a.n_others) == (100, 50)
    # Of 25 positives of b nothing is said.
    few = of(rates, "b", TRUE_POSITIVE_RATE)
    assert few.n_rows == 25 < FEWEST_ROWS
    assert few.difference is few.ratio is few.p_value is None
    assert not few.differs


@pytest.mark.parametrize("seed", [0, 1])
def test_against_fairlearn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, decided = rng.integers(2, size=(2, 600))
    groups = rng.choice(["x", "y", "z"], size=600)
    rates = group_rates(decided, labels, {"who": groups}, [1])
    frame = MetricFrame(metrics=METRICS, y_true=labels, y_pred=decided, sensitive_features=groups)
    for rate in rates:
        assert rate.rate.estimate == pytest.approx(frame.by_group.loc[rate.group, rate.metric])
    found = {gap.metric: gap for gap in disparities(rates)}
    for metric in METRICS:
        assert found[metric].difference == pytest.approx(frame.difference()[metric])
        assert found[metric].ratio == pytest.approx(frame.ratio()[metric])
        assert found[metric].largest == frame.by_group[metric].idxmax()
        assert found[metric].least == frame.by_group[metric].idxmin()
    known = {"y_true": labels, "y_pred": decided, "sensitive_features": groups}
    assert found[SELECTION_RATE].difference == pytest.approx(demographic_parity_difference(**known))
    assert found[SELECTION_RATE].ratio == pytest.approx(demographic_parity_ratio(**known))


def test_every_class_of_several() -> None:
    rng = np.random.default_rng(3)
    labels, decided = rng.integers(3, size=(2, 300))
    groups = np.repeat(["x", "y"], 150)
    rates = group_rates(decided, labels, {"who": groups}, range(3))
    assert len(rates) == 2 * (1 + 3 * 3)
    for rate in rates:
        if rate.class_index is not None:
            inside = groups == rate.group
            one = MetricFrame(
                metrics=METRICS[rate.metric],
                y_true=labels == rate.class_index,
                y_pred=decided == rate.class_index,
                sensitive_features=inside,
            )
            assert rate.rate.estimate == pytest.approx(one.by_group[True])


def planted(n: int, seed: int, columns: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    who = {f"column {i}": rng.choice(["a", "b", "c"], size=n) for i in range(columns)}
    return labels, np.where(rng.random(n) < 0.8, labels, 1 - labels), who


def test_a_planted_group_is_found() -> None:
    labels, decided, columns = planted(600, 0, 4)
    turned = (columns["column 2"] == "b") & (labels == 1)
    decided[turned] = 0
    rates = group_rates(decided, labels, columns, [1])
    sure = {(rate.column, rate.group, rate.metric) for rate in rates if rate.differs}
    assert ("column 2", "b", TRUE_POSITIVE_RATE) in sure
    assert ("column 2", "b", FALSE_POSITIVE_RATE) not in sure
    assert {column for column, *_ in sure} == {"column 2"}


def test_few_false_alarms() -> None:
    """At level 0.95 at most 5% of the data sets have any; of 60 more than 7 come by chance in 1% of cases."""
    alarms = 0
    for seed in range(60):
        labels, decided, columns = planted(300, seed, 5)
        alarms += any(rate.differs for rate in group_rates(decided, labels, columns, [1]))
    assert alarms <= 7


def test_two_groups_are_one_look() -> None:
    labels, decided, columns = planted(400, 5, 1)
    two = {"who": np.where(columns["column 0"] == "a", "a", "others")}
    rates = group_rates(decided, labels, two, [1])
    of_a = [rate for rate in rates if rate.group == "a"]
    hits = {rate.group: {} for rate in rates}
    for rate in rates:
        hits[rate.group][rate.metric] = (round(rate.rate.estimate * rate.n_rows), rate.n_rows)
    raw = [fisher_exact([[a, n - a], [b, m - b]])[1]
           for (a, n), (b, m) in ((hits["a"][metric], hits["others"][metric]) for metric in METRICS)]  # fmt: skip
    expected = holm_correction(raw)  # of four looks, not of eight
    assert [rate.p_value for rate in of_a] == pytest.approx(expected.tolist())
    assert [rate.p_value for rate in rates if rate.group == "others"] == [rate.p_value for rate in of_a]


def test_the_gap_that_chance_gives() -> None:
    """Two groups of 100 with half of the rows right: drawn without replacement."""
    labels = np.ones(200, dtype=np.int64)
    decided = np.tile([0, 1], 100)
    groups = np.repeat(["x", "y"], 100)
    rates = group_rates(decided, labels, {"who": groups}, [1])
    found: dict[str, Disparity] = {gap.metric: gap for gap in disparities(rates, n_draws=4000)}
    # Hypergeometric: var of the hits in x is 100·(1/2)²·100/199; the gap is 2/100 of its distance from 50.
    expected = 2 / 100 * np.sqrt(100 * 0.25 * 100 / 199) * np.sqrt(2 / np.pi)
    assert found[ACCURACY].by_chance == pytest.approx(expected, rel=0.05)  # 4000 draws: 1% standard error
    assert found[ACCURACY].difference == 0


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(DataError, match="column 'who' with 3 values"):
        group_rates(np.zeros(3, int), np.zeros(3, int), {"who": np.array(["a", "b"])}, [1])
