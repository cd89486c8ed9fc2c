"""What the page and the note of a run tell: gathered at its end, words hidden where they are private."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.evidence import ExplanationEvidence
from whytrain.attribution.tables import Name
from whytrain.baselines.comparable import NOT_COMPARABLE, answered_right, comparable_on
from whytrain.continual.continued import Continued
from whytrain.data.corpus import Corpus
from whytrain.diagnosis.conclusion import Conclusion
from whytrain.pages.run.verdict import Verdict, verdict
from whytrain.shortcuts.evidence import ShortcutEvidence
from whytrain.statistics.intervals import Interval
from whytrain.statistics.metric_intervals import metric_intervals
from whytrain.surrogates.evidence import SurrogateEvidence
from whytrain.types import Predictions


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportedRun:
    """A finished run as people are told of it.

    Attributes:
        run_id: of the run.
        run_name: the name that people see.
        uri: absolute tracking address.
        experiment_id: MLflow's; None where it was out of reach.
        model: name of the model's class.
        n_parameters: numbers that were trained.
        n_epochs: epochs trained.
        best_epoch: the epoch whose weights were kept, from 1.
        corpus: the data.
        results: predictions by column: best epoch first, last epoch, `test`.
        outside: predictions on rows from elsewhere: `check`, `evaluation/<name>`.
        floor: the bag of words' answers to the validation sentences, in the form of labels; None: unknown.
        check_floor: the same for the check sample; None: unknown, or no such sample.
        is_marked: whether words were marked that must not decide.
        corrected: probabilities of the best epoch on validation sentences as people see them;
            None: as trained.
        concluded: the diagnosis, words hidden where they are private; None without one.
        explanations: what the methods say, words in clear.
        shortcuts: what it leans on, words in clear; None where nobody looked.
        surrogate: the simple copies, words hidden where they are private; None without any.
        continued: what going on learning did; None where the training was a first one.
        name: what stands for a word, itself or a hash.
        parent: id or name of the run that this one followed, with which it can be compared; None without one.
        reports: paths of the run's other pages among its artifacts.
        drawings: PNG by `<topic>/<name>`, drawn without private words.
    """

    run_id: str
    run_name: str
    uri: str
    experiment_id: str | None = None
    model: str
    n_parameters: int
    n_epochs: int
    best_epoch: int
    corpus: Corpus
    results: Mapping[str, Predictions]
    floor: NDArray[np.int64] | None
    corrected: NDArray[np.float64] | None = None
    concluded: Conclusion | None = None
    explanations: ExplanationEvidence | None = None
    shortcuts: ShortcutEvidence | None = None
    surrogate: SurrogateEvidence | None = None
    continued: Continued | None = None
    name: Name = str
    parent: str | None = None
    check_floor: NDArray[np.int64] | None = None
    is_marked: bool = False
    outside: Mapping[str, Predictions] = field(default_factory=dict)
    reports: Collection[str] = ()
    drawings: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def best(self) -> Predictions:
        """Of the best epoch, on validation sentences."""
        return next(iter(self.results.values()))

    @property
    def floor_accuracy(self) -> float | None:
        """Of the bag of words, on validation sentences."""
        if self.floor is None:
            return None
        return float(answered_right(self.floor, self.best.labels).mean())

    @cached_property
    def intervals(self) -> dict[str, dict[str, Interval | float]]:
        """The metrics by column and name, see `metric_intervals`: the terminal and the page show the same."""
        columns = dict(self.results) | {name.rpartition("/")[2]: of for name, of in self.outside.items()}
        return {name: metric_intervals(predictions) for name, predictions in columns.items()}

    @property
    def check(self) -> Predictions | None:
        """Of the best epoch, on the check sample; None without one."""
        return self.outside.get("check")

    @property
    def recommends(self) -> bool:
        """Whether the diagnosis recommends a change."""
        return self.concluded is not None and bool(self.concluded.plan.strategies)

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the network is better than the bag of words, where the two can be compared."""
        where = comparable_on(self.check, self.best, is_marked=self.is_marked)
        validated = verdict(self.best, self.floor if where else None)
        if self.floor is None or where == "validation":
            return validated
        if where is None or self.check is None:
            floor = f"The bag of words reaches {self.floor_accuracy:.3f} there, which says little"
            reason = f"{floor}: {NOT_COMPARABLE}."
            return replace(validated, reason=reason)
        return verdict(self.check, self.check_floor, "check rows")
