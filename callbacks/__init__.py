"""Thin Lightning callbacks: when to compute, with which budget, what to log."""

from whytrain.callbacks.checkpoints import Checkpoints
from whytrain.callbacks.describe_model import DescribeModel
from whytrain.callbacks.describe_run import DescribeRun
from whytrain.callbacks.diagnose import Diagnose
from whytrain.callbacks.display.progress import ProgressBars
from whytrain.callbacks.early_stop import EarlyStop
from whytrain.callbacks.guard import guarded, spared
from whytrain.callbacks.history import History
from whytrain.callbacks.log_predictions import LogPredictions
from whytrain.callbacks.measure_continuation import MeasureContinuation
from whytrain.callbacks.order import Phase, in_order
from whytrain.callbacks.prune import Prune
from whytrain.callbacks.report import Report

__all__ = [
    "Checkpoints",
    "DescribeModel",
    "DescribeRun",
    "Diagnose",
    "EarlyStop",
    "History",
    "LogPredictions",
    "MeasureContinuation",
    "Phase",
    "ProgressBars",
    "Prune",
    "Report",
    "guarded",
    "in_order",
    "spared",
]
