"""From what a check sample convicts to marks that the next training can follow."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.shortcuts.evidence import Candidate, are_kin
from whytrain.shortcuts.marks import Mark

BY = "diagnosis"


def found_marks(shortcuts: Sequence[Candidate], reasons: Sequence[str]) -> list[Mark]:
    """Return a mark per shortcut; words that stand for each other share one.

    Args:
        shortcuts: the convicted candidates, the weightiest first.
        reasons: why each is one, in a sentence.
    """
    marks: list[Mark] = []
    taken: set[int] = set()
    for i, candidate in enumerate(shortcuts):
        if i in taken:
            continue
        kin = [i]
        if candidate.feature.kind == "words":
            kin += [j for j, other in enumerate(shortcuts) if j > i and are_kin(candidate, other)]
        taken.update(kin)
        words = candidate.feature.words
        if candidate.feature.kind == "words":
            words = tuple(word for j in kin for word in shortcuts[j].feature.words)
        reason = " ".join(reasons[j] for j in kin)
        marks.append(Mark(words=words, kind=candidate.feature.kind, reason=reason, by=BY))
    return marks
