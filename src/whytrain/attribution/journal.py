"""Finished rows on disk, one line of JSON each: what a killed process had done is not done again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Row = dict[str, Any]
Key = tuple[int, str]  # a row's number, and a hash of its text


class Journal:
    """Rows by their number and text; only their places in the file are held in memory."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; a last line that was cut off while it was written is removed."""
        self._path, self._places = path, dict[Key, int]()
        self._file = path.open("a+b")
        self._file.seek(0)
        end = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            row = json.loads(line)
            self._places[row["row"], row["key"]] = end
            end += len(line)
        self._file.truncate(end)

    def __enter__(self) -> Journal:
        """Return it."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self._file.close()

    def __contains__(self, key: Key) -> bool:
        """Whether a row is finished."""
        return key in self._places

    def __getitem__(self, key: Key) -> Row:
        """Return a finished row."""
        self._file.seek(self._places[key])
        row: Row = json.loads(self._file.readline())
        return row

    def add(self, row: Row) -> None:
        """Write a row that has `row` and `key`; it is on disk when this returns."""
        self._file.seek(0, 2)
        self._places[row["row"], row["key"]] = self._file.tell()
        self._file.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        self._file.flush()

    def take_over(self, table: Path, keys: set[Key]) -> None:
        """Add the rows of a Parquet file, if there is one, that have these keys and are not here."""
        if not table.is_file():
            return
        with pq.ParquetFile(table) as file:
            for batch in file.iter_batches(batch_size=1000):
                for row in batch.to_pylist():
                    key = (row["row"], row["key"])
                    if key in keys and key not in self:
                        self.add(row)

    def remove(self) -> None:
        """Delete the file."""
        self._path.unlink()
