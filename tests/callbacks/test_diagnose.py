"""What a run says about itself at its end: tables, scalars, overrides and page tell the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from whytrain.callbacks.access import evidence_of
from whytrain.diagnosis.detectors import DETECTORS
from whytrain.diagnosis.overrides import read_plan
from whytrain.tracking.limits import NOTE_TAG
from whytrain.tracking.reader import download, find_run, metric_history, read_table

WORDS = (
    "data=csv",
    "data.path=reviews.csv",
    "data.batch_size=16",
    "data.calibration_size=20",
    "tokenizer.vocabulary_size=200",
    "model=bilstm_opt",
    "model.hidden_size=8",
    "model.embedding.size=8",
    "trainer.max_epochs=2",
    "optimizer.learning_rate=0.02",
    "callbacks.explanations.budget=3000",
    "callbacks.explanations.max_words=7",
)
RULES = """
findings:
  few_token_dependence:
    {compare: low, above: -1.0, severity: serious, title: Few, text: "{value}", recommend: [swap_top_words]}
  above_the_floor:
    {compare: low, below: 2.0, severity: note, title: Floor, text: "{value}", recommend: [more_dropout]}
"""


@pytest.fixture
def quick(quiet_figures: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from whytrain import callbacks

    monkeypatch.setattr(callbacks.DescribeModel, "on_fit_end", lambda *args: None)


def test_a_run_diagnoses_itself(workspace: Path, run_train: Callable[..., int], quick: None) -> None:
    (workspace / "rules.yaml").write_text(RULES)
    assert run_train(*WORDS, "callbacks.diagnosis.rules=rules.yaml", "run_name=said") == 0
    run = find_run(f"sqlite:///{workspace / 'mlruns' / 'mlflow.db'}", "said")
    content = json.loads(download(run, "diagnosis/findings.json").read_text())
    measured, not_examined = content["measured"], content["not_examined"]
    assert set(measured) | set(not_examined) == set(DETECTORS)
    # All evidence arrived: words, pairs, attention, students, losses, calibration.
    assert {
        "few_token_dependence",
        "few_token_dependence_removed",
        "attention_concentration",
        "dominant_dimension",
        "overfitting",
        "overconfidence",
        "above_the_floor",
        "contradictory_labels",
        "leaking_split",
    } <= set(measured)
    values = read_table(run, "diagnosis", name="values").set_index("name")
    rows = read_table(run, "diagnosis", name="rows")
    for name, value in measured.items():
        [logged] = metric_history(run, f"diagnosis/{name}")[1]
        assert logged == values.loc[name, "estimate"] == value["estimate"]
        assert value["low"] <= value["estimate"] <= value["high"]
        own = rows.loc[rows["name"] == name, "value"]
        assert own.empty or own.mean() == pytest.approx(value["estimate"])
    # Those with rows can be paired with a later run's.
    assert {"few_token_dependence", "above_the_floor"} <= set(rows["name"])
    assert run.metrics["diagnosis/above_the_floor"] == pytest.approx(
        run.metrics["best/accuracy"] - run.metrics["floor/accuracy"]
    )
    assert run.metrics["diagnosis/findings"] == len(content["findings"])
    assert run.metrics["diagnosis/not_examined"] == len(not_examined)
    assert sum(run.metrics[f"diagnosis/{s}"] for s in ("serious", "warning", "note")) == len(
        content["findings"]
    )
    strategies = {
        s.name: dict(s.overrides)
        for s in read_plan(download(run, "diagnosis/overrides.yaml").read_text(), "x")
    }
    assert strategies["swap_top_words"] == {"guidance.replace": 0.2, "guidance.run": run.run_id}
    assert strategies["more_dropout"] == {"model.dropout": 0.4}  # 0.3 now
    page = download(run, "reports/diagnosis.html").read_text()
    assert "What said says about itself" in page
    assert f"from_diagnosis={run.run_id}" in page


def test_a_private_run_tells_no_words(workspace: Path, run_train: Callable[..., int], quick: None) -> None:
    (workspace / "rules.yaml").write_text(RULES)
    words = ("callbacks.diagnosis.rules=rules.yaml", "tracking.log_text=false", "run_name=private")
    assert run_train(*WORDS, *words, "data.calibration_size=0", "trainer.max_epochs=1") == 0
    run = find_run(f"sqlite:///{workspace / 'mlruns' / 'mlflow.db'}", "private")
    content = json.loads(download(run, "diagnosis/findings.json").read_text())
    known = {"brilliant", "lovely", "tedious", "unbelievable", "music"}
    written = (
        "diagnosis/findings.json",
        "reports/diagnosis.html",
        "reports/run.html",
        "reports/shapley.html",
    )
    shown = "".join([*(download(run, path).read_text() for path in written), run.tags[NOTE_TAG]])
    assert content["findings"][0]["title"] in run.tags[NOTE_TAG]
    assert [word for word in known if word in shown] == []
    assert content["findings"][0]["evidence"]["sentences"]  # there are examples, in hashes
    assert "private" in content["skipped"]["swap_top_words"]
    assert [s["name"] for s in content["strategies"]] == ["more_dropout"]
    assert content["not_examined"]["overconfidence"].startswith("no calibration slice")
    assert content["not_examined"]["overfitting"].startswith("over-fitting shows from the second epoch on")


def test_evidence_is_found_by_its_kind() -> None:
    class Silent:
        pass

    class Says:
        def __init__(self, evidence: object) -> None:
            self.evidence = evidence

    class Trainer:
        callbacks = (Silent(), Says(None), Says("words"), Says(7))

    assert evidence_of(Trainer(), int) == 7  # type: ignore[arg-type]
    assert evidence_of(Trainer(), dict) is None  # type: ignore[arg-type]
