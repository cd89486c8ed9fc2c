"""A job's trial: reported once per epoch, given up below the median of the others."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest

from whytrain.callbacks import Prune
from whytrain.sweeps.trial import PRUNED, VARIABLE, Trial, current_trial

# Optuna leaves its connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def storage(tmp_path: Path) -> str:
    """A study in which two trials have reached 0.8 in each of three epochs."""
    address = f"sqlite:///{tmp_path / 'study.db'}"
    study = optuna.create_study(storage=address, study_name="s", direction="maximize")
    for _ in range(2):
        trial = study.ask()
        for epoch in (1, 2, 3):
            trial.report(0.8, epoch)
        study.tell(trial, 0.8)
    study.ask()
    return address


def made(storage: str) -> Trial:
    return Trial(storage=storage, study="s", number=2, startup_trials=2, warmup_epochs=1)


def stored(storage: str) -> Any:
    return optuna.load_study(study_name="s", storage=storage).trials[2]


def test_it_travels_in_the_environment(storage: str) -> None:
    trial = made(storage)
    assert current_trial({VARIABLE: trial.environment()}) == trial
    assert current_trial({}) is None


def test_it_is_given_up_below_the_median_after_the_warm_up(storage: str) -> None:
    trial = made(storage)
    assert not trial.report(0.1, 1)
    assert trial.report(0.2, 2)
    assert stored(storage).user_attrs == {PRUNED: 2}
    assert stored(storage).intermediate_values == {1: 0.1, 2: 0.2}


def test_a_good_one_goes_on_and_a_resumed_one_reports_nothing_twice(storage: str) -> None:
    first = made(storage)
    assert not any(first.report(0.9, epoch) for epoch in (1, 2))
    again = made(storage)
    assert not any(again.report(0.9, epoch) for epoch in (1, 2, 3))
    assert stored(storage).intermediate_values == {1: 0.9, 2: 0.9, 3: 0.9}


@pytest.mark.parametrize(("score", "stops"), [(0.1, True), (0.9, False)])
def test_the_callback_stops_the_training(
    storage: str, monkeypatch: pytest.MonkeyPatch, score: float, stops: bool
) -> None:
    monkeypatch.setenv(VARIABLE, made(storage).environment())
    callback = Prune(SimpleNamespace(monitor="val/accuracy"))
    tags: dict[str, str] = {}
    trainer: Any = SimpleNamespace(
        current_epoch=1,
        callback_metrics={"val/accuracy": score},
        is_global_zero=True,
        world_size=1,
        should_stop=False,
        logger=SimpleNamespace(experiment=SimpleNamespace(set_tags=tags.update)),
    )
    callback.on_validation_end(trainer, SimpleNamespace())  # type: ignore[arg-type]
    assert trainer.should_stop is stops
    assert tags == ({PRUNED: "epoch 2"} if stops else {})


def test_it_rests_outside_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    callback = Prune(SimpleNamespace(monitor="val/accuracy"))
    callback.on_validation_end(SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type]
