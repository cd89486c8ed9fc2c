"""The paired bootstrap: values, errors, size and power of its tests, seeds, messages."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk

from whytrain.errors import ConfigError, DataError
from whytrain.metrics import ACCURACY, AUROC, COMPARED
from whytrain.statistics import crossed_bootstrap as implementation
from whytrain.statistics.intervals import share_of_unseen
from whytrain.statistics.paired_bootstrap import MetricDifference, PairedBootstrap, paired_bootstrap

# The 99.9% point of a binomial of 1,000 tests at level 5%: a correct test stays below in 999 of 1,000 tries.
MOST_REJECTIONS = stats.binom.ppf(0.999, 1000, 0.05)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)


def two_models(
    generator: np.random.Generator, n_rows: int, advantage: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Two models that share the difficulty of the sentences; B gains `advantage` in log odds."""
    labels = generator.integers(2, size=n_rows)
    shared = generator.normal(0.8, 1.0, size=n_rows)
    margins = shared + generator.normal(0, 0.7, size=(2, n_rows)) + np.array([[0.0], [advantage]])
    signed = np.where(labels == 1, margins, -margins)
    return *softmax(np.stack([-signed, signed], axis=-1)), labels


def by_name(result: PairedBootstrap) -> dict[str, MetricDifference]:
    return {difference.metric.name: difference for difference in result.differences}


def test_values_equal_scikit_learn() -> None:
    a, b, labels = two_models(np.random.default_rng(0), 300)
    result = by_name(paired_bootstrap(a, b, labels, n_resamples=10))
    assert tuple(result) == tuple(metric.name for metric in COMPARED)
    for run, values in ((a, "value_a"), (b, "value_b")):
        expected = {
            "accuracy": sk.accuracy_score(labels, run.argmax(1)),
            "f1": sk.f1_score(labels, run.argmax(1)),
            "balanced_accuracy": sk.balanced_accuracy_score(labels, run.argmax(1)),
            "mcc": sk.matthews_corrcoef(labels, run.argmax(1)),
            "auroc": sk.roc_auc_score(labels, run[:, 1]),
            "average_precision": sk.average_precision_score(labels, run[:, 1]),
            "nll": sk.log_loss(labels, run),
            "brier": 2 * sk.brier_score_loss(labels, run[:, 1]),  # ours sums over both classes
        }
        for metric, value in expected.items():
            assert getattr(result[metric], values) == pytest.approx(value, rel=1e-12)  # rounding only
    for difference in result.values():
        assert difference.difference.estimate == pytest.approx(difference.value_b - difference.value_a)


def test_f1_of_several_classes_is_macro_over_the_classes_that_occur() -> None:
    generator = np.random.default_rng(1)
    labels = generator.integers(3, size=90)  # class 3 never occurs and gets no probability
    a, b = (np.pad(softmax(generator.normal(size=(90, 3))), ((0, 0), (0, 1))) for _ in range(2))
    result = by_name(paired_bootstrap(a, b, labels, n_resamples=10))["f1"]
    assert result.value_a == pytest.approx(sk.f1_score(labels, a.argmax(1), average="macro"))
    assert result.value_b == pytest.approx(sk.f1_score(labels, b.argmax(1), average="macro"))


def test_undefined_resamples_of_a_rare_class_are_left_out() -> None:
    # One positive of 30: it is not drawn in 36% of the resamples, where there is no AUROC.
    generator = np.random.default_rng(12)
    labels = np.r_[1, np.zeros(29, dtype=int)]
    a, b = (softmax(generator.normal(size=(3, 30, 2))) for _ in range(2))
    a[:, 0], b[:, 0] = [0.6, 0.4], [0.4, 0.6]
    for paired in (True, False):
        auroc, accuracy = paired_bootstrap(
            a, b, labels, metrics=[AUROC, ACCURACY], paired_seeds=paired, n_resamples=300
        ).differences
        assert (auroc.metric, accuracy.metric) == (AUROC, ACCURACY)
        interval = auroc.difference
        assert interval.low < interval.estimate < interval.high
        assert 0 < auroc.p_value <= 1
        assert np.isfinite([auroc.sentence_error, auroc.seed_error, auroc.interaction_error]).all()
        alone = paired_bootstrap(
            a, b, labels, metrics=[ACCURACY], paired_seeds=paired, n_resamples=300
        ).differences[0]
        assert accuracy.difference == alone.difference


