"""How usual a sentence is in a corpus: a trigram model with interpolated Kneser-Ney smoothing."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from whytrain.data.words import bare_word, split_words

_DISCOUNT = 0.75  # taken from each count that was seen, the usual value for few counts of 1 and 2
_BEGIN, _END = "\x02", "\x03"  # no words of any text
_ORDER = 3
_LOOKED_AT = 5  # words that are weighed, per word that is wanted

Gram = tuple[str, ...]


class Fluency:
    r"""The probability of words after the two before them, as a corpus has them.

    p(w | u v) = max(c(u v w) - d, 0) / c(u v) + d·n(u v •) / c(u v) · p(w | v), c the counts, n(u v •) how
    many different words follow. The lower orders count after how many different words a gram stands,
    not how often; below one word every word of the corpus, and one that is not in it, is equally likely.

    References:
        Chen, Goodman (1999), An empirical study of smoothing techniques for language modeling, section 2.7.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        """Count the words of a corpus, in lower case and without the signs around them."""
        grams = Counter(gram for text in texts for gram in _grams(words_of(text)))
        self._counts: list[Counter[Gram]] = [Counter() for _ in range(_ORDER)]
        self._counts[-1] = grams
        for order in range(_ORDER - 2, -1, -1):  # in how many different contexts each shorter gram stands
            self._counts[order] = Counter(gram[1:] for gram in self._counts[order + 1])
        self._total: list[dict[Gram, int]] = []
        self._kinds: list[dict[Gram, int]] = []
        for counts in self._counts:
            total: dict[Gram, int] = defaultdict(int)
            kinds: dict[Gram, int] = defaultdict(int)
            for gram, count in counts.items():
                total[gram[:-1]] += count
                kinds[gram[:-1]] += 1
            self._total.append(dict(total))
            self._kinds.append(dict(kinds))
        self._uniform = 1 / (len(self._counts[0]) + 1)
        self._beside: tuple[dict[str, Counter[str]], dict[str, Counter[str]]] | None = None

    def probability(self, word: str, before: Gram) -> float:
        """Return p(word | the words before it), at most two of which count."""
        gram = (*before[-(_ORDER - 1) :], word)
        value = self._uniform
        for order in range(len(gram)):
            part = gram[len(gram) - order - 1 :]
            total = self._total[order].get(part[:-1], 0)
            if total:
                kinds = self._kinds[order][part[:-1]]
                value = (max(self._counts[order][part] - _DISCOUNT, 0.0) + _DISCOUNT * kinds * value) / total
        return value

    def log_probability(self, words: Sequence[str]) -> float:
        """Return the log-probability of a sentence of bare words, its end included, in nats; at most 0."""
        return sum(math.log(self.probability(gram[-1], gram[:-1])) for gram in _grams(words))

    def change(self, words: Sequence[str], changes: dict[int, str]) -> float:
        """Return by how many nats other words at some places make a sentence likelier; below 0: less so.

        Only the trigrams that hold a changed word are looked at.
        """
        new = [changes.get(place, word) for place, word in enumerate(words)]
        touched = {end for place in changes for end in range(place, place + _ORDER)}
        old_grams, new_grams = list(_grams(words)), list(_grams(new))
        return sum(
            math.log(self.probability(new_grams[end][-1], new_grams[end][:-1]))
            - math.log(self.probability(old_grams[end][-1], old_grams[end][:-1]))
            for end in touched
            if end < len(new_grams)
        )

    def fitting(self, words: Sequence[str], place: int, n: int) -> list[str]:
        """Return the n words that fit best at a place, of those that stand somewhere beside its neighbors.

        By p(w | two before) · p(next | one before, w): what is usual there, whatever it means.
        """
        after, before = self._neighbors()
        left = words[place - 1] if place else _BEGIN
        right = words[place + 1] if place + 1 < len(words) else _END
        follows, precedes = after.get(left, Counter()), before.get(right, Counter())
        possible = (follows.keys() | precedes.keys()) - {_BEGIN, _END, words[place]}
        # Of thousands beside a frequent word those that stand beside both neighbors, most often first.
        beside = {word: (1 + follows[word]) * (1 + precedes[word]) for word in possible}
        likely = heapq.nsmallest(_LOOKED_AT * n, possible, key=lambda word: (-beside[word], word))
        fits = {word: self.change(words, {place: word}) for word in likely}
        return sorted(fits, key=lambda word: (-fits[word], word))[:n]

    def _neighbors(self) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]]]:
        """Return which words stand after each word, and which before."""
        if self._beside is None:
            after: dict[str, Counter[str]] = defaultdict(Counter)
            before: dict[str, Counter[str]] = defaultdict(Counter)
            for (left, right), count in self._counts[1].items():
                after[left][right] += count
                before[right][left] += count
            self._beside = dict(after), dict(before)
        return self._beside


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case and without the signs around them."""
    return [bare_word(word) for word in split_words(text)]


def _grams(words: Sequence[str]) -> Iterable[Gram]:
    """Return for each word, and the end, the gram that ends in it."""
    framed = [*[_BEGIN] * (_ORDER - 1), *words, _END]
    return (tuple(framed[end - _ORDER + 1 : end + 1]) for end in range(_ORDER - 1, len(framed)))
