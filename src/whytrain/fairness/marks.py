"""From terms that move an answer to marks that the next training can follow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from whytrain.fairness.term_effects import Effect
from whytrain.shortcuts.features import Text
from whytrain.shortcuts.identity import IdentityTerms
from whytrain.shortcuts.marks import Mark

BY = "diagnosis"
REASON = "says who somebody is, and moves the answer"


def identity_marks(kinds: Collection[str], terms: IdentityTerms, train: Sequence[str]) -> list[Mark]:
    """Return a mark per set of words that can stand for each other, of the kinds that move the answer.

    All sets of a kind are marked: what a word does, others of its group do too, if less visibly.

    Args:
        kinds: of which some word moves the answer.
        terms: that were looked at.
        train: the training sentences; words that stand in none of them are left out.
    """
    wanted = {word.lower() for found in terms.sets if found.kind in kinds for word in found.words}
    seen = _seen(wanted, train)
    marks = []
    for found in terms.sets:
        words = tuple(word.lower() for word in found.words if word.lower() in seen)
        if found.kind in kinds and found.in_texts and len(words) > 1:
            marks.append(Mark(words=words, reason=REASON, by=BY))
    return marks


def never_learned(moving: Iterable[Effect], terms: IdentityTerms, train: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a moving one's set that stand in no training text: nothing was learned of them.

    Args:
        moving: effects that move the answer; of a group's, the words of all its sets count.
        terms: that were looked at.
        train: the training sentences.
    """
    one_by_one = {(one.kind, one.word) for one in moving}
    held = [
        word
        for found in terms.sets
        if found.in_texts and any((found.kind, word) in one_by_one for word in (*found.words, ""))
        for word in found.words
    ]
    seen = _seen({word.lower() for word in held}, train)
    return tuple(dict.fromkeys(word for word in held if word.lower() not in seen))


def _seen(wanted: set[str], train: Sequence[str]) -> set[str]:
    """Return which words, all in lower case, stand in some text."""
    return {word for text in train for word in wanted.intersection(Text(text).words)} if wanted else set()
