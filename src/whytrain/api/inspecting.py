"""Asking about a model's inside from Python: what layers know, which rows taught it, what would turn it."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whytrain.analyses.analysis import AnalysisResult, check_analyses, make_analysis
from whytrain.config.choices import section_of
from whytrain.config.validation import check_config

if TYPE_CHECKING:
    import pandas as pd

    from whytrain.analyses.subject import Subject


@dataclass(frozen=True, eq=False)
class Inspected:
    """The answer to one question about a model; the last line of a notebook's cell shows it.

    Attributes:
        name: of the analysis.
        title: the question.
        result: everything as plain results.
        run: the name of whose model it is.
    """

    name: str
    title: str
    result: AnalysisResult
    run: str

    def __repr__(self) -> str:
        """Return the answer in words."""
        return self.verdict

    @property
    def verdict(self) -> str:
        """The answer in one or two sentences."""
        return self.result.verdict

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """What it found, by name."""
        return self.result.tables

    def write(self, folder: str | Path) -> Path:
        """Write page, tables and figures into a folder, which is made, and return the page."""
        from whytrain.pages.analyses.files import write_analyses

        titles, results = {self.name: self.title}, {self.name: self.result}
        return write_analyses(Path(folder), self.run, titles, results).page

    def _repr_html_(self) -> str:
        """Return question, answer and figures; all text is escaped."""
        from whytrain.figures.analyses import draw
        from whytrain.pages.html import bullets, paragraph

        body = f"<h3>{escape(self.title)}</h3>" + paragraph(self.verdict) + bullets(self.result.remarks)
        for chart in self.result.charts:
            drawn = io.BytesIO()
            draw(chart).savefig(drawn, format="png")
            data = base64.b64encode(drawn.getvalue()).decode("ascii")
            body += f'<img alt="{escape(chart.title)}" src="data:image/png;base64,{data}">'
        return body + paragraph(self.result.how_to_read, "quiet")


def inspect(subject: Subject, analysis: str, run: str, settings: Mapping[str, Any]) -> Inspected:
    """Ask one question.

    Args:
        subject: the model and its rows.
        analysis: a name of conf/analysis.
        run: the name of whose model it is.
        settings: of the analysis, in the place of those of its file.

    Raises:
        ConfigError: there is no such analysis, a setting is wrong, or it needs what is not given.
    """
    section = section_of("analysis", analysis) | dict(settings)
    check_config({analysis: section}, {})
    asked = make_analysis(section)
    check_analyses([asked], subject)
    return Inspected(asked.name, asked.title, asked.analyze(subject, lambda items, what: items), run)
