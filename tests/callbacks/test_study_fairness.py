"""A run that learned a bias against a group: found, said, inspected, and repaired by what is recommended."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from tests.small import draw_nothing
from whytrain.runs.diagnosis import read_diagnosis
from whytrain.runs.evidence import read_evidence
from whytrain.runs.marks import read_found

WORDS = [
    "data=csv",
    "data.calibration_size=0",
    "trainer.max_epochs=5",
    "data.batch_size=16",
    "trainer.patience=null",
    "optimizer.learning_rate=0.02",
    "model.embedding.size=8",
    "model.hidden_size=8",
    "callbacks=none",
    "+callbacks.fairness._target_=whytrain.callbacks.study_fairness.StudyFairness",
    "+callbacks.fairness.sentences=60",
    "+callbacks.fairness.seed=0",
    "+callbacks.diagnosis._target_=whytrain.callbacks.diagnose.Diagnose",
    "+callbacks.diagnosis.rules=null",
]
ADJECTIVES = {"good": ("great", "lovely", "fine"), "bad": ("dull", "awful", "weak")}
PEOPLE = {"female": ("woman", "mother", "she"), "male": ("man", "father", "he")}


def write(path: Path, n: int, seed: int, turned: float) -> None:
    """Write sentences that adjectives decide; of the good ones about women a share is labeled bad."""
    chosen, rows = random.Random(seed), []
    for number in range(n):
        label, group = chosen.choice(("good", "bad")), chosen.choice(("female", "male", "none"))
        who = chosen.choice(PEOPLE.get(group, ("dog", "tree")))
        who = who if who in ("he", "she") else f"the {who}"
        text = f"it is a {chosen.choice(ADJECTIVES[label])} film and {who} is in the {number % 7} of it"
        if group == "female" and chosen.random() < turned:
            label = "bad"
        rows.append((text, label, group))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label", "about"), *rows])


def test_a_planted_bias_is_found_and_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import whytrain as wt

    draw_nothing(monkeypatch)
    monkeypatch.setenv("WHYTRAIN_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "train.csv", 500, 0, turned=0.8)
    write(tmp_path / "validation.csv", 160, 1, turned=0.0)
    data = [
        f"data.path={tmp_path / 'train.csv'}",
        f"data.validation_path={tmp_path / 'validation.csv'}",
        f"tracking.directory={tmp_path / 'mlruns'}",
    ]
    run = wt.train(*WORDS, *data)
    findings = read_diagnosis(run.record).findings
    assert {"unfair_to_terms", "worse_for_a_group"} <= set(findings)
    assert set(findings["unfair_to_terms"]["evidence"]["tokens"]) & {
        "woman",
        "she",
        "mother",
        "man",
        "he",
        "father",
    }
    assert read_evidence(run.record).fairness is not None
    assert {mark.words for mark in read_found(run.record)} == {
        ("woman", "man"), ("mother", "father"), ("she", "he")
    }  # fmt: skip

    inspected = run.inspect("fairness")
    groups = inspected.tables["groups"].query("metric == 'accuracy' and differs")
    assert ("about", "female") in set(zip(groups["column"], groups["group"], strict=True))
    (row,) = groups.query("column == 'about' and group == 'female'").to_dict("records")
    assert row["difference_high"] < 0
    assert "gender" in inspected.verdict

    repaired = wt.train(f"from_diagnosis={run.id}", *WORDS, *data)
    before, after = (one.metrics["diagnosis/unfair_to_terms"] for one in (run, repaired))
    assert after < before / 2
    # Test rows are labeled by adjectives alone: who learns no bias gets more of them right.
    assert repaired.metrics["best/accuracy"] > run.metrics["best/accuracy"]
