"""The order of callbacks: decided by their phases, whatever order they come in."""

from __future__ import annotations

import random

import pytest
from pytorch_lightning.callbacks import Callback
from whytrain.callbacks.calibration import Calibration
from whytrain.callbacks.diagnosis import Diagnosis
from whytrain.callbacks.model_record import ModelRecord
from whytrain.callbacks.predictions import Predictions
from whytrain.callbacks.run_record import RunRecord
from whytrain.callbacks.surrogate import Surrogate

from whytrain.callbacks.checkpoints import Checkpoints
from whytrain.callbacks.early_stop import EarlyStop
from whytrain.callbacks.explain_epoch import ExplainEpoch
from whytrain.callbacks.history import History
from whytrain.callbacks.order import Phase, in_order, phase_of
from whytrain.callbacks.progress import ProgressBars
from whytrain.callbacks.prune import Prune
from whytrain.errors import ConfigError

# Who must find what the one before has done; made without a constructor, since only their order matters.
IN_TURN = (ProgressBars, History, RunRecord, Predictions, Calibration, ExplainEpoch, Surrogate, Diagnosis)
IN_TURN += (EarlyStop, Prune, ModelRecord, Checkpoints)


class Own(Callback):
    """A user's callback that says nothing of its phase."""


def made(*classes: type[Callback]) -> list[Callback]:
    return [kind.__new__(kind) for kind in classes]


def test_any_order_becomes_the_right_one() -> None:
    for seed in range(20):
        shuffled = made(*IN_TURN, Own)
        random.Random(seed).shuffle(shuffled)
        phases = [phase_of(callback) for callback in in_order(shuffled)]
        names = [type(callback).__name__ for callback in in_order(shuffled)]
        assert phases == sorted(phases)
        record, own, surrogate, diagnosis = map(names.index, ("RunRecord", "Own", "Surrogate", "Diagnosis"))
        assert record < min(own, names.index("Calibration"), names.index("ExplainEpoch"))
        assert max(own, names.index("ExplainEpoch")) < surrogate < diagnosis
        assert names.index("Calibration") < names.index("ModelRecord") < len(names) - 1
        assert names[-1] == "Checkpoints"


def test_those_of_one_phase_keep_their_order() -> None:
    assert [type(callback) for callback in in_order(made(*IN_TURN))] == list(IN_TURN)
    assert phase_of(Own()) is Phase.OBSERVE


def test_two_of_a_phase_for_one_are_refused() -> None:
    with pytest.raises(ConfigError, match="Diagnosis and Diagnosis are both of phase DIAGNOSE"):
        in_order(made(Diagnosis, Diagnosis))
