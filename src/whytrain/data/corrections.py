"""Labels that people corrected, in place of those of the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from whytrain.config.known_file import known_file
from whytrain.config.validation import did_you_mean
from whytrain.data.cleaning import bad_rows_notice, read_label
from whytrain.data.corpus import Split
from whytrain.data.files import BadRow, RawTable, read_table
from whytrain.data.outside import RowReader
from whytrain.data.source import Source
from whytrain.errors import MissingDataError
from whytrain.tasks import label_name

ID, LABEL = "id", "label"  # columns of the file
_FIXED = "test"


class Corrected(NamedTuple):
    """Splits with corrected labels.

    Attributes:
        splits: those that were given, by their names.
        labels: the names that stand where others stood, by id of the row.
        notices: what is to be known of it, a line each.
    """

    splits: dict[str, Split]
    labels: dict[str, tuple[str, ...]]
    notices: tuple[str, ...]


def corrected(
    source: Source,
    splits: Mapping[str, Split],
    *,
    fixed: Iterable[str],
    reader: RowReader,
    class_names: tuple[str, ...],
) -> Corrected:
    """Replace labels by those of the file `data.corrections`.

    Who is in which split was decided by the labels as they were: a correction moves no row.

    Args:
        source: names the file, and says what to do with bad rows.
        splits: whose labels are replaced.
        fixed: ids of rows that keep their labels: those of the test split, and those of no split.
        reader: how labels are read.
        class_names: all of them.

    Raises:
        MissingDataError: the file or one of its columns is not there.
        DataError: a row has an id that is unknown or in two splits, or a label that is no class.
    """
    if source.corrections is None:
        return Corrected(dict(splits), {}, ())
    path = known_file(source.corrections, source.CORRECTIONS_SETTING)
    homes: dict[str, list[str]] = {}
    for name, ids in {**{name: split.ids for name, split in splits.items()}, _FIXED: fixed}.items():
        for row_id in ids:
            homes.setdefault(row_id, []).append(name)
    found, notices = _read(path, source, reader, homes)
    result: dict[str, Split] = {}
    changed: dict[str, tuple[str, ...]] = {}
    counts: dict[str, int] = {}
    for name, split in splits.items():
        rows = [row for row, row_id in enumerate(split.ids) if row_id in found]
        names = [found[split.ids[row]] for row in rows]
        labels = split.labels.copy()
        if rows:
            labels[rows] = reader.task.encode(names, class_names)
        result[name] = replace(split, labels=labels)
        is_new = (labels != split.labels).reshape(len(split), -1).any(axis=1)
        changed |= {split.ids[row]: found[split.ids[row]] for row in np.flatnonzero(is_new).tolist()}
        counts[name] = int(is_new.sum())
    fixed_rows = sum(homes[row_id] == [_FIXED] for row_id in found)
    return Corrected(result, changed, (*notices, _told(path, counts, len(found), fixed_rows)))


def corrections_table(path: Path) -> RawTable:
    """Return the rows of a file of corrections; further columns are of no account.

    Raises:
        MissingDataError: it lacks a column.
        DataError: it cannot be read.
    """
    table = read_table(path, wanted=[ID, LABEL])
    for name in (ID, LABEL):
        if name not in table.columns:
            raise MissingDataError(
                f"{Source.CORRECTIONS_SETTING}: {path} has no column {name}, and needs {ID} and {LABEL}; "
                f"{did_you_mean(name, list(table.columns))}{table.or_else}"
            )
    return table


def read_corrections(path: Path) -> dict[str, str]:
    """Return the labels of a file of corrections as they stand there, by id of the row.

    Raises:
        DataError: it cannot be read.
    """
    table = corrections_table(path)
    return dict(zip(map(label_name, table.columns[ID]), map(label_name, table.columns[LABEL]), strict=True))


def _read(
    path: Path, source: Source, reader: RowReader, homes: Mapping[str, list[str]]
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return labels by id, and notices about rows that cannot be used."""
    table, found = corrections_table(path), dict[str, tuple[str, ...]]()
    bad = list(table.bad)
    for line, raw_id, raw_label in zip(table.lines, table.columns[ID], table.columns[LABEL], strict=True):
        row_id, (names, reason) = label_name(raw_id), read_label(raw_label, reader.task, reader.names)
        if row_id not in homes:
            reason = f"an id that no row has (ids are such as {next(iter(homes))})"
        elif len(homes[row_id]) > 1:
            reason = f"an id that rows of {' and of '.join(homes[row_id])} have"
        elif reason is None and set(found.get(row_id, names)) != set(names):
            reason = "another label for the id of an earlier row"
        if reason is None:
            found[row_id] = names
        else:
            bad.append(BadRow(line, reason))
    return found, bad_rows_notice(table, bad, source.on_bad_row, "data.on_bad_row")


def _told(path: Path, counts: Mapping[str, int], n_found: int, n_fixed: int) -> str:
    n = sum(counts.values())
    told = f"{path.name} corrects {n:,} {'label' if n == 1 else 'labels'}"
    if n:
        told += f": {', '.join(f'{count:,} of {name}' for name, count in counts.items() if count)}"
    if same := n_found - n - n_fixed:
        told += f"; {same:,} {'has' if same == 1 else 'have'} that label already"
    if n_fixed:
        stays = "stays as it was" if n_fixed == 1 else "stay as they were"
        told += f"; {n_fixed:,} of test, or of no split, {stays}"
    return f"{told}."
