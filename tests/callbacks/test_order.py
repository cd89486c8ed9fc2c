"""The order of callbacks: decided by their phases, whatever order they come in."""

from __future__ import annotations

import random

import pytest
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.calibrate_epoch import CalibrateEpoch
from whytrain.callbacks.checkpoints import Checkpoints
from whytrain.callbacks.describe_model import DescribeModel
from whytrain.callbacks.describe_run import DescribeRun
from whytrain.callbacks.diagnose import Diagnose
from whytrain.callbacks.display.progress import ProgressBars
from whytrain.callbacks.early_stop import EarlyStop
from whytrain.callbacks.explain_epoch import ExplainEpoch
from whytrain.callbacks.fit_surrogates import FitSurrogates
from whytrain.callbacks.history import History
from whytrain.callbacks.log_predictions import LogPredictions
from whytrain.callbacks.order import Phase, in_order, phase_of
from whytrain.callbacks.prune import Prune
from whytrain.callbacks.report import Report
from whytrain.errors import ConfigError

# Who must find what the one before has done; made without a constructor, since only their order matters.
IN_TURN = (
    ProgressBars,
    History,
    DescribeRun,
    LogPredictions,
    CalibrateEpoch,
    ExplainEpoch,
    FitSurrogates,
    Diagnose,
)
IN_TURN += (Report, EarlyStop, Prune, DescribeModel, Checkpoints)


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
        record, own, surrogate, diagnosis = map(
            names.index, ("DescribeRun", "Own", "FitSurrogates", "Diagnose")
        )
        assert record < min(own, names.index("CalibrateEpoch"), names.index("ExplainEpoch"))
        assert max(own, names.index("ExplainEpoch")) < surrogate < diagnosis
        assert names.index("CalibrateEpoch") < names.index("DescribeModel") < len(names) - 1
        assert names[-1] == "Checkpoints"


def test_those_of_one_phase_keep_their_order() -> None:
    assert [type(callback) for callback in in_order(made(*IN_TURN))] == list(IN_TURN)
    assert phase_of(Own()) is Phase.OBSERVE


def test_two_of_a_phase_for_one_are_refused() -> None:
    with pytest.raises(ConfigError, match="Diagnose and Diagnose are both of phase DIAGNOSE"):
        in_order(made(Diagnose, Diagnose))
