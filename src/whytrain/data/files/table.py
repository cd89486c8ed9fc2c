"""What reading a file gives, and what a person may say of how it is written."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from whytrain.errors import ConfigError

Quoting = Literal["minimal", "none"]


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
        numbers: of each row as a spreadsheet shows it, the header counted; None where `lines` says the same.
        bad: rows that could not be read; they are not in `columns`.
        notices: how the file was taken where that is not what its name says, one line each.
        class_columns: of which the file itself says that they hold classes.
        hint: what may help where a column is missed; empty where nothing is known.
    """

    source: str
    unit: str
    columns: dict[str, list[Any]]
    lines: list[int]
    numbers: list[int] | None = None
    bad: list[BadRow]
    notices: tuple[str, ...] = ()
    class_columns: tuple[str, ...] = ()
    hint: str = ""

    @property
    def or_else(self) -> str:
        """The hint as the end of a sentence."""
        return f"; {self.hint}" if self.hint else ""

    def number(self, row: int) -> int:
        """Return what people call the row at a position (from 0)."""
        return (self.lines if self.numbers is None else self.numbers)[row]


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    r"""How a file is written; None is guessed, and said where it is not the usual.

    Attributes:
        delimiter: what stands between the fields of a line: one character, or `tab` or `\t`.
        quoting: `minimal`: a field may stand in quotation marks, which are doubled inside; `none`: quotation
            marks are text.
        encoding: as Python calls it, such as `windows-1252`.
        header: whether the first line names the columns; otherwise they are `column_1`, `column_2`, ….
        prefix: of these settings' names in messages, such as `data.`.

    Raises:
        ConfigError: a delimiter of several characters, or an encoding that Python does not know.
    """

    delimiter: str | None = None
    quoting: Quoting | None = None
    encoding: str | None = None
    header: bool | None = None
    prefix: str = ""

    def __post_init__(self) -> None:
        """Check delimiter and encoding."""
        separator = self.separator
        if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
            raise ConfigError(
                f"{self.prefix}delimiter={self.delimiter}: expected one character, or tab; null to guess"
            )
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError as error:
                raise ConfigError(
                    f"{self.prefix}encoding={self.encoding}: no encoding that Python knows; for example "
                    "utf-8, windows-1252, windows-1251, gb18030 or shift_jis; null to guess"
                ) from error

    @property
    def separator(self) -> str | None:
        r"""The delimiter itself: of `";"`, as it may come from a shell, of `tab` and of `\t`."""
        given = self.delimiter
        if given is None:
            return None
        if len(given) == 3 and given[0] == given[2] and given[0] in "\"'":
            given = given[1]
        return "\t" if given in ("tab", "\\t") else given


def joined(tables: Sequence[RawTable]) -> RawTable:
    """Return the rows of several files of one kind as one table; a column that one lacks is None there.

    Lines count on from file to file.
    """
    if len(tables) == 1:
        return tables[0]
    names = dict.fromkeys(name for table in tables for name in table.columns)
    lines: list[int] = []
    bad: list[BadRow] = []
    for table in tables:
        behind = max(lines, default=0)
        lines += [behind + line for line in table.lines]
        bad += [BadRow(behind + row.line, row.reason) for row in table.bad]
    columns = {
        name: [v for table in tables for v in table.columns.get(name, [None] * len(table.lines))]
        for name in names
    }
    source = f"{tables[0].source} and {len(tables) - 1} more"
    notices = tuple(notice for table in tables for notice in table.notices)
    return replace(
        tables[0], source=source, columns=columns, lines=lines, numbers=None, bad=bad, notices=notices
    )


def position_name(position: int) -> str:
    """Return what a column without a name is called, by its position from 0."""
    return f"column_{position + 1}"
