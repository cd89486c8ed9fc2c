"""What a tracked run's explanations name, for the training of the next one."""

from __future__ import annotations

import pandas as pd

from whytrain.attribution.tables import sure_size
from whytrain.errors import ConfigError, TrackingError
from whytrain.guidance.guidance import Explained
from whytrain.guidance.guidance_settings import GuidanceSettings
from whytrain.tracking.reader import RunRecord, config, find_run, read_table

DATA_TAG, TOKENIZER_TAG = "data_fingerprint", "tokenizer_fingerprint"


def read_explained(
    uri: str, settings: GuidanceSettings, data_fingerprint: str, tokenizer_fingerprint: str
) -> Explained:
    """Read what the settings act on from the run that they name.

    Args:
        uri: absolute tracking address.
        settings: with a run.
        data_fingerprint: of the corpus that is trained on now.
        tokenizer_fingerprint: of its tokenizer.

    Raises:
        TrackingError: there is no such run.
        ConfigError: it had other data or another tokenizer, keeps its words private, or explained nothing.
    """
    assert settings.run is not None
    run = find_run(uri, settings.run)
    check_same(run, "guidance.run", DATA_TAG, data_fingerprint, "data")
    check_same(run, "guidance.run", TOKENIZER_TAG, tokenizer_fingerprint, "tokenizer")
    words: dict[str, float] = {}
    pairs, disputed = [], []
    if settings.changes_words:
        words = word_sizes(_words(run, "vocabulary", "callbacks.explanations.vocabulary_sentences above 0"))
    if settings.synonyms:
        table = _words(run, "pairs", "callbacks.explanations.vocabulary_sentences above 0")
        pairs = list(zip(table["word_a"], table["word_b"], strict=True))
    if settings.weighs_rows:
        table = _table(run, "surrogate", "disagreement", "callbacks.surrogate")
        disputed = table.loc[table["split"] == "train", "id"].astype(str).tolist()
    return Explained(words, pairs, disputed)


def word_sizes(vocabulary: pd.DataFrame) -> dict[str, float]:
    """Return the sure size of each word's Shapley values, of several classes the largest, in table order.

    Args:
        vocabulary: a run's table `shapley/vocabulary`.
    """
    vocabulary = vocabulary.rename(columns={"phi": "score"})  # of runs before scores had one name
    sizes = vocabulary.assign(size=sure_size(vocabulary, "score"))
    largest = sizes.groupby("word", sort=False)["size"].max()
    return {str(word): float(size) for word, size in largest.items()}


def check_same(run: RunRecord, key: str, tag: str, ours: str, what: str) -> None:
    """Raise ConfigError where a run's tag says that its data or tokenizer was another."""
    theirs = run.tags.get(tag, "unknown")
    if theirs != ours:
        raise ConfigError(
            f"{key}={run.name} had other {what} (fingerprint {theirs[:8]}, here {ours[:8]}): give a run "
            f"with the same {what}= and data.split_seed"
        )


def _words(run: RunRecord, name: str, made_by: str) -> pd.DataFrame:
    if not config(run)["tracking"]["log_text"]:
        raise ConfigError(
            f"guidance.run={run.name} kept its words private (tracking.log_text=false): only hashes are "
            "known, so no word can be found; use guidance.upweight, or a run with tracking.log_text=true"
        )
    return _table(run, "shapley", name, made_by)


def _table(run: RunRecord, topic: str, name: str, made_by: str) -> pd.DataFrame:
    try:
        return read_table(run, topic, name=name)
    except TrackingError as error:
        raise ConfigError(
            f"guidance.run={run.name} has no table {topic}/{name}: give a run trained with {made_by}; {error}"
        ) from error
