"""What may become of marked words: another of their kind, the other order, or nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.data.lexicon import Lexicon
from whytrain.guidance.editing import REMOVED, Option, Place, Target, Targets, target
from whytrain.guidance.marked_words import MarkedWords, Span, Words
from whytrain.guidance.stand_ins import mirror_word
from whytrain.shortcuts.marks import Mark

_TAKEN_OUT = (REMOVED,)
_TELLS = 0.2  # farthest that a class share of the rows with kin may lie from that of all rows


def swaps(marked: MarkedWords, classes: NDArray[np.float64], lexicon: Lexicon) -> Targets:
    """Return the targets that become one of their kin, with which they say nothing about the label.

    The kin of a word are the words of its mark, itself included; of the match of a pattern, all its matches.
    A word that is marked alone, or with words that speak for the same class (which of them stands there says
    nothing then, but that one does), and each word of a pair where its partner stands, has its mirror word
    (`whytrain.guidance.stand_ins.mirror_word`) as kin, which then changes, too. They are drawn as often as
    they stand in the sentences. What has no kin is taken out. Of a pair, and of all pairs that share words,
    one word of a sentence is drawn to change: another that changed with it could bring the sign back. Marked
    orders are left out.

    Args:
        marked: marks, and where they stand.
        classes: float64 (n_rows, n_classes), 1 where a row has a class.
        lexicon: tells parts of speech.
    """
    targets: dict[int, list[Target]] = defaultdict(list)
    words = marked.words
    for mark in marked.marks:
        if mark.kind == "pattern":
            _add(targets, [marked.matches[mark]], _choices(_matched(marked, mark)))
        elif mark.kind == "words":
            for kin in _kin(mark.words, words, classes, lexicon):
                _add(targets, map(words.rows, kin), _choices(_by_count(kin, words.counts)))
    for pairs in _sharing_words([mark for mark in marked.marks if mark.kind == "pair"]):
        options: dict[int, list[Option]] = defaultdict(list)
        for pair in pairs:
            for row, of_pair in _broken(pair, words, classes, lexicon).items():
                options[row] += of_pair
        for row, found in options.items():
            targets[row].append(tuple(found))
    return targets


def rare_swaps(words: Words, most: int) -> Targets:
    """Return the words that stand at most so often, each to become one of them."""
    rare = [word for word, count in words.counts.items() if count <= most]
    targets: dict[int, list[Target]] = defaultdict(list)
    _add(targets, map(words.rows, rare), _choices(_by_count(rare, words.counts)))
    return targets


def removals(marked: MarkedWords) -> Targets:
    """Return the targets that are taken out: of pairs and orders one of the two words, drawn."""
    targets: dict[int, list[Target]] = defaultdict(list)
    for mark in marked.marks:
        if mark.kind == "pattern":
            _add(targets, [marked.matches[mark]], _TAKEN_OUT)
        elif mark.kind == "words":
            _add(targets, map(marked.words.rows, mark.words), _TAKEN_OUT)
        else:
            first, second = map(marked.words.rows, mark.words)
            for row in marked.together(mark) or ():
                targets[row].append((_all_of(first[row], _TAKEN_OUT), _all_of(second[row], _TAKEN_OUT)))
    return targets


def order_swaps(marked: MarkedWords) -> Targets:
    """Return the targets that change places: the two words of each marked order."""
    targets: dict[int, list[Target]] = defaultdict(list)
    for mark in marked.marks:
        if mark.kind == "ordered_pair":
            a, b = mark.words
            for row in marked.together(mark) or ():
                first, second = marked.words.rows(a)[row], marked.words.rows(b)[row]
                targets[row].append(((*_all_of(first, (b,)), *_all_of(second, (a,))),))
    return targets


def _kin(
    marked: Sequence[str], words: Words, classes: NDArray[np.float64], lexicon: Lexicon
) -> list[Sequence[str]]:
    """Return the words of a mark in groups that stand for each other, single ones with their mirrors."""
    rows = sorted(set().union(*map(words.rows, marked)))
    distance = float(np.abs(classes[rows].mean(axis=0) - classes.mean(axis=0)).max())
    if len(marked) > 1 and distance <= max(_TELLS, len(rows) ** -0.5):
        return [marked]
    mirrors = {word: mirror_word(word, words, classes, lexicon) for word in marked}
    return [(word,) if mirror is None else (word, mirror) for word, mirror in mirrors.items()]


def _matched(marked: MarkedWords, mark: Mark) -> list[str]:
    """Return all that a pattern matches."""
    texts = marked.words.texts
    return [texts[row][begin:end] for row, spans in marked.matches[mark].items() for begin, end in spans]


def _by_count(words: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """Return each word as often as it stands in the sentences."""
    return [word for word in words for _ in range(counts[word])]


def _choices(kin: Sequence[str]) -> Sequence[str]:
    return kin if len(set(kin)) > 1 else _TAKEN_OUT


def _add(
    targets: dict[int, list[Target]], places: Iterable[Mapping[int, list[Span]]], choices: Sequence[str]
) -> None:
    """Add each place as a target of its own."""
    for by_row in places:
        for row, spans in by_row.items():
            targets[row] += [target(begin, end, choices) for begin, end in spans]


def _sharing_words(pairs: Sequence[Mark]) -> list[list[Mark]]:
    """Return pairs in groups that share words, directly or through others."""
    groups: list[list[Mark]] = []
    for pair in pairs:
        near = [g for g in groups if any(set(pair.words) & set(other.words) for other in g)]
        groups = [g for g in groups if g not in near] + [[*(mark for g in near for mark in g), pair]]
    return groups


def _broken(
    mark: Mark, words: Words, classes: NDArray[np.float64], lexicon: Lexicon
) -> dict[int, list[Option]]:
    """Return by row what breaks a pair: each word, beside the other, is drawn from itself and its mirror."""
    options: dict[int, list[Option]] = defaultdict(list)
    for word, partner in (mark.words, mark.words[::-1]):
        beside = words.rows(partner).keys()
        mirror = mirror_word(word, words, classes, lexicon, beside)
        kin = (word,) if mirror is None else (word, mirror)
        choices = _choices([own for own in kin for _ in words.rows(own).keys() & beside])
        for own in kin:
            for row in words.rows(own).keys() & beside:
                options[row].append(_all_of(words.rows(own)[row], choices))
    return options


def _all_of(spans: Sequence[Span], choices: Sequence[str]) -> Option:
    return tuple(Place(begin, end, choices) for begin, end in spans)
