"""Reading a log of answers, and checking that nobody touched it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whytrain.audit.chain import FIRST, HASH, NUMBER, PREVIOUS, hash_of, log_files
from whytrain.errors import ConfigError, WhytrainError


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What a check of a whole log found.

    Attributes:
        n_entries: whole and chained, up to the first problem.
        head: hash of the last of them.
        problem: the first one, with its file and line; None: the chain is whole.
        torn: bytes of a line that was being written when its process was killed; the next entry removes them.
        has_expected: whether an entry has the hash that was asked for; None: none was.
    """

    n_entries: int
    head: str
    problem: str | None
    torn: int = 0
    has_expected: bool | None = None


def verify(folder: Path, expected: str | None = None) -> Verified:
    """Check every entry's hash, number and link to the one before.

    Args:
        folder: of the log.
        expected: a hash that was kept elsewhere and must still be in the log; None: none.

    Raises:
        ConfigError: there is no log.
    """
    number, head, torn = 0, FIRST, 0
    found = None if expected is None else expected == FIRST
    for where, raw in _lines(folder):
        if not raw.endswith(b"\n"):
            torn = len(raw)
            continue
        problem = "a line was cut off before this one" if torn else None
        line: dict[str, Any] = {}
        try:
            line = json.loads(raw)
        except ValueError:
            problem = problem or "is no JSON"
        problem = problem or _problem(line, number, head)
        if problem is not None:
            return Verified(n_entries=number, head=head, problem=f"{where}: {problem}", has_expected=found)
        number, head = number + 1, str(line[HASH])
        if found is False and head == expected:
            found = True
    return Verified(n_entries=number, head=head, problem=None, torn=torn, has_expected=found)


def read_entries(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield all entries in their order, unchecked.

    Raises:
        ConfigError: there is no log.
        WhytrainError: a line is no JSON.
    """
    for where, raw in _lines(folder):
        if raw.endswith(b"\n"):
            try:
                yield json.loads(raw)
            except ValueError as error:
                raise WhytrainError(f"{where}: is no JSON; run verify") from error


def read_entry(folder: Path, number: int) -> dict[str, Any]:
    """Return one entry by its number.

    Raises:
        ConfigError: there is no log, or no such entry in it.
    """
    for entry in read_entries(folder):
        if entry[NUMBER] == number:
            return entry
    raise ConfigError(f"{folder}: there is no entry {number}")


def _lines(folder: Path) -> Iterator[tuple[str, bytes]]:
    files = log_files(folder)
    if not files:
        raise ConfigError(f"{folder}: expected a folder with a record of answers (answers-000001.jsonl, …)")
    for path in files:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                yield f"{path.name}, line {number}", raw


def _problem(line: object, number: int, head: str) -> str | None:
    if not isinstance(line, dict) or not {NUMBER, PREVIOUS, HASH} <= line.keys():
        return "is no entry of a record"
    if hash_of(line) != line[HASH]:
        return "was changed: its content does not have its hash"
    if line[PREVIOUS] != head or line[NUMBER] != number + 1:
        return (
            f"does not follow the entry before it: expected number {number + 1} after {head[:12]}…, "
            f"got number {line[NUMBER]} after {str(line[PREVIOUS])[:12]}…"
        )
    return None
