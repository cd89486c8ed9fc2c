"""The interface of an analysis; each is a class in a folder of its own and a YAML file in conf/analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from whytrain.config.signatures import import_target
from whytrain.errors import refuse

if TYPE_CHECKING:
    import pandas as pd

    from whytrain.analyses.charts import Chart
    from whytrain.analyses.subject import Subject

# What an analysis may need of a model.
Need = Literal["embeddings", "layers", "one_class"]
Progress = Callable[[Sequence[Any], str], Iterable[Any]]  # items, what is done with them

_GIVE: Mapping[Need, str] = {
    "embeddings": "a model that computes its answer from embeddings, and shows its states",
    "layers": "a model that shows its layers one by one",
    "one_class": "classes of which a text has exactly one",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class AnalysisResult:
    """What an analysis answers.

    Attributes:
        verdict: the answer in one or two sentences, with its figures and intervals.
        how_to_read: what the figures and tables say, for somebody who sees such for the first time.
        remarks: what else must be known: what was left out, what is not sure.
        tables: by name; each becomes a CSV file.
        text_columns: of the tables, those that hold words or sentences of the data.
        charts: what is drawn.
        metrics: single numbers by name, kept as the run's `inspect/<analysis>/<name>`.
    """

    verdict: str
    how_to_read: str = ""
    remarks: tuple[str, ...] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    text_columns: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)


class Analysis(Protocol):
    """A question to a trained model.

    Attributes:
        name: as in conf/analysis/.
        title: the question, as a heading.
        needs: what the model must be able to do.
        shown_by_default: whether it is asked where nobody chose: it takes seconds, not minutes.
    """

    name: str
    title: str
    needs: tuple[Need, ...] = ()
    shown_by_default: bool = True

    def missing(self, subject: Subject) -> str | None:
        """Say in one line what it needs and the subject has not; None where it can be asked."""
        absent = [need for need in self.needs if not _has(subject, need)]
        return f"analysis={self.name} needs {_GIVE[absent[0]]}" if absent else None

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        """Answer the question.

        Args:
            subject: of which `missing` says nothing.
            progress: shows how far long work is: `for item in progress(items, "what is done")`.
        """
        ...


def make_analysis(section: Mapping[str, Any]) -> Analysis:
    """Make an analysis from its section of a config: `_target_`, its class, and its settings."""
    settings = dict(section)
    analysis: Analysis = import_target(settings.pop("_target_"))(**settings)
    return analysis


def askable(analyses: Sequence[Analysis], subject: Subject) -> tuple[list[Analysis], list[str]]:
    """Return what can be asked of a subject where nobody chose, and the reasons why others cannot."""
    usual = [analysis for analysis in analyses if analysis.shown_by_default]
    reasons = [analysis.missing(subject) for analysis in usual]
    possible = [analysis for analysis, reason in zip(usual, reasons, strict=True) if reason is None]
    return possible, [reason for reason in reasons if reason is not None]


def check_analyses(analyses: Sequence[Analysis], subject: Subject) -> None:
    """Refuse analyses that need what they are not given.

    Raises:
        ConfigError: naming each of them with its reason.
    """
    refuse(analysis.missing(subject) for analysis in analyses)


def _has(subject: Subject, need: Need) -> bool:
    match need:
        case "embeddings":
            return subject.saved.interface.capabilities.embeddings
        case "layers":
            return bool(subject.saved.interface.capabilities.layers)
        case "one_class":
            return subject.saved.task.exclusive
