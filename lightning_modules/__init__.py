"""Thin Lightning shells: optimization, data module, trainer and logger over the framework-free package."""

from lightning_modules.assembly import assemble
from lightning_modules.classifier import Classifier
from lightning_modules.data import TextData
from lightning_modules.logger import StoreLogger
from lightning_modules.resume import finished_score, mark_finished, stopped_run, write_config
from lightning_modules.sweep_job import SweepJob
from lightning_modules.trainer import TrainerSettings, make_trainer

__all__ = [
    "Classifier",
    "StoreLogger",
    "SweepJob",
    "TextData",
    "TrainerSettings",
    "assemble",
    "finished_score",
    "make_trainer",
    "mark_finished",
    "stopped_run",
    "write_config",
]
