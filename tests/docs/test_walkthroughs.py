"""What the walk-throughs for contributors say, done as they say it; methods and models have tests of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from evidence import healthy, predictions

from whytrain.diagnosis import detectors
from whytrain.diagnosis.rules import load_rules

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str) -> list[str]:
    return re.findall(r"```(?:python|yaml)\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


def test_the_detector_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, rules = blocks("own_detector.md")
    made: dict[str, Any] = {}
    exec(code, made)
    monkeypatch.setattr(detectors, "DETECTORS", {**detectors.DETECTORS, "undecided": made["undecided"]})
    (tmp_path / "mine.yaml").write_text(rules, "utf-8")
    book = load_rules(tmp_path / "mine.yaml", detectors.DETECTORS)
    # 40 of 100 answers with 0.52 against 0.48, the others with 0.9.
    labels = [i % 2 for i in range(100)]
    doubtful = predictions(labels, labels, 0.52).logits[:40]
    sure = predictions(labels, labels, 0.9)
    sure.logits[:40] = doubtful
    said = detectors.diagnose(healthy(validation=sure), book.findings)
    [found] = [finding for finding in said.findings if finding.name == "undecided"]
    assert found.value == pytest.approx(0.4)
    assert "40 of 100 texts" in found.message
    assert not [f for f in detectors.diagnose(healthy(), book.findings).findings if f.name == "undecided"]


def test_the_task_of_the_page(
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    quiet_figures: None,
    run_train: Callable[..., int],
    capsys: Any,
) -> None:
    code, config = blocks("own_task.md")
    (workspace / "my_conf" / "task").mkdir(parents=True)
    (workspace / "my_conf" / "task" / "stars.yaml").write_text(config, "utf-8")
    (workspace / "my_tasks.py").write_text(code, "utf-8")
    monkeypatch.syspath_prepend(workspace)
    rows = pd.read_csv("reviews.csv")
    stars = [5 - row % 2 if label == "good" else 1 + row % 3 for row, label in enumerate(rows["label"])]
    rows.assign(stars=stars).to_csv("reviews.csv", index=False)
    words = (
        "--config-dir my_conf task=stars data=csv data.path=reviews.csv data.label_column=stars callbacks=none "
        "data.calibration_size=20 tokenizer.vocabulary_size=200 model.hidden_size=8 model.embedding.size=8 "
        "trainer.max_epochs=1 run_name=stars"
    )
    assert run_train(*words.split()) == 0
    assert "classes negative, positive" in " ".join(capsys.readouterr().out.split())
    assert run_train(*words.split(), "task.enough=1") == 2
    assert "task.enough: input should be greater than or equal to 2" in capsys.readouterr().err
