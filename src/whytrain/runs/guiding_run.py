"""What a tracked run's explanations name: words, pairs and sentences that guide the next training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from whytrain.data.corpus import Split
from whytrain.errors import ConfigError, TrackingError
from whytrain.guidance.guidance_settings import FOUND, GuidanceSettings
from whytrain.guidance.training_rows import Named
from whytrain.runs.config import is_private
from whytrain.runs.marks import read_found
from whytrain.runs.model import read_model
from whytrain.runs.ranking import read_pairs, read_words, word_sizes
from whytrain.runs.surrogates import read_disputed
from whytrain.tracking.reader import RunRecord

T = TypeVar("T")
_RANKING = "callbacks.explanations.vocabulary_sentences above 0"


def read_named(run: RunRecord, settings: GuidanceSettings, train: Split) -> Named:
    """Read the words, pairs of words, rows and marks that the settings act on.

    Args:
        run: that the settings name, of the same data and tokenizer.
        settings: with a run.
        train: the sentences that it was trained on.

    Raises:
        ConfigError: the run keeps its words private, explained nothing, or found no shortcut.
    """
    words: Mapping[str, float] = {}
    pairs: list[tuple[str, str]] = []
    marks_found = settings.acts_on_marks and settings.marks == FOUND
    if settings.changes_explained_words or settings.synonyms or marks_found:
        _check_public(run)
    if settings.changes_explained_words:
        words = word_sizes(_read(run, read_words, _RANKING))
    if settings.synonyms:
        table = _read(run, read_pairs, _RANKING)
        pairs = list(zip(table["word_a"], table["word_b"], strict=True))
    return Named(
        words=words,
        pairs=pairs,
        disputed=_read(run, read_disputed, "callbacks.surrogate") if settings.upweight > 1 else [],
        mistaken=_mistaken(run, train) if settings.upweight_errors > 1 else [],
        marks=_read(run, read_found, "callbacks.diagnosis that finds a shortcut") if marks_found else [],
    )


def _mistaken(run: RunRecord, train: Split) -> list[str]:
    """Return the ids of the training rows that a run's model gets wrong."""
    model = _read(run, read_model, "tracking.log_model=true")
    decided = model.probabilities(train.texts).argmax(axis=1)
    return [train.ids[row] for row in np.flatnonzero(decided != train.labels).tolist()]


def _check_public(run: RunRecord) -> None:
    if is_private(run):
        raise ConfigError(
            f"guidance.run={run.name} kept its words private (tracking.log_text=false): only hashes are "
            "known, so no word can be found; use guidance.upweight, or a run with tracking.log_text=true"
        )


def _read(run: RunRecord, read: Callable[[RunRecord], T], made_by: str) -> T:
    try:
        return read(run)
    except TrackingError as error:
        raise ConfigError(f"guidance.run={run.name}: give a run trained with {made_by}; {error}") from error
