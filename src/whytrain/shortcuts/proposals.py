"""Which words, pairs and ordered pairs are worth asking a model about: counts in labeled texts say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.shortcuts.features import Feature

FEWEST_ROWS = 20  # with fewer a word says little about a class
TOLD, FREQUENT = 50, 40  # words by their association with a class, and by their frequency
PAIRED = 300  # words among which pairs are looked at
PAIRS = 15  # of each kind
_Counts = NDArray[np.float64]


def propose(texts: Sequence[Sequence[str]], labels: NDArray[np.int64], n_classes: int) -> list[Feature]:
    """Return features whose presence, or order, goes with a class, and the most frequent words.

    Words: by the largest |z| of a class's share among the rows that have the word against its share in all
    rows. Pairs: by the smaller of two |z|, of the rows with both words against those with the first alone and
    those with the second alone, which must agree in sign: each word alone says less, or the opposite. Ordered
    pairs: by |z| of the rows in which a comes before b against those in which b comes before a.

    Args:
        texts: words of each text, as `bare_word` writes them.
        labels: int64 (n,), class indices.
        n_classes: number of classes.
    """
    rows_with = Counter(word for words in texts for word in set(words))
    vocabulary = [word for word, n in rows_with.most_common() if n >= FEWEST_ROWS]
    if not vocabulary:
        return []
    places = _first_places(texts, vocabulary)
    one_hot = np.eye(n_classes)[labels]
    size = len(vocabulary)
    counts: _Counts = np.bincount(places[1], minlength=size).astype(np.float64)
    of_class: _Counts = np.stack(
        [np.bincount(places[1], weights=column[places[0]], minlength=size) for column in one_hot.T]
    ).astype(np.float64)
    of_all: _Counts = one_hot.sum(axis=0)[:, None]
    told = _largest(_z(of_class, counts, of_all, float(len(texts))))
    by_told = np.argsort(-told, kind="stable")
    words = dict.fromkeys([*by_told[:TOLD].tolist(), *range(min(FREQUENT, len(vocabulary)))])
    found = [Feature(kind="words", words=(vocabulary[i],)) for i in words]
    looked = np.array(
        list(dict.fromkeys([*range(min(2 * PAIRED // 3, len(vocabulary))), *by_told[: PAIRED // 3].tolist()]))
    )
    names = [vocabulary[i] for i in looked]
    renumbered = np.full(size, -1)
    renumbered[looked] = np.arange(len(looked))
    places = (places[0], renumbered[places[1]], places[2])
    places = tuple(column[places[1] >= 0] for column in places)  # type: ignore[assignment]  # three columns
    present = np.zeros((len(texts), len(looked)), dtype=np.float32)
    present[places[0], places[1]] = 1.0
    found += _best("pair", names, _together(present, one_hot))
    return found + _best("ordered_pair", names, _ordered(places, len(looked), labels, n_classes))


def _first_places(
    texts: Sequence[Sequence[str]], vocabulary: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return row, word and first place of every word of the vocabulary in every text."""
    number = {word: i for i, word in enumerate(vocabulary)}
    found: list[tuple[int, int, int]] = []
    for row, words in enumerate(texts):
        seen: set[int] = set()
        for place, word in enumerate(words):
            i = number.get(word)
            if i is not None and i not in seen:
                seen.add(i)
                found.append((row, i, place))
    rows, numbers, places = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return rows, numbers, places


def _z(hits_a: _Counts, n_a: _Counts, hits_b: _Counts, n_b: _Counts | float) -> _Counts:
    """Return the pooled z of two shares; 0 where one has no rows."""
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (hits_a + hits_b) / (n_a + n_b)
        z = (hits_a / n_a - hits_b / n_b) / np.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
    return np.nan_to_num(z, nan=0.0, posinf=0.0, neginf=0.0)


def _largest(z: _Counts) -> _Counts:
    """Return the largest |z| over the classes, which are the first axis."""
    largest: _Counts = np.abs(z).max(axis=0)
    return largest


def _together(present: NDArray[np.float32], one_hot: _Counts) -> _Counts:
    """Return how much two words together say beyond each alone, (n_words, n_words), 0 below the diagonal."""
    both = (present.T @ present).astype(np.float64)
    alone = np.diag(both)
    first, second = alone[:, None] - both, alone[None, :] - both
    scores = []
    for of_class in one_hot.T.astype(np.float32):
        hits = (present.T @ (present * of_class[:, None])).astype(np.float64)
        own = np.diag(hits)
        z_first = _z(hits, both, own[:, None] - hits, first)
        z_second = _z(hits, both, own[None, :] - hits, second)
        agree = np.sign(z_first) == np.sign(z_second)
        scores.append(np.where(agree, np.minimum(np.abs(z_first), np.abs(z_second)), 0.0))
    score = np.max(scores, axis=0)
    score[both < FEWEST_ROWS] = 0.0
    return np.triu(score, 1)


def _ordered(
    places: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    k: int,
    labels: NDArray[np.int64],
    n_classes: int,
) -> _Counts:
    """Return how much the order of two of k words says, (k, k), 0 below the diagonal."""
    rows, numbers, where = places
    order = np.lexsort((where, rows))
    bounds = np.searchsorted(rows[order], np.arange(len(labels) + 1))
    before = np.zeros((n_classes, k * k))
    for row in range(len(labels)):
        ids = numbers[order[bounds[row] : bounds[row + 1]]]
        if len(ids) > 1:
            first, second = np.triu_indices(len(ids), 1)
            np.add.at(before[labels[row]], ids[first] * k + ids[second], 1.0)
    hits: _Counts = before.reshape(n_classes, k, k)
    total = hits.sum(axis=0)
    score = _largest(_z(hits, total, hits.transpose(0, 2, 1), total.T))
    score[np.minimum(total, total.T) < FEWEST_ROWS / 2] = 0.0
    return np.triu(score, 1)


def _best(kind: str, names: Sequence[str], scores: _Counts) -> list[Feature]:
    best = np.argsort(-scores, axis=None, kind="stable")[:PAIRS]
    pairs = (np.unravel_index(i, scores.shape) for i in best if scores.flat[i] > 0)
    return [Feature(kind=kind, words=(names[a], names[b])) for a, b in pairs]  # type: ignore[arg-type]
