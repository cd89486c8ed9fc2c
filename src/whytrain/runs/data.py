"""The data that a run was trained on, read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from whytrain.config.signatures import import_target
from whytrain.errors import TrackingError
from whytrain.runs.config import is_private
from whytrain.runs.predictions import task_of
from whytrain.runs.provenance import data_fingerprint
from whytrain.tracking.reader import RunRecord

if TYPE_CHECKING:
    from whytrain.data.corpus import Corpus
    from whytrain.data.source import Source


def read_corpus(run: RunRecord, config: Mapping[str, Any]) -> Corpus:
    """Return the corpus of a run.

    Args:
        run: the run.
        config: its resolved config, see `whytrain.runs.config.read_config`.

    Raises:
        ConfigError: the data are not there any more.
        DataError: they cannot be read.
        TrackingError: the run keeps its text private, or its data are other ones now.
    """
    if is_private(run):
        raise TrackingError(f"run {run.name} keeps its text private (tracking.log_text=false)")
    settings = dict(config["data"])
    source: Source = import_target(settings.pop("_target_"))(**settings)
    source.prepare()
    corpus: Corpus = source.load(task_of(run))
    known = data_fingerprint(run)
    if known is not None and known != corpus.fingerprint:
        raise TrackingError(
            f"the data of run {run.name} are not what they were when it was trained: give it back its files"
        )
    return corpus
