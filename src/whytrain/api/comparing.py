"""Comparing runs from Python: the whole comparison, as tables, sentences and the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
import yaml

from whytrain.api.explaining import Methods, made_methods
from whytrain.api.runs import CONF
from whytrain.config.validation import check_config
from whytrain.errors import ConfigError

if TYPE_CHECKING:
    from whytrain.api.runs import Run
    from whytrain.comparison.comparison import SideBySide

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Comparison:
    """Runs side by side; the last line of a notebook's cell shows what they differ in.

    Attributes:
        result: everything as plain results.
    """

    result: SideBySide

    def __repr__(self) -> str:
        """Return what a person reads first."""
        return "\n".join(self.sentences)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a person reads first: the headline, the ranking, the differences, the floor."""
        from whytrain.pages.comparison_files import told

        return tuple(told(self.result))

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Every table of the comparison by name: metrics, differences, slices, words, …."""
        from whytrain.comparison.tables import comparison_tables

        return comparison_tables(self.result)

    def to_frame(self) -> pd.DataFrame:
        """Return the differences from the baseline, with intervals and corrected p-values."""
        return self.tables["differences"]

    def write(self, folder: str | Path) -> Path:
        """Write the page with its figures into a folder, which is made, and return the page."""
        from whytrain.pages.comparison_files import PAGE, write_comparison

        write_comparison(self.result, Path(folder), _quietly, {})
        return Path(folder) / PAGE

    def _repr_html_(self) -> str:
        """Return the sentences and the differences; all text is escaped."""
        from html import escape

        lines = "".join(f"<p>{escape(line)}</p>" for line in self.sentences)
        return f"{lines}{self.to_frame().to_html(index=False, na_rep='–', float_format='{:.4f}'.format)}"


def compare(runs: Sequence[Run], *, explainers: Methods = ("shapley",), **settings: Any) -> Comparison:
    """Compare runs with the first one, on the validation sentences that all of them judged.

    Args:
        runs: two or more finished runs of the same data.
        explainers: see `whytrain.explain`; of the most changed sentences.
        settings: other values than those of conf/compare.yaml: `level`, `resamples`, `seed`, `sentences`,
            `changed_sentences`, `payoff`, `device`.

    Raises:
        ConfigError: fewer than two runs, or a setting is wrong.
        TrackingError: a run did not finish, or the runs cannot be compared.
    """
    from whytrain.api.runs import Run
    from whytrain.comparison.comparison import put_side_by_side
    from whytrain.comparison.runs import load_runs
    from whytrain.comparison.selection import selection_of
    from whytrain.comparison.settings import SETTINGS
    from whytrain.models.device import device_named

    given = list(runs) if isinstance(runs, Sequence) else [runs]
    strange = [run for run in given if not isinstance(run, Run)]
    if strange or len(given) < 2:
        raise ConfigError(
            f"expected two or more runs, such as [wt.open_run('first'), wt.open_run('second')]; got {runs!r}"
        )
    defaults = yaml.safe_load((CONF / "compare.yaml").read_text("utf-8"))
    chosen = {name: defaults[name] for name in SETTINGS} | settings
    check_config(chosen, SETTINGS)
    chosen["device"] = device_named(chosen["device"])
    loaded = load_runs(selection_of([run.record for run in runs]), _quietly, show_text=True)
    methods = made_methods(_cheaper(explainers, defaults["explainer"]))
    return Comparison(put_side_by_side(loaded, _quietly, explainers=methods, **chosen))


def _cheaper(explainers: Methods, settings: Mapping[str, Mapping[str, Any]]) -> Methods:
    """Return methods by name with what a comparison sets for them; others as they are."""
    if isinstance(explainers, Mapping):
        return {name: {**settings.get(name, {}), **given} for name, given in explainers.items()}
    names = [method for method in explainers if isinstance(method, str)]
    if len(names) == len(explainers):
        return {name: settings.get(name, {}) for name in names}
    return explainers


def _quietly(items: Iterable[T], what: str) -> Iterable[T]:
    return items
