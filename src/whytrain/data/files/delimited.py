"""Delimited text: delimiter, quoting and header, given or guessed; a guess is checked against all rows."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from whytrain.counted import counted
from whytrain.data.files.table import BadRow, FileFormat, RawTable, position_name
from whytrain.data.files.text_file import encoding_of, open_text
from whytrain.errors import DataError

DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
_QUOTING = {"minimal": csv.QUOTE_MINIMAL, "none": csv.QUOTE_NONE}
_SAMPLE = 200  # lines from which the delimiter is guessed
_MOST = 0.9  # share of rows as wide as the header that a guessed delimiter must give
_LONG_NAME = 60  # characters: no column is called so


@dataclass
class _Parsed:
    """A file read in one way.

    Attributes:
        header: the first line that is not blank.
        columns: the values of the rows.
        lines: where each row starts.
        numbers: of each row, as spreadsheets count them: line feeds inside a field make no further row.
        bad: rows of another width.
        swallowed: the lines of each quoted field that went over lines which each look like a row.
        fault: the line of a quoted field that is not closed, and what `csv` says.
    """

    header: list[str] = field(default_factory=list)
    columns: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    swallowed: list[tuple[int, list[str]]] = field(default_factory=list)
    fault: tuple[int, str] | None = None


def read_delimited(path: Path, form: FileFormat, usual: str, wanted: Collection[str]) -> RawTable:
    """Read a text table.

    Args:
        path: the file.
        form: what a person said of it.
        usual: the delimiter that the file's name promises.
        wanted: names of columns that will be asked for, which help to tell delimiter and header.

    Raises:
        DataError: the file cannot be read, quotation marks swallow lines, or a column's name stands twice.
    """
    encoding = encoding_of(path, form.encoding, form.prefix)
    notices = []
    delimiter = form.separator or _guessed_delimiter(path, encoding.name, usual, wanted)
    if form.delimiter is None and delimiter != usual:
        notices.append(f"fields are separated by {DELIMITERS[delimiter]} ({form.prefix}delimiter)")
    if form.quoting is None:
        parsed, is_plain = _guessed_quoting(path, encoding.name, delimiter, form.prefix)
        if is_plain:
            notices.append(f"quotation marks are read as text ({form.prefix}quoting=none)")
    else:
        parsed = _parse(path, encoding.name, delimiter, form.quoting)
        if parsed.fault is not None:
            raise _not_closed(path, parsed.fault, form.prefix)
    if not parsed.header:
        raise DataError(f"{path} is empty: expected a header and rows.")
    table = _named(path, parsed, form, wanted)
    said = (*encoding.notice(path, form.prefix), *(f"{path.name}: {n}." for n in notices), *table.notices)
    return replace(table, notices=said)


def _named(path: Path, parsed: _Parsed, form: FileFormat, wanted: Collection[str]) -> RawTable:
    """Name the columns by the header, or by their positions where there is none or a name is empty."""
    names = [name.strip() for name in parsed.header]
    positions = [position_name(i) for i in range(len(names))]
    has_header = form.header
    if has_header is None:
        has_header = not (wanted and set(wanted) <= set(positions) and not set(wanted) & set(names))
    notices, hint = [], ""
    columns, lines, numbers = parsed.columns or [[] for _ in names], parsed.lines, parsed.numbers
    if not has_header:
        columns = [[first, *rest] for first, rest in zip(parsed.header, columns, strict=True)]
        lines, numbers = [1, *lines], [1, *numbers]
        if form.header is None:
            notices.append(f"{path.name}: no header; columns are called {positions[0]} to {positions[-1]}.")
        names = positions
    else:
        unnamed = [position for position, name in zip(positions, names, strict=True) if not name]
        if unnamed:
            called = f"is called {unnamed[0]}" if len(unnamed) == 1 else f"are called {', '.join(unnamed)}"
            count = counted(len(unnamed), "column")
            notices.append(f"{path.name}: {count} without a name {called}.")
        if form.header is None and _looks_like_a_row(names, columns):
            hint = (
                f"its first line looks like a row: set {form.prefix}header=false, columns are then called "
                f"{', '.join(positions[:3])}{', …' if len(positions) > 3 else ''}"
            )
        names = [name or position for position, name in zip(positions, names, strict=True)]
    check_names(path, names)
    return RawTable(
        source=str(path),
        unit="line",
        columns=dict(zip(names, columns, strict=True)),
        lines=lines,
        numbers=numbers,
        bad=parsed.bad,
        notices=tuple(notices),
        hint=hint,
    )


def check_names(path: Path, names: Sequence[str]) -> None:
    """Raise DataError if two columns have one name."""
    doubled = sorted(name for name, count in Counter(names).items() if count > 1)
    if doubled:
        raise DataError(f"{path}: the header names {', '.join(doubled)} more than once; rename the columns.")


def _looks_like_a_row(names: list[str], columns: list[list[str]]) -> bool:
    """Whether a first line holds numbers, a sentence, or what stands below it too."""
    return any(
        len(name) > _LONG_NAME or name.replace(".", "", 1).isdigit() or (name and name in column)
        for name, column in zip(names, columns, strict=True)
    )


def _guessed_delimiter(path: Path, encoding: str, usual: str, wanted: Collection[str]) -> str:
    with open_text(path, encoding) as file:
        lines = list(islice(file, _SAMPLE))
    if lines and (said := _excel_separator(lines[0])):
        return said
    consistent = []
    for delimiter in dict.fromkeys([usual, *DELIMITERS]):
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if "".join(row).strip()]
        except csv.Error:  # a field of more than 131,072 characters
            rows = [line.split(delimiter) for line in lines if line.strip()]
        width = len(rows[0]) if rows else 0
        if width > 1 and wanted and set(wanted) <= {name.strip() for name in rows[0]}:
            return delimiter
        if width > 1 and sum(len(row) == width for row in rows) >= _MOST * len(rows):
            consistent.append(delimiter)
    return consistent[0] if consistent else usual


def _guessed_quoting(path: Path, encoding: str, delimiter: str, prefix: str) -> tuple[_Parsed, bool]:
    """Return the rows, and whether quotation marks were taken as text.

    They are, where reading them as quoting fails or swallows rows, while every line by itself is a row.
    """
    quoted = _parse(path, encoding, delimiter, "minimal")
    swallowed = [(line, rows) for line, rows in quoted.swallowed if _are_rows(quoted, rows, delimiter)]
    if quoted.fault is None and not swallowed:
        return quoted, False
    plain = _parse(path, encoding, delimiter, "none")
    if not plain.bad and plain.header and not _mostly_quoted(plain):
        return plain, True
    if quoted.fault is not None:
        raise _not_closed(path, quoted.fault, prefix)
    line, rows = swallowed[0]
    raise DataError(
        f"{path}, line {line}: a quotation mark swallows the {len(rows) - 1} lines that follow, which look "
        f"like rows; set {prefix}quoting=none if quotation marks are text, or {prefix}quoting=minimal "
        "if this is one field."
    )


def _are_rows(quoted: _Parsed, lines: list[str], delimiter: str) -> bool:
    """Whether lines inside a quoted field are rows: with tabs, or with a column whose values all recur.

    Two lines of prose with one comma each have two fields, too; but then none is a label.
    """
    if delimiter == "\t":
        return True
    rows = [line.rstrip("\r\n").split(delimiter) for line in lines]
    for number, column in enumerate(quoted.columns):
        own = Counter(row[number] for row in rows)
        counts = own + Counter(value for value in column if value in own)
        if all(counts[value] > 1 for value in own):
            return True
    return False


def _mostly_quoted(plain: _Parsed) -> bool:
    """Whether most rows have a field within quotation marks: then these are quoting."""
    n_quoted = sum(
        any(len(value) > 1 and value[0] == value[-1] == '"' for value in row)
        for row in zip(*plain.columns, strict=True)
    )
    return n_quoted > len(plain.lines) / 2


def _not_closed(path: Path, fault: tuple[int, str], prefix: str) -> DataError:
    line, reason = fault
    return DataError(
        f"{path}, line {line}: a quoted field is not closed properly ({reason}); inside a quoted field write "
        f'"" for a quotation mark, or set {prefix}quoting=none if quotation marks are text.'
    )


def _parse(path: Path, encoding: str, delimiter: str, quoting: str) -> _Parsed:
    result = _Parsed()
    limit = csv.field_size_limit(sys.maxsize)  # its default of 131,072 characters would refuse long texts
    try:
        with open_text(path, encoding) as file:
            source = _Lines(file)
            reader = csv.reader(source, delimiter=delimiter, quoting=_QUOTING[quoting], strict=True)  # type: ignore[arg-type]  # constants of csv
            line = 1
            try:
                for number, fields in enumerate(reader, start=1):
                    if _take(result, fields, line, source.taken, delimiter):
                        result.numbers.append(number)
                    line = reader.line_num + 1
                    source.taken = []
            except csv.Error as error:
                result.fault = line, str(error)
    finally:
        csv.field_size_limit(limit)
    return result


def _take(result: _Parsed, fields: list[str], line: int, taken: list[str], delimiter: str) -> bool:
    """Take the fields of a line, and return whether they are a row."""
    is_narrow = len(fields) < min(2, len(result.header))  # "" in the only column is a row
    if not fields or (not "".join(fields).strip() and (is_narrow or not result.header)):
        return False  # a blank line is not a row
    if not result.header:
        if line == 1 and _excel_separator(taken[0]):
            return False
        result.header = fields
        result.columns = [[] for _ in fields]
        return False
    width = len(result.header)
    if len(taken) > 1 and all(one.count(delimiter) == width - 1 for one in taken):
        result.swallowed.append((line, taken))
    if len(fields) != width:
        result.bad.append(BadRow(line, f"{counted(len(fields), 'field')} where the header has {width}"))
        return False
    for column, value in zip(result.columns, fields, strict=True):
        column.append(value)
    result.lines.append(line)
    return True


class _Lines:
    """Lines of a file, and those that were taken since somebody last looked."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.taken.append(line)
        return line


def _excel_separator(line: str) -> str | None:
    """Return the delimiter of the line `sep=;` that some programs write first."""
    line = line.strip("\r\n")
    return line[4:] if line[:4].lower() == "sep=" and line[4:] in DELIMITERS else None
