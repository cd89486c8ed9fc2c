"""Scores of methods as a folder: one HTML page, the table as CSV, the figure as PNG."""

from __future__ import annotations

from pathlib import Path

from whytrain.explanation_scores.scored_methods import ScoredMethods
from whytrain.figures.explanations.method_scores import ScorePanel, method_scores
from whytrain.pages.scores.page import scores_page

PAGE, TABLE, FIGURE = "scores.html", "scores.csv", "scores.png"


def write_scores(found: ScoredMethods, name: str, folder: Path, level: float) -> list[Path]:
    """Write page, table and figure into a folder, which is made, and return them, the page first.

    Args:
        found: the scores.
        name: of the run or the model.
        folder: where to.
        level: of the intervals.
    """
    folder.mkdir(parents=True, exist_ok=True)
    method_scores(panels(found), found.n_texts).savefig(folder / FIGURE, format="png")
    found.to_frame().to_csv(folder / TABLE, index=False)
    text = scores_page(found, name, {"method_scores": folder / FIGURE}, level)
    (folder / PAGE).write_text(text, "utf-8")
    return [folder / PAGE, folder / TABLE, folder / FIGURE]


def panels(found: ScoredMethods) -> list[ScorePanel]:
    """Return what the figure draws."""
    made = []
    for score in found.scores:
        standings = found.standings[score.name]
        best = found.best.get(score.name)
        made.append(
            ScorePanel(
                name=score.name,
                unit=score.unit,
                higher_is_better=score.higher_is_better,
                values={method: standing.mean for method, standing in standings.items()},
                top=frozenset(m for m, s in standings.items() if s.place in ("ahead", "level")),
                best=None if best is None else best.estimate,
            )
        )
    return made
