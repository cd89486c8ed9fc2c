"""A comparison in the terminal, as a folder with one HTML page and its figures, and as a run in MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from whytrain.comparison.comparison import SideBySide
from whytrain.comparison.narrative import (
    comparison_sentences,
    floor_sentences,
    headline,
    legend_lines,
    outside_sentences,
    ranking_sentence,
)
from whytrain.comparison.runs import Progress
from whytrain.comparison.selection import COMPARISON, KIND_TAG
from whytrain.comparison.tables import TEXT_COLUMNS, comparison_tables
from whytrain.pages.comparison import comparison_page
from whytrain.pages.comparison_figures import comparison_figures
from whytrain.tracking.store import Store

TOPIC, PAGE = "comparison", "comparison.html"
_MOST_TOLD = 3


def told(result: SideBySide) -> list[str]:
    """Return what a person reads first: runs, headline, differences, rows from elsewhere, floor."""
    lines = ["; ".join(legend_lines(result)), headline(result)]
    if result.ranking is not None:
        lines.append(ranking_sentence(result.ranking))
    for name in list(result.measures.against_baseline)[:_MOST_TOLD]:
        lines.append(f"{name}, compared with {result.baseline.name}:")
        # A note that holds for all stands once.
        lines += [said for said in comparison_sentences(result, name) if said not in lines]
    lines += outside_sentences(result)
    return [*lines, *floor_sentences(result)[: _MOST_TOLD + 1]]


def comparison_name(result: SideBySide) -> str:
    """Return the name of the comparison's run."""
    first, *others = (
        recipe.called if recipe.is_named else result.legend[recipe.name] for recipe in result.recipes
    )
    return f"{first} against {others[0] if len(others) == 1 else f'{len(others)} others'}"


def comparison_tags(result: SideBySide) -> dict[str, str]:
    """Return the tags that say what the run is and which runs it compares."""
    ids = [run.record.run_id for recipe in result.recipes for run in recipe.runs]
    description = "\n\n".join(told(result))
    return {KIND_TAG: COMPARISON, "compared_runs": ",".join(ids), "mlflow.note.content": description}


def write_comparison(
    result: SideBySide, folder: Path, progress: Progress, facts: Mapping[str, str]
) -> dict[str, Path]:
    """Draw all figures and write the page into a folder, which is made.

    Args:
        result: of the comparison.
        folder: where `comparison.html` and `figures/` go.
        progress: shows how far the drawing is.
        facts: what the page says of itself.

    Returns:
        The figures' files by name.
    """
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    draw = comparison_figures(result)
    images = {}
    for name in progress(list(draw), "drawing figures"):
        images[name] = folder / "figures" / f"{name}.png"
        draw[name]().savefig(images[name], format="png")
    (folder / PAGE).write_text(comparison_page(result, images, facts), "utf-8")
    return images


def log_comparison(store: Store, result: SideBySide, folder: Path, images: Mapping[str, Path]) -> None:
    """Log the page, the figures and the tables to the comparison's run."""
    store.log_artifact(folder / PAGE, "reports")
    for path in images.values():
        store.log_artifact(path, f"figures/{TOPIC}")
    for name, table in comparison_tables(result).items():
        store.log_table(table, TOPIC, name, text_columns=TEXT_COLUMNS.get(name, ()))
