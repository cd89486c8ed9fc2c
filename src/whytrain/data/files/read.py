"""Any file of rows, by its name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from whytrain.data.files.columnar import read_columnar
from whytrain.data.files.delimited import read_delimited
from whytrain.data.files.json_file import read_json, read_json_lines
from whytrain.data.files.table import FileFormat, RawTable
from whytrain.data.files.text_file import encoding_of, open_text
from whytrain.errors import DataError

_PACKED = (".gz", ".bz2", ".xz")
_SHEETS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
_DELIMITED = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
_COLUMNAR = (".parquet", ".arrow", ".feather")
SUFFIXES = (*_DELIMITED, *_JSON_LINES, ".json", *_COLUMNAR)


def kind_of(path: Path) -> str:
    """Return the suffix of what a file holds: `.csv` of `rows.csv.gz`."""
    name = Path(path.stem) if path.suffix.lower() in _PACKED else path
    return name.suffix.lower()


def read_table(
    path: Path, form: FileFormat | None = None, wanted: Collection[str] = (), others: Sequence[str] = ()
) -> RawTable:
    """Read a file of one of the `SUFFIXES`, packed or not.

    Args:
        path: the file.
        form: how a text file is written; None to guess all.
        wanted: names of columns that will be asked for, which help to guess.
        others: suffixes that whoever asks reads besides, for the message.

    Raises:
        DataError: if the file is missing, empty, of another kind, or broken.
    """
    form, kind = form or FileFormat(), kind_of(path)
    if kind in _DELIMITED:
        return read_delimited(path, form, _DELIMITED[kind], wanted)
    if kind in _JSON_LINES:
        return read_json_lines(path, form)
    if kind == ".json":
        return read_json(path, form)
    if kind in _COLUMNAR:
        return read_columnar(path)
    if kind in _SHEETS:
        raise DataError(f"{path} is a spreadsheet, which is not read: save its table as .csv.")
    raise DataError(
        f"{path}: expected a file that ends in {_either([*SUFFIXES, *others])}, or one of them packed as "
        f"{_either(_PACKED)}; got {kind or 'no suffix'}."
    )


def _either(suffixes: Sequence[str]) -> str:
    return f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"


def read_text_lines(path: Path, form: FileFormat) -> list[str]:
    """Return the lines of a text file.

    Raises:
        DataError: the file cannot be read.
    """
    with open_text(path, encoding_of(path, form.encoding, form.prefix).name) as file:
        content = file.read().replace("\r\n", "\n").replace("\r", "\n")
    # Not splitlines: a line separator inside a sentence (U+2028, a form feed) ends no line of a file.
    return content.removesuffix("\n").split("\n") if content else []
