"""Runs are brought into one order of rows and classes, or refused with the difference."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from compared_runs import CLASSES, IDS, LABELS, TEXTS, N, in_silence, logits_of
from sklearn.metrics import f1_score

from whytrain.comparison.measures import measure
from whytrain.comparison.recipes import Recipe
from whytrain.comparison.runs import load_runs
from whytrain.comparison.selection import select_runs
from whytrain.errors import ConfigError, DataError, TrackingError
from whytrain.metrics import F1


def load(tracker, *runs, show_text=True):
    return load_runs(select_runs(tracker.uri, list(runs), "whytrain"), in_silence, show_text=show_text)


@pytest.fixture(scope="module")
def first(tracker):
    return tracker.run("first")


@pytest.fixture(scope="module")
def alike(tracker):
    return tracker.run("alike")


def test_another_order_of_rows_and_classes_is_read_in_that_of_the_first(tracker, first):
    rows = np.random.default_rng(3).permutation(N).tolist()
    other = tracker.run("other", seed=5, rows=rows, classes=CLASSES[::-1])
    loaded = load(tracker, first, other)
    assert loaded.sentences.class_names == CLASSES
    assert loaded.sentences.ids == IDS
    assert loaded.sentences.texts == TEXTS
    np.testing.assert_array_equal(loaded.sentences.labels, LABELS)
    for run, seed in zip(loaded.runs, (0, 5), strict=True):
        np.testing.assert_allclose(run.predictions.logits, logits_of(1.0, seed), rtol=1e-12)
        np.testing.assert_array_equal(run.predictions.labels, LABELS)
    assert loaded.missing == (
        "other was trained with bad as its positive class: F1, precision, recall, AUROC, average precision are "
        "those of good here, for all runs, as in first; curves are as tracked",
        "other numbers its classes in another order: it is read in that of first",
    )


def test_the_positive_class_is_the_baseline_s_and_others_are_said(tracker, first, alike):
    about_bad = tracker.run("about bad", params={"positive_class": "bad"})
    assert load(tracker, first, alike).sentences.positive == 1
    loaded = load(tracker, about_bad, first)
    assert loaded.sentences.positive == 0
    assert [run.predictions.positive for run in loaded.runs] == [0, 0]
    assert loaded.missing == (
        "first was trained with good as its positive class: F1, precision, recall, AUROC, average precision are "
        "those of bad here, for all runs, as in about bad; curves are as tracked",
    )
    recipes = [Recipe(name=run.name, called=run.name, runs=(run,)) for run in loaded.runs]
    measures = measure(recipes, loaded.sentences, in_silence, level=0.95, n_resamples=100, seed=0)
    f1 = f1_score(LABELS, logits_of(1.0, 0).argmax(1), pos_label=0)
    assert measures.scores["first"]["f1"].estimate == pytest.approx(f1)
    assert measures.against_baseline["first"].of(F1).measured.value_b == pytest.approx(f1)


def test_the_fingerprint_is_that_of_the_sentences_alone(tracker, first, alike):
    turned = tracker.run("turned", rows=range(N), classes=CLASSES[::-1])
    loaded = load(tracker, first, turned)
    assert loaded.sentences.fingerprint == load(tracker, first, alike).sentences.fingerprint
    short = [tracker.run(f"short {i}", rows=range(100)) for i in range(2)]
    assert load(tracker, *short).sentences.fingerprint != loaded.sentences.fingerprint


def test_other_rows_are_refused_and_named(tracker, first):
    fewer = tracker.run("fewer", rows=range(100))
    with pytest.raises(
        DataError, match=r"first and fewer .* 120 and 100, 100 of them the same; only first has 20"
    ):
        load(tracker, first, fewer)


def test_the_same_ids_with_other_texts_are_refused(tracker, first):
    changed = ["another text", *TEXTS[1:]]
    other = tracker.run("other texts", texts=changed)
    with pytest.raises(
        DataError,
        match=r"\(120 and 120 rows, which share 120 ids\): 1 of 120 ids stand for other texts, the first is s0",
    ):
        load(tracker, first, other)


def test_runs_are_judged_by_the_labels_that_were_corrected_in_one_of_them(tracker, first):
    labels = LABELS.copy()
    labels[[3, 5]] = 1 - labels[[3, 5]]
    rows = np.random.default_rng(4).permutation(N).tolist()
    corrected = tracker.run(
        "corrected", labels=labels, rows=rows, classes=CLASSES[::-1], params={"data.corrections": "fix.csv"}
    )
    for runs in ((first, corrected), (corrected, first)):
        loaded = load(tracker, *runs)
        for run in loaded.runs:
            by_id = dict(zip(loaded.sentences.ids, run.predictions.labels, strict=True))
            expected = [loaded.sentences.class_names.index(CLASSES[label]) for label in labels]
            assert [by_id[i] for i in IDS] == expected
        told = "first is judged by the corrected labels of corrected (fix.csv): 2 validation rows"
        assert told in loaded.missing


def test_other_gold_labels_are_refused(tracker, first):
    labels = LABELS.copy()
    labels[3] = 1 - labels[3]
    other = tracker.run("relabeled", labels=labels)
    with pytest.raises(DataError, match=r"A = first, B = relabeled: .*1 of 120 rows differ, first row s3"):
        load(tracker, first, other)


def test_other_classes_are_refused(tracker, first):
    tracker.run("other class", good="fine", classes=("bad", "fine"))
    with pytest.raises(DataError, match="tell different classes apart: bad, good and bad, fine"):
        load(tracker, first, "other class")


def test_private_texts_are_compared_and_not_shown(tracker, first, alike):
    private = tracker.run("private", log_text=False)
    loaded = load(tracker, private, first)
    assert loaded.sentences.texts == TEXTS  # the other run stored them
    also_private = tracker.run("also private", log_text=False)
    loaded = load(tracker, private, also_private)
    assert loaded.sentences.texts is None
    assert "private" in loaded.missing[0]
    assert load(tracker, first, alike, show_text=False).sentences.texts is None
    changed = tracker.run("private, changed", log_text=False, texts=["x", *TEXTS[1:]])
    with pytest.raises(DataError, match="ids stand for other texts"):
        load(tracker, first, changed)


def test_texts_that_were_not_recorded_are_named(tracker, first):
    silent = tracker.run("silent", texts=None)
    loaded = load(tracker, first, silent)
    assert loaded.sentences.texts == TEXTS
    assert "texts of silent are not known" in loaded.missing[0]


def test_a_deleted_artifact_is_one_line(tracker, first):
    run_id = tracker.run("deleted")
    (folder,) = tracker.settings.root.glob(f"artifacts/{run_id}/artifacts/tables/predictions")
    shutil.rmtree(folder)
    with pytest.raises(
        TrackingError, match=r"run deleted has no tables/predictions/predictions_epoch_002\.parquet"
    ):
        load(tracker, first, "deleted")


def test_a_job_without_predictions_is_left_out_and_named(tracker, first):
    parent = tracker.run("parent", predictions=False, texts=None)
    for seed in (0, 1):
        tracker.run(f"job {seed}", seed=seed, parent=parent)
    tracker.run("job 2", parent=parent, predictions=False)
    loaded = load(tracker, parent)
    assert [run.name for run in loaded.runs] == ["job 0", "job 1"]
    assert loaded.missing[0].startswith("job 2 is left out: run job 2 has no tables/predictions")


def test_one_run_is_not_enough(tracker, first):
    with pytest.raises(ConfigError, match=r"at least two finished runs, got 1; give runs=\[A,B,…\]"):
        load(tracker, first)


def test_runs_of_one_name_are_told_apart(tracker, first):
    twins = [tracker.run("twin") for _ in range(2)]
    loaded = load(tracker, first, *twins)
    names = [run.name for run in loaded.runs]
    assert names == ["first", f"twin {twins[0][:8]}", f"twin {twins[1][:8]}"]


def test_runs_know_from_which_they_went_on(tracker, first):
    further = tracker.run("further", tags={"started_from": first})
    renewed = tracker.run("renewed", params={"continue_from": further})
    orphan = tracker.run("orphan", tags={"started_from": "0123456789abcdef" * 2})
    loaded = load(tracker, first, further, renewed, orphan)
    origins = [run.origin and run.origin.name for run in loaded.runs]
    assert origins == [None, "first", "further", "01234567"]


def test_nothing_is_left_in_the_working_directory(tracker, first, alike, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load(tracker, first, alike)
    assert list(Path().iterdir()) == []