def test_f1_is_0_where_the_positive_class_never_occurs() -> None:
    probabilities = np.tile([0.9, 0.1], (5, 1))
    result = by_name(paired_bootstrap(probabilities, probabilities, np.zeros(5, dtype=int), n_resamples=10))
    assert result["f1"].value_a == 0.0


def test_replicates_equal_a_plain_loop() -> None:
    a, b, labels = two_models(np.random.default_rng(2), 40)
    ours = by_name(paired_bootstrap(a, b, labels, n_resamples=30, seed=7, level=0.8))
    rows = np.random.default_rng(7).integers(40, size=(30, 40))
    expected: dict[str, Callable[..., float]] = {
        "accuracy": lambda y, p: sk.accuracy_score(y, p.argmax(1)),
        "f1": lambda y, p: sk.f1_score(y, p.argmax(1)),
        "balanced_accuracy": lambda y, p: sk.balanced_accuracy_score(y, p.argmax(1)),
        "mcc": lambda y, p: sk.matthews_corrcoef(y, p.argmax(1)),
        "auroc": lambda y, p: sk.roc_auc_score(y, p[:, 1]),
        "average_precision": lambda y, p: sk.average_precision_score(y, p[:, 1]),
        "nll": sk.log_loss,
        "brier": lambda y, p: 2 * sk.brier_score_loss(y, p[:, 1]),
    }
    assert expected.keys() == ours.keys()
    loop = np.array([[of(labels[r], b[r]) - of(labels[r], a[r]) for of in expected.values()] for r in rows])
    for k, metric in enumerate(expected):
        interval = ours[metric].difference
        np.testing.assert_allclose(
            [interval.low, interval.high], np.quantile(loop[:, k], [0.1, 0.9]), atol=1e-12
        )
        assert ours[metric].sentence_error == pytest.approx(loop[:, k].std(), rel=1e-9)
        below, above = (loop[:, k] <= 1e-12).sum(), (loop[:, k] >= -1e-12).sum()
        assert ours[metric].p_value == pytest.approx(min(1.0, 2 * (min(below, above) + 1) / 31))


def test_the_same_run_twice_has_no_sentence_that_differs() -> None:
    a, _, labels = two_models(np.random.default_rng(3), 101)
    for runs in (a, np.stack([a, a[:, ::-1], a**2 / (a**2).sum(1, keepdims=True)])):
        for difference in paired_bootstrap(runs, runs, labels, n_resamples=200).differences:
            interval = difference.difference
            most = share_of_unseen(101) if difference.metric is ACCURACY else 0.0
            assert (interval.estimate, interval.low, interval.high) == (0.0, -most, most)
            assert difference.p_value == 1.0


def test_swapping_the_runs_turns_the_sign() -> None:
    a, b, labels = two_models(np.random.default_rng(4), 101, advantage=0.3)
    forth, back = (by_name(paired_bootstrap(*pair, labels)) for pair in ((a, b), (b, a)))
    for metric in forth:
        one, other = forth[metric].difference, back[metric].difference
        # The same resamples; quantiles interpolate from the other end, so up to rounding.
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-12)
        assert forth[metric].p_value == back[metric].p_value


def test_seeded_and_independent_of_the_memory_it_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, labels = two_models(np.random.default_rng(5), 50)
    whole = paired_bootstrap(a, b, labels, n_resamples=100, seed=1)
    assert paired_bootstrap(a, b, labels, n_resamples=100, seed=2) != whole
    monkeypatch.setattr(implementation, "_CHUNK_ELEMENTS", 7 * 50)
    for one, other in zip(
        whole.differences, paired_bootstrap(a, b, labels, n_resamples=100, seed=1).differences, strict=True
    ):
        # A matrix product of another height may round differently.
        assert one.difference.low == pytest.approx(other.difference.low, abs=1e-14)
        assert one.p_value == other.p_value


