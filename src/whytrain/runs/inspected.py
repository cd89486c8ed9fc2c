"""A run as analyses see it, and what they answered, kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from whytrain.analyses.analysis import AnalysisResult
from whytrain.analyses.subject import Subject
from whytrain.runs.checkpoints import read_weights
from whytrain.runs.config import read_config
from whytrain.runs.data import read_corpus
from whytrain.runs.model import read_model
from whytrain.runs.table import TableRecord
from whytrain.tracking.reader import RunRecord

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from whytrain.data.treebank import LabelledTree
    from whytrain.tracking.finished_run import FinishedRun

_TOPIC = "inspect"


def subject_of(
    run: RunRecord,
    *,
    device: torch.device | str = "cpu",
    seed: int,
    level: float,
    text: str | None = None,
    other: str | None = None,
    trees: tuple[LabelledTree, ...] = (),
) -> Subject:
    """Read a run's model and data; the arguments are those of `Subject`.

    Raises:
        ConfigError: the data are not there any more.
        DataError: they cannot be read.
        TrackingError: the run logged no model, keeps its text private, or its data are other ones now.
    """
    corpus = read_corpus(run, read_config(run))
    return Subject(
        saved=read_model(run, device=device),
        train=corpus.train,
        validation=corpus.validation,
        seed=seed,
        level=level,
        text=text,
        other=other,
        trees=trees,
        checkpoints=read_weights(run),
    )


def log_analyses(run: FinishedRun, results: Mapping[str, AnalysisResult]) -> None:
    """Keep the tables and numbers of analyses by name, in the place of earlier ones.

    Raises:
        TrackingError: the run cannot be reached.
    """
    for name, result in results.items():
        for topic, frame in result.tables.items():
            _record(name, topic, tuple(c for c in result.text_columns if c in frame)).log(run, frame)
        run.log_metrics({f"{_TOPIC}/{name}/{key}": value for key, value in result.metrics.items()})


def read_analysis(run: RunRecord, name: str, table: str) -> pd.DataFrame:
    """Return a table that an analysis made of a run, the newest.

    Raises:
        TrackingError: it was never asked.
    """
    return _record(name, table).read(run)


def _record(name: str, table: str, text_columns: tuple[str, ...] = ()) -> TableRecord:
    return TableRecord(topic=_TOPIC, name=f"{name}_{table}", columns=(), text_columns=text_columns)
