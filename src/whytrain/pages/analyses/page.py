"""The page of a run's analyses: each question with its answer, figures, how to read them, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from whytrain.analyses.analysis import AnalysisResult
from whytrain.counted import counted
from whytrain.pages.html import THEME, bullets, contents, image, page, paragraph, table

SHOWN_ROWS = 12  # of a table; the file has all
_STYLE = """
.figure { overflow-x: auto; } .figure img { min-width: 44em; }
details { margin: 0.8em 0; } summary { cursor: pointer; font-weight: 600; }
td.text { min-width: 18em; }
"""


def analyses_page(
    name: str,
    titles: Mapping[str, str],
    results: Mapping[str, AnalysisResult],
    images: Mapping[str, Sequence[Path]],
    notes: Sequence[str] = (),
) -> str:
    """Return the page.

    Args:
        name: of the run.
        titles: the question of each analysis, by its name.
        results: what it answered, by the same names.
        images: PNG files of its charts, likewise, in their order.
        notes: what a reader must know of all.
    """
    body = f"<h1>Inside {escape(name)}</h1>\n" + bullets(notes)
    if len(results) > 1:
        body += contents([(key, titles[key]) for key in results])
    for key, result in results.items():
        body += f'<h2 id="{escape(key)}">{escape(titles[key])}</h2>\n'
        body += analysis_html(key, result, images[key])
    return page(f"{name}: inspected", body, THEME + _STYLE)


def analysis_html(name: str, result: AnalysisResult, images: Sequence[Path]) -> str:
    """Return one analysis without its heading."""
    body = paragraph(result.verdict, "lead") + bullets(result.remarks)
    for chart, path in zip(result.charts, images, strict=True):
        body += f'<div class="figure">{image(path, f"{chart.title}. {chart.subtitle}")}</div>'
    if result.how_to_read:
        body += paragraph(result.how_to_read, "quiet")
    for title, frame in result.tables.items():
        heading = f"{title.replace('_', ' ').capitalize()} ({counted(len(frame), 'row')})"
        rest = f"The first {SHOWN_ROWS} rows; all are in {table_file(name, title)}."
        more = paragraph(rest, "quiet") if len(frame) > SHOWN_ROWS else ""
        rows = table(frame.head(SHOWN_ROWS))
        body += f"<details><summary>{escape(heading)}</summary>\n{rows}{more}</details>\n"
    return body


def table_file(name: str, table_name: str) -> str:
    """Return the name of the file of an analysis' table."""
    return f"{name}_{table_name}.csv"
