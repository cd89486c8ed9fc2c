"""Splits: which row is train, validation, calibration or test; no sentence is on two sides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from whytrain.data.containment import containments, number_sentences
from whytrain.data.words import normalize_whitespace, same_text, split_words

# Shorter phrases ("a film") stand in sentences that have nothing else in common.
LINKING_WORDS = 3


def stratified_parts(
    texts: list[str],
    labels: NDArray[np.int64],
    shares: tuple[float, ...],
    seed: int,
    *,
    groups: NDArray[np.int64] | None = None,
) -> list[NDArray[np.int64]]:
    """Hold parts out of a data set; the classes keep their shares, identical sentences stay together.

    Sentences are ordered by a hash of (seed, sentence), class by class, and parts are filled in that
    order: the result does not depend on the order of rows, the machine or a library's version. Of
    identical sentences (see `same_text`) the first decides the class. The last sentence of a class
    is never held out, so that every class remains in train.

    Of a group the longest sentence, the first by alphabet of equals, stands for all; it goes where they all
    find room. A group of more than half a part comes apart: what is like so much gives nothing away.

    Args:
        texts: n sentences.
        labels: int64 (n,), class indices; or label sets, (n, n_labels), whose classes here are `strata`.
        shares: the share of sentences in each part that is held out, in (0, 1), with a sum below 1.
        seed: `data.split_seed`.
        groups: int64 (n,), 0, 1, …, equal for rows that stay together, identical sentences among them; None:
            these alone.

    Returns:
        Rows of what remains, then rows of each part; int64, ascending.

    >>> train, validation = stratified_parts(list("abcdefgh"), np.array([0, 1] * 4), (0.25,), seed=0)
    >>> len(train), len(validation)
    (6, 2)
    """
    sentence, distinct = number_sentences(texts)
    first = _first_rows(sentence)
    classes = strata(labels[first])
    sizes = np.bincount(classes)
    largest = max(2, int(min(shares) * len(first) / 2))
    leader = _leaders(distinct, None if groups is None else groups[first], largest)
    weights = np.bincount(leader, minlength=len(first))  # 0 for those that somebody else stands for
    order = _seeded_order((normalize_whitespace(texts[row]) for row in first), seed)
    order = order[weights[order] > 0]
    part_of_sentence = np.zeros(len(first), dtype=np.int64)
    for part, share in enumerate(shares, start=1):
        free = order[part_of_sentence[order] == 0]
        in_train = np.bincount(classes[free], weights=weights[free], minlength=len(sizes)).astype(np.int64)
        for label, count in enumerate(_apportion(sizes, share, np.maximum(in_train - 1, 0))):
            own = free[classes[free] == label]
            part_of_sentence[own[_filling(weights[own], int(count))]] = part
    part_of_sentence = part_of_sentence[leader]
    # A class may have gone wholly along with those of others: it stays in train.
    is_lost = (np.bincount(classes[part_of_sentence == 0], minlength=len(sizes)) == 0) & (sizes > 0)
    part_of_sentence[np.isin(leader, leader[is_lost[classes]])] = 0
    part_of_row = part_of_sentence[sentence]
    return [np.flatnonzero(part_of_row == part) for part in range(len(shares) + 1)]


def _leaders(distinct: list[str], groups: NDArray[np.int64] | None, largest: int) -> NDArray[np.int64]:
    """Return for each distinct sentence the one that stands for its group, int64 (n_sentences,)."""
    n = len(distinct)
    alone = np.arange(n)
    if groups is None:
        return alone
    sizes = np.bincount(groups)
    members = np.flatnonzero((sizes > 1)[groups] & (sizes <= largest)[groups])
    chosen = dict[int, int]()
    for row in sorted(members.tolist(), key=lambda row: (-len(split_words(distinct[row])), distinct[row])):
        chosen.setdefault(int(groups[row]), row)
    alone[members] = [chosen[group] for group in groups[members].tolist()]
    return alone


def _filling(weights: NDArray[np.int64], room: int) -> list[int]:
    """Return the positions of weights that fill a room in their order; what does not fit is passed over."""
    if weights.max(initial=1) == 1:
        return list(range(min(room, len(weights))))
    taken = []
    for position, weight in enumerate(weights.tolist()):
        if weight <= room:
            taken.append(position)
            room -= weight
    return taken


def strata(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the class of each row that keeps its share when parts are held out, int64 (n,).

    Of label sets that is the rarest of the row's labels, the first of equals, or the number of labels where
    the row has none: what is rare is divided with care, and what is frequent is divided well anyway.

    Args:
        labels: int64 (n,), class indices, returned as they are; or 0 or 1, (n, n_labels).

    References:
        Sechidis, Tsoumakas, Vlahavas (2011), On the stratification of multi-label data: rare labels first.

    >>> strata(np.array([[1, 1], [1, 0], [0, 0]])).tolist()
    [1, 0, 2]
    """
    if labels.ndim == 1:
        return labels
    n_rows, n_labels = labels.shape
    sizes = np.where(labels == 1, labels.sum(axis=0), n_rows + 1)
    rarest: NDArray[np.int64] = np.where(labels.any(axis=1), sizes.argmin(axis=1), n_labels)
    return rarest


