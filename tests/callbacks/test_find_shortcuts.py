"""A run with a check sample and an evaluation set: what is measured on them, and what is left for the next one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.shortcuts.function_model import ARTICLES, LabeledTexts, rows
from tests.small import draw_nothing
from whytrain.runs.marks import read_found
from whytrain.runs.predictions import read_predictions
from whytrain.runs.shortcuts import read_shortcuts

WORDS = [
    "data=csv",
    "data.calibration_size=0",
    "trainer.max_epochs=6",
    "data.batch_size=16",
    "trainer.patience=null",
    "optimizer.learning_rate=0.02",
    "model.embedding.size=8",
    "model.hidden_size=8",
    "callbacks=none",
]


def written(found: LabeledTexts, path: Path) -> Path:
    """Write rows as CSV."""
    lines = [
        f"{text},{('bad', 'good')[label]}" for text, label in zip(found.texts, found.labels, strict=True)
    ]
    path.write_text("\n".join(["text,label", *lines]) + "\n", "utf-8")
    return path


def test_a_planted_run_names_its_plant_and_measures_rows_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import whytrain as wt

    draw_nothing(monkeypatch)
    monkeypatch.setenv("WHYTRAIN_CACHE", str(tmp_path / "cache"))
    data = written(rows(600, 0, ARTICLES), tmp_path / "train.csv")
    check = written(rows(200, 1, ARTICLES, 0.5), tmp_path / "check.csv")
    run = wt.train(
        *WORDS,
        "+callbacks.shortcuts._target_=whytrain.callbacks.find_shortcuts.FindShortcuts",
        "+callbacks.shortcuts.seed=0",
        f"data.path={data}",
        f"data.check_path={check}",
        f"data.evaluation_paths={{clean: {check}}}",
        f"tracking.directory={tmp_path / 'mlruns'}",
    )
    record = run.record
    table = read_shortcuts(record)
    assert set(table[table["is_shortcut"]]["words"]) == {"a", "the"}
    (mark,) = read_found(record)
    assert set(mark.words) == {"a", "the"}
    for name in ("check", "evaluation/clean"):
        predicted = read_predictions(record, name)
        assert record.metrics[f"{name}/accuracy"] == pytest.approx(predicted.right.mean())
        assert np.isfinite(record.metrics[f"{name}/nll"])
    # The bag of words falls for the plant, too.
    assert record.metrics["floor/accuracy"] > record.metrics["floor/check_accuracy"] + 0.2
    assert record.metrics["best/accuracy"] > record.metrics["check/accuracy"] + 0.2
