"""Rows whose marks point the other way than in training: what a model that leans on them gets wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.data.lexicon import NoLexicon
from whytrain.guidance.editing import Edit, Option, Place, edited
from whytrain.guidance.marked_words import MarkedWords, Words
from whytrain.guidance.stand_ins import mirror_word
from whytrain.shortcuts.marks import Mark

_MOST = 20  # words of a mark, or matches of a pattern, that are tried


def adversarial_rows(
    marks: Sequence[Mark],
    train: Sequence[str],
    train_labels: NDArray[np.int64],
    texts: Sequence[str],
    labels: NDArray[np.int64],
) -> dict[int, str]:
    """Return texts in which what is marked speaks against the label, by row.

    Mark by mark, all its places become the one of its words (the other order, another match, for a pair the
    mirror of one of its words) with which the training rows that show as much have the label most rarely. A
    row is left out where the label is then no rarer than among all training rows.

    Args:
        marks: what must not decide.
        train: the sentences of the training.
        train_labels: int64 (n_train,), their classes.
        texts: sentences to change.
        labels: int64 (n,), their classes.
    """
    words = MarkedWords(marks, Words(train))
    n_classes = int(train_labels.max()) + 1
    counts: dict[tuple[object, ...], NDArray[np.float64]] = defaultdict(lambda: np.zeros(n_classes))
    for row, label in enumerate(train_labels.tolist()):
        counts[words.shown(row)][label] += 1
    shares = {shown: found / found.sum() for shown, found in counts.items()}
    base = np.bincount(train_labels, minlength=n_classes) / len(train_labels)
    tried = [_alternatives(mark, words, np.eye(n_classes)[train_labels]) for mark in marks]
    found = {}
    for row, (text, label) in enumerate(zip(texts, labels.tolist(), strict=True)):
        changed, share = _against(text, label, marks, tried, shares)
        if share < base[label]:
            found[row] = changed
    return found


def _against(
    text: str,
    label: int,
    marks: Sequence[Mark],
    tried: Sequence[Sequence[Sequence[str]]],
    shares: Mapping[tuple[object, ...], NDArray[np.float64]],
) -> tuple[str, float]:
    """Return a text changed so that the label becomes rarest, and how rare; infinity where nobody knows."""

    def share_of(changed: MarkedWords) -> float:
        known = shares.get(changed.shown(0))
        return float("inf") if known is None or not changed.spans() else float(known[label])

    best = MarkedWords(marks, Words([text]))
    for mark, alternatives in zip(marks, tried, strict=True):
        options = [option for words in alternatives if (option := _option(mark, best, words))]
        edits = [Edit(probability=1.0, targets={0: [(option,)]}) for option in options]
        texts = [edited(best.words.texts[0], 0, [edit], np.random.default_rng(0)) for edit in edits]
        best = min([best, *(MarkedWords(marks, Words([new])) for new in texts)], key=share_of)
    return best.words.texts[0], share_of(best)


def _alternatives(mark: Mark, train: MarkedWords, classes: NDArray[np.float64]) -> list[tuple[str, ...]]:
    """Return what is tried: what each of the mark's words becomes, or each match of its pattern."""
    words, n = train.words, len(mark.words)
    if mark.kind == "pattern":
        matches = Counter(
            words.texts[row][b:e] for row, spans in train.matches[mark].items() for b, e in spans
        )
        return [(match,) for match, _ in matches.most_common(_MOST)]
    if mark.kind == "words":
        return [(word,) * n for word in mark.words] if 1 < n <= _MOST else []
    a, b = mark.words
    if mark.kind == "ordered_pair":
        return [(b, a)]
    mirrors = (
        mirror_word(word, words, classes, NoLexicon(), words.rows(partner).keys())
        for word, partner in ((a, b), (b, a))
    )
    first, second = mirrors
    return [(x, y) for x, y in ((first, b), (a, second)) if x is not None and y is not None]


def _option(mark: Mark, seen: MarkedWords, becomes: Sequence[str]) -> Option:
    """Return the places of a mark in the only text, each with what its word becomes; none of a lone half."""
    if mark.kind == "pattern":
        return tuple(Place(b, e, becomes) for b, e in seen.matches[mark].get(0, []))
    if seen.together(mark) == set():
        return ()
    return tuple(
        Place(begin, end, (new,))
        for word, new in zip(mark.words, becomes, strict=True)
        if word != new
        for begin, end in seen.words.rows(word).get(0, [])
    )
