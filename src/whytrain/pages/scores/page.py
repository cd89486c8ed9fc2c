"""The page of a run's scores: which explanation to believe, the table, the figure, what the scores mean."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import numpy as np

from whytrain.explanation_scores.agreement import TOP, Agreement
from whytrain.explanation_scores.score import Score
from whytrain.explanation_scores.scored_methods import ScoredMethods
from whytrain.explanation_scores.standings import Standing
from whytrain.pages.html import THEME, bullets, image, page, paragraph
from whytrain.pages.scores.terminal import arrow, ends, shown, sign
from whytrain.pages.scores.verdict import conditions, marks_key, trust, verdict

_STYLE = """
td.ahead { background: color-mix(in srgb, var(--good) 22%, var(--paper)); font-weight: 600; }
td.level { background: color-mix(in srgb, var(--good) 9%, var(--paper)); font-weight: 600; }
td .ends { display: block; color: var(--quiet); font-size: 0.85em; font-weight: 400; }
th.number { text-align: right; } tr.best td { color: var(--quiet); border-top: 1px solid var(--quiet); }
table.scores td:first-child, table.scores th:first-child { position: sticky; left: 0;
  background: var(--paper); max-width: 9em; }
.figure { overflow-x: auto; } .figure img { min-width: 44em; }
table.agreement td.number { min-width: 3.2em; }
dt { font-weight: 600; margin-top: 0.6em; } dd { margin: 0 0 0 1em; }
"""


def scores_page(found: ScoredMethods, name: str, images: Mapping[str, Path], level: float) -> str:
    """Return the page.

    Args:
        found: the scores.
        name: of the run.
        images: PNG files of the figures: `method_scores`.
        level: of the intervals.
    """
    body = f"<h1>Which explanation to believe on {escape(name)}</h1>\n"
    body += paragraph(verdict(found), "lead") + paragraph(f"{conditions(found)}.", "quiet")
    body += bullets(found.notes)
    body += f"<h2>Each method by each score</h2>\n{_table(found)}"
    body += paragraph(f"{marks_key(level)}. ↑ more is better, ↓ less is better.", "quiet")
    for path in images.values():
        body += f'<div class="figure">{image(path, verdict(found))}</div>'
    body += f"<h2>What the scores say</h2>\n<dl>{''.join(map(_explained, found.scores))}</dl>\n"
    body += bullets(trust(found))
    body += f"<h2>Which methods say the same</h2>\n{_agreement(found.agreement)}"
    body += f"<h2>What the methods cost</h2>\n{_costs(found)}"
    return page(f"{name}: which explanation to believe", body, THEME + _STYLE)


def notebook_html(found: ScoredMethods, level: float) -> str:
    """Return the verdict and the table for a notebook's cell."""
    key = paragraph(f"{marks_key(level)}. ↑ more is better, ↓ less is better.", "quiet")
    return paragraph(verdict(found), "lead") + _table(found) + key


def _table(found: ScoredMethods) -> str:
    head = "".join(
        f'<th class="number">{escape(s.name.replace("_", " "))}&nbsp;{arrow(s)}</th>' for s in found.scores
    )
    rows = ""
    for method in found.methods:
        cells = "".join(_cell(found.standings[score.name][method]) for score in found.scores)
        rows += f"<tr><td>{_breakable(method)}</td>{cells}</tr>\n"
    if found.best:
        cells = "".join(
            f'<td class="number">{shown(found.best[s.name].estimate) if s.name in found.best else ""}</td>'
            for s in found.scores
        )
        rows += f'<tr class="best"><td>best possible order of words</td>{cells}</tr>\n'
    table = (
        f'<table class="scores"><thead><tr><th>method</th>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )
    return f'<div class="scroll">{table}</div>\n'


def _breakable(name: str) -> str:
    """Return a name that may be broken behind its underscores."""
    return escape(name).replace("_", "_<wbr>")


def _cell(standing: Standing) -> str:
    if standing.place == "undefined":
        return '<td class="number">–</td>'
    value = f"{sign(standing)}&nbsp;{shown(standing.mean.estimate)}".removeprefix("&nbsp;")
    return (
        f'<td class="number {standing.place}">{value}'
        f'<span class="ends">{ends(standing.mean).replace(" ", " to ")}</span></td>'
    )


def _explained(score: Score) -> str:
    measured = (
        ""
        if score.diagnosticity is None
        else f" Of two explanations, one of them true, it prefers that in {score.diagnosticity:.0%}."
    )
    better = "More" if score.higher_is_better else "Less"
    return (
        f"<dt>{escape(score.name.replace('_', ' '))}</dt>"
        f"<dd>{escape(score.title[:1].upper() + score.title[1:])}, in {escape(score.unit)}. "
        f"{better} is better.{measured}</dd>"
    )


def _agreement(found: Agreement) -> str:
    """Return correlations above the diagonal, shares of common top words below it."""
    names = found.methods
    head = "".join(f'<th class="number">{place}</th>' for place in range(1, len(names) + 1))
    rows = ""
    for i, name in enumerate(names):
        cells = ""
        for j in range(len(names)):
            value = found.correlation[i, j] if j > i else found.top[i, j]
            text = "" if i == j else "–" if np.isnan(value) else f"{value:.2f}" if j > i else f"{value:.0%}"
            cells += f'<td class="number" style="background: {_shade(value, i == j)}">{text}</td>'
        rows += f"<tr><td>{i + 1}&nbsp;{_breakable(name)}</td>{cells}</tr>\n"
    body = f"<thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody>"
    table = f'<table class="scores agreement">{body}</table>'
    legend = (
        "Above the diagonal the mean rank correlation of the words' scores of two methods (of their sizes, "
        f"where one gives sizes alone); below it the mean share of the {TOP} top words that both name."
    )
    return f'<div class="scroll">{table}</div>\n{paragraph(legend, "quiet")}'


def _shade(value: float, own: bool) -> str:
    if own or np.isnan(value):
        return "rgba(128, 128, 128, 0.1)"
    return f"rgba(0, 114, 178, {0.45 * max(0.0, float(value)) ** 2:.2f})"


def _costs(found: ScoredMethods) -> str:
    told = [f"{name}: {found.evaluations[name]:,.0f}" for name in found.methods]
    return paragraph(
        "Passes through the model for a text, on average, if it is explained alone: " + ", ".join(told) + "."
    )
