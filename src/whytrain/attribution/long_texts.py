"""Long texts become small games: words that matter are scored one by one, the others in passages."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.ask import Ask
from whytrain.attribution.target import Target
from whytrain.attribution.units import Units, group_players

WORDS_APART = 128  # words of a text of which each is scored alone
N_UNITS = 48  # words and passages of a longer one

_FIRST_PARTS = 16  # passages of the whole text
_PARTS = 4  # into which a passage that matters is divided
_SENTENCE_END = re.compile(r"[.!?…。！？।]['\")\]’”»」』]*$")
_CLAUSE_END = re.compile(r"[,;:—–、，；：]['\")\]’”»」』]*$")

Span = tuple[int, int]  # first word, one after the last


def units_that_matter(
    ask: Ask, target: Target, *, words_apart: int = WORDS_APART, n_units: int = N_UNITS
) -> Units:
    r"""Divide a long text where its words matter most; a shorter one stays as it is.

    Passages that end where sentences do are divided again and again, the one that matters most first, until
    there are enough. What a passage P matters is the mean of what it adds to nothing and to all the rest,
    ½[v(P) − v(∅) + v(N) − v(N∖P)]: its Shapley value where no more than two passages interact. The absence is
    the model's usual one, and the number of evaluations does not grow with the text.

    Args:
        ask: the text and the model.
        target: which output the words shall matter for.
        words_apart: words of a text that stays as it is, at most.
        n_units: how many units a longer one gets at most.

    Returns:
        The text's own units, or groups of neighboring ones.
    """
    units = ask.units
    if len(units) <= words_apart:
        return units
    removal = ask.removal()
    ends = target.values(ask.logits(np.array([[False], [True]]).repeat(len(units), axis=1), removal))
    place = np.arange(len(units))

    def ranked(spans: Sequence[Span]) -> list[tuple[float, Span]]:
        bounds = np.array(spans)
        inside: NDArray[np.bool_] = (place >= bounds[:, :1]) & (place < bounds[:, 1:])
        alone, without = np.split(target.values(ask.logits(np.concatenate([inside, ~inside]), removal)), 2)
        sizes = np.abs(alone - ends[0] + ends[1] - without) / 2
        return [(-float(size), span) for size, span in zip(sizes, spans, strict=True)]

    waiting = ranked(divided(units.words, (0, len(units)), _FIRST_PARTS))
    heapq.heapify(waiting)
    done: list[Span] = []
    while waiting:
        _, span = heapq.heappop(waiting)
        parts = divided(units.words, span, min(_PARTS, n_units - len(done) - len(waiting)))
        if len(parts) == 1:
            done.append(span)
            continue
        for found in ranked(parts):
            heapq.heappush(waiting, found)
    return group_players(units, [[*range(*span)] for span in sorted(done)])


def sentence_spans(words: Sequence[str]) -> list[Span]:
    """Return where sentences begin and end.

    >>> sentence_spans(["Good", "!", "Not", "bad."])
    [(0, 2), (2, 4)]
    """
    ends = [i for i, word in enumerate(words, start=1) if _SENTENCE_END.search(word)]
    return list(pairwise(dict.fromkeys([0, *ends, len(words)])))


def divided(words: Sequence[str], span: Span, n_parts: int) -> list[Span]:
    """Divide a span of words into parts of about the same length, at ends of sentences and clauses.

    Each cut is moved by less than half a part to the nearest end of a sentence, or else of a clause.

    >>> divided("It was long . We left early , before the end .".split(), (0, 11), 2)
    [(0, 4), (4, 11)]
    """
    start, end = span
    n_parts = min(n_parts, end - start)
    if n_parts <= 1:
        return [span]
    part = (end - start) / n_parts
    cuts = {start, end}
    for number in range(1, n_parts):
        even = start + round(number * part)
        reach = max(0, int((part - 1) / 2))
        near = sorted(
            range(max(start + 1, even - reach), min(end, even + reach + 1)), key=lambda i: abs(i - even)
        )
        by_sign = (
            next((i for i in near if sign.search(words[i - 1])), None)
            for sign in (_SENTENCE_END, _CLAUSE_END)
        )
        cuts.add(next((i for i in by_sign if i is not None), even))
    bounds = sorted(cuts)
    return list(pairwise(bounds))
