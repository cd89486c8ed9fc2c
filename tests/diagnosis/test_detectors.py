"""Each detector on evidence whose value is known by hand, and on evidence that it cannot look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from evidence import (
    NAMES,
    calibration,
    corpus,
    explained,
    healthy,
    history,
    predictions,
    rule,
    shapley,
    surrogate,
    unread,
)
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from whytrain.commands import train
from whytrain.diagnosis import (
    of_classes,
    of_data,
    of_predictions,
    of_robustness,
    of_surrogates,
    of_tokens,
    of_words,
)
from whytrain.diagnosis.conclusion import conclude
from whytrain.diagnosis.detectors import DETECTORS, diagnose
from whytrain.diagnosis.evidence import CheckRows, RunEvidence, SetEvidence
from whytrain.diagnosis.finding import Measurement, NotExamined, hidden
from whytrain.diagnosis.overrides import Plan
from whytrain.diagnosis.rules import RuleBook, load_rules
from whytrain.pages.run.verdict import verdict
from whytrain.statistics.intervals import Interval, exact_interval, wilson_interval
from whytrain.surrogates.evidence import FeatureSet, FidelityEvidence, SurrogateKind
from whytrain.types import Predictions

BOOK = load_rules(None, DETECTORS)
chance = of_words.random_share_of_two


def measured(result: Measurement | NotExamined) -> Measurement:
    assert isinstance(result, Measurement), result
    return result


def reason(result: Measurement | NotExamined) -> str:
    assert isinstance(result, NotExamined), result
    return result.reason


def test_a_healthy_run_has_no_findings() -> None:
    diagnosis = diagnose(healthy(), BOOK.findings)
    assert [finding.name for finding in diagnosis.findings] == []
    assert set(diagnosis.measurements) | set(diagnosis.not_examined) == set(DETECTORS)
    assert set(diagnosis.not_examined) == {"shortcut_pairs", "attention_concentration", "overconfident_rules"}


def test_every_rule_has_a_detector_and_every_detector_a_rule_but_the_second_absence() -> None:
    assert set(DETECTORS) - set(BOOK.findings) == {"few_token_dependence_removed"}


def spoiled(**changes: Any) -> RunEvidence:
    return healthy(**changes)


# Explained sentences


def test_share_of_two_words() -> None:
    # Shares of the two largest of |4, -3, 1, 1, 1|: 0.7; of an even sentence of five: 0.4.
    sentences = [explained(i, [4.0, -3.0, 1.0, 1.0, 1.0]) for i in range(8)] + [
        explained(i, [1.0] * 5) for i in range(8, 16)
    ]
    result = measured(of_words.few_token_dependence(spoiled(explanations=shapley(sentences))))
    # Of five words two hold (2·(1 + 1/2 + 1/3 + 1/4 + 1/5) − 1) / 5 at random.
    assert chance(5) == pytest.approx((2 * (1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) - 1) / 5)
    assert result.value.estimate == pytest.approx(0.55 - chance(5))
    assert 0.4 <= result.value.low + chance(5) < 0.55 < result.value.high + chance(5) <= 0.7
    assert result.rows["train-0"] == pytest.approx(0.7 - chance(5))
    first = result.evidence.sentences[0]
    assert (first.sentence_id, first.values, first.class_name) == (
        "train-0",
        (4.0, -3.0, 1.0, 1.0, 1.0),
        "good",
    )
    assert result.evidence.tokens == ("great",)
    assert "They hold 55%" in result.detail
    assert "(5.0 words on average)" in result.detail
    assert "40% if all words mattered the same, 71% if chance" in result.detail


def test_what_chance_gives_is_no_finding() -> None:
    """Sticks broken at random, of 3 to 10 parts: the rule speaks as rarely as its 95% interval errs."""
    generator = np.random.default_rng(5)

    def is_found(sharpness: float) -> bool:
        values = [
            (generator.dirichlet(np.ones(generator.integers(3, 11))) ** sharpness).tolist() for _ in range(24)
        ]
        result = of_words.few_token_dependence(
            spoiled(explanations=shapley([explained(i, v) for i, v in enumerate(values)]))
        )
        return BOOK.findings["few_token_dependence"].is_met(measured(result).value)

    assert sum(is_found(1.0) for _ in range(40)) <= 5  # Binomial(40, 0.05): more with probability 1.4%
    assert sum(is_found(2.0) for _ in range(10)) == 10


def test_topic_words_that_a_word_list_needs_too_are_no_finding() -> None:
    # 90% in two of five words, where chance gives 71%; a plain list of words reads 95% of its answer in two.
    sentences = [explained(i, [5.0, 4.0, 0.5, 0.25, 0.25]) for i in range(12)]
    run = spoiled(explanations=shapley(sentences))
    found = measured(of_words.few_token_dependence(run))
    assert found.value.estimate == pytest.approx(0.9 - chance(5))
    assert BOOK.findings["few_token_dependence"].is_met(found.value)
    read = np.where(
        np.arange(100) < 6, 0.95, 0.1
    )  # of every other explained sentence; less than chance says nothing
    found = measured(of_words.few_token_dependence(replace(run, train=replace(run.train, two_words=read))))
    assert found.value.estimate == pytest.approx(0.9 - (0.95 + chance(5)) / 2)
    everywhere = replace(run.train, two_words=np.full(100, 0.95))
    found = measured(of_words.few_token_dependence(replace(run, train=everywhere)))
    assert not BOOK.findings["few_token_dependence"].is_met(found.value)
    assert "and 95% for a plain list of words." in found.detail


def test_random_shares_of_two_words() -> None:
    parts = np.random.default_rng(0).dirichlet(np.ones(6), 20_000)  # sticks broken at random
    largest = np.sort(parts, axis=1)[:, -2:].sum(axis=1)
    # Four standard errors of the mean of so many sticks.
    assert of_words.random_share_of_two(6) == pytest.approx(
        largest.mean(), abs=4 * largest.std() / np.sqrt(20_000)
    )


def test_it_looks_at_one_absence_at_a_time() -> None:
    padded = [explained(i, [1.0] * 5) for i in range(10)]
    removed = [explained(i, [9.0, 9.0, 1.0, 1.0], variant="removed") for i in range(10)]
    run = spoiled(explanations=shapley([*padded, *removed]))
    assert measured(of_words.few_token_dependence(run)).value.estimate == pytest.approx(0.4 - chance(5))
    removed_share = measured(of_words.few_token_dependence_removed(run)).value.estimate
    assert removed_share == pytest.approx(0.9 - chance(4))


def test_a_sentence_whose_values_are_all_zero_has_no_share() -> None:
    nothing = replace(explained(99, [1.0] * 5), top2_share=float("nan"))
    run = spoiled(explanations=shapley([nothing, *(explained(i, [1.0] * 5) for i in range(10))]))
    result = measured(of_words.few_token_dependence(run))
    assert "train-99" not in result.rows
    expected = pytest.approx(0.4 - chance(5))
    assert result.value == Interval(estimate=expected, low=expected, high=expected)


@pytest.mark.parametrize("n_sentences", [0, 1, 9])
def test_few_sentences_say_nothing(n_sentences: int) -> None:
    run = spoiled(explanations=shapley([explained(i, [1.0] * 5) for i in range(n_sentences)]))
    assert "callbacks.explanations" in reason(of_words.few_token_dependence(run)) or n_sentences == 0


def test_an_absence_that_was_not_explained() -> None:
    run = spoiled(explanations=shapley([explained(i, [1.0] * 5) for i in range(12)]))
    assert reason(of_words.few_token_dependence_removed(run)) == "explainer.shapley.absences has no removed"


def test_accuracy_lost_without_two_words() -> None:
    lost = [explained(i, [1.0] * 5, predicted=(1, 0)) for i in range(4)]
    kept = [explained(i, [1.0] * 5, predicted=(1, 1)) for i in range(4, 9)]
    gained = [explained(9, [1.0] * 5, predicted=(0, 1))]
    result = measured(of_words.accuracy_on_two_words(spoiled(explanations=shapley(lost + kept + gained))))
    assert result.value.estimate == pytest.approx((4 - 1) / 10)


def test_neglected_ends_are_the_last_third() -> None:
    sentences = [explained(i, [4.0, 0.0, 4.0, 0.0, 1.0, 1.0]) for i in range(10)]
    run = spoiled(explanations=shapley(sentences))
    assert measured(of_words.neglected_ends(run)).value.estimate == pytest.approx(0.2)
    assert "neglected_ends" in [finding.name for finding in diagnose(run, BOOK.findings).findings]


def test_the_strongest_frequent_pair_counts() -> None:
    columns = ["variant", "class", "word_a", "word_b", "interaction", "standard_error", "count"]
    rows = [
        ("padding", "good", "a", "once", 9.0, float("nan"), 1),
        ("padding", "good", "a", "vague", 3.0, 1.4, 3),  # lower end below 0: three sentences say little
        ("padding", "good", "not", "good", -1.5, 0.1, 5),  # the surest
    ]
    run = spoiled(explanations=shapley([], pairs=pd.DataFrame(rows, columns=columns)))
    result = measured(of_words.shortcut_pairs(run))
    assert result.value.estimate == 1.5
    # Student's t of four degrees of freedom, 0.025 on either side shared by two frequent pairs: 3.4954.
    assert result.value.low == pytest.approx(1.5 - 3.4954 * 0.1, abs=1e-4)
    assert result.evidence.tokens == ("not + good", "a + vague")
    few = spoiled(explanations=shapley([], pairs=pd.DataFrame(rows[:1], columns=columns)))
    assert "vocabulary_sentences" in reason(of_words.shortcut_pairs(few))


def test_the_largest_of_many_pairs_that_do_not_interact_is_no_finding() -> None:
    generator, run, found = np.random.default_rng(0), healthy(), 0
    for _ in range(40):
        draws = generator.normal(0, 0.5, (20, 3))  # 20 pairs in three sentences each
        errors = draws.std(axis=1, ddof=1) / np.sqrt(3)
        rows = [
            ("padding", "good", f"a{i}", "b", m, e, 3)
            for i, (m, e) in enumerate(zip(draws.mean(axis=1), errors, strict=True))
        ]
        pairs = pd.DataFrame(
            rows, columns=["variant", "class", "word_a", "word_b", "interaction", "standard_error", "count"]
        )
        value = measured(of_words.shortcut_pairs(replace(run, explanations=shapley([], pairs=pairs)))).value
        found += value.low > 0
    # At most 1 in 20 by design; 4 standard errors of 40 draws more. Normal quantiles find one in nearly all.
    assert found <= 40 * (0.05 + 4 * np.sqrt(0.05 * 0.95 / 40))


def test_attention() -> None:
    assert "model.pooling=attention" in reason(of_words.attention_concentration(healthy()))
    run = spoiled(explanations=shapley([], attention=np.array([0.6, 0.8] * 6)))
    assert measured(of_words.attention_concentration(run)).value.estimate == pytest.approx(0.7)


# Surrogates


def test_disagreement_is_a_share_of_train_whose_rows_come_in_groups() -> None:
    result = measured(of_surrogates.students_disagree(healthy()))
    of_rows = wilson_interval(2, 100)  # no row contains another
    assert (result.value.low, result.value.high) == pytest.approx((of_rows.low, of_rows.high), abs=0.002)
    assert [e.sentence_id for e in result.evidence.sentences] == ["train-1", "train-3"]
    phrases = [
        (f"{start} tale number{i} of a kind", 1)
        for i in range(25)
        for start in ("", "a", "what a", "oh what a")
    ]
    rows = tuple(range(40))  # all phrases of the first ten sentences
    run = spoiled(
        corpus=corpus(phrases, [("new", 1)]),
        surrogate=surrogate(disagreeing_rows=rows, disagreeing_ids=tuple(f"train-{row}" for row in rows)),
    )
    found = measured(of_surrogates.students_disagree(run)).value
    # Student's t of 24 degrees of freedom makes it a little wider than that of 25 rows.
    most, fewest = wilson_interval(10, 25), wilson_interval(8, 20)
    assert found.estimate == 0.4
    assert fewest.low < found.low < most.low
    assert most.high < found.high < fewest.high


def test_students_that_follow_nobody_say_nothing() -> None:
    def judged(
        kind: SurrogateKind, agreement: Interval, features: FeatureSet = "readable"
    ) -> FidelityEvidence:
        other = Interval(estimate=0.0, low=0.0, high=0.0)
        return FidelityEvidence(
            kind=kind,
            features=features,
            agreement=agreement,
            over_gold=other,
            kl_below_gold=other,
            majority=0.5,
            kl=other,
            r_squared=0.1,
            agreement_on_errors=None,
            accuracy=agreement,
        )

    good, poor = Interval(estimate=0.8, low=0.75, high=0.85), Interval(estimate=0.52, low=0.48, high=0.56)
    dense = judged("tree", poor, "dense")
    both = spoiled(surrogate=surrogate(surrogates=(judged("logistic", good), judged("tree", good), dense)))
    features = measured(of_surrogates.students_disagree(both)).evidence.features
    assert [text.split(";")[0] for text in features] == [
        f"the {kind} copy answers like the network on 80% of new sentences" for kind in ("logistic", "tree")
    ]
    one = spoiled(surrogate=surrogate(surrogates=(judged("logistic", good), judged("tree", poor))))
    assert "the tree surrogate answers like the network on 52%" in reason(
        of_surrogates.students_disagree(one)
    )


def test_the_weight_of_one_hidden_unit() -> None:
    result = measured(of_surrogates.dominant_dimension(spoiled(surrogate=surrogate())))
    # 80 + 10 of 80 + 10 + 10·1 lie on one of eleven units; words do not count.
    assert result.value.estimate == pytest.approx(11 * 0.9)
    assert "no surrogate looked" in reason(
        of_surrogates.dominant_dimension(spoiled(surrogate=surrogate(coefficients=())))
    )


def test_rules_that_are_surer_than_right() -> None:
    # 40 of 50 right is 0.67 to 0.89: the gap to 0.95 is surely above 0.06; 9 of 10 says less, though its
    # confidence is higher; 0.85 does not claim to be sure.
    run = spoiled(surrogate=surrogate(rules=(rule(0.85, 1, 50), rule(0.99, 9, 10), rule(0.95, 40, 50))))
    result = measured(of_surrogates.overconfident_rules(run))
    assert result.value.estimate == pytest.approx(0.15)
    # Wilson at 97.5%, z = 2.2414: two rules claim to be sure, and the intervals of both hold together.
    assert result.value.low == pytest.approx(0.95 - 0.8965, abs=1e-3)
    assert result.evidence.features[0].startswith("“great” is present → good (40 of 50)")
    assert "no rule" in reason(
        of_surrogates.overconfident_rules(spoiled(surrogate=surrogate(rules=(rule(0.9, 1, 9),))))
    )


# Predictions


def calibrated(n_right: int, confidence: float) -> RunEvidence:
    labels = np.tile([0, 1], 200)
    classes = [int(y) if i < n_right else 1 - int(y) for i, y in enumerate(labels)]
    given = predictions(classes, labels, confidence)
    return spoiled(calibration=calibration(given), validation=given)


def test_overconfidence_beyond_chance() -> None:
    sure = measured(of_predictions.overconfidence(calibrated(280, 0.95)))  # claims 95%, reaches 70%
    found = calibrated(280, 0.95).calibration
    assert found is not None
    summary = found.summary
    # The ECE is the mean of 0.95 − right, whose deviation is that of a coin of 0.7.
    assert sure.value.estimate == pytest.approx(0.25 - summary.noise_floor.mean)
    assert sure.value.high - sure.value.estimate == pytest.approx(1.96 * np.sqrt(0.7 * 0.3 / 400), abs=1e-4)
    assert sure.value.low == pytest.approx(2 * sure.value.estimate - sure.value.high)
    modest = measured(of_predictions.overconfidence(calibrated(380, 0.7)))  # claims 70%, reaches 95%
    assert modest.value.high < -0.15
    fair = measured(of_predictions.overconfidence(calibrated(320, 0.8)))
    assert fair.value.low <= 0 <= fair.value.high


def test_overfitting_is_a_rise_while_training_falls() -> None:
    generator = np.random.default_rng(0)
    lowest = generator.random(100)
    rises = generator.normal(0.2, 0.3, 100)

    def of(train: list[float]) -> RunEvidence:
        return spoiled(history=history(train_loss=np.array(train), lowest=lowest, last=lowest + rises))

    result = measured(of_predictions.overfitting(of([0.6, 0.4, 0.2])))
    assert result.value.estimate == pytest.approx(rises.mean())
    assert result.value.low > 0
    # Student's t of 99 degrees of freedom; the lowest of two earlier epochs shares 0.025 on either side: 2.2760.
    assert result.value.low == pytest.approx(rises.mean() - 2.2760 * rises.std(ddof=1) / 10, abs=1e-4)
    fallen = measured(of_predictions.overfitting(of([0.6, 0.4, 0.5])))
    assert fallen.value.estimate == 0
    assert fallen.rows == dict.fromkeys(result.rows, 0.0)  # so that a next run is compared row by row
    assert "train longer" in reason(of_predictions.overfitting(of([0.6])))


def undertrained(**changes: Any) -> RunEvidence:
    """A run of 75 steps whose loss fell by half in its second half."""
    generator = np.random.default_rng(0)
    halfway = generator.gamma(2.0, 0.4, 100)
    seen = {
        "halfway": halfway,
        "last": halfway / 2,
        "lowest": halfway / 2,
        "train_accuracy": 0.9,
        "n_steps": 75,
    }
    return spoiled(history=history(**(seen | changes)))


def test_undertraining_is_a_loss_that_still_falls() -> None:
    result = measured(of_predictions.undertraining(undertrained()))
    run = undertrained().history
    assert run is not None
    assert run.halfway is not None
    falls = run.halfway - run.last
    assert result.value.estimate == pytest.approx(falls.mean())
    # Student's t of 99 degrees of freedom: 1.9842; the falls are as large as the last losses here.
    assert result.value.low == pytest.approx(falls.mean() - 0.198422 * falls.std(ddof=1), abs=1e-5)
    assert BOOK.findings["undertraining"].is_met(result.value)
    assert "75 steps" in result.detail
    # One jump up at the end is no learning by heart while the half as a whole went down.
    jumped = undertrained(lowest_epoch=1, lowest=run.last - 0.1)
    assert measured(of_predictions.overfitting(jumped)).value == Interval(estimate=0.0, low=0.0, high=0.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"last": np.full(100, 2.0)},  # it has risen since
        {
            "halfway": np.tile([0.05, 0.95], 50) + 0.04,
            "last": np.tile([0.05, 0.95], 50),
        },  # a sure but small fall
        {"halfway": np.tile([0.1, 1.9], 50), "last": np.tile([1.7, 0.1], 50)},  # a fall that chance explains
    ],
)
def test_what_is_trained_to_its_end_is_not_undertrained(changes: dict[str, Any]) -> None:
    result = measured(of_predictions.undertraining(undertrained(**changes)))
    assert not BOOK.findings["undertraining"].is_met(result.value)


def test_one_epoch_does_not_say_whether_it_falls() -> None:
    assert "second epoch" in reason(of_predictions.undertraining(undertrained(halfway=None)))


def test_the_error_rate_that_cannot_be_kept() -> None:
    met = BOOK.findings["no_safe_threshold"].is_met
    given = healthy().validation.predictions  # right on 90 of 100, equally sure of all
    kept = measured(of_predictions.no_safe_threshold(spoiled(calibration=calibration(given, risk=0.25))))
    assert not met(kept.value)
    found = measured(of_predictions.no_safe_threshold(spoiled(calibration=calibration(given, risk=0.05))))
    assert met(found.value)
    # P(Binomial(100, r) ≤ 10) = 0.1 / 21 at r = 0.2030.
    assert found.value.estimate == pytest.approx(0.2030 - 0.05, abs=5e-4)
    assert "at most 5% errors" in found.detail
    assert "is 20.3%, for the 100% of texts" in found.detail


# Classes


def of_three(labels: list[int], decided: list[int]) -> Predictions:
    return Predictions(logits=3.0 * np.eye(3)[decided], labels=np.array(labels))


def with_classes(validation: Predictions, train: Predictions) -> RunEvidence:
    """A healthy run whose classes, labels and predictions are these; its data has two classes more or less."""
    run = healthy()
    n_train, n_validation = len(train.labels), len(validation.labels)
    return replace(
        run,
        class_names=("a", "b", "c"),
        train=replace(
            run.train,
            ids=[f"train-{i}" for i in range(n_train)],
            texts=["text"] * n_train,
            labels=train.labels,
            sentences=np.arange(n_train),
            groups=np.arange(n_train),
            logits=train.logits,
            held_out=None,
        ),
        validation=replace(
            run.validation,
            ids=[f"validation-{i}" for i in range(n_validation)],
            texts=["text"] * n_validation,
            predictions=validation,
            floor=validation.labels,
            given_away=np.zeros(n_validation, np.int64),
            given_by=np.full(n_validation, -1),
        ),
    )


def test_a_class_that_is_never_predicted_shows_in_training_rows() -> None:
    # Two validation rows of c say little; twenty training rows without one that is found say it.
    run = with_classes(
        of_three([0] * 60 + [1] * 60 + [2] * 2, [0] * 60 + [1] * 60 + [0] * 2),
        of_three([0] * 500 + [1] * 500 + [2] * 20, [0] * 500 + [1] * 500 + [0] * 20),
    )
    found = measured(of_classes.missed_class(run))
    assert found.value == wilson_interval(0, 20, 1 - 0.05 / 6)
    assert BOOK.findings["missed_class"].is_met(found.value)
    assert found.detail == "Of 20 training texts of ‘c’ it finds 0, and never says so of any text."
    leaning = measured(of_classes.imbalance(run))
    won = wilson_interval(0, 20, 0.975)
    assert leaning.value == Interval(estimate=1.0, low=1 - 2 * won.high, high=1.0)
    assert BOOK.findings["imbalance"].is_met(leaning.value)
    assert (
        leaning.detail == "Among 1,020 training texts are 20 of ‘c’, and 500 of ‘a’, the most frequent class."
    )


def test_a_class_that_is_learned_but_hardly_found_in_new_texts() -> None:
    train = of_three([0, 1, 2] * 100, [0, 1, 2] * 100)
    run = with_classes(
        of_three([0] * 50 + [1] * 50 + [2] * 50, [0] * 50 + [1] * 50 + [2] * 3 + [1] * 47), train
    )
    found = measured(of_classes.missed_class(run))
    assert found.value == wilson_interval(3, 50, 1 - 0.05 / 6)
    assert found.detail == "Of 50 new texts of ‘c’ it finds 3."
    assert BOOK.findings["missed_class"].is_met(found.value)
    assert measured(of_classes.imbalance(run)).value == Interval(
        estimate=0.0, low=0.0, high=0.0
    )  # the classes are even


def planned(run: RunEvidence, class_weights: str | None = None) -> tuple[Plan, list[str]]:
    """What is planned for a run, and the findings."""
    with initialize_config_dir(str(train.CONF), version_base="1.3"):
        composed = compose("train", ["trainer.max_epochs=9"])
    config: Any = OmegaConf.to_container(composed, resolve=True)
    config["objective"]["class_weights"] = class_weights
    diagnosis, plan = conclude(replace(run, calibration=None), BOOK, config, "id")
    return plan, [finding.name for finding in diagnosis.findings]


def test_for_a_rare_class_that_is_missed_weights_are_recommended() -> None:
    rare = with_classes(
        of_three([0] * 60 + [1] * 60 + [2] * 30, [0] * 60 + [1] * 60 + [0] * 30),
        of_three([0] * 500 + [1] * 500 + [2] * 60, [0] * 500 + [1] * 500 + [0] * 60),
    )
    plan, found = planned(rare)
    assert {"missed_class", "imbalance"} <= set(found)
    asked = {strategy.name: strategy.because for strategy in plan.strategies}
    assert asked["balance_classes"] == ("missed_class", "imbalance")
    assert "look_at_the_class" in {advice.name for advice in plan.advice}
    # Who trained with them already is told what else there is to do.
    plan, _ = planned(rare, class_weights="balanced")
    assert "had these values already" in plan.skipped["balance_classes"]
    assert "look_at_the_class" in {advice.name for advice in plan.advice}


def test_for_a_frequent_class_that_is_missed_a_person_has_to_act() -> None:
    even = of_three([0] * 50 + [1] * 50 + [2] * 50, [0] * 50 + [1] * 50 + [2] * 3 + [1] * 47)
    plan, found = planned(with_classes(even, of_three([0, 1, 2] * 100, [0, 1, 2] * 100)))
    assert "missed_class" in found
    assert "balance_classes" not in {strategy.name for strategy in plan.strategies}
    assert plan.skipped["balance_classes"] == "‘c’ is not rare: 100 of 300 training texts"
    assert "look_at_the_class" in {advice.name for advice in plan.advice}


def test_names_of_classes_are_told_from_numbers_and_from_words_of_the_data() -> None:
    rare = with_classes(
        of_three([0] * 60 + [1] * 60 + [2] * 30, [0] * 60 + [1] * 60 + [0] * 30),
        of_three([0] * 500 + [1] * 500 + [2] * 57, [0] * 500 + [1] * 500 + [0] * 57),
    )
    diagnosis = hidden(
        diagnose(replace(rare, class_names=("0", "1", "2"), calibration=None), BOOK.findings),
        lambda word: "#",
    )
    told = " ".join(finding.message for finding in diagnosis.findings)
    assert "Of 57 training texts of ‘2’ it finds 0" in told
    assert "Among 1,057 training texts are 57 of ‘2’, and 500 of ‘0’, the most frequent class." in told


def with_sets(covered: list[tuple[int, int]]) -> RunEvidence:
    """A run of three classes; of each, how many of how many validation rows have a set that holds them."""
    labels = [label for label, (_, n_rows) in enumerate(covered) for _ in range(n_rows)]
    held = [row < n_held for n_held, n_rows in covered for row in range(n_rows)]
    run = with_classes(of_three(labels, labels), of_three([0, 1, 2] * 10, [0, 1, 2] * 10))
    assert run.calibration is not None
    sets = SetEvidence(alpha=0.1, class_conditional=False, covered=np.array(held))
    return replace(run, calibration=replace(run.calibration, sets=sets))


def test_a_rare_class_that_the_sets_leave_out() -> None:
    # On average 458 of 514 are held, 89%, as promised; of c only 6 of 14, 43%.
    found = measured(of_classes.uncovered_class(with_sets([(226, 250), (226, 250), (6, 14)])))
    share = exact_interval(6, 14, 1 - 0.05 / 3)
    assert (found.value.estimate, found.value.high) == pytest.approx((6 / 14 - 0.9, share.high - 0.9))
    assert "the right one 90% of the time; for 14 new texts of ‘c’ it does 6 times." in found.detail
    assert BOOK.findings["uncovered_class"].is_met(found.value)
    config = {
        "callbacks": {
            "calibration": {
                "_target_": "whytrain.callbacks.calibrate_epoch.CalibrateEpoch",
                "epochs": 10,
                "alpha": 0.1,
                "class_conditional": False,
                "risk": 0.05,
                "delta": 0.1,
            }
        },
        "tracking": {"log_text": True},
        "trainer": {},
    }
    _, plan = conclude(with_sets([(226, 250), (226, 250), (6, 14)]), BOOK, config, "id")
    assert {"callbacks.calibration.class_conditional": True} in [s.overrides for s in plan.strategies]
    assert "hold_out_more" in [advice.name for advice in plan.advice]


@pytest.mark.parametrize("rare", [(1, 3), (11, 14), (0, 0)], ids=["few rows", "by chance", "no row"])
def test_what_chance_leaves_out_of_the_sets_is_no_finding(rare: tuple[int, int]) -> None:
    found = measured(of_classes.uncovered_class(with_sets([(226, 250), (226, 250), rare])))
    assert not BOOK.findings["uncovered_class"].is_met(found.value)


def test_classes_that_are_found_as_often_as_others_are_no_finding() -> None:
    """A model that errs alike on all classes, 1:9: it leans to neither side, and finds 70% of each."""
    generator = np.random.default_rng(1)
    found = []
    for _ in range(40):
        labels = generator.choice(3, size=400, p=[0.45, 0.45, 0.1])
        decided = np.where(generator.random(400) < 0.7, labels, generator.permutation(labels))
        run = with_classes(
            of_three(labels.tolist(), decided.tolist()), of_three(labels.tolist(), decided.tolist())
        )
        found.append(BOOK.findings["imbalance"].is_met(measured(of_classes.imbalance(run)).value))
    assert sum(found) <= 5  # Binomial(40, 0.05): more with probability 1.4%


def of_labels() -> RunEvidence:
    """A healthy run whose labels go together: the second one is never given."""
    labels = np.tile([[1, 0], [1, 1]], (50, 1))
    given = Predictions(logits=np.tile([2.0, -2.0], (100, 1)), labels=labels)
    run = healthy()
    rows = replace(run.train, labels=labels, logits=np.full(labels.shape, np.nan), held_out=None)
    return replace(run, train=rows, validation=replace(run.validation, predictions=given, floor=labels))


def test_labels_that_go_together_are_looked_at_one_by_one() -> None:
    found = measured(of_classes.missed_class(of_labels()))
    assert found.value == wilson_interval(0, 50, 1 - 0.05 / 4)
    assert "of ‘good’ it finds 0, and never says so" in found.detail


def test_what_is_refused_for_such_labels_is_not_recommended() -> None:
    refused = {"swap_top_words", "upweight_disagreement", "swap_synonyms", "balance_classes"}
    refused |= {"swap_marks", "swap_order", "silence_rare_words", "swap_identity_terms"}
    met = replace(BOOK.findings["missed_class"], recommend=tuple(BOOK.recommendations))
    book = RuleBook({"missed_class": met}, BOOK.recommendations)
    config = {"tracking": {"log_text": True}, "trainer": {}, "guidance": {}, "objective": {}}
    _, plan = conclude(of_labels(), book, config, "run1")
    assert {name for name, reason in plan.skipped.items() if "labels that do not" in reason} == refused


# What is not read


@pytest.mark.parametrize(("n_unknown", "is_found"), [(0, False), (20, False), (770, True)])
def test_unknown_tokens_are_held_against_a_word_list(n_unknown: int, is_found: bool) -> None:
    # 100 training texts "sentence i of train great": their numbers stand once, so 100 of 500 words are new.
    run = spoiled(unread=unread(n_unknown=n_unknown))
    found = measured(of_tokens.unknown_tokens(run))
    assert found.value.estimate == pytest.approx(n_unknown / 1000 - 0.2)
    assert BOOK.findings["unknown_tokens"].is_met(found.value) is is_found
    assert f"{n_unknown / 1000:.1%} of the tokens" in found.detail


@pytest.mark.parametrize(("n_misled", "is_found"), [(0, False), (20, False), (60, True)])
def test_what_typing_errors_cost_is_counted_on_mistyped_sentences(n_misled: int, is_found: bool) -> None:
    def predict(texts: Sequence[str]) -> Any:  # sentences "review i to look at"
        numbers = [next(int(word) for word in text.split() if word.isdigit()) for text in texts]
        misled = [i < n_misled and "review" not in text for i, text in zip(numbers, texts, strict=True)]
        wrong = [is_misled or i % 10 == 0 for i, is_misled in zip(numbers, misled, strict=True)]
        answers = [i % 2 if not is_wrong else 1 - i % 2 for i, is_wrong in zip(numbers, wrong, strict=True)]
        return predictions(answers, [0] * len(texts)).probabilities

    found = measured(of_robustness.lost_to_typos(spoiled(predict_texts=predict)))
    # Every tenth is wrong as it is, and no more wrong than that.
    lost = sum(i < n_misled and i % 10 != 0 for i in range(100))
    assert found.value.estimate == pytest.approx(lost / 100, abs=1e-12)
    assert BOOK.findings["lost_to_typos"].is_met(found.value) is is_found
    assert f"90.0% are classified right, and {0.9 - lost / 100:.1%}" in found.detail


def test_typing_errors_need_words_that_can_have_them() -> None:
    rows = [(f"it is no. {i}", i % 2) for i in range(100)]
    assert reason(of_robustness.lost_to_typos(spoiled(predict_texts=None))).startswith("this run did not ask")
    run = spoiled(corpus=corpus(rows, rows), predict_texts=lambda texts: np.full((len(texts), 2), 0.5))
    assert reason(of_robustness.lost_to_typos(run)).startswith("fewer than 30")


@pytest.mark.parametrize(("n_cut", "is_found"), [(0, False), (5, False), (60, True)])
def test_cut_texts_are_held_against_the_noise_of_the_accuracy(n_cut: int, is_found: bool) -> None:
    run = spoiled(unread=unread(n_cut_texts=n_cut, n_cut_tokens=9 * n_cut, n_tokens_of_cut=10 * n_cut))
    found = measured(of_tokens.cut_texts(run))
    accuracy = wilson_interval(90, 100)
    assert found.value.estimate == pytest.approx(n_cut / 100 - (accuracy.high - accuracy.low) / 2)
    assert BOOK.findings["cut_texts"].is_met(found.value) is is_found
    if is_found:
        assert "60 of 100 new texts are cut, and 90% of their tokens" in found.detail


def test_a_list_that_is_surely_better_is_said_to_be() -> None:
    labels = healthy().validation.predictions.labels
    diagnosis = diagnose(spoiled(floor=labels), BOOK.findings)  # right on all, the network on 90 of 100
    [found] = [finding for finding in diagnosis.findings if finding.name == "above_the_floor"]
    assert found.title == "A word list does better"
    assert "−10 points" in found.message


def test_a_list_is_compared_on_rows_that_can_tell() -> None:
    run = healthy()
    own = run.validation.predictions
    right, half = own.labels, np.where(np.arange(100) < 50, own.labels, 1 - own.labels)
    better = spoiled(floor=right)  # a list that is right on all validation rows
    check = CheckRows(ids=[f"c{row}" for row in range(100)], predictions=own, floor=half)
    named = measured(of_predictions.above_the_floor(replace(better, check=check, is_marked=True)))
    assert named.value.estimate == pytest.approx(0.4)  # 90 of 100 against 50
    assert list(named.rows) == list(check.ids)
    alike = measured(of_predictions.above_the_floor(replace(better, check=check)))
    assert alike.value.estimate == pytest.approx(-0.1)  # the validation rows can tell
    unlike = replace(check, predictions=predictions([0] * 100, own.labels))
    assert list(measured(of_predictions.above_the_floor(replace(better, check=unlike))).rows) == list(
        check.ids
    )
    assert "data.check_path=FILE" in reason(of_predictions.above_the_floor(replace(better, is_marked=True)))


def test_the_floor_is_paired() -> None:
    result = measured(of_predictions.above_the_floor(healthy()))
    assert result.value.estimate == pytest.approx(0.2)
    assert result.value.low > 0
    run = healthy()
    own = run.validation.predictions
    level = own.logits.argmax(axis=1)
    equal = diagnose(spoiled(floor=level), BOOK.findings)
    assert equal.measurements["above_the_floor"].value.estimate == 0
    [found] = [finding for finding in equal.findings if finding.name == "above_the_floor"]
    assert found.title == "A word list may do as well"  # right on the same sentences, all of them
    noise = np.where(np.arange(100) % 7 == 0, 1 - level, level)
    worse = predictions([0] * 100, own.labels)
    behind = diagnose(spoiled(floor=noise, validation=worse), BOOK.findings)
    assert "above_the_floor" in [finding.name for finding in behind.findings]


@pytest.mark.parametrize("n_lost", [-9, -5, 0, 5, 6, 20])
def test_the_finding_about_the_list_says_what_the_verdict_says(n_lost: int) -> None:
    own = healthy().validation.predictions
    floor = own.logits.argmax(axis=1)
    differ = np.flatnonzero(own.right if n_lost > 0 else ~own.right)[: abs(n_lost)]
    floor[differ] = 1 - floor[differ]  # the list alone is wrong there, or alone is right
    said = verdict(own, floor).outcome
    found = {finding.name: finding for finding in diagnose(spoiled(floor=floor), BOOK.findings).findings}
    assert (said == "better") == ("above_the_floor" not in found)
    if said != "better":
        titles = {"same": "A word list may do as well", "worse": "A word list does better"}
        assert found["above_the_floor"].title == titles[said]
    # Of five that differ the bootstrap is too sure, and the interval ends at 0.
    assert said == {-9: "worse", -5: "same", 0: "same", 5: "same", 6: "better", 20: "better"}[n_lost]


# Data


def with_data(train: list[tuple[str, int]], validation: list[tuple[str, int]]) -> RunEvidence:
    return spoiled(corpus=corpus(train, validation))


def test_contradictory_labels() -> None:
    train = [("a fine film", 1), ("a  fine film", 0), ("dull", 0), ("dull", 0)]
    result = of_data.contradictory_labels(with_data(train, [("new", 1)]))
    assert result.value.estimate == 0.5
    assert [(e.sentence_id, e.note) for e in result.evidence.sentences] == [
        ("train-0", "labeled ‘good’"),
        ("train-1", "labeled ‘bad’"),
    ]


def test_mislabeled_rows_need_two_sources() -> None:
    n = 100
    labels = np.arange(n) % 2
    held_out = np.where(labels[:, None] == np.arange(2), 0.8, 0.2)
    while_training = held_out.copy()
    for row in (4, 6, 8):
        held_out[row] = (0.1, 0.9)  # labeled bad, confidently good
    held_out[10] = while_training[10] = (0.45, 0.55)  # good, but below the mean of its class
    while_training[[4, 6]] = (0.2, 0.8)  # the network says so too; 8 it has learned at once
    while_training[6] = (0.05, 0.95)
    given = labels.copy()
    given[[4, 6]] = 1  # and still does so at its best
    texts = [(f"text {i}", int(y)) for i, y in enumerate(labels)]
    changes = {
        "held_out": held_out,
        "while_training": while_training,
        "training": predictions(given.tolist(), labels, 0.9),
        "corpus": corpus(texts, [("new", 1)]),
    }
    result = measured(of_data.mislabeled(spoiled(**changes)))
    assert [e.sentence_id for e in result.evidence.sentences] == ["train-6", "train-4"]  # the surest first
    assert result.value.estimate == 0.02
    assert result.evidence.sentences[0].note == "labeled ‘bad’, probably ‘good’: 3 of 3 sources say so"
    assert result.detail == "These are 2 rows (2 labeled ‘bad’)."
    pull = np.where(np.isin(np.arange(n), (4, 8)), 9.0, 1.0)  # it learned 8 against all others, too
    four = measured(of_data.mislabeled(spoiled(**changes, self_influence=pull)))
    first = four.evidence.sentences[0]
    assert (first.sentence_id, first.note) == (
        "train-4",
        "labeled ‘bad’, probably ‘good’: 4 of 4 sources say so",
    )
    assert "too rare" in reason(of_data.mislabeled(spoiled(**changes | {"held_out": None})))
    assert "while it learned" in reason(of_data.mislabeled(spoiled(**changes | {"while_training": None})))
    ignorant = np.full((n, 2), 0.5)
    coin = predictions([0] * n, labels)
    untaught = spoiled(**changes | {"held_out": ignorant, "while_training": ignorant, "training": coin})
    assert "get 50% of the training labels right" in reason(of_data.mislabeled(untaught))


@pytest.mark.parametrize(
    ("row", "leaks"),
    [
        ("a fine film", True),  # as it is
        ("fine   film of the year", True),  # inside a longer row, whitespace aside
        ("what a fine film it", True),  # contains "a fine film", three of its five words
        ("the plot thickens and then a fine film ends it all", False),  # three of eleven words
        ("so dull", False),  # contains "dull", which is too short to tell
        ("fine film", False),  # inside longer rows, and too short to tell
        ("something else", False),
    ],
)
def test_a_split_that_leaks(row: str, leaks: bool) -> None:
    train = [("a fine film", 1), ("this is a fine film of the year indeed", 1), ("dull", 0)]
    result = of_data.leaking_split(with_data(train, [(row, 1), ("nothing like it", 0)]))
    assert result.value.estimate == (0.5 if leaks else 0.0)
    examples = result.evidence.sentences
    if not leaks:
        assert examples == ()
        return
    # Both rows, the one to validate on first.
    assert (examples[0].sentence_id, examples[0].words) == ("validation-0", tuple(row.split()))
    assert examples[1].sentence_id in {"train-0", "train-1"}
    assert " ".join(examples[1].words) in {text for text, _ in train}
    assert examples[1].note == "to learn from, labeled ‘good’"


# All together


def test_the_most_severe_come_first_and_words_can_be_hidden() -> None:
    sentences = [explained(i, [5.0, -4.0, 1.0, 1.0, 0.0, 0.0]) for i in range(12)]
    run = spoiled(explanations=shapley(sentences), surrogate=surrogate())
    diagnosis = diagnose(run, BOOK.findings)
    names = [finding.name for finding in diagnosis.findings]
    assert names == ["few_token_dependence", "neglected_ends", "dominant_dimension"]
    assert [finding.severity for finding in diagnosis.findings] == ["warning", "warning", "note"]
    first = diagnosis.findings[0]
    assert first.threshold == BOOK.findings[first.name].threshold
    assert "82%" in first.message
    private = hidden(diagnosis, lambda word: "#")
    assert "word0" not in str(private)
    assert "great" not in str(private.findings[0])
    assert private.findings[0].value == first.value


def test_nothing_published_is_not_examined_and_not_silent() -> None:
    run = spoiled(
        explanations=None,
        surrogate=None,
        history=None,
        calibration=None,
        held_out=None,
        unread=None,
        shortcuts=None,
        predict_texts=None,
        fairness=None,
    )
    diagnosis = diagnose(run, BOOK.findings)
    assert set(diagnosis.not_examined) == set(DETECTORS) - {
        "above_the_floor",
        "missed_class",
        "imbalance",
        "contradictory_labels",
        "leaking_split",
    }
    assert all(text for text in diagnosis.not_examined.values())
    assert run.class_names == NAMES
