"""What a run's model leans on: a table for people, and all of it for a diagnosis that is repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from whytrain.presentation.wording import percent
from whytrain.runs.table import TableRecord
from whytrain.shortcuts.evidence import Candidate, ShortcutEvidence, ShownText
from whytrain.shortcuts.features import Feature
from whytrain.shortcuts.group import WordGroup
from whytrain.statistics.intervals import Interval
from whytrain.tracking.reader import RunRecord

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

# Scores are in log-odds; shares are of 1.
_RECORD = TableRecord(
    topic="shortcuts",
    columns=("rank", "kind", "words", "class", "n_train", "share", "p_value", "evidence", "is_shortcut"),
    text_columns=("words",),
)


def log_shortcuts(store: Recorder, found: ShortcutEvidence, class_names: Sequence[str]) -> None:
    """Log the candidates, ranked; words are hashed where text is private."""
    _RECORD.log(store, shortcut_table(found, class_names))


def read_shortcuts(run: RunRecord) -> pd.DataFrame:
    """Return the candidates of a run, see `shortcut_table`.

    Raises:
        TrackingError: the run looked for none.
    """
    return _RECORD.read(run)


def what_became(before: RunRecord, after: RunRecord) -> list[str]:
    """Say of each shortcut of a run how much of an average decision it is in a run that followed.

    Raises:
        TrackingError: one of the runs looked for none.
    """
    found, left = read_shortcuts(before), read_shortcuts(after)
    columns = ["kind", "words", "share"]
    now = {(kind, words): max(float(share), 0.0) for kind, words, share in left[columns].to_numpy()}
    lines = []
    for kind, words, share in found.loc[found["is_shortcut"].astype(bool), columns].to_numpy():
        title = Feature(kind=kind, words=tuple(words.split())).title
        known = now.get((kind, words))
        said = f"less than each of the {len(left)} listed" if known is None else percent(known)
        lines.append(f"{title}: {percent(share)} of an average decision before, now {said}")
    return lines


def shortcut_table(found: ShortcutEvidence, class_names: Sequence[str]) -> pd.DataFrame:
    """Return one row per candidate, the first in rank first."""
    rows = [
        {
            "rank": rank,
            "kind": c.feature.kind,
            "words": " ".join(c.feature.words),
            "class": class_names[c.speaks_for],
            "other_order_class": class_names[c.against] if c.feature.kind == "ordered_pair" else None,
            "n_train": c.n_train,
            "n_check": c.n_check,
            "coverage": c.coverage,
            "share": c.share.estimate,
            "share_low": c.share.low,
            "share_high": c.share.high,
            "effect": c.effect,
            "helps_train": c.helps_train,
            **_harm(c.helps_check),
            "right_train": c.right_train,
            "right_check": c.right_check,
            "expected_train": c.expected_train,
            "expected_check": c.expected_check,
            "p_value": c.p_value,
            "evidence": "check" if found.n_check else "prior",
            "is_shortcut": c.is_shortcut,
            "suspicion": c.suspicion,
            "examples": " ".join(shown.row_id for shown in c.examples),
        }
        for rank, c in enumerate(found.candidates, start=1)
    ]
    return pd.DataFrame(rows, columns=None if rows else list(_RECORD.columns))


def _harm(helps: Interval | None) -> dict[str, float | None]:
    if helps is None:
        return dict.fromkeys(("helps_check", "harm_check", "harm_low", "harm_high"))
    return {
        "helps_check": helps.estimate,
        "harm_check": -helps.estimate,
        "harm_low": -helps.high,
        "harm_high": -helps.low,
    }


def as_plain(found: ShortcutEvidence, name: Callable[[str], str]) -> dict[str, Any]:
    """Return all of it as plain data, with other names for the words, such as their hashes."""
    group = found.group and replace(found.group, words=tuple(map(name, found.group.words)))
    candidates = tuple(candidate.named(name) for candidate in found.candidates)
    return asdict(replace(found, candidates=candidates, group=group))


def of_plain(content: Mapping[str, Any]) -> ShortcutEvidence:
    """Return what `as_plain` made plain, also after a way through JSON."""

    def interval(value: Mapping[str, Any] | None) -> Interval | None:
        return None if value is None else Interval(**value)

    def candidate(value: Mapping[str, Any]) -> Candidate:
        shown = (
            ShownText(**text | {"words": tuple(text["words"]), "values": tuple(text["values"])})
            for text in value["examples"]
        )
        feature = Feature(kind=value["feature"]["kind"], words=tuple(value["feature"]["words"]))
        changed = {
            "feature": feature,
            "share": Interval(**value["share"]),
            "helps_check": interval(value["helps_check"]),
            "examples": tuple(shown),
        }
        return Candidate(**{**value, **changed})

    group = content["group"]
    if group is not None:
        group = WordGroup(**{**group, "words": tuple(group["words"]), "share": Interval(**group["share"])})
    candidates = tuple(map(candidate, content["candidates"]))
    return ShortcutEvidence(**{**content, "candidates": candidates, "group": group})
