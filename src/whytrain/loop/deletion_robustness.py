"""Measures that training did not target: words removed, not masked; synonyms and typing errors never used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import pandas as pd

from whytrain.attribution.attribution import ranking
from whytrain.attribution.reference_sentences import MIN_WORDS, affordable
from whytrain.attribution.removal import removal_of
from whytrain.attribution.shapley.table import coalition_tables
from whytrain.attribution.shapley.values import shapley_values
from whytrain.attribution.target import payoffs
from whytrain.attribution.units import players_of
from whytrain.data.lexicon import Lexicon, unseen_synonyms
from whytrain.data.words import bare_word, split_words
from whytrain.models.saved import SavedModel
from whytrain.robustness.mistyped_rows import right_when_mistyped

WITHOUT_TOP_WORDS = "robustness/lost_without_top_words"
TO_SYNONYMS = "robustness/lost_to_unseen_synonyms"
TO_TYPOS = "robustness/lost_to_unseen_typos"
TOP_TWO_SHARE = "robustness/top_two_share"
WITHOUT_TOP_TWO = "robustness/lost_without_top_two"
UNTARGETED = (
    TOP_TWO_SHARE,
    WITHOUT_TOP_TWO,
    WITHOUT_TOP_WORDS,
    TO_SYNONYMS,
    TO_TYPOS,
    "diagnosis/few_token_dependence_removed",
)
_MOST_WORDS = 10  # of a sentence whose coalitions are all evaluated
_EVALUATIONS = 1 << 17  # of all these sentences together: seconds for a BiLSTM, minutes for a transformer


def on_two_words(model: SavedModel, sentences: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """Ask how much of each sentence rests on its two most important words, absent words being removed.

    Exact Shapley values of the gold class's log-odds, of sentences with 3 to 10 words: all of them, or as
    many as the evaluations allow, the same for all models and drawn at random: a file may be sorted by class.

    Args:
        model: what is tested.
        sentences: columns id, text and label (a class name).

    Returns:
        `TOP_TWO_SHARE`, the share of Σ|φ| in these words, and `WITHOUT_TOP_TWO`, right as it is − right
        without them (1, 0 or −1): float64, indexed by id; nothing where no sentence is so short.
    """
    sentences = sentences.iloc[np.random.default_rng(0).permutation(len(sentences))]
    encodings = (model.tokenizer.encode_words(text, model.max_tokens) for text in sentences["text"])
    fitting = {
        row: players_of(encoding, None)
        for row, encoding in enumerate(encodings)
        if MIN_WORDS <= len(encoding.words) <= _MOST_WORDS
    }
    n_sentences = affordable(list(fitting.values()), lambda n_words: 1 << n_words, _EVALUATIONS)
    chosen = dict(list(fitting.items())[:n_sentences])
    if not chosen:
        return {}
    removed = removal_of("removed", model.interface)
    tables = coalition_tables(model.interface.coalition_model(), list(chosen.values()), removed)
    shares, lost = [], []
    for label, table in zip(sentences["label"].iloc[list(chosen)], tables, strict=True):
        gold = model.class_names.index(label)
        values = shapley_values(payoffs(table.logits, "log_odds", gold))
        top = ranking(values)[:2]
        total = np.abs(values).sum()
        shares.append(float(np.abs(values[top]).sum() / total) if total > 0 else float("nan"))
        without = len(table.logits) - 1 - int((1 << top).sum())
        is_right, stays_right = (table.logits[row].argmax() == gold for row in (-1, without))
        lost.append(float(is_right) - float(stays_right))
    ids = sentences["id"].iloc[list(chosen)].tolist()
    found = {TOP_TWO_SHARE: shares, WITHOUT_TOP_TWO: lost}
    return {name: pd.Series(values, index=ids, dtype="float64").dropna() for name, values in found.items()}


def lost_to_typos(model: SavedModel, sentences: pd.DataFrame) -> pd.Series[float]:
    """Attack sentences by typing errors, in at most two words each, that guided training never uses.

    Args:
        model: what is tested.
        sentences: columns id, text and label (a class name); of many, some are drawn, the same for all
            models.

    Returns:
        Right as it is − right under attack (1 or 0): float64, indexed by id.
    """
    labels = np.array([model.class_names.index(label) for label in sentences["label"]], dtype=np.int64)
    texts = sentences["text"].tolist()
    right = model.probabilities(texts).argmax(axis=1) == labels
    lost = right.astype(np.float64) - right_when_mistyped(model.probabilities, texts, labels)
    return pd.Series(lost, index=sentences["id"].tolist(), dtype="float64").dropna()


def without_words(text: str, words: Collection[str]) -> str:
    """Return a text without words, in lower case and bare of punctuation; as it is where none would be left.

    >>> without_words("A great, great film", {"great"})
    'A film'
    """
    kept = [word for word in split_words(text) if bare_word(word) not in words]
    return " ".join(kept) if kept else text


def with_synonyms(text: str, words: Collection[str], lexicon: Lexicon) -> str:
    """Return a text with each of the words replaced by its first synonym that guided training never uses."""
    return " ".join(
        _synonym(word, lexicon) if bare_word(word) in words else word for word in split_words(text)
    )


def _synonym(word: str, lexicon: Lexicon) -> str:
    bare = bare_word(word)
    return next((word.lower().replace(bare, other, 1) for other in unseen_synonyms(lexicon, bare)), word)


def accuracy_lost(
    model: SavedModel, sentences: pd.DataFrame, change: Callable[[str], str]
) -> pd.Series[float]:
    """Return for each sentence that a change alters: right as it is − right when altered (1, 0 or −1).

    Args:
        model: what is tested.
        sentences: columns id, text and label (a class name).
        change: of a text.

    Returns:
        float64, indexed by id; empty where nothing is altered.
    """
    texts: Sequence[str] = sentences["text"].tolist()
    altered = [change(text) for text in texts]
    moved = [
        " ".join(split_words(a)) != " ".join(split_words(b)) for a, b in zip(texts, altered, strict=True)
    ]
    chosen = sentences[moved]
    labels = chosen["label"].tolist()

    def right(given: Sequence[str]) -> list[float]:
        if not given:
            return []
        predicted = model.probabilities(given).argmax(axis=1)
        return [float(model.class_names[k] == label) for k, label in zip(predicted, labels, strict=True)]

    as_is = right(chosen["text"].tolist())
    changed = right([text for text, is_moved in zip(altered, moved, strict=True) if is_moved])
    lost = [a - b for a, b in zip(as_is, changed, strict=True)]
    return pd.Series(lost, index=chosen["id"].tolist(), dtype="float64")
