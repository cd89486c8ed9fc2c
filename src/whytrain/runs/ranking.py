"""Which words, and pairs of words, decide in a run's training sentences: the ranking of its best epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whytrain.attribution.tables import sure_size
from whytrain.runs.table import TableRecord
from whytrain.tracking.reader import RunRecord

if TYPE_CHECKING:
    import pandas as pd

    from whytrain.tracking.recorder import Recorder

_RENAMED = {"absence": "variant", "phi": "score"}


def log_ranking(store: Recorder, method: str, words: pd.DataFrame, pairs: pd.DataFrame | None) -> None:
    """Log what a method ranks.

    Args:
        store: of the run.
        method: name of the explainer.
        words: see `whytrain.attribution.tables.word_table`.
        pairs: see `pair_table` there; None of a method that says nothing of pairs.
    """
    _words(method).log(store, words)
    if pairs is not None:
        _pairs(method).log(store, pairs)


def read_words(run: RunRecord, method: str = "shapley") -> pd.DataFrame:
    """Return the ranking of words, hashed where the run is private.

    Raises:
        TrackingError: the run ranked none by this method.
    """
    return _words(method).read(run)


def read_pairs(run: RunRecord, method: str = "shapley") -> pd.DataFrame:
    """Return the ranking of pairs of words, hashed where the run is private.

    Raises:
        TrackingError: the run ranked none by this method.
    """
    return _pairs(method).read(run)


def word_sizes(words: pd.DataFrame) -> dict[str, float]:
    """Return the sure size of each word's scores, of several classes the largest, in table order.

    Args:
        words: a ranking of words.
    """
    sizes = words.assign(size=sure_size(words, "score"))
    largest = sizes.groupby("word", sort=False)["size"].max()
    return {str(word): float(size) for word, size in largest.items()}


def _words(method: str) -> TableRecord:
    return TableRecord(
        topic=method,
        name="vocabulary",
        columns=("word", "score", "standard_error"),
        text_columns=("word",),
        renamed=_RENAMED,
    )


def _pairs(method: str) -> TableRecord:
    return TableRecord(
        topic=method,
        name="pairs",
        columns=("word_a", "word_b", "interaction"),
        text_columns=("word_a", "word_b"),
        renamed=_RENAMED,
    )
