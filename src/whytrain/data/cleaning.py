"""Which rows can be used, and one line about those that cannot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any, Literal

from whytrain.data.files import BadRow, RawTable
from whytrain.data.label_names import LabelNames, label_key
from whytrain.errors import DataError
from whytrain.tasks import Task, label_name

SHOWN_LINES = 5
LONGEST_TEXT = 10_000_000  # characters; a long novel has 3 million


@dataclass(frozen=True, kw_only=True)
class CleanRows:
    """Usable rows.

    Attributes:
        ids: unique ids.
        texts: none is blank.
        labels: the names of each row; exactly one where classes exclude each other.
        columns: the further columns.
        notices: how the file was read, and what was left out.
    """

    ids: list[str]
    texts: list[str]
    labels: list[tuple[str, ...]]
    columns: dict[str, list[Any]]
    notices: tuple[str, ...]


def clean_rows(
    table: RawTable,
    *,
    text_column: str,
    label_column: str,
    make_id: Callable[[int], str],
    id_column: str | None,
    task: Task,
    known: LabelNames | None,
    on_bad_row: Literal["error", "skip"],
) -> CleanRows:
    """Check every row and keep those that can be used.

    Args:
        table: rows as they stand in the file.
        text_column: name of the column of texts.
        label_column: name of the column of labels.
        make_id: id of the row at a position (from 0), where there is no `id_column`.
        id_column: name of the column of ids, or None.
        task: what a value of the column of labels means.
        known: the classes that a row may have, or None for any.
        on_bad_row: `error` raises, `skip` leaves out and reports.

    Raises:
        DataError: if a column is missing, a row is bad and `on_bad_row` is `error`, or none is left.
    """
    named = [text_column, label_column] + ([] if id_column is None else [id_column])
    missing = [name for name in named if name not in table.columns]
    if missing and table.columns:
        raise DataError(
            f"{table.source} has no column {', '.join(missing)}; its columns are {', '.join(table.columns)}"
            f"{table.or_else}."
        )
    texts, raw_labels = table.columns.get(text_column, []), table.columns.get(label_column, [])
    raw_ids = None if id_column is None else table.columns.get(id_column, [])
    bad = list(table.bad)
    kept: dict[str, int] = {}  # rows by their ids
    labels: list[tuple[str, ...]] = []
    read = _remembering(task, known)
    for row, text in enumerate(texts):
        row_id = make_id(row) if raw_ids is None else label_name(raw_ids[row])
        reason = _text_fault(text)
        names, reason = read(raw_labels[row]) if reason is None else ((), reason)
        if reason is None:
            reason = _id_fault(row_id, kept)
        if reason is None:
            kept[row_id] = row
            labels.append(names)
        else:
            bad.append(BadRow(table.lines[row], reason))
    notices = table.notices + bad_rows_notice(table, bad, on_bad_row, "data.on_bad_row")
    if not kept:
        why = {row.reason for row in bad}
        every = f": each has {why.pop()}" if len(why) == 1 else ""
        raise DataError(f"{table.source} has no usable row{every}.")
    rows = kept.values()
    further = {
        name: [values[row] for row in rows] for name, values in table.columns.items() if name not in named
    }
    return CleanRows(
        ids=list(kept), texts=[texts[row] for row in rows], labels=labels, columns=further, notices=notices
    )


def _id_fault(row_id: str, taken: Container[str]) -> str | None:
    if not row_id:
        return "missing id"
    return "an id that an earlier row has" if row_id in taken else None


def _text_fault(text: Any) -> str | None:
    if text is None:
        return "missing text"
    if not isinstance(text, str):
        return "a text that is not a string"
    if len(text) > LONGEST_TEXT:
        return f"a text of more than {LONGEST_TEXT:,} characters"
    if text.isascii() and text.isprintable():  # nearly all; what follows is slower
        return None if text.strip() else "blank text"
    return _fault_of_characters(text)


def _fault_of_characters(text: str) -> str | None:
    if "\0" in text:
        return "a NUL byte in the text"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "a text that is not valid Unicode (half of a surrogate pair)"
    # Zero-width and control characters alone are nothing to read; an emoji alone is.
    return None if any(c.isprintable() and not c.isspace() for c in text) else "blank text"


def _remembering(task: Task, known: LabelNames | None) -> Callable[[Any], tuple[tuple[str, ...], str | None]]:
    """Return a function from a raw label to names and the reason against it; each string is read once."""
    found: dict[str, tuple[tuple[str, ...], str | None]] = {}

    def read(value: Any) -> tuple[tuple[str, ...], str | None]:
        if not isinstance(value, str):
            return read_label(value, task, known)
        if value not in found:
            found[value] = read_label(value, task, known)
        return found[value]

    return read


def read_label(value: Any, task: Task, known: LabelNames | None) -> tuple[tuple[str, ...], str | None]:
    """Return the names that a value of a column of labels stands for, or the reason against it.

    Args:
        value: as it stands in the file.
        task: what it means.
        known: the classes that it may name, or None for any.
    """
    try:
        names = task.read(value)
    except ValueError as error:
        return (), str(error)
    if not all(map(label_key, names)):  # characters that nobody sees
        return (), "missing label"
    if known is None:
        return names, None
    classes = known.read(names)
    if classes is None:
        shown = ", ".join(known.names[:SHOWN_LINES]) + (", …" if len(known.names) > SHOWN_LINES else "")
        return (), f"a label other than {shown}"
    return classes, None


def bad_rows_notice(
    table: RawTable, bad: list[BadRow], on_bad_row: Literal["error", "skip"], setting: str
) -> tuple[str, ...]:
    """Return the notice about skipped rows; `setting` is what skips them.

    Raises:
        DataError: if rows are bad and `on_bad_row` is `error`.
    """
    if not bad:
        return ()
    lines = defaultdict(list)
    for row in sorted(bad, key=lambda row: row.line):
        lines[row.reason].append(row.line)
    faults = "; ".join(
        f"{len(found)} with {reason} ({table.unit} {', '.join(map(str, found[:SHOWN_LINES]))}"
        f"{', …' if len(found) > SHOWN_LINES else ''})"
        for reason, found in lines.items()
    )
    count = f"{len(bad):,} {'row' if len(bad) == 1 else 'rows'}"
    if on_bad_row == "skip":
        return (f"{table.source}: {count} skipped: {faults}.",)
    raise DataError(
        f"{table.source}: {count} cannot be used: {faults}; mend them, or leave them out with {setting}=skip."
    )
