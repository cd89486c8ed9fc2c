"""Pieces of self-contained HTML pages: no scripts, no links to elsewhere; all text is escaped."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd

_CONTROLS = {"Cc", "Cf"}
_LONG = 60  # characters of a cell that a page may give more room, as class `text`
STYLE = """
body { font-family: system-ui, sans-serif; color: #222; line-height: 1.5; max-width: 62em; margin: 2em auto;
  padding: 0 1em; }
h1 { font-size: 1.6em; margin-bottom: 0.2em; }
h2 { font-size: 1.25em; margin-top: 2.2em; border-bottom: 1px solid #d9d9d9; break-after: avoid; }
h3 { font-size: 1.05em; margin-top: 1.6em; break-after: avoid; }
nav.beside { font-size: 0.9em; margin-bottom: 1.4em; }
nav ul { columns: 2; padding-left: 1.2em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.88em; margin: 0.6em 0; }
th, td { text-align: left; vertical-align: top; padding: 0.25em 0.7em 0.25em 0;
  border-bottom: 1px solid #e4e4e4; overflow-wrap: break-word; min-width: 4em; }
th { border-bottom: 2px solid #767676; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 1.2em 0; break-inside: avoid; }
figure img { width: 100%; height: auto; }
.lead { font-size: 1.15em; font-weight: 600; }
.legend { position: sticky; top: 0; background: #fff; border-bottom: 1px solid #d9d9d9; padding: 0.4em 0;
  margin: 0.4em 0; max-height: 6em; overflow-y: auto; }
.legend span { margin-right: 1.4em; display: inline-block; overflow-wrap: anywhere; }
.quiet { color: #555; font-size: 0.9em; }
tr, li { break-inside: avoid; }
@media print { body { max-width: none; margin: 0; font-size: 10pt; } .scroll { overflow: visible; }
  .legend { position: static; max-height: none; }
  h2 { margin-top: 1.2em; } }
"""

# Light and dark, on screens; paper is light.
THEME = """
:root { color-scheme: light dark; --ink: #222; --quiet: #5a5a5a; --line: #d9d9d9; --paper: #fff;
  --soft: #f4f4f4; --link: #1f5f9e; --good: #2ca25f; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --quiet: #a8a8a8; --line: #44474d;
  --paper: #1b1d21; --soft: #26292f; --link: #7fb8ef; --good: #4fc78a; } }
body { color: var(--ink); background: var(--paper); }
h2, th, td { border-color: var(--line); }
a, summary { color: var(--link); }
.quiet { color: var(--quiet); }
.legend { background: var(--paper); border-color: var(--line); }
p, li, dd { overflow-wrap: anywhere; }
figure img { background: #fff; border-radius: 0.3em; }
@media (max-width: 30em) { nav ul { columns: 1; } }
@media print { :root { color-scheme: light; } }
"""

# How much a finding matters, with which THEME goes.
SEVERITIES_THEME = """
:root { --serious: #b2182b; --warning: #8a5a00; --note: #2166ac; }
@media screen and (prefers-color-scheme: dark) { :root { --serious: #f0747f; --warning: #e0ac4e;
  --note: #7fb8ef; } }
"""


def visible(text: str) -> str:
    """Remove controls: some are forbidden in HTML, those of the writing direction reorder what follows."""
    return "".join(c for c in str(text) if unicodedata.category(c) not in _CONTROLS or c == "\u200d")


def safe(text: str) -> str:
    """Return text for HTML: escaped, without controls; what is quoted “so” keeps its direction of writing.

    >>> safe("“<b>” speaks")
    '“<bdi>&lt;b&gt;</bdi>” speaks'
    """
    return re.sub("“([^”]*)”", r"“<bdi>\1</bdi>”", escape(visible(text)))


def page(title: str, body: str, style: str = "") -> str:
    """Return a whole page around a body; a page's own style follows that of all pages."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head>\n<body>{body}</body></html>\n"
    )


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph, of the class `lead` or `quiet` if one is given."""
    return f'<p class="{kind}">{safe(text)}</p>\n' if kind else f"<p>{safe(text)}</p>\n"


def bullets(texts: Sequence[str]) -> str:
    """Return a list; nothing for no texts."""
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>\n" if texts else ""


def legend(entries: Sequence[str]) -> str:
    """Return what short names stand for, in a line that stays in sight."""
    return f'<div class="legend">{"".join(f"<span>{escape(entry)}</span>" for entry in entries)}</div>\n'


def contents(titles: Sequence[tuple[str, str]]) -> str:
    """Return a table of contents of (anchor, title)."""
    items = "".join(f'<li><a href="#{anchor}">{escape(title)}</a></li>' for anchor, title in titles)
    return f"<nav><ul>{items}</ul></nav>\n"


def table(frame: pd.DataFrame) -> str:
    """Return a table with the columns' names as its head; numbers to the right, with four digits."""
    head = "".join(f"<th>{escape(str(name))}</th>" for name in frame.columns)
    rows = "".join(
        f"<tr>{''.join(_cell(value) for value in row)}</tr>\n" for row in frame.itertuples(index=False)
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>\n'


def image(path: Path, description: str) -> str:
    """Return a PNG file as part of the page."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<figure><img alt="{escape(description)}" src="data:image/png;base64,{data}"></figure>\n'


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td class="number">{"–" if pd.isna(value) else f"{value:.4g}"}</td>'
    if isinstance(value, int) and not isinstance(value, bool):
        return f'<td class="number">{value:,}</td>'
    text = "–" if value is None or value is pd.NA else str(value)
    return f'<td class="text">{escape(text)}</td>' if len(text) > _LONG else f"<td>{escape(text)}</td>"
