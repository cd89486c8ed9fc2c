"""Each detector on evidence whose value is known by hand, and on evidence that it cannot look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from evidence import NAMES, corpus, explained, healthy, predicting, predictions, rule, shapley, surrogate

from whytrain.calibration.summary import summarize_calibration
from whytrain.diagnosis import of_data, of_predictions, of_surrogates, of_words
from whytrain.diagnosis.detectors import DETECTORS, diagnose
from whytrain.diagnosis.evidence import HistoryEvidence, RunEvidence
from whytrain.diagnosis.finding import Measurement, NotExamined, hidden
from whytrain.diagnosis.rules import load_rules
from whytrain.statistics.intervals import Interval, wilson_interval
from whytrain.surrogates.evidence import FeatureSet, FidelityEvidence, SurrogateKind

BOOK = load_rules(None, DETECTORS)


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
    assert result.value.estimate == pytest.approx(0.55)
    assert 0.4 <= result.value.low < 0.55 < result.value.high <= 0.7
    assert result.rows["train-0"] == pytest.approx(0.7)
    first = result.evidence.sentences[0]
    assert (first.sentence_id, first.values, first.class_name) == (
        "train-0",
        (4.0, -3.0, 1.0, 1.0, 1.0),
        "good",
    )
    assert result.evidence.tokens == ("great",)
    # Of five words two hold 2/5 where all weigh the same, and (2·(1 + 1/2 + 1/3 + 1/4 + 1/5) − 1) / 5 at random.
    assert "(5.0 words on average)" in result.evidence.features[0]
    assert "40% if all words mattered the same, and 71% if chance" in result.evidence.features[0]


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
    assert measured(of_words.few_token_dependence(run)).value.estimate == pytest.approx(0.4)
    assert measured(of_words.few_token_dependence_removed(run)).value.estimate == pytest.approx(0.9)


def test_a_sentence_whose_values_are_all_zero_has_no_share() -> None:
    nothing = replace(explained(99, [1.0] * 5), top2_share=float("nan"))
    run = spoiled(explanations=shapley([nothing, *(explained(i, [1.0] * 5) for i in range(10))]))
    result = measured(of_words.few_token_dependence(run))
    assert "train-99" not in result.rows
    assert result.value == Interval(
        estimate=pytest.approx(0.4), low=pytest.approx(0.4), high=pytest.approx(0.4)
    )


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
    return spoiled(calibration=summarize_calibration(given.probabilities, labels), validation=given)


def test_overconfidence_beyond_chance() -> None:
    sure = measured(of_predictions.overconfidence(calibrated(280, 0.95)))  # claims 95%, reaches 70%
    summary = calibrated(280, 0.95).calibration
    assert summary is not None
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

    def history(train: list[float]) -> RunEvidence:
        return spoiled(
            history=HistoryEvidence(
                train_loss=np.array(train), lowest_epoch=2, lowest=lowest, last=lowest + rises
            )
        )

    result = measured(of_predictions.overfitting(history([0.6, 0.4, 0.2])))
    assert result.value.estimate == pytest.approx(rises.mean())
    assert result.value.low > 0
    # Student's t of 99 degrees of freedom; the lowest of two earlier epochs shares 0.025 on either side: 2.2760.
    assert result.value.low == pytest.approx(rises.mean() - 2.2760 * rises.std(ddof=1) / 10, abs=1e-4)
    assert measured(of_predictions.overfitting(history([0.6, 0.4, 0.5]))).value.estimate == 0
    assert "max_epochs" in reason(of_predictions.overfitting(history([0.6])))


def test_the_floor_is_paired() -> None:
    result = measured(of_predictions.above_the_floor(healthy()))
    assert result.value.estimate == pytest.approx(0.2)
    assert result.value.low > 0
    run = healthy()
    own = run.validation.predictions
    level = own.logits.argmax(axis=1)
    assert "above_the_floor" not in [
        f.name for f in diagnose(spoiled(floor=level), BOOK.findings).findings
    ]  # equal: not below
    noise = np.where(np.arange(100) % 7 == 0, 1 - level, level)
    worse = predictions([0] * 100, own.labels)
    found = diagnose(spoiled(floor=noise, validation=worse), BOOK.findings)
    assert "above_the_floor" in [finding.name for finding in found.findings]


# Data


def with_data(train: list[tuple[str, int]], validation: list[tuple[str, int]]) -> RunEvidence:
    return spoiled(corpus=corpus(train, validation))


def test_contradictory_labels() -> None:
    train = [("a fine film", 1), ("a  fine film", 0), ("dull", 0), ("dull", 0)]
    result = of_data.contradictory_labels(with_data(train, [("new", 1)]))
    assert result.value.estimate == 0.5
    assert [(e.sentence_id, e.note) for e in result.evidence.sentences] == [
        ("train-0", "labeled good"),
        ("train-1", "labeled bad"),
    ]


def test_mislabeled_rows_need_both_models(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 100
    labels = np.arange(n) % 2
    held_out = np.where(labels[:, None] == np.arange(2), 0.8, 0.2)
    for row in (4, 6, 8):
        held_out[row] = (0.1, 0.9)  # labeled bad, confidently good
    held_out[10] = (0.45, 0.55)  # good, but below the mean of its class
    given = np.array(labels)
    given[[4, 6]] = 1  # the network says so too; 8 it has learned by heart
    says = predicting(predictions(given.tolist(), labels, 0.9))
    changes = {
        "held_out": held_out,
        "corpus": corpus([(f"text {i}", int(y)) for i, y in enumerate(labels)], [("new", 1)]),
    }
    run = spoiled(**changes, predict_train=says)
    result = measured(of_data.mislabeled(run))
    assert {e.sentence_id for e in result.evidence.sentences} == {"train-4", "train-6"}
    assert result.value.estimate == 0.02
    assert result.evidence.sentences[0].note == "labeled bad, both models say good"
    # The network is asked about a sample, and about the rows that the floor contradicts.
    asked: list[int] = []

    def note(rows: Any) -> Any:
        asked.append(len(rows))
        return says(rows)

    monkeypatch.setattr(of_data, "SAMPLE", 40)
    sampled = measured(of_data.mislabeled(spoiled(**changes, predict_train=note)))
    # Each row once: of 4, 6 and 8 those that the sample does not hold.
    in_sample = set(of_data.sampled_rows(n).tolist())
    assert (sampled.value, asked) == (result.value, [40, len({4, 6, 8} - in_sample)])
    assert len({4, 6, 8} - in_sample) in {1, 2}  # both ways are looked at
    assert "too rare" in reason(of_data.mislabeled(spoiled(**changes | {"held_out": None})))
    untaught = spoiled(**changes, predict_train=predicting(predictions([0] * n, labels)))
    assert "50% of its own training sentences" in reason(of_data.mislabeled(untaught))


@pytest.mark.parametrize(
    ("row", "leaks"),
    [
        ("a fine film", True),  # as it is
        ("fine   film of the year", True),  # inside a longer row, whitespace aside
        ("what a fine film it", True),  # contains "a fine film", three of its five words
        ("the plot thickens and then a fine film ends it all", False),  # three of eleven words
        ("so dull", False),  # contains "dull", which is too short to tell
        ("something else", False),
    ],
)
def test_a_split_that_leaks(row: str, leaks: bool) -> None:
    train = [("a fine film", 1), ("this is a fine film of the year indeed", 1), ("dull", 0)]
    result = of_data.leaking_split(with_data(train, [(row, 1), ("nothing like it", 0)]))
    assert result.value.estimate == (0.5 if leaks else 0.0)
    assert len(result.evidence.sentences) == leaks


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
    run = spoiled(explanations=None, surrogate=None, history=None, calibration=None, held_out=None)
    diagnosis = diagnose(run, BOOK.findings)
    assert set(diagnosis.not_examined) == set(DETECTORS) - {
        "above_the_floor",
        "contradictory_labels",
        "leaking_split",
    }
    assert all(text for text in diagnosis.not_examined.values())
    assert run.class_names == NAMES