def rejections(n_pairs: int, advantage: float, n_rows: int = 150, n_resamples: int = 300) -> dict[str, int]:
    generator = np.random.default_rng(6)
    p_values = [
        [
            difference.p_value
            for difference in paired_bootstrap(
                *two_models(generator, n_rows, advantage), n_resamples=n_resamples, seed=k
            ).differences
        ]
        for k in range(n_pairs)
    ]
    return dict(zip((m.name for m in COMPARED), (np.array(p_values) <= 0.05).sum(axis=0), strict=True))


def test_type_1_error_is_not_above_nominal() -> None:
    seen = rejections(1000, advantage=0.0)
    assert all(15 <= count <= MOST_REJECTIONS for count in seen.values()), seen


def test_power_is_as_expected() -> None:
    advantage, n_rows, n_pairs = 0.3, 150, 250
    seen = rejections(n_pairs, advantage, n_rows)["nll"]
    generator = np.random.default_rng(7)
    a, b, labels = two_models(generator, 200_000, advantage)
    gains = np.log(a[np.arange(labels.size), labels]) - np.log(b[np.arange(labels.size), labels])
    expected = normal_power(gains.mean(), gains.std() / np.sqrt(n_rows))
    # Four binomial standard errors, and 2 points for the discreteness of 300 resamples.
    assert seen / n_pairs == pytest.approx(expected, abs=4 * np.sqrt(0.25 / n_pairs) + 0.02)
    assert 0.5 < expected < 0.95  # where a wrong test would show


def normal_power(difference: float, standard_error: float) -> float:
    critical, shift = stats.norm.isf(0.025), abs(difference) / standard_error
    return stats.norm.sf(critical - shift) + stats.norm.cdf(-critical - shift)


