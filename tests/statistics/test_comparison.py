"""What a comparison says, in figures and in words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from whytrain.errors import ConfigError
from whytrain.metrics import ACCURACY, AUROC, AVERAGE_PRECISION, BRIER, F1, MCC, NLL, Metric
from whytrain.statistics.comparison import compare_runs, compare_with_baseline
from whytrain.statistics.effect_sizes import cohens_h, standardized_difference
from whytrain.statistics.holm import holm_correction
from whytrain.statistics.intervals import Interval
from whytrain.statistics.paired_bootstrap import MetricDifference, paired_bootstrap
from whytrain.statistics.phrases import (
    difference_sentence,
    interval_phrase,
    requirement_phrase,
    signed_difference,
)


def run(
    generator: np.random.Generator, labels: NDArray[np.int64], skill: float, n_seeds: int | None = None
) -> NDArray[np.float64]:
    """Probabilities of models that are right by `skill` log odds on average."""
    shape = labels.shape if n_seeds is None else (n_seeds, *labels.shape)
    margin = generator.normal(skill, 1.0, size=shape)
    p = 1 / (1 + np.exp(-np.where(labels == 1, margin, -margin)))
    return np.stack([1 - p, p], axis=-1)


@pytest.fixture
def labels() -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(2, size=400)


def test_a_clear_difference(labels: NDArray[np.int64]) -> None:
    generator = np.random.default_rng(1)
    a, b = run(generator, labels, 0.5), run(generator, labels, 1.5)
    comparison = compare_runs(a, b, labels, names=("lstm", "tree"))
    bootstrap = paired_bootstrap(a, b, labels)
    # As text, because a seed error that is not known is NaN and differs from itself.
    assert str(tuple(compared.measured for compared in comparison.metrics)) == str(bootstrap.differences)
    adjusted = holm_correction([difference.p_value for difference in bootstrap.differences])
    assert [compared.adjusted_p_value for compared in comparison.metrics] == adjusted.tolist()
    assert all("tree is better than lstm" in compared.sentence for compared in comparison.metrics)
    accuracy = comparison.of(ACCURACY).measured
    assert comparison.cohens_h == cohens_h(accuracy.value_a, accuracy.value_b)
    assert comparison.mcnemar.only_b > comparison.mcnemar.only_a
    assert comparison.odds_ratio.low > 1
    nll = -np.log(np.stack([a, b])[:, np.arange(400), labels])
    # The bootstrap's standard error has a Monte Carlo error of 1.6%; three of those.
    assert comparison.of(NLL).effect_size == pytest.approx(standardized_difference(*nll), rel=0.05)


def test_more_is_worse_in_a_score_where_less_is_better(labels: NDArray[np.int64]) -> None:
    generator = np.random.default_rng(1)
    b, a = run(generator, labels, 0.5), run(generator, labels, 1.5)
    sentence = compare_runs(a, b, labels).of(NLL).sentence
    assert sentence.startswith("NLL: B is worse than A: +0.")


def test_no_difference_says_what_it_would_take(labels: NDArray[np.int64]) -> None:
    generator = np.random.default_rng(2)
    a, b = run(generator, labels, 1.0), run(generator, labels, 1.0)
    accuracy = compare_runs(a, b, labels).of(ACCURACY)
    assert "no difference can be seen" in accuracy.sentence
    assert accuracy.sentences_needed > 400
    assert accuracy.seeds_needed is None
    assert "sentences would be needed" in accuracy.sentence


def test_the_same_run_twice(labels: NDArray[np.int64]) -> None:
    a = run(np.random.default_rng(3), labels, 1.0)
    comparison = compare_runs(a, a, labels)
    for compared in comparison.metrics:
        assert "no sentence differs" in compared.sentence
        assert compared.adjusted_p_value == 1.0
        assert compared.effect_size == 0.0
        assert compared.sentences_needed is None
    assert comparison.mcnemar.p_value == 1.0
    assert comparison.cohens_h == 0.0


def test_several_seeds(labels: NDArray[np.int64]) -> None:
    generator = np.random.default_rng(4)
    a, b = run(generator, labels, 1.0, n_seeds=3), run(generator, labels, 1.05, n_seeds=3)
    comparison = compare_runs(a, b, labels)
    assert comparison.mcnemar is None
    assert comparison.odds_ratio is None
    assert "3 seeds are too few" in comparison.note
    nll = comparison.of(NLL)
    assert nll.seeds_needed > 3 or "better" in nll.sentence


def test_seeds_needed_equal_statsmodels_where_only_seeds_vary() -> None:
    power = pytest.importorskip("statsmodels.stats.power").TTestPower()
    levels = np.array([[0.60, 0.62, 0.65, 0.58], [0.66, 0.60, 0.64, 0.63]])
    # Every sentence gets its seed's probability: resampling sentences changes nothing in NLL.
    runs = np.stack([levels, 1 - levels], axis=-1)[:, :, None, :].repeat(50, axis=2)
    nll = compare_runs(*runs, np.zeros(50, dtype=int)).of(NLL)
    per_seed = np.log(levels[0] / levels[1])
    effect = abs(per_seed.mean() / per_seed.std(ddof=1))
    assert (
        power.power(effect, nll.seeds_needed, 0.05) >= 0.8 > power.power(effect, nll.seeds_needed - 1, 0.05)
    )
    assert nll.sentences_needed is None  # no number of sentences helps


def test_sentences_needed_where_only_sentences_vary(labels: NDArray[np.int64]) -> None:
    generator = np.random.default_rng(6)
    a, b = run(generator, labels, 1.0), run(generator, labels, 1.1)
    alone = compare_runs(a, b, labels).of(NLL)
    seeds = compare_runs(np.stack([a] * 3), np.stack([b] * 3), labels).of(NLL)
    # Three copies of one seed know no more: the same sentences are needed, up to rounding.
    assert seeds.sentences_needed == pytest.approx(alone.sentences_needed, abs=1)


def test_more_of_what_is_needed_is_enough(labels: NDArray[np.int64]) -> None:
    # With the number of sentences that is asked for, about 80% of fresh samples show the difference.
    generator = np.random.default_rng(5)
    needed = compare_runs(run(generator, labels, 1.0), run(generator, labels, 1.1), labels).of(NLL)
    assert needed.sentences_needed is not None
    share = needed.measured.difference.estimate / (
        needed.measured.sentence_error * math.sqrt(labels.size / needed.sentences_needed)
    )
    assert abs(share) == pytest.approx(1.96 + 0.8416, rel=1e-3)  # rounding to whole sentences


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        (ACCURACY, 0.001, "+0.1"),
        (F1, -0.016, "\N{MINUS SIGN}1.6"),
        (ACCURACY, -0.0001, "0.0"),
        (NLL, 0.0314, "+0.031"),
        (BRIER, -0.0004, "0.000"),
        (MCC, 0.0314, "+0.031"),
    ],
)
def test_signs_and_units(metric: Metric, value: float, text: str) -> None:
    assert signed_difference(metric, value) == text


def test_the_words() -> None:
    minus = "\N{MINUS SIGN}"

    def measured(
        metric: Metric, estimate: float, low: float, high: float, p_value: float = 0.9
    ) -> MetricDifference:
        return MetricDifference(
            metric=metric,
            value_a=0.8,
            value_b=0.8,
            difference=Interval(estimate=estimate, low=low, high=high),
            p_value=p_value,
            sentence_error=0.01,
            seed_error=0.0,
            interaction_error=0.0,
        )

    assert interval_phrase(ACCURACY, Interval(estimate=0.001, low=-0.016, high=0.018)) == (
        f"+0.1 points, 95% interval {minus}1.6 to +1.8"
    )
    assert difference_sentence(measured(ACCURACY, 0.001, -0.016, 0.018), 1.0, 4) == (
        f"accuracy: no difference can be seen: +0.1 points, 95% interval {minus}1.6 to +1.8"
    )
    assert difference_sentence(measured(BRIER, -0.02, -0.03, -0.01, 0.001), 0.004, 4, ("old", "new")) == (
        f"Brier score: new is better than old: {minus}0.020, 95% interval {minus}0.030 to {minus}0.010, "
        "p = 0.004 after correction"
    )
    assert difference_sentence(measured(F1, 0.02, 0.001, 0.04, 0.03), 0.12, 4) == (
        "F1: no difference can be claimed after looking at 4 differences: +2.0 points, "
        "95% interval +0.1 to +4.0, p = 0.03, 0.12 after correction"
    )
    assert (
        interval_phrase(NLL, Interval(estimate=0.1, low=0.0, high=0.2))
        == "+0.100 nats, 95% interval 0.000 to +0.200"
    )


def test_what_is_not_defined_is_said_and_claims_nothing() -> None:
    generator, labels = np.random.default_rng(9), np.zeros(50, dtype=int)  # one class: nothing to rank
    a, b = run(generator, labels, 0.5), run(generator, labels, 3.0)
    found = compare_runs(a, b, labels)
    for metric in (AUROC, AVERAGE_PRECISION):
        auroc = found.of(metric)
        assert math.isnan(auroc.measured.value_a)
        assert math.isnan(auroc.measured.difference.estimate)
        assert auroc.measured.p_value == auroc.adjusted_p_value == 1.0
        assert not auroc.holds
        assert auroc.sentence == f"{metric.label}: not defined on these sentences"
        assert (auroc.sentences_needed, auroc.seeds_needed) == (None, None)
    assert found.of(NLL).holds


@pytest.mark.parametrize(
    ("sentences", "seeds", "several", "text"),
    [
        (873, None, False, "about 880 sentences would be needed"),
        (51_234, 7, True, "about 52,000 sentences or 7 seeds of each would be needed"),
        (None, 12, True, "about 12 seeds of each would be needed"),
        (None, None, True, "neither more sentences nor more seeds alone"),
        (None, None, False, "no number of sentences"),
    ],
)
def test_what_it_would_take_in_words(
    sentences: int | None, seeds: int | None, several: bool, text: str
) -> None:
    assert requirement_phrase(sentences, seeds, several).startswith(text)


def test_several_runs_are_corrected_together(labels: NDArray[np.int64]) -> None:
    generator = np.random.default_rng(5)
    base = run(generator, labels, 1.0)
    others = {f"run {i}": run(generator, labels, 1.0 + i / 5) for i in range(3)}
    found = compare_with_baseline(base, others, labels, name="base")
    alone = {name: compare_runs(base, other, labels, names=("base", name)) for name, other in others.items()}
    raw = [c.measured.p_value for name in others for c in alone[name].metrics]
    assert [c.adjusted_p_value for name in others for c in found[name].metrics] == holm_correction(
        raw
    ).tolist()
    for name, comparison in found.items():
        assert comparison.mcnemar == alone[name].mcnemar
        for compared, single in zip(comparison.metrics, alone[name].metrics, strict=True):
            assert compared.measured.difference == single.measured.difference
            assert compared.adjusted_p_value >= single.adjusted_p_value
            difference = compared.measured.difference
            assert compared.holds == (
                difference.low * difference.high > 0 and compared.adjusted_p_value <= 0.05
            )


def test_among_many_runs_a_clear_difference_can_still_be_claimed(labels: NDArray[np.int64]) -> None:
    generator = np.random.default_rng(6)
    base = run(generator, labels, 0.5)
    others = {f"run {i}": run(generator, labels, 0.5) for i in range(8)} | {
        "best": run(generator, labels, 3.0)
    }
    found = compare_with_baseline(base, others, labels, name="base", n_resamples=200)
    # With 200 resamples the smallest p-value, 2/201, would be 0.72 after correction for 72 tests.
    assert all(compared.holds for compared in found["best"].metrics)


def test_family_wise_error_of_several_equal_runs_is_not_above_nominal() -> None:
    generator = np.random.default_rng(7)
    n_families, corrected, uncorrected = 150, 0, 0
    for family in range(n_families):
        labels = generator.integers(2, size=60)
        base, *others = (run(generator, labels, 1.0) for _ in range(4))
        named = {str(i): other for i, other in enumerate(others)}
        found = compare_with_baseline(base, named, labels, n_resamples=200, seed=family)
        compared = [c for comparison in found.values() for c in comparison.metrics]
        corrected += any(c.holds for c in compared)
        uncorrected += any(c.measured.p_value <= 0.05 for c in compared)
    # The 99.9% quantile of Binomial(150, 0.05) is 17: what the correction keeps to, and its absence does not.
    assert corrected <= 17 < uncorrected


def test_nothing_to_correct_and_bad_levels_are_said(labels: NDArray[np.int64]) -> None:
    base = run(np.random.default_rng(8), labels, 1.0)
    assert compare_with_baseline(base, {}, labels) == {}
    with pytest.raises(ConfigError, match="confidence level"):
        compare_with_baseline(base, {"b": base}, labels, level=1.0)
    with pytest.raises(ConfigError, match="at least 1 resample"):
        compare_with_baseline(base, {"b": base}, labels, n_resamples=0)
