"""An append-only log in a folder: each line carries the hash of the line before it.

Whoever changes, removes, inserts or reorders a line breaks the chain from there on. Only what was cut off the
end does not show: for that, keep the newest hash (the head) elsewhere and give it to `verify`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

FIRST = "0" * 64  # what the first line of a log says of the line before it
NUMBER, PREVIOUS, HASH = "number", "previous", "hash"
_FILE_SIZE = 64 * 2**20  # bytes, after which the next file is begun
_TAIL = 1 << 20  # bytes, read at once from a file's end


class Chain:
    """Writes a log; any number of processes may write to one folder at once."""

    def __init__(self, folder: Path, *, file_size: int = _FILE_SIZE) -> None:
        """Make the folder.

        Args:
            folder: of the log's files and nothing else.
            file_size: bytes after which the next file is begun.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._file_size = folder, file_size
        self._lock = FileLock(folder / ".lock")
        # The newest file, its size, and number and hash of its last line, as this process left them.
        self._written: tuple[Path, int, int, str] | None = None

    def append(self, entries: Sequence[Mapping[str, Any]]) -> list[str]:
        """Write entries; when this returns they are on the disk.

        What a process that was killed left of a line is removed first: its entry was never confirmed. An
        entry of its own, `{"kind": "torn", …}`, says so.

        Args:
            entries: plain data, without the keys `number`, `previous` and `hash`.

        Returns:
            The hash of each entry.
        """
        with self._lock:
            path, size, number, head, torn = self._end()
            waiting = ([{"kind": "torn", "bytes": torn}] if torn else []) + [dict(entry) for entry in entries]
            lines = []
            for offset, entry in enumerate(waiting, number + 1):
                line = {NUMBER: offset, PREVIOUS: head, **entry}
                head = hash_of(line)
                lines.append((json.dumps(line | {HASH: head}, ensure_ascii=False) + "\n").encode())
            if size >= self._file_size:
                path, size = file_of(self._folder, _index(path) + 1), 0
            written = b"".join(lines)
            _write(path, written)
            self._written = path, size + len(written), number + len(lines), head
        return [json.loads(line)[HASH] for line in lines[bool(torn) :]]

    def _end(self) -> tuple[Path, int, int, str, int]:
        """Return the newest file, its size, its last line's number and hash, and what was torn (removed)."""
        files = log_files(self._folder)
        if not files:
            return file_of(self._folder, 1), 0, 0, FIRST, 0
        path, size = files[-1], files[-1].stat().st_size
        if self._written is not None and self._written[:2] == (path, size):
            return path, size, *self._written[2:], 0
        whole, last = _last_line(path)
        if last is None and len(files) > 1:  # the newest file holds a torn line alone
            _, last = _last_line(files[-2])
        number, head = (0, FIRST) if last is None else (int(last[NUMBER]), str(last[HASH]))
        if whole < size:
            os.truncate(path, whole)
        return path, whole, number, head, size - whole


def hash_of(line: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a line without its own hash, in hexadecimal digits.

    It is that of the line as JSON with sorted keys, without spaces, in UTF-8.
    """
    plain = {key: value for key, value in line.items() if key != HASH}
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def file_of(folder: Path, index: int) -> Path:
    """Return the log's file of this number, from 1."""
    return folder / f"answers-{index:06d}.jsonl"


def log_files(folder: Path) -> list[Path]:
    """Return the files of a log in their order."""
    return sorted(folder.glob("answers-*.jsonl"))


def _index(path: Path) -> int:
    return int(path.stem.partition("-")[2])


def _last_line(path: Path) -> tuple[int, dict[str, Any] | None]:
    """Return the size of a file's whole lines, and the last of them; None where there is none."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        tail = b""
        while size and tail.count(b"\n") < 2:
            step = min(_TAIL, size)
            size -= step
            file.seek(size)
            tail = file.read(step) + tail
    whole = tail.rfind(b"\n") + 1
    lines = tail[:whole].splitlines()
    return size + whole, json.loads(lines[-1]) if lines else None


def _write(path: Path, content: bytes) -> None:
    """Put content at the end of a file, and onto the disk."""
    is_new = not path.exists()
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
