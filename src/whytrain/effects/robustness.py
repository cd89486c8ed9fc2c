"""Measures that training did not target: top words removed, not masked; synonyms that it never swapped in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import pandas as pd

from whytrain.data.lexicon import Lexicon, unseen_synonyms
from whytrain.data.words import bare_word, split_words
from whytrain.models.saved import SavedModel

WITHOUT_TOP_WORDS = "robustness/lost_without_top_words"
TO_SYNONYMS = "robustness/lost_to_unseen_synonyms"
UNTARGETED = (WITHOUT_TOP_WORDS, TO_SYNONYMS, "diagnosis/few_token_dependence_removed")


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
