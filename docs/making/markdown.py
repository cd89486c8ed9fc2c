"""Markdown that MyST and a forge read alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Return a table; what would end a cell is escaped.

    >>> print(table(["a"], [["x | y"]]))
    | a |
    | --- |
    | x \| y |
    """
    lines = [list(header), ["---"] * len(header), *(list(map(cell, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """Return text as one line in which no column ends."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Return text as inline code; nothing of nothing."""
    return f"`{text}`" if text else ""


def page(title: str, *parts: str) -> str:
    """Return a page with its parts, empty ones left out."""
    return "\n\n".join([f"# {title}", *filter(None, parts)]) + "\n"
