"""Thin Lightning shells: optimization, data module, trainer and logger over the framework-free package."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.lightning_modules.assembly import assemble
    from whytrain.lightning_modules.classifier import Classifier
    from whytrain.lightning_modules.data import TextData
    from whytrain.lightning_modules.logger import StoreLogger
    from whytrain.lightning_modules.resume import (
        finished_run,
        finished_score,
        mark_finished,
        read_command_line,
        start_from,
        stopped_run,
        write_command_line,
        write_config,
    )
    from whytrain.lightning_modules.sweep_job import SweepJob
    from whytrain.lightning_modules.trainer import TrainerSettings, make_trainer
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "Classifier",
    "StoreLogger",
    "SweepJob",
    "TextData",
    "TrainerSettings",
    "assemble",
    "finished_run",
    "finished_score",
    "make_trainer",
    "mark_finished",
    "read_command_line",
    "start_from",
    "stopped_run",
    "write_command_line",
    "write_config",
]
