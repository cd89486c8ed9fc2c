"""Each record is read as it was written, older ones too, and what cannot be read says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from evidence import corpus, explained, healthy, leaning, predictions, rule, shapley, shortcuts

from whytrain.diagnosis.conclusion import conclude
from whytrain.diagnosis.detectors import DETECTORS
from whytrain.diagnosis.evidence import CheckRows
from whytrain.diagnosis.rules import load_rules
from whytrain.errors import TrackingError
from whytrain.runs.config import is_private
from whytrain.runs.evidence import absent_evidence, log_evidence, read_evidence
from whytrain.runs.find import RunFinder
from whytrain.runs.predictions import log_predictions, read_predictions
from whytrain.runs.ranking import read_words, word_sizes
from whytrain.runs.surrogates import log_surrogates, read_surrogates
from whytrain.runs.table import TableRecord
from whytrain.statistics.intervals import Interval
from whytrain.surrogates.conclusions import rule_table
from whytrain.tracking.reader import RunRecord, find_run
from whytrain.tracking.store import Store
from whytrain.tracking.tables import text_hash
from whytrain.types import Predictions

Start = Callable[..., Store]
BOOK = load_rules(None, DETECTORS)


def ended(store: Store) -> RunRecord:
    store.close("FINISHED")
    return find_run(store.settings.address, store.run_id)


def test_predictions_of_the_best_epoch(start: Start) -> None:
    logits = np.random.default_rng(0).normal(size=(4, 3))
    labels = np.array([2, 0, 1, 1])
    store = start()
    for epoch, values in ((1, -logits), (2, logits)):
        log_predictions(
            store, list("wxyz"), Predictions(logits=values, labels=labels), ("b", "a", "c"), epoch
        )
    store.log_metrics({"best/epoch": 2.0}, step=2)
    found = read_predictions(ended(store))
    assert found.class_names == ("b", "a", "c")  # the order of their indices, not of the alphabet
    assert found.ids.tolist() == list("wxyz")
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_array_equal(found.logits, logits)
    np.testing.assert_array_equal(
        found.probabilities, Predictions(logits=logits, labels=labels).probabilities
    )
    np.testing.assert_array_equal(found.right, logits.argmax(axis=1) == labels)


def test_a_ranking_of_an_earlier_version_is_read(start: Start) -> None:
    store = start()
    old = pd.DataFrame(
        {"absence": "padding", "class": "good", "word": ["great"], "phi": [3.0], "standard_error": 0.5}
    )
    store.log_table(old, "shapley", "vocabulary", text_columns=["word"])
    assert word_sizes(read_words(ended(store))) == {"great": 2.5}


def test_tables_that_cannot_be_read_say_what_to_do(start: Start) -> None:
    record = TableRecord(topic="made", columns=("a",))
    store = start()
    replace(record, version=2).log(store, pd.DataFrame({"a": [1]}))
    replace(record, name="other", columns=("b",)).log(store, pd.DataFrame({"b": [1]}))
    run = ended(store)
    with pytest.raises(
        TrackingError, match=r"^the table made/made of run run has version 2, .* up to 1: update"
    ):
        record.read(run)
    with pytest.raises(
        TrackingError, match=r"^the table made/other of run run has no column a: .* train the run"
    ):
        replace(record, name="other").read(run)
    assert replace(record, version=2).read(run)["a"].tolist() == [1]


def test_whether_text_is_private(start: Start) -> None:
    assert not is_private(ended(start()))
    assert is_private(ended(start(log_text=False)))


def test_a_run_is_looked_up_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ended(start())
    find = RunFinder(run.uri)
    first = find("run")
    monkeypatch.setattr("whytrain.runs.find.find_run", lambda *args: pytest.fail("looked up again"))
    assert find("run") is find(run.run_id) is first


def test_students(start: Start) -> None:
    def interval(name: str, value: float) -> dict[str, float]:
        return {name: value, f"{name}_low": value - 0.1, f"{name}_high": value + 0.1}

    judged = {"majority": 0.5, "r_squared": 0.4, **interval("agreement_on_errors", float("nan"))}
    for number, name in enumerate(("agreement", "kl", "accuracy", "over_gold", "kl_below_gold")):
        judged |= interval(name, number / 10)
    rules = (rule(0.9, 3, 5), rule(0.8, 2, 2))
    store = start()
    log_surrogates(
        store,
        fidelity=pd.DataFrame(
            [
                {"student": "tree", "features": "readable", "taught_by": who, **judged}
                for who in ("teacher", "gold labels")
            ]
            + [
                {"student": "soft_tree", "features": "readable", "taught_by": "teacher", **judged}
                | interval("kl_below_tree", 0.2)
            ]
        ),
        coefficients=pd.DataFrame({"feature": ["great"], "kind": ["word"], "beta": [1.5], "class": ["good"]}),
        rules=rule_table(rules),
        disagreement=pd.DataFrame(
            {"split": ["train", "train", "validation"], "id": ["c", "a", "b"], "text": "t"}
        ),
        influence=pd.DataFrame(),
        soft_tree=pd.DataFrame({"node": [1], "parent": [0], "pulled_by": [""], "rule": ["always"]}),
    )
    found = read_surrogates(ended(store), ["a", "b", "c"])
    assert found.rules == rules
    assert (found.n_rows, found.disagreeing_rows, found.disagreeing_ids) == (200, (2, 0), ("c", "a"))
    student, soft = found.surrogates
    assert student.kl_below_tree is None
    assert (soft.kind, soft.kl_below_tree.estimate) == ("soft_tree", 0.2)
    assert (student.kind, student.features, student.agreement_on_errors) == ("tree", "readable", None)
    assert student.over_gold == Interval(estimate=0.3, low=pytest.approx(0.2), high=0.4)
    assert [asdict(c) for c in found.coefficients] == [
        {"name": "great", "kind": "word", "beta": 1.5, "class_name": "good"}
    ]


def troubled() -> Any:
    """Evidence of which every detector but those of students shows an example."""
    train = [(f"sentence {i} of train", i % 2) for i in range(98)] + [("a fine film", 0), ("a  fine film", 1)]
    labels = np.array([label for _, label in train])
    held_out = np.where(labels[:, None] == np.arange(2), 0.8, 0.2)
    held_out[[4, 6]] = (0.1, 0.9)
    says = np.array(labels)
    says[[4, 6]] = 1
    return healthy(
        corpus=corpus(train, [("a fine film", 1), *((f"review {i}", i % 2) for i in range(99))]),
        held_out=held_out,
        while_training=held_out,
        self_influence=held_out[:, 0],
        training=predictions(says.tolist(), labels, 0.9),
        explanations=replace(
            shapley([explained(i, [4.0, -3.0, 1.0, 0.5]) for i in range(12)], vocabulary=None),
            attention=np.linspace(0.1, 0.9, 12),
        ),
        surrogate=None,
        shortcuts=shortcuts(leaning("the"), leaning("plot", "actor", kind="ordered_pair", helps_check=None)),
    )


@pytest.mark.parametrize("log_text", [True, False])
def test_a_diagnosis_from_its_evidence_is_the_same(start: Start, log_text: bool) -> None:
    from whytrain.diagnosis.finding import hidden

    own = predictions([0, 1, 1], np.array([0, 1, 0]), 0.8)
    check = CheckRows(ids=["c0", "c1", "c2"], predictions=own, floor=np.array([1, 0, 0]))
    evidence = replace(troubled(), check=check, is_marked=True)
    store = start(log_text=log_text)
    config = {"tracking": {"log_text": log_text}, "model": {}, "trainer": {"max_epochs": 3}}
    before, _ = conclude(evidence, BOOK, config, store.run_id)
    log_evidence(store, evidence, before)
    again = read_evidence(ended(store))
    after, _ = conclude(again, BOOK, config, store.run_id)
    shown = before if log_text else hidden(before, text_hash)
    assert again.shortcuts is not None
    assert again.shortcuts.candidates[1].helps_check is None
    if log_text:
        assert again.shortcuts == evidence.shortcuts
    else:
        assert "“the”" not in json.dumps([asdict(finding) for finding in after.findings], ensure_ascii=False)
    assert {"contradictory_labels", "mislabeled", "leaking_split", "attention_concentration"} <= set(
        after.measurements
    )
    assert {name: asdict(m) for name, m in after.measurements.items()} == {
        name: asdict(m) for name, m in shown.measurements.items()
    }
    assert list(after.measurements["above_the_floor"].rows) == ["c0", "c1", "c2"]
    assert after.findings == shown.findings
    assert after.not_examined == shown.not_examined
    examples = after.measurements["mislabeled"].evidence.sentences
    assert {example.sentence_id for example in examples} == {"train-4", "train-6"}
    assert all(example.words for example in examples)
    assert absent_evidence(again) == ["a ranking of words", "students"]
    # Of the sentences only those are kept that the diagnosis shows.
    assert sum(map(bool, again.train.texts)) < 20
