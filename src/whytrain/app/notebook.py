"""What people say of the run that is explored, kept in the run."""

from __future__ import annotations

import getpass
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

import whytrain as wt
from whytrain.data.corrections import read_corrections
from whytrain.errors import WhytrainError
from whytrain.guidance.guidance_settings import FOUND
from whytrain.runs.marks import read_found
from whytrain.runs.remarks import Action, Opinion, Remark, add_remark, bare_words, opinion_of, read_remarks
from whytrain.shortcuts.evidence import ShortcutEvidence, are_kin
from whytrain.shortcuts.marks import Kind, Mark, read_marks
from whytrain.tracking.reader import find_run


class Notebook:
    """Remarks on a run.

    Attributes:
        run: on which.
    """

    def __init__(self, run: wt.Run) -> None:
        """Read what was said before."""
        self.run = run
        self._lock = threading.Lock()
        self._remarks = read_remarks(run.record)

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """All of them, oldest first."""
        return tuple(self._remarks)

    @property
    def opinion(self) -> Opinion:
        """What holds after all of them."""
        return opinion_of(self._remarks, self.inherited, self.inherited_labels)

    @cached_property
    def inherited(self) -> tuple[Mark, ...]:
        """The marks that the run was trained with: they go on, unless somebody takes them back."""
        try:
            guidance = self.run.config.get("guidance", {})
            if guidance.get("marks") == FOUND:
                return tuple(read_found(find_run(self.run.record.uri, guidance["run"])))
            return tuple(read_marks(Path(guidance["marks"]))) if guidance.get("marks") else ()
        except WhytrainError:
            return ()

    @cached_property
    def inherited_labels(self) -> Mapping[str, str]:
        """The corrected labels that the run was trained with, by id of the row."""
        path = self.run.config.get("data", {}).get("corrections")
        try:
            return {} if path is None else read_corrections(Path(path))
        except WhytrainError:
            return {}

    def say(
        self,
        action: Action,
        *,
        kind: Kind = "words",
        words: Sequence[str] = (),
        joined: Sequence[str] = (),
        row: str = "",
        label: str = "",
        comment: str = "",
    ) -> Remark:
        """Keep a remark, with its time, who made it and which model it is about.

        Raises:
            ConfigError: so many words are not of this kind.
            TrackingError: it cannot be kept.
        """
        pattern = kind == "pattern"
        said = tuple(words) if pattern else bare_words(words)
        if action in ("no_reason", "fine"):
            said = Mark(kind=kind, words=said).words  # says what is wrong with them
        remark = Remark(
            time=datetime.now().astimezone().isoformat(timespec="seconds"),
            by=_user(),
            action=action,
            model=self.run.id,
            kind=kind,
            words=said,
            joined=bare_words(joined),
            row=row,
            label=label,
            comment=" ".join(comment.split())[:500],
        )
        with self._lock:
            add_remark(self.run.record, remark)
            self._remarks = [*self._remarks, remark]
        return remark


def kin_of(words: Sequence[str], marked: Sequence[Mark], found: ShortcutEvidence | None) -> list[str]:
    """Return words of marks for which these stand in the training texts, the other way round."""
    if found is None:
        return []
    by_word = {c.feature.words[0]: c for c in found.candidates if c.feature.kind == "words"}
    own = [by_word[word] for word in bare_words(words) if word in by_word]
    others = [word for mark in marked if mark.kind == "words" for word in mark.words if word in by_word]
    return [word for word in others if any(are_kin(candidate, by_word[word]) for candidate in own)]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"