class CalibrationSlice(NamedTuple):
    """Rows of train, taken apart.

    Attributes:
        train: int64, rows that remain.
        calibration: int64, rows of the slice.
        n_dropped: rows in neither, because a sentence of the slice contains them.
    """

    train: NDArray[np.int64]
    calibration: NDArray[np.int64]
    n_dropped: int


def calibration_slice(texts: list[str], labels: NDArray[np.int64], size: int, seed: int) -> CalibrationSlice:
    """Hold whole sentences out of train, and drop what train knows of them.

    A whole sentence is contained in no other sentence of train, on word boundaries; of identical rows
    it is the first. The slice is stratified. Every train row that stands in a sentence of the slice,
    identical ones too, is dropped: where train rows are overlapping phrases, a model would be more
    accurate on a random slice than on new sentences.

    Args:
        texts: n train sentences.
        labels: int64 (n,), class indices; or label sets, (n, n_labels).
        size: rows of the slice; at most the number of whole sentences less one per class.
        seed: `data.split_seed`.
    """
    found = containments(texts)
    whole = np.ones(found.sentence.max(initial=-1) + 1, dtype=bool)
    whole[found.inner] = False
    first = _first_rows(found.sentence)
    candidates = np.flatnonzero(whole)
    _, chosen = stratified_parts(
        [texts[row] for row in first[candidates]],
        labels[first[candidates]],
        (min(size / max(len(candidates), 1), 1.0),),
        seed,
    )
    held_out = np.zeros_like(whole)
    held_out[candidates[chosen]] = True
    known = held_out.copy()
    known[found.inner[held_out[found.outer]]] = True
    train = np.flatnonzero(~known[found.sentence])
    calibration = np.sort(first[held_out])
    return CalibrationSlice(train, calibration, len(texts) - len(train) - len(calibration))


def sentence_groups(texts: list[str]) -> NDArray[np.int64]:
    """Return the group of each row for grouped cross-validation, int64 (n,), 0, 1, … by first appearance.

    Whatever holds out part of train keeps each group on one side. Two rows are in one group if they
    are linked:

    - a sentence of at least 3 words is linked to every sentence that contains it;
    - a shorter one is linked to the shortest sentence that contains it (the first of equals).

    Groups are the connected components of these links. Identical sentences share their group. Linking
    short phrases to all that contains them would make one group of 98% of SST-2, because "a film"
    stands in sentences that have nothing else in common; such a phrase tells a model little of the
    sentences that it is not grouped with.

    >>> sentence_groups(["a very fine film", "very fine film", "fine film", "dull"]).tolist()
    [0, 0, 0, 1]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    found = containments(texts)
    first = _first_rows(found.sentence)
    lengths = np.array([len(split_words(texts[row])) for row in first])
    order = np.lexsort((found.outer, lengths[found.outer], found.inner))
    inner, outer = found.inner[order], found.outer[order]
    shortest = np.concatenate([[True], inner[1:] != inner[:-1]])[: len(inner)]
    linked = shortest | (lengths[inner] >= LINKING_WORDS)
    n_sentences = len(first)
    links = coo_matrix(
        (np.ones(linked.sum()), (inner[linked], outer[linked])), shape=(n_sentences, n_sentences)
    )
    _, component = connected_components(links, directed=False)
    _, appeared, group = np.unique(component[found.sentence], return_index=True, return_inverse=True)
    by_appearance = np.empty_like(appeared)
    by_appearance[np.argsort(appeared)] = np.arange(len(appeared))
    groups: NDArray[np.int64] = by_appearance[group]
    return groups


def shared_texts(left: list[str], right: list[str]) -> int:
    """Return how many rows of `right` hold a sentence that also stands in `left`."""
    known = {same_text(text) for text in left}
    return sum(same_text(text) in known for text in right)


def contradicted(sentence: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return of each sentence, bool (n_sentences,), whether its rows have different labels.

    Args:
        sentence: int64 (n,), which sentence a row holds: 0, 1, ….
        labels: int64 (n,), class indices; or label sets, (n, n_labels).
    """
    labeled = np.unique(np.column_stack([sentence, labels]), axis=0)
    return np.bincount(labeled[:, 0]) > 1


def _first_rows(sentence: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first row of each sentence, of numbers that count up in order of appearance."""
    highest = np.maximum.accumulate(sentence)
    return np.flatnonzero(np.diff(highest, prepend=-1))


def _seeded_order(sentences: Iterable[str], seed: int) -> NDArray[np.int64]:
    salt = seed.to_bytes(8, "little")
    keys = [hashlib.blake2b(text.encode(), digest_size=16, salt=salt).digest() for text in sentences]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def _apportion(sizes: NDArray[np.int64], share: float, room: NDArray[np.int64]) -> NDArray[np.int64]:
    """Divide `share` of all sentences among the classes: largest remainders, at most `room` each."""
    quotas = sizes * share
    counts: NDArray[np.int64] = np.minimum(np.floor(quotas).astype(np.int64), room)
    total = min(round(sizes.sum() * share), int(room.sum()))
    while counts.sum() < total:
        behind = np.where(counts < room, quotas - counts, -np.inf)
        counts[np.argmax(behind)] += 1
    return counts
