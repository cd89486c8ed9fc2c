"""The data that a run was trained on, read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from whytrain.config.signatures import import_target
from whytrain.continual.replay import with_replay
from whytrain.errors import TrackingError
from whytrain.runs.config import is_private, read_config
from whytrain.runs.provenance import data_fingerprint
from whytrain.tracking.reader import RunRecord, find_run

if TYPE_CHECKING:
    from whytrain.data.corpus import Corpus
    from whytrain.data.source import Source


def read_corpus(run: RunRecord, config: Mapping[str, Any]) -> Corpus:
    """Return the corpus of a run.

    Args:
        run: the run.
        config: its resolved config, see `whytrain.runs.config.read_config`.

    Raises:
        TrackingError: the run keeps its text private, or see `learned_corpus`.
    """
    if is_private(run):
        raise TrackingError(f"run {run.name} keeps its text private (tracking.log_text=false)")
    return learned_corpus(run, config)


def learned_corpus(run: RunRecord, config: Mapping[str, Any]) -> Corpus:
    """Return what a run learned from, for another training: of a private run, too.

    Where it went on from another run (`continue_from`), that is with what it learned again.

    Args:
        run: the run.
        config: its resolved config.

    Raises:
        ConfigError: the data are not there any more.
        DataError: they cannot be read.
        TrackingError: they are other ones now.
    """
    source: Source = _made(config["data"])
    source.look()
    source.prepare()
    corpus = source.load(_made(config["task"]))
    if (before := config.get("continue_from")) is not None:
        earlier = find_run(run.uri, before)
        old = learned_corpus(earlier, read_config(earlier))
        corpus = with_replay(corpus, old, share=config["replay"], seed=config["seed"])
    known = data_fingerprint(run)
    if known is not None and known != corpus.fingerprint:
        raise TrackingError(
            f"the data of run {run.name} are not what they were when it was trained: give it back its files"
        )
    return corpus


def _made(section: Mapping[str, Any]) -> Any:
    settings = dict(section)
    return import_target(settings.pop("_target_"))(**settings)
