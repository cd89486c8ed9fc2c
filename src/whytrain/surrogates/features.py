"""Features of a sentence that a person can read: words, pairs of words, and its form."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from whytrain.data.words import bare_word, split_words
from whytrain.slices.slice_columns import is_negated
from whytrain.surrogates.evidence import Kind

Name = Callable[[str], str]  # what stands for a word: itself, or a hash where text is private


@cache
def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")


FORMS: dict[str, Callable[[str], int]] = {
    "length in words": lambda text: len(split_words(text)),
    "punctuation marks": lambda text: sum(map(_is_punctuation, text)),
    "question marks": lambda text: text.count("?") + text.count("\uff1f"),
    "exclamation marks": lambda text: text.count("!") + text.count("\uff01"),
}
TOGETHER = "all words together"  # what a sum of words is called, before “for <class>”
NEGATION = "negation"  # English; see `is_negated`


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A column of a surrogate's input.

    Attributes:
        kind: where it comes from.
        words: the word, the two words of a pair, all words that a score counts; bare and in lower case.
        what: the name, unless it is made of the words.
        weights: what each word adds to a score.
        unit: what is counted, of a count.
    """

    kind: Kind
    words: tuple[str, ...] = ()
    what: str = ""
    weights: tuple[float, ...] = ()
    unit: str = ""

    @property
    def is_presence(self) -> bool:
        """Whether it is 1 where something is present and 0 elsewhere."""
        return self.kind in ("word", "pair") or self.what == NEGATION

    def name(self, show: Name) -> str:
        """Return what people read: “bad”, “not” + “bad”, length in words."""
        return self.what or " + ".join(f"“{show(word)}”" for word in self.words)


def explained_sum(features: Sequence[Feature], show: Name) -> str:
    """Return what a sum of words is, with the words that add most either way; nothing where there is none."""
    score = next((feature for feature in features if feature.kind == "score"), None)
    if score is None:
        return ""
    order = np.argsort(score.weights)
    told = [
        f"“{show(score.words[i])}” {score.weights[i]:+.2f}".replace("-", "−")
        for i in dict.fromkeys(order[[-1, 0]])
    ]
    return (
        f"{TOGETHER}: each word adds its mean Shapley value (log-odds) in explained sentences, such as "
        f"{', '.join(told)} {score.what.removeprefix(f'{TOGETHER} ')}"
    )


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Sentences as surrogates see them.

    Attributes:
        features: the n_features columns.
        values: (n, n_features), sparse float64 for words, pairs and form, or float32 for what a network
            computes.
    """

    features: tuple[Feature, ...]
    values: sparse.csr_array | NDArray[np.floating]

    def select(self, rows: NDArray[np.int64]) -> FeatureTable:
        """Return the given rows, int64 (n_chosen,), in the given order."""
        return FeatureTable(self.features, self.values[rows])

    def joined(self, other: FeatureTable) -> FeatureTable:
        """Return the sentences of both, the other's below these; the columns are the same."""
        if sparse.issparse(self.values):
            return FeatureTable(self.features, sparse.vstack([self.values, other.values], format="csr"))
        return FeatureTable(self.features, np.concatenate([self.values, other.values]))


@dataclass(frozen=True, eq=False)
class ReadSentences:
    """Sentences of which any readable feature can be made without reading them again.

    Attributes:
        presence: float64 (n, n_words), 1 where a word is present; columns as in `WordCounter.words`.
        form: length, punctuation and negation.
    """

    presence: sparse.csr_array
    form: FeatureTable

    def select(self, rows: NDArray[np.int64]) -> ReadSentences:
        """Return the given rows, int64 (n_chosen,), in the given order."""
        return ReadSentences(self.presence[rows], self.form.select(rows))

    def table(self, columns: dict[str, int], chosen: Sequence[Feature]) -> FeatureTable:
        """Put the chosen features and the sentences' form beside each other.

        A word or a pair counts 1 where all of it is present, in any order.

        Args:
            columns: the column of each word.
            chosen: words, pairs of words and scores.
        """
        words, pairs, scores = ([f for f in chosen if f.kind == kind] for kind in ("word", "pair", "score"))
        first, second = (self.presence[:, [columns[f.words[i]] for f in pairs]] for i in (0, 1))
        weights = np.zeros((self.presence.shape[1], len(scores)))
        for i, score in enumerate(scores):
            weights[[columns[word] for word in score.words], i] = score.weights
        values = sparse.hstack(
            [
                self.presence[:, [columns[f.words[0]] for f in words]],
                first.multiply(second),
                sparse.csr_array(self.presence @ weights),
                sparse.csr_array(self.form.values),
            ],
            format="csr",
        )
        return FeatureTable((*words, *pairs, *scores, *self.form.features), sparse.csr_array(values))


class WordCounter:
    """Reads sentences for the words of others.

    Attributes:
        words: the column of each word, bare and in lower case (`bare_word`).
    """

    def __init__(self, texts: Sequence[str]) -> None:
        """Take the words of these sentences; whatever else is read is read for them."""
        from sklearn.feature_extraction.text import CountVectorizer

        self._counter = CountVectorizer(
            tokenizer=_bare_words, token_pattern=None, binary=True, dtype=np.float64
        )
        self._counter.fit(texts)
        self.words: dict[str, int] = self._counter.vocabulary_

    def read(self, texts: Sequence[str]) -> ReadSentences:
        """Read sentences."""
        return ReadSentences(sparse.csr_array(self._counter.transform(texts)), _form(texts))


def _bare_words(text: str) -> list[str]:
    return [bare_word(word) for word in split_words(text)]


def _form(texts: Sequence[str]) -> FeatureTable:
    columns: list[Any] = [[form(text) for text in texts] for form in FORMS.values()]
    columns.append(is_negated(texts) == "yes")
    units = {name: name.removeprefix("length in ") for name in FORMS}
    features = tuple(Feature(kind="form", what=name, unit=units.get(name, "")) for name in [*FORMS, NEGATION])
    return FeatureTable(features, np.array(columns, dtype=np.float64).T)
