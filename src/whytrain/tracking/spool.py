"""The write-ahead journal of a run: everything is written here first, and removed once MLflow has it.

A spool is a folder of numbered segments. A segment is a file of JSON lines, one operation each, and a
folder with the files those operations name. Operations go to the newest segment; `rotate` closes it. A
closed segment is sent as a whole and then removed, so no cursor has to be kept: what a crash leaves behind
is sent again, and sending is idempotent.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whytrain.errors import TrackingError

Operation = dict[str, Any]
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# In the order in which they are told; whatever else there is counts as details.
_WORDS = {"metrics": "metric value", "artifact": "file", "model": "model", "dataset": "data set"}
_OTHER = "detail"


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Operations that are sent together.

    Attributes:
        number: Its place in the order.
        journal: The file of JSON lines.
        files: The folder that holds the files named in the journal; it need not exist.
    """

    number: int
    journal: Path
    files: Path

    def operations(self) -> Iterator[Operation]:
        """Yield the operations in the order in which they were written; a torn line is passed over."""
        for line in self.journal.read_bytes().split(b"\n"):
            if not line:
                continue
            try:
                operation = json.loads(line)
            except ValueError:
                continue  # torn by a crash or a full disk: it was never acknowledged to the caller
            if isinstance(operation, dict) and "op" in operation:
                yield operation

    def remove(self) -> None:
        """Forget the segment: the journal first, since files without one are never sent."""
        self.journal.unlink(missing_ok=True)
        shutil.rmtree(self.files, ignore_errors=True)

    def sync(self) -> None:
        """Make the segment survive a loss of power."""
        staged = [path for path in self.files.rglob("*") if path.is_file()] if self.files.exists() else []
        for path in [self.journal, *staged, self.journal.parent]:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


class Spool:
    """The journal of one run in `directory`; one process writes it at a time."""

    def __init__(self, directory: Path) -> None:
        """Go on after the segments that are there."""
        self.directory = directory
        self._number = max(self._numbers(), default=0) + 1
        self._descriptor: int | None = None
        self._torn = False
        self._synced = 0

    @property
    def _current(self) -> Segment:
        return self._segment(self._number)

    def _segment(self, number: int) -> Segment:
        name = f"{number:06d}"
        return Segment(number=number, journal=self.directory / f"{name}.jsonl", files=self.directory / name)

    def append(self, operation: Operation) -> None:
        """Write one operation; once this returns, it survives the end of the process.

        Raises:
            TrackingError: If the disk is full.
        """
        line = json.dumps(operation, ensure_ascii=False).encode() + b"\n"
        try:
            if self._descriptor is None:
                self.directory.mkdir(parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                self._descriptor = os.open(self._current.journal, flags, 0o644)
            if self._torn:
                line = b"\n" + line
            self._torn = True
            written = os.write(self._descriptor, line)
            if written < len(line):  # a disk that fills up in mid-line says so only to the next write
                os.write(self._descriptor, line[written:])
            self._torn = False
        except OSError as error:
            raise full_disk(error, self.directory) from error

    def stage(self, path: str) -> Path:
        """Return where to write what will become the artifact `path`; its parent folder is there."""
        target = self._current.files / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():  # begun by a process that was killed, or logged a moment ago
                shutil.rmtree(target)
        except OSError as error:
            raise full_disk(error, self.directory) from error
        return target

    def rotate(self) -> None:
        """Close the newest segment, so that it can be sent."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._number += 1

    def sync(self) -> None:
        """Make the closed segments survive a loss of power.

        Raises:
            TrackingError: If the disk is full.
        """
        for segment in self.pending():
            if segment.number > self._synced:
                try:
                    segment.sync()
                except OSError as error:
                    raise full_disk(error, self.directory) from error
                self._synced = segment.number

    def pending(self) -> list[Segment]:
        """Return the closed segments, oldest first."""
        return [self._segment(number) for number in sorted(self._numbers()) if number < self._number]

    def _numbers(self) -> list[int]:
        """Return the numbers of the journals; what else lies there is not ours."""
        return [int(path.stem) for path in self.directory.glob("*.jsonl") if re.fullmatch(r"\d+", path.stem)]


def describe(segments: Iterable[Segment]) -> str | None:
    """Return something like "120 metric values and 4 files"; None where nothing waits."""
    counts: Counter[str] = Counter()
    for segment in segments:
        for operation in segment.operations():
            size = len(operation["values"]) if operation["op"] == "metrics" else 1
            counts[_WORDS.get(operation["op"], _OTHER)] += size
    words = [word for word in (*_WORDS.values(), _OTHER) if counts[word]]
    parts = [f"{counts[word]} {word}{'s' if counts[word] > 1 else ''}" for word in words]
    if len(parts) < 2:
        return parts[0] if parts else None
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def full_disk(error: OSError, directory: Path) -> TrackingError:
    """Return the one-line error for a file that could not be written below `directory`."""
    if error.errno in _FULL:
        free = shutil.disk_usage(directory).free / 2**20 if directory.exists() else 0.0
        return TrackingError(
            f"no space left for the run in {directory} ({free:.0f} MB free): "
            "free some and resume the run (`python -m whytrain.tracking usage` shows what takes the room)"
        )
    return TrackingError(f"cannot write the run's files in {directory}: {error.strerror or error}")
