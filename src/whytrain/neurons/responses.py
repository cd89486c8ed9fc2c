"""What units respond to: phrases of the corpus, and words by what their presence changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.data.tokenization import Tokenizer
from whytrain.data.words import bare_word, split_words
from whytrain.models.batch_runner import split_of
from whytrain.models.interface import ModelInterface
from whytrain.neurons.unit_values import activations
from whytrain.patching.pairs import without_word
from whytrain.probing.states import split_of_encodings
from whytrain.statistics.intervals import Interval, t_interval

Array = NDArray[np.float64]
_LONGEST = 5  # words of a phrase
_OFTEN = 3  # occurrences of a word: of fewer no interval is worth anything


@dataclass(frozen=True, kw_only=True, eq=False)
class Phrases:
    """Phrases of a corpus, each read alone, and the values of the units there.

    Attributes:
        texts: n phrases.
        values: (n, n_units).
    """

    texts: tuple[str, ...]
    values: Array

    def strongest(self, unit: int, n: int, *, lowest: bool = False) -> list[tuple[str, float]]:
        """Return the n phrases with the highest (lowest) value, none of them a part of another."""
        found: list[tuple[str, float]] = []
        order = np.argsort(self.values[:, unit] if lowest else -self.values[:, unit], kind="stable")
        for row in order.tolist():
            text = self.texts[row]
            if all(f" {text} " not in f" {o} " and f" {o} " not in f" {text} " for o, _ in found):
                found.append((text, float(self.values[row, unit])))
            if len(found) == n:
                break
        return found


def read_phrases(
    model: ModelInterface, texts: Sequence[str], layer: str, n: int, rng: np.random.Generator
) -> Phrases:
    """Draw n distinct phrases of one to five words from texts, and read each alone."""
    words = [split_words(text) for text in texts]
    drawn: dict[str, None] = {}
    lengths = np.array([len(of_text) for of_text in words])
    for _ in range(4 * n):  # the same ones come again
        row = int(rng.choice(len(words), p=lengths / lengths.sum()))
        size = int(rng.integers(1, _LONGEST + 1))
        begin = int(rng.integers(max(1, lengths[row] - size + 1)))
        drawn[" ".join(words[row][begin : begin + size])] = None
        if len(drawn) == n:
            break
    phrases = tuple(drawn)
    return Phrases(texts=phrases, values=activations(model, split_of(phrases, model), layer).values)


@dataclass(frozen=True, kw_only=True, eq=False)
class WordEffects:
    """By how much the presence of words raises units.

    Attributes:
        words: of each occurrence, in lower case and without punctuation around.
        raised: (n_occurrences, n_units), the value in the text less that without the word.
    """

    words: NDArray[np.str_]
    raised: Array

    def strongest(self, unit: int, n: int, level: float) -> list[tuple[str, Interval]]:
        """Return the words that move a unit most, in either direction, with intervals over occurrences.

        Words with fewer than three occurrences, and with intervals that hold 0, are left out.
        """
        types, type_of, counts = np.unique(self.words, return_inverse=True, return_counts=True)
        sums = np.bincount(type_of, self.raised[:, unit])
        often = np.flatnonzero(counts >= _OFTEN)
        found: list[tuple[str, Interval]] = []
        for kind in often[np.argsort(-np.abs(sums / counts)[often], kind="stable")].tolist():
            interval = t_interval(self.raised[type_of == kind, unit], level)
            if not interval.contains(0):
                found.append((str(types[kind]), interval))
            if len(found) == n:
                break
        return found


def word_effects(
    model: ModelInterface, texts: Iterable[str], layer: str, words: Collection[str]
) -> WordEffects:
    """Take words of texts away in turn, as suits the model, and see which units fall.

    Args:
        model: which shows its layers.
        texts: where the words occur, at least once.
        layer: whose units.
        words: in lower case and without punctuation around.
    """
    found: list[str] = []
    raised: list[Array] = []
    for text in texts:
        encoding = model.tokenizer.encode_words(text, model.max_tokens)
        places = [place for place, word in enumerate(encoding.words) if bare_word(word) in words]
        if not places:
            continue
        pairs = [without_word(encoding, place, model) for place in places]
        without = [encoding._replace(token_ids=pair.other_ids) for pair in pairs]
        split = split_of_encodings([encoding, *without], model.tokenizer.padding_id)
        values = activations(model, split, layer).values
        found += [bare_word(encoding.words[place]) for place in places]
        raised.append(values[0] - values[1:])
    return WordEffects(words=np.array(found), raised=np.concatenate(raised))


def texts_with(words: Collection[str], texts: Iterable[str], n: int) -> list[str]:
    """Return texts of two words and more in which words occur, until there are n of each word."""
    missing, found = dict.fromkeys(words, n), []
    for text in texts:
        here = set(map(bare_word, split_words(text)))
        wanted = [word for word in here if missing.get(word, 0) > 0]
        if wanted and len(here) > 1:
            found.append(text)
            missing.update({word: missing[word] - 1 for word in wanted})
    return found


def known_words(texts: Sequence[str], tokenizer: Tokenizer, most: int) -> tuple[str, ...]:
    """Return the most frequent words of texts whose tokens the model knows, the most frequent first."""
    words = [bare_word(word) for text in texts for word in split_words(text)]
    types, counts = np.unique([w for w in words if any(map(str.isalnum, w))], return_counts=True)
    ordered = types[np.argsort(-counts, kind="stable")][: 2 * most].tolist()
    pieces = tokenizer.pieces(ordered)
    return tuple(
        word for word, ids in zip(ordered, pieces, strict=True) if ids and tokenizer.unknown_id not in ids
    )[:most]
