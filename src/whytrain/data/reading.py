"""Files to columns of raw values, each row with the line that it stands on."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whytrain.errors import DataError


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used: where it stands and why."""

    line: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """The rows of a file as they stand there.

    Attributes:
        source: the file, for messages.
        unit: what `lines` counts: `line` of a text file, or `row` of a file without lines. From 1.
        columns: the values of every column.
        lines: where each row starts.
        bad: rows that could not be read; they are not in `columns`.
    """

    source: str
    unit: str
    columns: dict[str, list[Any]]
    lines: list[int]
    bad: list[BadRow]


def read_table(path: Path) -> RawTable:
    """Read a .csv, .tsv, .jsonl (.ndjson) or .parquet file; text files in UTF-8, with or without BOM.

    Raises:
        DataError: if the file is missing, empty, of another kind, or broken.
    """
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return read_delimited(path, delimiter="," if suffix == ".csv" else "\t", quoting=csv.QUOTE_MINIMAL)
    if suffix in (".jsonl", ".ndjson"):
        return read_json_lines(path)
    if suffix == ".parquet":
        return read_parquet(path)
    raise DataError(f"{path}: expected a .csv, .tsv, .jsonl or .parquet file, got {suffix or 'no suffix'}.")


def read_delimited(path: Path, delimiter: str, quoting: int) -> RawTable:
    """Read a text table with a header; `quoting` is one of the constants of `csv`.

    Raises:
        DataError: if the file cannot be read, or a quoted field is not closed.
    """
    text = _read_text(path)
    header, rows, lines, bad = None, [], [], []
    for line, fields in _records(path, text, delimiter, quoting):
        if header is None:
            header = fields
            _check_header(path, header)
        elif len(fields) == len(header):
            rows.append(fields)
            lines.append(line)
        elif fields:  # an empty line is not a row
            bad.append(BadRow(line, f"{len(fields)} fields where the header has {len(header)}"))
    if header is None:
        raise DataError(f"{path} is empty: expected a header and rows.")
    values = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in header]
    return RawTable(
        source=str(path), unit="line", columns=dict(zip(header, values, strict=True)), lines=lines, bad=bad
    )


def read_json_lines(path: Path) -> RawTable:
    """Read one JSON object per line; a key that a row lacks is None there.

    Raises:
        DataError: if the file cannot be read.
    """
    objects, lines, bad = [], [], []
    for line, content in enumerate(_read_text(path).split("\n"), start=1):
        if not content.strip():
            continue
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            objects.append(value)
            lines.append(line)
        else:
            bad.append(BadRow(line, "no JSON object"))
    names = list(dict.fromkeys(name for value in objects for name in value))
    columns = {name: [value.get(name) for value in objects] for name in names}
    return RawTable(source=str(path), unit="line", columns=columns, lines=lines, bad=bad)


def read_parquet(path: Path) -> RawTable:
    """Read a Parquet file.

    Raises:
        DataError: if the file is missing or broken.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    _check_file(path)
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} cannot be read as Parquet ({reason}); write it again.") from error
    _check_header(path, table.column_names)
    return RawTable(
        source=str(path), unit="row", columns=table.to_pydict(), lines=list(range(1, len(table) + 1)), bad=[]
    )


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise DataError(f"{path} is not a file; give an existing file.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty: expected rows with a text and a label.")


def _read_text(path: Path) -> str:
    _check_file(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # With a byte-order mark positions count from behind it; its three bytes hold no line feed.
        mark = 3 if content.startswith(b"\xef\xbb\xbf") else 0
        line = content.count(b"\n", 0, mark + error.start) + 1
        encoding = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "LATIN1"
        raise DataError(
            f"{path}, line {line}: byte 0x{error.object[error.start]:02x} is not UTF-8; "
            f"convert the file, for example: iconv -f {encoding} -t UTF-8."
        ) from error


def _check_header(path: Path, header: list[str]) -> None:
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise DataError(f"{path}: the header names {', '.join(doubled)} more than once; rename the columns.")


def _records(path: Path, text: str, delimiter: str, quoting: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each record starts, and its fields."""
    limit = csv.field_size_limit(sys.maxsize)  # its default of 131,072 characters would refuse long texts
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)  # type: ignore[arg-type]  # any of csv's constants
    line = 1
    try:
        for fields in reader:
            yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}, line {line}: a quoted field is not closed properly ({error}); "
            'inside a quoted field write "" for a quotation mark.'
        ) from error
    finally:
        csv.field_size_limit(limit)