def over_seeds(
    generator: np.random.Generator, n_seeds: int, n_rows: int, seed_spread: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities (2, n_seeds, n_rows, 2) of two equal recipes whose seeds differ in skill."""
    labels = generator.integers(2, size=n_rows)
    skill = generator.normal(0.5, seed_spread, size=(2, n_seeds, 1))
    margins = (
        skill + generator.normal(0, 0.5, size=n_rows) + generator.normal(0, 0.1, size=(2, n_seeds, n_rows))
    )
    signed = np.where(labels == 1, margins, -margins)
    return *softmax(np.stack([-signed, signed], axis=-1)), labels


@pytest.mark.parametrize("n_seeds", [2, 3, 5])
@pytest.mark.parametrize("paired", [True, False])
def test_recipes_that_differ_by_seed_only_are_not_told_apart(n_seeds: int, paired: bool) -> None:
    generator = np.random.default_rng(8)
    false_alarms = 0
    for k in range(150):
        a, b, labels = over_seeds(generator, n_seeds, 40, seed_spread=0.4)
        result = by_name(paired_bootstrap(a, b, labels, n_resamples=199, seed=k, paired_seeds=paired))
        false_alarms += result["nll"].p_value <= 0.05
    assert false_alarms <= stats.binom.ppf(0.999, 150, 0.05)


def test_resampling_sentences_alone_would_tell_them_apart() -> None:
    generator = np.random.default_rng(9)
    false_alarms = 0
    for k in range(100):
        a, b, labels = over_seeds(generator, 1, 60, seed_spread=0.4)
        false_alarms += (
            by_name(paired_bootstrap(a, b, labels, n_resamples=200, seed=k))["nll"].p_value <= 0.05
        )
    assert false_alarms > 50  # what the note on one seed warns of


def test_seeds_that_dominate_give_the_t_interval() -> None:
    labels = np.zeros(400, dtype=int)
    levels = np.array([[0.60, 0.62, 0.65], [0.70, 0.69, 0.75]])
    # Every sentence gets its seed's probability: resampling sentences changes nothing in NLL.
    runs = np.stack([levels, 1 - levels], axis=-1)[:, :, None, :].repeat(400, axis=2)
    result = by_name(paired_bootstrap(*runs, labels, n_resamples=4000))["nll"]
    per_seed = np.log(levels[0]) - np.log(levels[1])
    low, high = stats.t.interval(0.95, 2, loc=per_seed.mean(), scale=stats.sem(per_seed))
    # Interpolated quantiles of 4,000 equally likely values of t: 1% of the half width.
    assert (result.difference.low, result.difference.high) == pytest.approx((low, high), rel=0.01)
    assert result.sentence_error == pytest.approx(0, abs=1e-12)
    assert result.seed_error == pytest.approx(stats.sem(per_seed), rel=1e-9)
    unpaired = by_name(paired_bootstrap(*runs, labels, paired_seeds=False))["nll"]
    expected = np.hypot(*(stats.sem(np.log(side)) for side in levels))
    assert unpaired.seed_error == pytest.approx(expected, rel=1e-9)


def test_errors_separate_sentences_seeds_and_their_interaction() -> None:
    # Differences in NLL that are a sum of known parts; 6 seeds, 400 sentences.
    generator = np.random.default_rng(10)
    n_seeds, n_rows = 6, 400
    seed_part = generator.normal(0, 0.02, size=(n_seeds, 1))
    own_part = generator.normal(0, 0.3, size=(n_seeds, n_rows))
    loss = 1.0 + generator.normal(0, 0.05, size=n_rows) + seed_part + own_part
    p = np.exp(-np.clip(loss, 0.01, 5))
    b = np.stack([p, 1 - p], axis=-1)
    a = np.full_like(b, 0.5)
    result = by_name(paired_bootstrap(a, b, np.zeros(n_rows, dtype=int)))["nll"]
    losses = -np.log(p)
    residual = losses - losses.mean(axis=0) - losses.mean(axis=1, keepdims=True) + losses.mean()
    interaction = (residual**2).sum() / ((n_seeds - 1) * n_rows) / (n_rows * n_seeds)
    # Standard errors from 2,000 resamples: 1/√4000 = 1.6% Monte Carlo error, three of them.
    assert result.sentence_error == pytest.approx(losses.mean(axis=0).std() / np.sqrt(n_rows), rel=0.05)
    assert result.seed_error == pytest.approx(stats.sem(losses.mean(axis=1)), rel=1e-9)
    assert result.interaction_error == pytest.approx(np.sqrt(interaction), rel=0.05)


@pytest.mark.parametrize(("n_seeds", "words"), [(1, "One seed"), (2, "6.5-fold"), (4, "1.6-fold"), (5, "")])
def test_too_few_seeds_are_said(n_seeds: int, words: str) -> None:
    a, b, labels = over_seeds(np.random.default_rng(0), n_seeds, 20, 0.1)
    note = paired_bootstrap(a, b, labels, n_resamples=20).note
    assert (words in note) if words else note == ""


def test_unpaired_seeds_may_differ_in_number() -> None:
    a, b, labels = over_seeds(np.random.default_rng(0), 3, 30, 0.1)
    result = paired_bootstrap(a, b[:2], labels, paired_seeds=False, n_resamples=50)
    assert (result.n_seeds_a, result.n_seeds_b) == (3, 2)
    with pytest.raises(DataError, match="got 3 and 2"):
        paired_bootstrap(a, b[:2], labels)


def test_messages() -> None:
    p = np.full((4, 2), 0.5)
    labels = np.array([0, 1, 0, 1])
    with pytest.raises(DataError, match="at least 2 sentences, got 1"):
        paired_bootstrap(p[:1], p[:1], labels[:1])
    with pytest.raises(DataError, match=r"same classes.*\(4, 2\) and \(4, 3\)"):
        paired_bootstrap(p, np.full((4, 3), 1 / 3), labels)
    with pytest.raises(DataError, match="one label per row"):
        paired_bootstrap(p, p[:3], labels)
    with pytest.raises(DataError, match="sum to 1"):
        paired_bootstrap(p, p * 0.9, labels)
    with pytest.raises(DataError, match=r"got \(4,\)"):
        paired_bootstrap(p[:, 0], p[:, 0], labels)
    with pytest.raises(ConfigError, match="at least 1 resample"):
        paired_bootstrap(p, p, labels, n_resamples=0)
