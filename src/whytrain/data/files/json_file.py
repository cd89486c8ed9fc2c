"""JSON: a list of objects, columns, or one object per line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from whytrain.data.files.table import BadRow, FileFormat, RawTable
from whytrain.data.files.text_file import encoding_of, open_text
from whytrain.errors import DataError


def read_json_lines(path: Path, form: FileFormat) -> RawTable:
    """Read one JSON object per line; a key that a row lacks is None there.

    Raises:
        DataError: if the file cannot be read.
    """
    encoding = encoding_of(path, form.encoding, form.prefix)
    objects: list[dict[str, Any]] = []
    lines: list[int] = []
    bad = []
    with open_text(path, encoding.name) as file:
        for line, content in enumerate(file, start=1):
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
    return _table(path, "line", objects, lines, bad, encoding.notice(path, form.prefix))


def read_json(path: Path, form: FileFormat) -> RawTable:
    """Read a list of objects, an object of columns (as pandas writes it), or JSON lines under this name.

    Raises:
        DataError: if the file cannot be read, or is JSON of another form.
    """
    encoding = encoding_of(path, form.encoding, form.prefix)
    with open_text(path, encoding.name) as file:
        text = file.read()
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise DataError(f"{path} cannot be read as JSON: it is nested too deep.") from error
    except ValueError as error:
        if str(error).startswith("Extra data"):  # behind the first object: there are several, one per line
            return read_json_lines(path, form)
        raise DataError(f"{path} cannot be read as JSON ({error}); write it again.") from error
    if isinstance(value, dict) and len(value) == 1 and _is_rows(next(iter(value.values()))):
        value = next(iter(value.values()))  # such as {"data": [...]}
    if isinstance(value, dict) and value and all(isinstance(v, (list, dict)) for v in value.values()):
        columns = {name: _values(column) for name, column in value.items()}
        sizes = {len(column) for column in columns.values()}
        if len(sizes) == 1:
            lines = list(range(1, sizes.pop() + 1))
            return RawTable(source=str(path), unit="row", columns=columns, lines=lines, bad=[])
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        raise DataError(f"{path}: expected a list of objects, or an object of columns of one length.")
    rows = list(enumerate(value, start=1))
    bad = [BadRow(row, "no JSON object") for row, one in rows if not isinstance(one, dict)]
    kept = [(row, one) for row, one in rows if isinstance(one, dict)]
    notices = encoding.notice(path, form.prefix)
    return _table(path, "row", [one for _, one in kept], [row for row, _ in kept], bad, notices)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _values(column: Any) -> list[Any]:
    return list(column.values()) if isinstance(column, dict) else column


def _table(
    path: Path,
    unit: str,
    objects: list[dict[str, Any]],
    lines: list[int],
    bad: list[BadRow],
    notices: tuple[str, ...],
) -> RawTable:
    names: Iterable[str] = dict.fromkeys(name for value in objects for name in value)
    columns = {name: [value.get(name) for value in objects] for name in names}
    return RawTable(source=str(path), unit=unit, columns=columns, lines=lines, bad=bad, notices=notices)
