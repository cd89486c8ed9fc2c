"""Sweeps: one run with its jobs as children, retries that duplicate nothing, searches that go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
from small_runs import RECIPE, SMALL, Tracked

from whytrain.commands import train
from whytrain.commands.job import Job
from whytrain.errors import TrainingError
from whytrain.objectives.objective import Objective
from whytrain.sweeps.trial import current_trial
from whytrain.tracking.reader import find_run, read_table

WORDS = (*SMALL, "callbacks=none", "trainer.max_epochs=1", "sweep_name=mine")
SEARCH = ("-m", *SMALL, "sweep_name=search", "hydra.sweeper.at_once=2")
Run = Callable[..., int]
# Optuna leaves its connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def uri(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}"


def summary(folder: Path, name: str = "mine") -> pd.DataFrame:
    return read_table(find_run(uri(folder), name), "sweep")


def test_a_sweep_is_one_run_with_children(
    workspace: Path, tracked: Tracked, run_train: Run, quick: None
) -> None:
    assert run_train("-m", *WORDS, "seed=0,1") == 0
    parent = find_run(uri(workspace), "mine")
    table = summary(workspace)
    assert table["seed"].tolist() == ["0", "1"]
    assert table["status"].tolist() == ["FINISHED", "FINISHED"]
    assert set(tracked.runs()) == {parent.run_id, *table["run_id"]}
    for _, row in table.iterrows():
        child = find_run(uri(workspace), row["run_id"])
        assert child.tags["mlflow.parentRunId"] == parent.run_id
        assert child.tags["run_key"] == row["run_key"]
        assert child.metrics["best/accuracy"] == row["best/accuracy"]
        assert child.name.startswith(f"bilstm-csv-seed{row['seed']}-")
        assert row["duration_s"] > 0
    note = parent.tags["mlflow.note.content"]
    assert note.startswith("2 of 2 jobs finished; best: bilstm-csv-seed")
    best_first = table.sort_values("best/accuracy", ascending=False)["run_id"]
    assert note.index(best_first.iloc[0]) < note.index(best_first.iloc[1])
    assert "compare" not in note  # with callbacks=none there is nothing to pair

    # The same again, and one job more: what is finished stays as it is.
    assert run_train("-m", *WORDS, "seed=0,1,2") == 0
    later = summary(workspace)
    assert later["run_id"].tolist()[:2] == table["run_id"].tolist()
    assert set(tracked.runs()) == {parent.run_id, *later["run_id"]}
    assert len(later) == 3


def test_a_job_that_failed_goes_on_in_the_retry(
    workspace: Path,
    tracked: Tracked,
    run_train: Run,
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["-m", *RECIPE, "seed=0,1", "sweep_name=mine"]
    original, n_calls = Objective.forward, []

    def breaks(self: Objective, *args: Any) -> Any:
        n_calls.append(1)
        if len(n_calls) == 12:  # the second epoch of the first job
            raise TrainingError("broken")
        return original(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Objective, "forward", breaks)
        assert run_train(*words) == 1
    out, err = capsys.readouterr()
    assert err.splitlines()[-1] == "error: broken"
    retry = out.splitlines()[-1].partition("go on with the others: whytrain train ")[2]
    assert retry.startswith("-m ")
    assert retry.endswith("sweep_name=mine")
    first = summary(workspace)
    assert first["status"].tolist() == ["FAILED", "FINISHED"]
    assert "whytrain compare" not in find_run(uri(workspace), "mine").tags["mlflow.note.content"]
    assert run_train(*retry.split()) == 0
    second = summary(workspace)
    assert second["status"].tolist() == ["FINISHED", "FINISHED"]
    assert second["run_id"].tolist() == first["run_id"].tolist()
    metrics = tracked.metrics(first["run_id"][0])
    assert [place for place, values in metrics.items() if len(values) != 1] == []
    assert ("val/accuracy", 2) in metrics
    assert set(tracked.runs().values()) == {"FINISHED"}


def trained(score: float) -> train.Trained:
    return train.Trained(run_id="", folder=Path(), score=score)


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Dropouts that were tried; a job's score is its distance from 0.3, and no job is trained."""
    tried: list[float] = []

    def quick_train(job: Job, *, began: float | None) -> train.Trained:
        tried.append(job.config.model.dropout)
        return trained(-abs(job.config.model.dropout - 0.3))

    monkeypatch.setattr(train, "train", quick_train)
    return tried


def study(folder: Path) -> optuna.Study:
    return optuna.load_study(study_name="search", storage=f"sqlite:///{folder / 'mlruns' / 'optuna.db'}")


