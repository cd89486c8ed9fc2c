"""What a tracked run's explanations name: words, pairs and sentences that guide the next training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from whytrain.errors import ConfigError, TrackingError
from whytrain.guidance.guidance import Explained
from whytrain.guidance.guidance_settings import GuidanceSettings
from whytrain.runs.config import is_private
from whytrain.runs.ranking import read_pairs, read_words, word_sizes
from whytrain.runs.surrogates import read_disputed
from whytrain.tracking.reader import RunRecord

T = TypeVar("T")
_RANKING = "callbacks.explanations.vocabulary_sentences above 0"


def read_explained(run: RunRecord, settings: GuidanceSettings) -> Explained:
    """Read the words, pairs of words and sentences that the settings act on.

    Args:
        run: that the settings name, of the same data and tokenizer.
        settings: with a run.

    Raises:
        ConfigError: the run keeps its words private, or explained nothing.
    """
    words: Mapping[str, float] = {}
    pairs: list[tuple[str, str]] = []
    if settings.changes_words or settings.synonyms:
        _check_public(run)
    if settings.changes_words:
        words = word_sizes(_read(run, read_words, _RANKING))
    if settings.synonyms:
        table = _read(run, read_pairs, _RANKING)
        pairs = list(zip(table["word_a"], table["word_b"], strict=True))
    disputed = _read(run, read_disputed, "callbacks.surrogate") if settings.weighs_rows else []
    return Explained(words=words, pairs=pairs, disputed=disputed)


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
