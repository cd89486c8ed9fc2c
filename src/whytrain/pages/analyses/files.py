"""Analyses as a folder: one HTML page, tables as CSV, charts as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from whytrain.analyses.analysis import AnalysisResult
from whytrain.figures.analyses import draw
from whytrain.pages.analyses.page import analyses_page, table_file

PAGE = "inspect.html"


class WrittenAnalyses(NamedTuple):
    """The files of a folder.

    Attributes:
        page: the page, which holds everything.
        figures: PNG files of all charts.
        tables: CSV files of all tables.
    """

    page: Path
    figures: list[Path]
    tables: list[Path]


def write_analyses(
    folder: Path,
    name: str,
    titles: Mapping[str, str],
    results: Mapping[str, AnalysisResult],
    notes: Sequence[str] = (),
) -> WrittenAnalyses:
    """Write page, tables and figures into a folder, which is made; the arguments are those of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    images: dict[str, list[Path]] = {}
    tables = []
    for key, result in results.items():
        images[key] = [folder / f"{key}_{chart.name}.png" for chart in result.charts]
        for chart, path in zip(result.charts, images[key], strict=True):
            draw(chart).savefig(path, format="png")
        for title, frame in result.tables.items():
            tables.append(folder / table_file(key, title))
            frame.to_csv(tables[-1], index=False)
    text = analyses_page(name, titles, results, images, notes)
    (folder / PAGE).write_text(text, "utf-8")
    return WrittenAnalyses(folder / PAGE, [path for paths in images.values() for path in paths], tables)
