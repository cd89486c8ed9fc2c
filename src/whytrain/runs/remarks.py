"""What people said about a run when they explored it, and what holds after all of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal, get_args

from whytrain.data.words import bare_word
from whytrain.errors import TrackingError
from whytrain.shortcuts.marks import Kind, Mark
from whytrain.tracking.artifacts import write_artifact
from whytrain.tracking.reader import RunRecord, download

REMARKS_PATH = "explore/remarks.jsonl"
Action = Literal["no_reason", "fine", "withdraw", "label", "keep", "trained"]
_LOCK = threading.Lock()
_Said = tuple[Kind, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Remark:
    """One click that says something about the model.

    Attributes:
        time: when, ISO 8601 with its zone.
        by: who.
        action: `no_reason`: must not decide; `fine`: may decide; `withdraw`: neither, what was said of it is
            taken back; `label`: a row has another label; `keep`: its label is right; `trained`: a run
            followed.
        model: id of the run whose model was looked at.
        kind: of `whytrain.shortcuts.marks.Mark`, for what is said of words.
        words: of which something is said.
        joined: words that are marked already and for which these stand.
        row: id of a row of train or validation.
        label: what it should be, or is; of `trained` the name of the run.
        comment: why.
    """

    time: str
    by: str
    action: Action
    model: str
    kind: Kind = "words"
    words: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    row: str = ""
    label: str = ""
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What holds after all remarks.

    Attributes:
        marks: what must not decide.
        fine: kinds and words that may decide.
        labels: corrected labels by id of the row.
        kept: ids of rows whose label is right.
        trained: names of the runs that followed, oldest first.
    """

    marks: tuple[Mark, ...] = ()
    fine: frozenset[_Said] = frozenset()
    labels: dict[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    trained: tuple[str, ...] = ()

    def of(self, kind: Kind, words: Sequence[str]) -> Literal["no_reason", "fine", ""]:
        """Return what was said of words."""
        if (kind, tuple(words)) in self.fine:
            return "fine"
        marked = any(mark.kind == kind and set(words) <= set(mark.words) for mark in self.marks)
        return "no_reason" if marked else ""


def opinion_of(
    remarks: Iterable[Remark], before: Sequence[Mark] = (), labels_before: Mapping[str, str] | None = None
) -> Opinion:
    """Return what holds after remarks, the later over the earlier.

    Args:
        remarks: oldest first.
        before: marks that hold from the beginning, such as those that the run was trained with.
        labels_before: corrected labels that hold from the beginning, by id of the row.
    """
    marks, fine = list(before), set[_Said]()
    labels, kept, trained = dict(labels_before or {}), set[str](), list[str]()
    for remark in remarks:
        if remark.action == "trained":
            trained.append(remark.label)
        elif remark.row:
            labels.pop(remark.row, None)
            kept.discard(remark.row)
            if remark.action == "label":
                labels[remark.row] = remark.label
            elif remark.action == "keep":
                kept.add(remark.row)
        else:
            said = (remark.kind, remark.words)
            marks = _without(marks, remark)
            if remark.action == "fine":
                fine.add(said)
            else:
                fine = {other for other in fine if not _touches(other, said)}
            if remark.action == "no_reason":
                marks = _joined(marks, remark)
    return Opinion(
        marks=tuple(marks), fine=frozenset(fine), labels=labels, kept=frozenset(kept), trained=tuple(trained)
    )


def _touches(one: _Said, other: _Said) -> bool:
    """Return whether what is said of one is said of the other: of words each counts, else only all."""
    if one[0] == other[0] == "words":
        return not set(one[1]).isdisjoint(other[1])
    return one == other


def _without(marks: Sequence[Mark], remark: Remark) -> list[Mark]:
    """Return marks without the words of a remark; the kin of a word stay marked."""
    kept = []
    for mark in marks:
        if mark.kind != remark.kind:
            kept.append(mark)
        elif mark.kind != "words":
            kept += [] if mark.words == remark.words else [mark]
        elif left := tuple(word for word in mark.words if word not in remark.words):
            kept.append(Mark(words=left, reason=mark.reason, by=mark.by))
    return kept


def _joined(marks: Sequence[Mark], remark: Remark) -> list[Mark]:
    """Return marks with that of a remark; words and those for which they stand share one."""
    kin = [mark for mark in marks if mark.kind == "words" and set(mark.words) & set(remark.joined)]
    words = (*(word for mark in kin for word in mark.words), *remark.words)
    reasons = [text for text in (*(mark.reason for mark in kin), remark.comment) if text]
    new = Mark(kind=remark.kind, words=words, reason=" ".join(dict.fromkeys(reasons)), by=remark.by)
    return [*(mark for mark in marks if mark not in kin), new]


def read_remarks(run: RunRecord) -> list[Remark]:
    """Return what was said about a run, oldest first; nothing where nobody said anything."""
    try:
        text = download(run, REMARKS_PATH).read_text("utf-8")
    except TrackingError:
        return []
    return [_remark(line) for line in text.split("\n") if line.strip()]  # words may hold other ends of lines


def add_remark(run: RunRecord, remark: Remark) -> None:
    """Keep a remark among a run's artifacts, behind those that are there.

    Raises:
        TrackingError: it cannot be written.
    """
    with _LOCK:
        lines = [*read_remarks(run), remark]
        text = "".join(f"{json.dumps(_plain(line), ensure_ascii=False)}\n" for line in lines)
        write_artifact(run, REMARKS_PATH, text)


def _plain(remark: Remark) -> dict[str, object]:
    return {name: value for name, value in asdict(remark).items() if value not in ("", ())}


def _remark(line: str) -> Remark:
    content = json.loads(line)
    if content.get("action") not in get_args(Action):
        raise TrackingError(
            f"{REMARKS_PATH}: {content.get('action')!r} is no remark that this whytrain knows"
        )
    lists = {name: tuple(map(str, content.get(name, ()))) for name in ("words", "joined")}
    return Remark(**content | lists)


def bare_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return words as marks write them."""
    return tuple(dict.fromkeys(bare_word(word) for word in words))
