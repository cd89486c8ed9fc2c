"""What may become of marked words: another of their kind, the other order, or nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.data.lexicon import Lexicon
from whytrain.guidance.editing import REMOVED, Option, Place, Target, Targets, target
from whytrain.guidance.marked_words import MarkedWords, Span
from whytrain.guidance.stand_ins import mirror_word
from whytrain.shortcuts.marks import Mark

# Of a marked thing as it stands: what may stand there instead.
Choices = Callable[[str], Sequence[str]]


def swaps(
    marked: MarkedWords, classes: NDArray[np.float64], lexicon: Lexicon, *, to_others: bool = False
) -> Targets:
    """Return the targets that become one of their kin, with which they say nothing about the label.

    The kin of a word are the words of its mark; of the match of a pattern, all its matches. A word that is
    marked alone, and each word of a pair where its partner stands, has its mirror word
    (`whytrain.guidance.stand_ins.mirror_word`) as kin, which then changes, too. What has no kin is taken out.
    Of a pair one of the two words is drawn to change. Marked orders are left out.

    Args:
        marked: marks, and where they stand.
        classes: float64 (n_rows, n_classes), 1 where a row has a class.
        lexicon: tells parts of speech.
        to_others: whether nothing stays what it is; otherwise itself is one of its kin.
    """
    targets: dict[int, list[Target]] = defaultdict(list)
    words = marked.words
    for mark in marked.marks:
        if mark.kind == "pattern":
            _add(
                targets,
                [marked.matches[mark]],
                _drawn(_texts(marked, mark), to_others=to_others),
                words.texts,
            )
        elif mark.kind == "words":
            kin = mark.words
            if len(kin) == 1 and (mirror := mirror_word(kin[0], words, classes, lexicon)) is not None:
                kin = (kin[0], mirror)
            _add(targets, map(words.rows, kin), _drawn(kin, to_others=to_others), words.texts)
        elif mark.kind == "pair":
            _add_pair(targets, mark, marked, classes, lexicon, to_others=to_others)
    return targets


def removals(marked: MarkedWords) -> Targets:
    """Return the targets that are taken out: of pairs and orders one of the two words, drawn."""
    targets: dict[int, list[Target]] = defaultdict(list)
    for mark in marked.marks:
        if mark.kind == "pattern":
            _add(targets, [marked.matches[mark]], lambda _: (REMOVED,), marked.words.texts)
        elif mark.kind == "words":
            _add(targets, map(marked.words.rows, mark.words), lambda _: (REMOVED,), marked.words.texts)
        else:
            first, second = map(marked.words.rows, mark.words)
            for row in marked.together(mark) or ():
                targets[row].append((_all_of(first[row], (REMOVED,)), _all_of(second[row], (REMOVED,))))
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


def _texts(marked: MarkedWords, mark: Mark) -> tuple[str, ...]:
    """Return all that a pattern matches, once each."""
    texts = marked.words.texts
    return tuple(
        dict.fromkeys(
            texts[row][begin:end] for row, spans in marked.matches[mark].items() for begin, end in spans
        )
    )


def _drawn(kin: Sequence[str], *, to_others: bool) -> Choices:
    """Return what may stand for one of its kin."""
    if len(kin) == 1:
        return lambda _: (REMOVED,)
    if not to_others:
        return lambda _: kin
    others = {word.lower(): [other for other in kin if other.lower() != word.lower()] for word in kin}
    return lambda word: others[word.lower()] or (REMOVED,)


def _add(
    targets: dict[int, list[Target]],
    places: Iterable[Mapping[int, list[Span]]],
    choices: Choices,
    texts: Sequence[str],
) -> None:
    """Add each place as a target of its own."""
    for by_row in places:
        for row, spans in by_row.items():
            targets[row] += [target(b, e, *choices(texts[row][b:e])) for b, e in spans]


def _add_pair(
    targets: dict[int, list[Target]],
    mark: Mark,
    marked: MarkedWords,
    classes: NDArray[np.float64],
    lexicon: Lexicon,
    *,
    to_others: bool,
) -> None:
    """Add what breaks a pair: each of its words, beside the other, is drawn from itself and its mirror."""
    words, options = marked.words, defaultdict[int, list[Option]](list)
    for word, partner in (mark.words, mark.words[::-1]):
        beside = words.rows(partner).keys()
        mirror = mirror_word(word, words, classes, lexicon, beside)
        kin = (word,) if mirror is None else (word, mirror)
        choose = _drawn(kin, to_others=to_others)
        for own in kin:
            for row in words.rows(own).keys() & beside:
                options[row].append(_all_of(words.rows(own)[row], choose(own)))
    for row, found in options.items():
        targets[row].append(tuple(found))


def _all_of(spans: Sequence[Span], choices: Sequence[str]) -> Option:
    return tuple(Place(begin, end, choices) for begin, end in spans)
