"""An explained text in the terminal, and as a folder of figures, a page and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from rich.console import Group
from rich.table import Table
from rich.text import Text

from whytrain.attribution.explainer import Explanation
from whytrain.attribution.text import ExplainedText, Verdict
from whytrain.pages.explanation import (
    colored,
    interactions_table,
    page,
    parts_figure,
    position_figure,
    scores_table,
    sentence_figures,
)
from whytrain.types import Figure


def terminal(explained: ExplainedText) -> Group:
    """What a person reads first: notes, the prediction, the scores, the strongest interactions."""
    return Group(
        *(Text(f"note: {note}") for note in explained.notes),
        Text(f"{explained.label or 'no label'} ({_shares(explained)})"),
        *([] if explained.verdict is None else [Text(_trust(explained.verdict))]),
        *(part for of_target in _by_target(explained.explanations) for part in _told(of_target)),
    )


def _by_target(explanations: Sequence[Explanation]) -> list[list[Explanation]]:
    found: dict[str, list[Explanation]] = {}
    for explanation in explanations:
        found.setdefault(explanation.attribution.target.name, []).append(explanation)
    return list(found.values())


def _told(explanations: Sequence[Explanation]) -> list[Table]:
    return [
        scores_table(explanations),
        *(
            interactions_table(e.attribution)
            for e in explanations
            if e.attribution.pairs is not None and len(e.attribution.words) > 1
        ),
    ]


def _shares(explained: ExplainedText) -> str:
    return ", ".join(f"{name} {p:.4f}" for name, p in explained.probabilities.items())


def _trust(verdict: Verdict) -> str:
    held = " or ".join(verdict.labels) or "no class: unlike what the calibration slice held"
    answer = "abstain from" if verdict.abstain else "give"
    return (
        f"calibrated {verdict.calibrated_probability:.4f}; {verdict.coverage:.0%} set: {held}; {answer} this "
        f"answer where at most {verdict.risk:.0%} of the answers may be wrong"
    )


def notebook_html(explained: ExplainedText) -> str:
    """Return the answer and the sentence, colored once per method and variant; all text is escaped."""
    lines = [f"{explained.label or 'no label'} ({_shares(explained)})", *explained.notes]
    if explained.verdict is not None:
        lines.insert(1, _trust(explained.verdict))
    told = "".join(f"<p>{escape(line)}</p>" for line in lines)
    rows = (
        f"<p><b>{escape(e.attribution.title)}</b></p>{colored(e.attribution)}" for e in explained.explanations
    )
    return f"<div>{told}{''.join(rows)}</div>"


def write_explanation(explained: ExplainedText, folder: Path) -> None:
    """Write `explanation.json` and `explanation.html` with all variants, and figures of each method's first.

    Figures of all methods but the first one begin with the method's name, and before it those of all labels
    but the first one with `label_` and the label's number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[tuple[str, str], Explanation] = {}
    for explanation in explained.explanations:
        a = explanation.attribution
        drawn.setdefault((a.target.name, a.method), explanation)
    labels, methods = ([*dict.fromkeys(column)] for column in zip(*drawn, strict=True))
    for (label, method), explanation in drawn.items():
        prefix = f"label_{labels.index(label) + 1}_" if label != labels[0] else ""
        prefix += f"{method}_" if method != methods[0] else ""
        for name, figure in _figures(explanation).items():
            figure.savefig(folder / f"{prefix}{name}.png", format="png")
    title = f"Predicted: {explained.label or 'no label'}"
    html = page(title, explained.explanations, list(explained.probabilities))
    (folder / "explanation.html").write_text(html, "utf-8")
    content = json.dumps(explained.to_plain(), ensure_ascii=False, indent=1)
    (folder / "explanation.json").write_text(content, "utf-8")


def _figures(explanation: Explanation) -> dict[str, Figure]:
    return sentence_figures(explanation) | {
        "positions": position_figure(explanation),
        "parts": parts_figure([explanation], explanation.attribution.target.name),
    }
