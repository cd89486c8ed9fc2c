"""Scores of methods in the terminal: a table that fits 80 columns, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from whytrain.explanation_scores.score import Score
from whytrain.explanation_scores.scored_methods import ScoredMethods
from whytrain.explanation_scores.standings import Standing
from whytrain.pages.scores.verdict import conditions, marks_key, trust, verdict
from whytrain.presentation.wording import MINUS
from whytrain.statistics.intervals import Interval

_SIGNS = {"ahead": "★", "level": "="}
_COLUMNS = 7  # scores side by side


def terminal(found: ScoredMethods, level: float) -> Group:
    """Return what a person reads first: the table, what its columns say, and the verdict."""
    parts: list[RenderableType] = [Text(conditions(found))]
    parts += [Text(f"note: {note}") for note in found.notes]
    for start in range(0, len(found.scores), _COLUMNS):
        parts.append(scores_table(found, found.scores[start : start + _COLUMNS]))
    parts += [_key(found), Text(marks_key(level)), *map(Text, trust(found)), Text("")]
    parts.append(Text(verdict(found), "bold"))
    return Group(*parts)


def scores_table(found: ScoredMethods, scores: Sequence[Score]) -> Table:
    """Methods × scores, each with its interval over texts below."""
    table = Table(pad_edge=False, padding=(0, 1, 0, 0), box=None, header_style="bold")
    table.add_column("method", no_wrap=True)
    for score in scores:
        table.add_column(f"{score.short}\n{arrow(score)}", justify="right", no_wrap=True)
    for method in found.methods:
        standings = [found.standings[score.name][method] for score in scores]
        table.add_row(Text(_broken(method)), *map(_cell, standings))
    if any(score.name in found.best for score in scores):
        cells = [shown(found.best[s.name].estimate) if s.name in found.best else "" for s in scores]
        table.add_row(Text("best possible"), *cells, style="dim")
    return table


def arrow(score: Score) -> str:
    """Return whether more is better or less."""
    return "↑" if score.higher_is_better else "↓"


def sign(standing: Standing) -> str:
    """Return the mark of a method's place, see `marks_key`."""
    return "≈" if standing.is_near else _SIGNS.get(standing.place, "")


def shown(value: float) -> str:
    """Return a value with two decimals, or three digits; a dash where it is not defined.

    >>> shown(1.234), shown(-0.001), shown(12.34), shown(math.nan)
    ('1.23', '0.00', '12.3', '–')
    """
    if math.isnan(value):
        return "–"
    text = f"{value:.{1 if abs(value) >= 10 else 2}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", MINUS)


def ends(interval: Interval) -> str:
    """Return the two ends of an interval."""
    return f"{shown(interval.low)} {shown(interval.high)}"


def _cell(standing: Standing) -> Text:
    """Return the mean, and below it half the width of its interval; its ends are on the page."""
    if standing.place == "undefined":
        return Text("–")
    style = {"ahead": "bold green", "level": "bold"}.get(standing.place, "")
    text = Text(f"{sign(standing)}{shown(standing.mean.estimate)}", style)
    return text.append(f"\n± {shown((standing.mean.high - standing.mean.low) / 2)}", "dim")


def _broken(name: str) -> str:
    """Return a long name in two lines."""
    words = name.split("_")
    if len(name) <= 13 or len(words) < 2:
        return name
    half = (len(words) + 1) // 2
    return f"{'_'.join(words[:half])}_\n{'_'.join(words[half:])}"


def _key(found: ScoredMethods) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for score in found.scores:
        table.add_row(
            score.short,
            Text(f"{score.title} ({score.unit}; {'more' if score.higher_is_better else 'less'} is better)"),
        )
    return table
