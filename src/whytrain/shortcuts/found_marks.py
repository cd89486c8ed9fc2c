"""From what a check sample convicts to marks that the next training can follow."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.shortcuts.evidence import ShortcutEvidence, are_kin
from whytrain.shortcuts.marks import Mark

BY = "diagnosis"
TOGETHER = "Together these words mislead on the check sample."


def found_marks(found: ShortcutEvidence, reasons: Sequence[str]) -> list[Mark]:
    """Return a mark per shortcut; kin words share one, and those that mislead together.

    Args:
        found: the evidence.
        reasons: why each of its shortcuts is one, in a sentence.
    """
    shortcuts = found.shortcuts
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
    if found.group is not None and found.group.is_shortcut:
        marks.append(Mark(words=found.group.words, reason=TOGETHER, by=BY))
    return marks
