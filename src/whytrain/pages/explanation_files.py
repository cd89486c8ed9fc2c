"""An explained text in the terminal, and as a folder of figures, a page and JSON."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Group
from rich.text import Text

from whytrain.attribution.explained_text import ExplainedText, Verdict
from whytrain.pages.explanation import (
    interactions_table,
    page,
    parts_figure,
    position_figure,
    sentence_figures,
    values_table,
)


def terminal(explained: ExplainedText) -> Group:
    """What a person reads first: notes, the prediction, the values, the strongest interactions."""
    shares = ", ".join(f"{name} {p:.4f}" for name, p in explained.probabilities.items())
    return Group(
        *(Text(f"note: {note}") for note in explained.notes),
        Text(f"{explained.label} ({shares})"),
        *([] if explained.verdict is None else [Text(_trust(explained.verdict))]),
        values_table(explained.explanations, explained.label),
        *(interactions_table(e) for e in explained.explanations if len(e.words) > 1),
    )


def _trust(verdict: Verdict) -> str:
    held = " or ".join(verdict.labels) or "no class: unlike what the calibration slice held"
    answer = "abstain from" if verdict.abstain else "give"
    return (
        f"calibrated {verdict.calibrated_probability:.4f}; {verdict.coverage:.0%} set: {held}; {answer} this "
        f"answer where at most {verdict.risk:.0%} of the answers may be wrong"
    )


def write_explanation(explained: ExplainedText, folder: Path) -> None:
    """Write `explanation.json` and `explanation.html` with all absences, and figures of the first one."""
    folder.mkdir(parents=True, exist_ok=True)
    first = explained.explanations[0]
    figures = sentence_figures(first, explained.label) | {
        "positions": position_figure(first, explained.label),
        "parts": parts_figure([first], explained.label),
    }
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", format="png")
    title = f"Predicted: {explained.label}"
    html = page(title, explained.explanations, list(explained.probabilities))
    (folder / "explanation.html").write_text(html, "utf-8")
    content = json.dumps(explained.to_plain(), ensure_ascii=False, indent=1)
    (folder / "explanation.json").write_text(content, "utf-8")
