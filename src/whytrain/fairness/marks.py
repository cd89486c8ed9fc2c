"""From terms that move an answer to marks that the next training can follow."""

from __future__ import annotations

from collections.abc import Collection, Sequence

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
    seen = {word for text in train for word in wanted.intersection(Text(text).words)} if wanted else set()
    marks = []
    for found in terms.sets:
        words = tuple(word.lower() for word in found.words if word.lower() in seen)
        if found.kind in kinds and found.in_texts and len(words) > 1:
            marks.append(Mark(words=words, reason=REASON, by=BY))
    return marks
