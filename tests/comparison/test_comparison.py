"""Everything that a comparison says, on runs whose differences are known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from compared_runs import IDS, LABELS, TEXTS, N, compared_run, in_silence, logits_of
from scipy.special import expit

from whytrain.attribution.shapley.explainer import Shapley
from whytrain.comparison.comparison import put_side_by_side
from whytrain.comparison.disagreement import chosen_rows, judgements
from whytrain.comparison.findings import finding_changes
from whytrain.comparison.measures import _over_seeds, measure
from whytrain.comparison.narrative import (
    calibration_sentences,
    comparison_sentences,
    floor_sentences,
    headline,
    outside_sentences,
    ranking_sentence,
    scope_sentence,
    slice_sentences,
)
from whytrain.comparison.ranking import MOST_RESAMPLED, rank
from whytrain.comparison.recipes import Recipe, group_by_seed
from whytrain.comparison.runs import LoadedRuns, Sentences, load_runs
from whytrain.comparison.selection import select_runs
from whytrain.comparison.slices import slice_changes, slice_columns
from whytrain.comparison.tables import comparison_tables
from whytrain.errors import ConfigError, DataError, TrackingError
from whytrain.metrics import ACCURACY, COMPARED
from whytrain.runs.diagnosis import StoredDiagnosis, read_diagnosis
from whytrain.statistics.holm import holm_correction
from whytrain.statistics.intervals import Interval, share_of_unseen, t_interval, wilson_interval
from whytrain.statistics.mcnemar import mcnemar
from whytrain.statistics.metric_intervals import metric_intervals
from whytrain.statistics.paired_bootstrap import paired_bootstrap
from whytrain.tracking.reader import find_run
from whytrain.types import Predictions

SETTINGS = {
    "level": 0.95,
    "resamples": 400,
    "seed": 0,
    "sentences": [],
    "changed_sentences": 2,
    "explainers": [Shapley(absences=["padding"], exact_words=8, budget=500)],
    "payoff": "log_odds",
    "device": torch.device("cpu"),
}
SENTENCES = Sentences(ids=IDS, texts=TEXTS, labels=LABELS, class_names=("bad", "good"), fingerprint="f" * 32)
BOOTSTRAP = {"level": 0.95, "n_resamples": 400, "seed": 0}


def compare(tracker, *runs, **changes):
    loaded = load_runs(select_runs(tracker.uri, list(runs), "whytrain"), in_silence, show_text=True)
    return put_side_by_side(loaded, in_silence, **{**SETTINGS, **changes})


@pytest.fixture(scope="module")
def pair(tracker):
    """A weak and a strong run, both with a diagnosis."""
    params = {"model.pooling": "attention"}
    before = diagnosis({"few_tokens": 0.8, "overconfidence": 0.1}, {"overfitting": 0.0})
    after = diagnosis({"few_tokens": 0.7, "leaks": 0.2}, {"overconfidence": 0.02, "overfitting": 0.1})
    weak = tracker.run("weak", skill=0.3, findings=json.dumps(before))
    strong = tracker.run("strong", skill=2.5, seed=1, params=params, findings=json.dumps(after))
    return weak, strong


def diagnosis(found, other):
    """What a run stores: findings by value, and values that were measured and are none."""
    finding = {"low": 0.7, "high": 0.9, "threshold": 0.6, "severity": "serious", "message": "few words"}
    return {
        "findings": [{"name": name, "value": value, **finding} for name, value in found.items()],
        "measured": {name: {"estimate": value} for name, value in (found | other).items()},
        "not_examined": {},
        "skipped": {},
    }


@pytest.fixture(scope="module")
def result(tracker, pair):
    return compare(tracker, *pair)


def test_a_real_difference_is_claimed_in_plain_words(result):
    assert headline(result) == "B is more accurate than A."
    said = comparison_sentences(result, "B")
    assert said[0].startswith("accuracy: B is better than A: +")
    assert [sentence.split(":")[0] for sentence in said[:8]] == [metric.label for metric in COMPARED]
    test = result.measures.against_baseline["B"].mcnemar
    assert f"A alone has {test.only_a} right, B alone {test.only_b}" in said[8]
    assert "One seed: the intervals hold for these trained models" in said[9]
    floors = floor_sentences(result)
    assert "cannot be told from that of a bag of words and bigrams, 0.600" in floors[0]
    assert "is above" in floors[1]
    assert all("calibrated model stays below" in said for said in calibration_sentences(result.measures))


def test_topics_that_are_not_there_are_named(result):
    missing = "\n".join(result.missing)
    assert "A explains no sentence: run weak has no logged model" in missing
    assert "B explains no sentence" in missing
    assert "holds no diagnosis" not in missing


def test_findings_closed_and_kept(result):
    changes = {
        change.name: (change.status, change.before, change.after) for change in result.pairs[0].findings
    }
    assert changes == {
        "overconfidence": ("closed", 0.1, 0.02),
        "few_tokens": ("kept", 0.8, 0.7),
        "leaks": ("examined in one run only", None, 0.2),  # weak did not look: not opened
    }


def test_a_finding_that_the_baseline_looked_for_is_opened():
    plain = [diagnosis({}, {"new": 0.1}), diagnosis({"new": 0.5}, {})]
    stored = [
        StoredDiagnosis(
            findings={f["name"]: f for f in d["findings"]},
            measured=d["measured"],
            not_examined={},
            skipped={},
        )
        for d in plain
    ]
    (change,) = finding_changes(*stored)
    assert (change.status, change.before, change.after) == ("opened", 0.1, 0.5)
    assert change.finding["severity"] == "serious"


def test_a_run_without_diagnosis_or_with_a_broken_one_is_named(tracker, pair):
    silent = tracker.run("silent", skill=1.0)
    result = compare(tracker, pair[0], silent)
    assert "B holds no diagnosis: its findings are not compared" in result.missing
    assert result.pairs[0].findings is None
    broken = find_run(tracker.uri, tracker.run("broken", findings='{"name": 1'))
    with pytest.raises(TrackingError, match="is no diagnosis"):
        read_diagnosis(broken)


def test_runs_of_the_same_answers_have_no_sentence_that_differs(tracker, pair):
    params = {"model.pooling": "attention"}
    result = compare(tracker, pair[1], tracker.run("strong again", skill=2.5, seed=1, params=params))
    found = result.measures.against_baseline["B"]
    for compared in found.metrics:
        difference = compared.measured.difference
        most = share_of_unseen(N) if compared.measured.metric is ACCURACY else 0
        assert (difference.estimate, difference.low, difference.high) == (0, -most, most)
        assert compared.adjusted_p_value == 1
        assert "no sentence differs" in compared.sentence
    assert (found.mcnemar.only_a, found.mcnemar.only_b, found.mcnemar.p_value) == (0, 0, 1)
    assert headline(result) == "B and A cannot be told apart in accuracy."
    assert all(change.adjusted_p_value == 1 for change in result.slices)
    assert result.config.empty
    assert "disagreements" not in comparison_tables(result)


def test_curves_are_those_that_were_tracked(result):
    (table,) = result.histories["A"]
    assert table["epoch"].tolist() == [1, 2]
    np.testing.assert_allclose(table["train/loss"], [1.0, 0.5])
    np.testing.assert_allclose(table["val/accuracy"], [0.6, 0.7])


def test_tables_hold_what_was_measured(result):
    tables = comparison_tables(result)
    differences = tables["differences"].set_index("metric")
    metrics = tables["metrics"].set_index(["run", "metric"])["value"]
    for metric in ("accuracy", "f1", "nll", "brier"):
        row = differences.loc[metric]
        # Each side's metric comes from sklearn or from a mean, the difference from one product.
        assert row["difference"] == pytest.approx(metrics["B", metric] - metrics["A", metric], abs=1e-9)
    rows = tables["disagreements"]
    test = result.measures.against_baseline["B"].mcnemar
    assert len(rows) == test.only_a + test.only_b
    assert int(rows["right_after"].sum()) == test.only_b
    assert tables["findings"]["status"].tolist() == ["closed", "kept", "examined in one run only"]
    assert {"config", "origin", "calibration", "slices"} <= tables.keys()


def test_several_runs_share_one_correction():
    runs = [compared_run("base", 0, size="1")]
    runs += [compared_run(f"run {i}", 0, draw=i, skill=1 + i / 4, size=str(i + 1)) for i in (1, 2, 3)]
    measures = measure(group_by_seed(runs), SENTENCES, in_silence, **BOOTSTRAP)
    compared = [c for found in measures.against_baseline.values() for c in found.metrics]
    adjusted = holm_correction([c.measured.p_value for c in compared])
    assert [c.adjusted_p_value for c in compared] == adjusted.tolist()
    tests = [found.mcnemar.p_value for found in measures.against_baseline.values()]
    assert list(measures.mcnemar_adjusted.values()) == holm_correction(tests).tolist()
    right = [run.predictions.logits.argmax(axis=1) == LABELS for run in runs]
    assert tests[2] == mcnemar(right[0], right[3]).p_value


def test_seeds_are_compared_as_recipes_with_a_warning_where_they_are_few():
    runs = [
        compared_run(f"{name}-s{seed}", seed, skill=skill, draw=10 * place + seed, kind=name)
        for place, (name, skill) in enumerate((("plain", 1.0), ("opt", 1.8)))
        for seed in range(3)
    ]
    recipes = group_by_seed(runs)
    measures = measure(recipes, SENTENCES, in_silence, **BOOTSTRAP)
    found = measures.against_baseline["B"]
    assert found.mcnemar is None
    assert measures.mcnemar_adjusted == {}
    assert "3 seeds are too few" in found.note
    per_seed = [(run.predictions.logits.argmax(axis=1) == LABELS).mean() for run in runs[3:]]
    seeds, found = t_interval(per_seed), measures.scores["B"]["accuracy"]
    sentences = [wilson_interval(round(share * N), N) for share in per_seed]
    below = np.mean([one.estimate - one.low for one in sentences])
    assert found.estimate == seeds.estimate
    assert found.estimate - found.low == pytest.approx(math.hypot(seeds.estimate - seeds.low, below))
    assert isinstance(measures.scores["B"]["ece"], float)
    assert len(measures.calibration) == 6
    slices = slice_changes(recipes, SENTENCES, in_silence, **BOOTSTRAP)
    everybody = [change for change in slices if change.column == "class"]
    assert sum(change.n_rows * change.after for change in everybody) / N == pytest.approx(np.mean(per_seed))


def test_seeds_that_answer_alike_leave_the_error_of_the_sentences():
    runs = [compared_run(f"a-s{seed}", seed, draw=0, kind="a") for seed in range(2)]
    other = compared_run("b", 0, kind="b")
    scores = measure(group_by_seed([*runs, other]), SENTENCES, in_silence, **BOOTSTRAP).scores["A"]
    alone = metric_intervals(runs[0].predictions)
    for name in ("accuracy", "nll", "auroc"):
        assert (scores[name].low, scores[name].high) == pytest.approx((alone[name].low, alone[name].high))


def test_intervals_over_sentences_and_seeds_cover_what_both_are_drawn_from():
    """Accuracy of a recipe, of which seeds and sentences are draws: each seed has skill of its own."""
    generator, n_rows, n_held, n_draws = np.random.default_rng(0), 200, 0, 400
    # Skill and difficulty together: a normal of mean 1 and variance 1.09.
    expected = float(expit(generator.normal(1.0, np.sqrt(1.09), 1_000_000)).mean())
    for _ in range(n_draws):
        difficulty = generator.normal(0.0, 1.0, n_rows)
        skills = generator.normal(1.0, 0.3, 3)
        right = generator.random((3, n_rows)) < expit(skills[:, None] - difficulty)
        found = _over_seeds(ACCURACY, [wilson_interval(int(row.sum()), n_rows) for row in right])
        n_held += found.contains(expected)
    assert n_held / n_draws >= 0.94


def test_intervals_over_few_seeds_stay_possible():
    logits = [logits_of(skill, 0) for skill in (0.2, 3.5)]
    runs = [
        replace(compared_run(f"a-s{i}", i), predictions=Predictions(logits=x, labels=LABELS))
        for i, x in enumerate(logits)
    ]
    measures = measure(
        group_by_seed([*runs, compared_run("b", 0, kind="b")]), SENTENCES, in_silence, **BOOTSTRAP
    )
    scores = measures.scores["A"]
    assert (scores["accuracy"].low, scores["accuracy"].high) == (0, 1)
    assert scores["nll"].low == 0
    assert scores["nll"].high > 1


def test_unequal_seeds_are_compared_unpaired():
    runs = [compared_run(f"plain-s{seed}", seed, kind="plain") for seed in range(3)]
    runs += [compared_run("opt", 0, draw=9, skill=2.0, kind="opt")]
    measures = measure(group_by_seed(runs), SENTENCES, in_silence, **BOOTSTRAP)
    found = measures.against_baseline["B"]
    assert found.metrics[0].measured.value_b > found.metrics[0].measured.value_a
    assert "One seed" in found.note


def test_every_pair_is_ranked_under_one_correction():
    skills = {"low": 0.5, "mid": 1.0, "twin": 1.0, "top": 3.0}
    runs = [compared_run(name, 0, draw=i, skill=s, kind=name) for i, (name, s) in enumerate(skills.items())]
    recipes = group_by_seed(runs)
    ranking = rank(recipes, SENTENCES, in_silence, **BOOTSTRAP)
    right = {recipe.name: recipe.shown.predictions.logits.argmax(axis=1) == LABELS for recipe in recipes}
    order = sorted(right, key=lambda name: -right[name].mean())
    assert ranking.accuracy == {name: right[name].mean() for name in order}
    assert [(pair.better, pair.worse) for pair in ranking.pairs] == list(combinations(order, 2))
    p_values = [mcnemar(right[a], right[b]).p_value for a, b in combinations(order, 2)]
    assert [pair.adjusted_p_value for pair in ranking.pairs] == holm_correction(p_values).tolist()
    assert (ranking.leader, ranking.level_with_leader) == ("D", [])
    weaker = rank(recipes[:3], SENTENCES, in_silence, **BOOTSTRAP)
    assert set(weaker.level_with_leader) | {weaker.leader} >= {"B", "C"}
    assert "cannot be told from" in ranking_sentence(weaker)
    assert rank(recipes[:2], SENTENCES, in_silence, **BOOTSTRAP) is None  # the comparison says it all


def test_recipes_over_seeds_are_ranked_by_the_crossed_bootstrap():
    runs = [
        compared_run(f"{name}-s{seed}", seed, skill=skill, draw=10 * place + seed, kind=name)
        for place, (name, skill) in enumerate((("plain", 1.0), ("opt", 1.2), ("best", 3.0)))
        for seed in range(5)
    ]
    recipes = group_by_seed(runs)
    ranking = rank(recipes, SENTENCES, in_silence, **BOOTSTRAP)
    assert (ranking.leader, ranking.level_with_leader) == ("C", [])
    found = paired_bootstrap(
        recipes[0].probabilities, recipes[2].probabilities, LABELS, n_resamples=400, seed=0
    )
    [pair] = [p for p in ranking.pairs if (p.better, p.worse) == ("C", "A")]
    accuracy = found.differences[0]
    assert pair.p_value == accuracy.p_value
    assert pair.difference == pytest.approx(accuracy.difference.estimate, abs=1e-12)
    many = [Recipe(name=f"recipe {i}", called="", runs=recipes[0].runs) for i in range(MOST_RESAMPLED + 1)]
    assert rank(many, SENTENCES, in_silence, **BOOTSTRAP) is None


def test_with_many_groups_of_seeds_a_claim_stays_possible():
    runs = [
        compared_run(f"{name}-s{seed}", seed, skill=skill, draw=10 * place + seed, kind=name)
        for place, (name, skill) in enumerate((("base", 0.5), *((f"r{i}", 5.0) for i in range(8))))
        for seed in range(5)
    ]
    changes = slice_changes(group_by_seed(runs), SENTENCES, in_silence, level=0.95, n_resamples=100, seed=0)
    # With 100 resamples the smallest p-value, 2/101, is above 0.05 after correction for so many groups.
    assert len(changes) > 40
    assert changes[0].adjusted_p_value <= 0.05


def test_one_sentence_is_refused():
    run = compared_run("a", 0)
    one = Sentences(
        ids=IDS[:1], texts=TEXTS[:1], labels=LABELS[:1], class_names=("bad", "good"), fingerprint=""
    )
    short = replace(run, predictions=Predictions(logits=run.predictions.logits[:1], labels=LABELS[:1]))
    with pytest.raises(DataError, match="at least 2 sentences, got 1"):
        measure(group_by_seed([short, short]), one, in_silence, **BOOTSTRAP)


def test_a_planted_slice_is_found_and_no_other():
    baseline = compared_run("base", 0, skill=3.0, kind="a")
    negated = slice_columns(SENTENCES)["negation"] == "yes"
    logits = baseline.predictions.logits.copy()
    logits[negated] = logits[negated][:, ::-1]  # wrong exactly where the first is right
    other = compared_run("other", 0, kind="b")
    other = replace(other, predictions=Predictions(logits=logits, labels=LABELS))
    changes = slice_changes(group_by_seed([baseline, other]), SENTENCES, in_silence, **BOOTSTRAP)
    first = changes[0]
    assert (first.column, first.group, first.n_rows) == ("negation", "yes", int(negated.sum()))
    right = baseline.predictions.logits.argmax(axis=1) == LABELS
    assert (first.before, first.after) == pytest.approx((right[negated].mean(), 1 - right[negated].mean()))
    unchanged = next(c for c in changes if (c.column, c.group) == ("negation", "no"))
    most = share_of_unseen(unchanged.n_rows)
    assert unchanged.difference == Interval(estimate=0.0, low=-most, high=most)
    assert unchanged.adjusted_p_value == 1.0
    raw = [change.p_value for change in changes]
    assert sorted(holm_correction(raw)) == [change.adjusted_p_value for change in changes]


def test_rows_from_elsewhere_decide_where_validation_rows_hold_what_is_marked(tracker):
    right = logits_of(50.0, 0)  # right in all rows
    wrong = right.copy()
    wrong[:30] = wrong[:30, ::-1]
    marked = {"guidance.marks": "marks.yaml"}
    before = tracker.run("leaning", logits=right, outside={"check": wrong, "evaluation/new": right})
    after = tracker.run(
        "mended", logits=right, outside={"check": right, "evaluation/new": right}, params=marked
    )
    found = compare(tracker, before, after)
    check, new = found.outside
    assert (check.group, check.n_rows) == ("the check sample", N)
    assert (check.before, check.after) == pytest.approx((1 - 30 / N, 1.0))
    assert check.p_value == pytest.approx(2 * 0.5**30)  # exact McNemar: 30 rows for one, none for the other
    assert [check.adjusted_p_value, new.adjusted_p_value] == holm_correction([check.p_value, 1.0]).tolist()
    why, on_check, on_new = outside_sentences(found)
    assert why.startswith("B trained not to decide by what guidance.marks names")
    assert ["may use the marked words" in said for said in floor_sentences(found)] == [False, True]
    assert "B is more accurate than A: +25.0 points" in on_check
    assert "B cannot be told from A: 0.0 points" in on_new
    assert not [said for said in found.missing if "check sample" in said]
    assert set(comparison_tables(found)["outside"]["column"]) == {"check", "evaluation/new"}


def test_other_rows_under_the_same_name_are_not_compared(tracker):
    judged = {"check": logits_of(1.0, 0)}
    runs = [tracker.run("ours", outside=judged), tracker.run("theirs", outside=judged, outside_text="other")]
    found = compare(tracker, *runs)
    assert found.outside == ()
    assert outside_sentences(found) == []
    assert any(said.startswith("the check sample is not compared: runs ours") for said in found.missing)
    found = compare(tracker, runs[0], tracker.run("without"))
    assert "the check sample is not compared: without did not judge it" in found.missing


def test_without_texts_only_classes_are_groups():
    private = Sentences(ids=IDS, texts=None, labels=LABELS, class_names=("bad", "good"), fingerprint="")
    assert list(slice_columns(private)) == ["class"]
    assert list(slice_columns(SENTENCES)) == ["class", "words", "negation"]


def test_the_most_changed_sentences_come_first():
    baseline, other = (compared_run(name, 0, draw=i, kind=name) for i, name in enumerate("ab"))
    recipes = group_by_seed([baseline, other])
    table = judgements(*recipes, SENTENCES)
    p = [run.predictions.probabilities[np.arange(N), LABELS] for run in (baseline, other)]
    order = np.argsort(-np.abs(p[1] - p[0]), kind="stable")
    assert table["row"].tolist() == order.tolist()
    np.testing.assert_allclose(table["change"], (p[1] - p[0])[order])
    assert (table["right_before"] == (table["prediction_before"] == table["label"])).all()
    rows = chosen_rows(table, ["s7"], 2)
    assert rows == [7, *[row for row in order.tolist() if row != 7][:2]]
    assert chosen_rows(judgements(recipes[0], recipes[0], SENTENCES), [], 5) == []
    with pytest.raises(ConfigError, match="no sentence has the id s999; ids look like s0"):
        chosen_rows(table, ["s999"], 0)


def test_many_runs_have_one_headline():
    runs = [compared_run("base", 0, size="0")]
    skills = (1.0, 3.5, -2.0)
    runs += [compared_run(f"run {i}", 0, draw=i, skill=s, size=str(i)) for i, s in enumerate(skills, 1)]
    loaded = LoadedRuns(sentences=SENTENCES, runs=tuple(runs), missing=())
    result = put_side_by_side(loaded, in_silence, **{**SETTINGS, "changed_sentences": 0})
    assert headline(result) == (
        "Of the 3 others, 1 more accurate than A (C); 1 less accurate than A (D); "
        "1 cannot be told apart from it, in accuracy."
    )
    assert ranking_sentence(result.ranking) == (
        f"The most accurate is C ({result.ranking.accuracy['C']:.3f}), more accurate than each of the 3 "
        "others (p after Holm's correction over all 6 pairs)."
    )
    assert (
        "each of the 3 others, in accuracy, F1, balanced accuracy, MCC, AUROC, average precision, NLL and Brier "
        "score; these 24 tests" in scope_sentence(result)
    )
    assert any("no curve of train/loss" in said for said in result.missing)
    assert "exact McNemar test: p = " in comparison_sentences(result, "C")[8]
    assert "after correction" in comparison_sentences(result, "C")[8]
    assert all("run 1" not in said for said in slice_sentences(result))
    assert logits_of(1.0, 0).shape == (N, 2)
