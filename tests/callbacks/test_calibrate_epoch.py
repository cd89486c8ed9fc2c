"""A run's calibration: its numbers are those of its own tables, and the logged model carries it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from whytrain.calibration.temperature import apply_temperature
from whytrain.metrics.calibration import expected_calibration_error
from whytrain.models.saved import load_model
from whytrain.tracking.reader import find_run, metric_history, read_table, saved_model

WORDS = (
    "data=csv",
    "data.path=reviews.csv",
    "data.batch_size=16",
    "data.calibration_size=20",
    "tokenizer.vocabulary_size=200",
    "model.hidden_size=8",
    "model.embedding.size=8",
    "trainer.max_epochs=2",
    "optimizer.learning_rate=0.02",
    "~callbacks.explanations",
    "run_name=calibrated",
)


@pytest.fixture
def tracked(workspace: Path, run_train: Callable[..., int]) -> str:
    assert run_train(*WORDS) == 0
    return f"sqlite:///{workspace / 'mlruns' / 'mlflow.db'}"


def test_metrics_are_those_of_the_tracked_predictions(tracked: str) -> None:
    run = find_run(tracked, "calibrated")
    _, temperatures = metric_history(run, "calibration/temperature")
    _, before = metric_history(run, "calibration/ece_before")
    _, after = metric_history(run, "calibration/ece_after")
    for index, epoch in enumerate((1, 2)):
        table = read_table(run, "predictions", epoch)
        logits = table[["logit_bad", "logit_good"]].to_numpy()
        labels = (table["label"] == "good").to_numpy().astype(int)
        for temperature, value in ((1.0, before[index]), (temperatures[index], after[index])):
            expected = expected_calibration_error(apply_temperature(logits, temperature), labels)
            assert value == pytest.approx(expected, abs=1e-9)  # the same numbers, through a database
    slices = read_table(run, "calibration", 2, name="slices")
    assert slices.groupby("column")["sentences"].sum().nunique() == 1  # every column covers every sentence
    assert set(slices["column"]) == {"length", "negation", "class"}


def test_the_logged_model_says_calibrated_probability_set_and_abstention(tracked: str) -> None:
    run = find_run(tracked, "calibrated")
    model = load_model(saved_model(run))
    assert model.confidence is not None
    best = int(run.metrics["best/epoch"])
    steps, temperatures = metric_history(run, "calibration/temperature")
    assert model.confidence.correction.temperature == pytest.approx(
        temperatures[list(steps).index(best)], rel=1e-4
    )
    texts = ["great film", "awful plot", "the the the"]
    answer = model.predict(texts)
    logits = model.logits(texts)
    np.testing.assert_allclose(
        answer["calibrated_probability"],
        apply_temperature(logits, model.confidence.correction.temperature).max(axis=1),
        rtol=1e-12,
    )
    assert np.array_equal(answer[["in_set_bad", "in_set_good"]].to_numpy(), model.confidence.sets(logits))
    # So small a slice keeps no error rate, whatever the confidence: nothing is said of single texts.
    assert model.confidence.abstention.threshold is None
    assert answer["abstain"].isna().all()
    kept = replace(model.confidence, abstention=replace(model.confidence.abstention, threshold=0.6))
    abstains = replace(model, confidence=kept).predict(texts)["abstain"]
    assert np.array_equal(abstains, kept.abstains(logits))


def test_without_a_slice_nothing_is_claimed(workspace: Path, run_train: Callable[..., int]) -> None:
    assert run_train(*WORDS, "data.calibration_size=0") == 0
    run = find_run(f"sqlite:///{workspace / 'mlruns' / 'mlflow.db'}", "calibrated")
    assert not [name for name in run.metrics if name.startswith("calibration/")]
    assert load_model(saved_model(run)).confidence is None


def test_any_column_of_a_users_data_is_looked_at_or_left_out(
    workspace: Path,
    run_train: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("whytrain.slices.slice_columns.MOST_CATEGORIES", 19)  # of 20 validation rows
    lines = (workspace / "reviews.csv").read_text("utf-8").splitlines()
    rows = [f"{line},{i / 7:.3f},{['web', '', 'tv'][i % 3]},note {i}" for i, line in enumerate(lines[1:])]
    (workspace / "reviews.csv").write_text("\n".join([f"{lines[0]},stars,source,note", *rows]), "utf-8")
    assert run_train(*WORDS, "trainer.max_epochs=1", "~callbacks.surrogate", "~callbacks.diagnosis") == 0
    run = find_run(f"sqlite:///{workspace / 'mlruns' / 'mlflow.db'}", "calibrated")
    slices = read_table(run, "calibration", 1, name="slices")
    assert set(slices["column"]) == {"length", "negation", "class", "stars", "source"}
    assert set(slices.loc[slices["column"] == "source", "group"]) == {"web", "missing", "tv"}
    assert (slices["column"] == "stars").sum() == 4
    captured = capsys.readouterr()
    assert "no slices by note" in captured.out + captured.err
