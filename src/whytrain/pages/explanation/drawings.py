"""Interactions as arcs beside the words, and the tree of phrases: SVG that a page holds, words downwards."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

from whytrain.attribution.attribution import Pairs, PhraseTree
from whytrain.attribution.shapley.tree_export import bracketed
from whytrain.pages.html import visible
from whytrain.presentation.wording import signed

ROW = 24  # units of the drawings: the height of a row
_ARCS, _STEP, _NUMBER = 240, 34, 48  # the room for arcs, merges, numbers
_LETTER, _LETTERS = 7.6, 18  # units; narrow ones of a word
_ALL_WORDS = 16  # up to how many words arcs stand beside all of them
Row = int | None  # a word, or words that are left out


def arcs(pairs: Pairs, chosen: Sequence[tuple[int, int]], words: Sequence[str]) -> str:
    """Return one or more interactions as arcs, numbered in their order: full for, dashed against."""
    rows = _rows(len(words), sorted({i for pair in chosen for i in pair}))
    height = {word: middle(row) for row, word in enumerate(rows) if word is not None}
    scale = max(abs(float(pairs.scores[pair])) for pair in chosen)
    longest = max(height[j] - height[i] for i, j in chosen)
    left = room(words)
    curves, numbers = [], []
    for number, (i, j) in enumerate(chosen, start=1):
        value, top, bottom = float(pairs.scores[i, j]), height[i], height[j]
        # A curve of this form comes as far as three quarters of its handles.
        reach = left + _ARCS * ((bottom - top) / longest) ** 0.8
        curves.append(
            f'<path class="{"for" if value >= 0 else "against"}" '
            f'stroke-width="{1.5 + 4 * abs(value) / scale:.1f}" stroke-opacity="0.85" '
            f'd="M{left} {top} C{reach:.0f} {top} {reach:.0f} {bottom} {left} {bottom}"/>'
        )
        x, y = left + 0.75 * (reach - left), (top + bottom) / 2
        numbers.append(
            f'<circle cx="{x:.0f}" cy="{y}" r="8"/>'
            f'<text x="{x:.0f}" y="{y + 4}" text-anchor="middle" font-size="11">{number}</text>'
        )
    told = "; ".join(f"{words[i]} and {words[j]} {signed(float(pairs.scores[i, j]))}" for i, j in chosen)
    labels = [label(left, row, "⋮" if word is None else words[word]) for row, word in enumerate(rows)]
    parts = [*reversed(curves), *numbers, *labels]
    return svg(f"Arcs between words: {told}", left + _ARCS, len(rows), parts)


def tree_drawing(phrases: PhraseTree, words: Sequence[str]) -> str:
    """Return the tree from its words on the left to the whole on the right, with each phrase's benefit B."""
    depth: dict[tuple[int, ...], int] = {(i,): 0 for i in range(len(words))}
    height: dict[tuple[int, ...], float] = {(i,): middle(i) for i in range(len(words))}
    for merge in phrases.tree.merges:
        whole = merge.left + merge.right
        depth[whole] = 1 + max(depth[merge.left], depth[merge.right])
        height[whole] = (height[merge.left] + height[merge.right]) / 2
    left = room(words)
    x = {phrase: left + _STEP * level for phrase, level in depth.items()}
    scale = max(abs(merge.benefit) for merge in phrases.tree.merges) or 1.0
    lines, numbers = [], []
    for merge in phrases.tree.merges:
        whole = merge.left + merge.right
        top, bottom, right = height[merge.left], height[merge.right], x[whole]
        kind = "for" if merge.benefit >= 0 else "against"
        lines.append(
            f'<path class="{kind}" stroke-width="{1.2 + 3 * abs(merge.benefit) / scale:.1f}" '
            f'd="M{x[merge.left]} {top}H{right}V{bottom}H{x[merge.right]}"/>'
        )
        place = f'x="{right + 3}" y="{height[whole] - 4}"'
        numbers.append(f'<text class="faint" {place}>{signed(merge.benefit, scale)}</text>')
    labels = [label(left, row, word) for row, word in enumerate(words)]
    width = max(x.values()) + _NUMBER
    description = f"Tree: {bracketed(phrases.tree, words)}"
    return svg(description, width, len(words), [*lines, *numbers, *labels])


def _rows(n_words: int, needed: Sequence[int]) -> list[Row]:
    """Return all words of a short text; of a long one the needed ones, and a gap where some are left out."""
    if n_words <= _ALL_WORDS:
        return list(range(n_words))
    rows: list[Row] = []
    for word in needed:
        if word - (rows[-1] if rows and rows[-1] is not None else -1) > 1:
            rows.append(None)
        rows.append(word)
    return rows if needed[-1] == n_words - 1 else [*rows, None]


def middle(row: int) -> int:
    """Return the height of the middle of a row."""
    return ROW * row + ROW // 2


def room(words: Sequence[str]) -> int:
    """Return the room that the longest word needs, shortened if it must be."""
    return 12 + round(_LETTER * min(_LETTERS, max(map(_columns, words))))


def label(x: int, row: int, word: str, *, anchor: str = "end") -> str:
    """Return a word that ends (or, with the anchor `start`, begins) before a place in its row."""
    text = short = visible(word)
    while _columns(short) > _LETTERS:
        short = f"{short.removesuffix('…')[:-1]}…"
    return (
        f'<text x="{x - 8}" y="{middle(row) + 4}" text-anchor="{anchor}"><title>{escape(text)}</title>'
        f"{escape(short)}</text>"
    )


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1 for c in text)


def svg(description: str, width: int, n_rows: float, parts: Sequence[str]) -> str:
    """Return a drawing of so many rows; a description says to those who cannot see it what it shows."""
    height = round(ROW * n_rows)
    return (
        f'<svg role="img" aria-label="{escape(visible(description))}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'
    )