@pytest.mark.parametrize("sampler", ["random", "optuna"])
def test_a_search_goes_on_after_a_restart(
    workspace: Path, run_train: Run, scores: list[float], sampler: str
) -> None:
    words = [*SEARCH, f"sweep={sampler}", "model.dropout=interval(0.0,0.5)"]
    assert run_train(*words, "hydra.sweeper.n_trials=4") == 0
    assert len(set(scores)) == 4
    assert run_train(*words, "hydra.sweeper.n_trials=4") == 0
    assert len(scores) == 4
    assert run_train(*words, "hydra.sweeper.n_trials=6") == 0
    assert len(set(scores)) == 6
    found = study(workspace)
    assert [t.params["model.dropout"] for t in found.trials] == scores
    assert found.best_value == max(-abs(dropout - 0.3) for dropout in scores)


def test_without_more_words_a_search_varies_what_the_config_says(
    workspace: Path, run_train: Run, scores: list[float]
) -> None:
    words = [*SEARCH, "sweep=random", "hydra.sweeper.n_trials=2", "model.dropout=0.2"]
    assert run_train(*words) == 0
    assert scores == [0.2, 0.2]
    for trial in study(workspace).trials:
        assert set(trial.params) == {"objective.label_smoothing"}  # learning rate and dropout are given
        assert 0 <= trial.params["objective.label_smoothing"] <= 0.2


def test_equal_trials_share_a_job_and_failed_ones_are_tried_again(
    workspace: Path, run_train: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, broken = [], [True]

    def sometimes(job: Job, *, began: float | None) -> train.Trained:
        tried.append(job.config.seed)
        if broken and job.config.seed == 1:
            raise TrainingError("broken")
        return trained(float(job.config.seed))

    monkeypatch.setattr(train, "train", sometimes)
    words = [*SEARCH, "sweep=random", "hydra.sweeper.n_trials=8", "seed=0,1"]
    assert run_train(*words, "hydra.sweeper.at_once=8") == 1
    assert sorted(tried) == [0, 1]
    states = [trial.state.name for trial in study(workspace).trials]
    assert set(states) == {"COMPLETE", "FAIL"}
    broken.clear()
    assert run_train(*words, "hydra.sweeper.at_once=8") == 0
    ended = [t for t in study(workspace).trials if t.state.name == "COMPLETE"]
    assert len(ended) == 8
    assert {t.params["seed"] for t in ended} == {"0", "1"}


def test_a_bad_trial_is_given_up(workspace: Path, run_train: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    reported = []

    def trains(job: Job, *, began: float | None) -> train.Trained:
        seed, trial = job.config.seed, current_trial()
        assert trial is not None
        for epoch in range(1, 6):
            if trial.report(seed * epoch, epoch):
                reported.append((seed, epoch))
                break
        return trained(float(seed))

    monkeypatch.setattr(train, "train", trains)
    words = ["sweep=optuna", "hydra.sweeper.startup_trials=2", "seed=range(0,100)"]
    assert run_train(*SEARCH, *words, "hydra.sweeper.n_trials=12", "hydra.sweeper.sampler=random") == 0
    trials = study(workspace).trials
    assert reported
    assert {epoch for _, epoch in reported} == {2}  # after the warm-up
    assert len(reported) == sum(trial.state.name == "PRUNED" for trial in trials)
    best = max(trial.params["seed"] for trial in trials)
    assert best not in [seed for seed, _ in reported]
    assert study(workspace).best_params == {"seed": best}


def test_what_cannot_be_swept_is_told_before_anything_is_written(
    workspace: Path, tracked: Tracked, run_train: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, message in {
        "model.dropout=interval(0,1)": "model.dropout=interval(0,1): a grid needs values; or use sweep=random",
        "sweep=random hydra.sweeper.n_trials=0": "hydra.sweeper.n_trials: input should be greater than or equal",
        "sweep=random hydra.sweeper.sampler=best": "hydra.sweeper.sampler: input should be 'random' or 'tpe'",
        "launcher=parallel hydra.launcher.n_jobs=0": "hydra.launcher.n_jobs: input should be greater than",
        "sweep=optunna": "sweep=optunna: no such choice; did you mean optuna? choices: grid, optuna, random",
        "launcher=paralel": "launcher=paralel: no such choice; did you mean parallel? choices: parallel, ray, ",
        "model=bilstm,bilstmm": "model=bilstmm: no such choice",
        "trainer=default,ddp": "trainer.devices=2: a job of a sweep trains in one process; use trainer=default",
        "sweep=random trainer=ddp": "trainer.devices=2: a job of a sweep trains in one process",
    }.items():
        assert run_train("-m", *SMALL, *words.split()) == 2, words
        assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: {message}"), words
    assert tracked.runs() == {}
