"""Where commands write: standard output, with a bar of what takes a while where somebody may watch it."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable
from typing import TextIO, TypeVar, cast

from rich.console import Console
from rich.progress import track

T = TypeVar("T")


def terminal(width: int | None = None) -> Console:
    """Return a console; in a pipe or a file lines end with their last letter, not with blanks.

    Args:
        width: in characters; None: that of the terminal.
    """
    return Console(width=width, file=None if _is_watched() else cast("TextIO", _WithoutPadding()))


def watched(
    items: Iterable[T], what: str, total: float | None = None, *, console: Console | None = None
) -> Iterable[T]:
    """Pass things on below a bar, which is gone at the end; in a pipe or a file without a word.

    Args:
        items: the things.
        what: is done with them.
        total: how many there are, where `items` has no length.
        console: to draw on; None: a new one.
    """
    console = console or terminal()
    is_seen = console.is_terminal or console.is_jupyter
    return track(items, what, total, console=console, transient=True, disable=not is_seen)


def _is_watched() -> bool:
    return sys.stdout is None or sys.stdout.isatty()  # None: closed, which Rich knows what to do with


class _WithoutPadding(io.TextIOBase):
    """Standard output, without the blanks that fill lines up."""

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute there
        return sys.stdout.encoding

    def write(self, text: str) -> int:
        return sys.stdout.write(re.sub(r"[ ]+$", "", text, flags=re.MULTILINE))

    def flush(self) -> None:
        sys.stdout.flush()
