"""Asks whether a run's model treats people alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from whytrain.analyses.analysis import Analysis, AnalysisResult, Progress
from whytrain.analyses.subject import Subject
from whytrain.errors import ConfigError
from whytrain.fairness.groups import ACCURACY, GroupRate, disparities
from whytrain.fairness.shown import charts, tables
from whytrain.fairness.study import Study, study, terms_for
from whytrain.fairness.swaps import NONE, SENTENCES
from whytrain.fairness.term_effects import FEWEST, Effect, Gap
from whytrain.fairness.wording import described, told_rate
from whytrain.shortcuts.identity import read_terms
from whytrain.slices.slice_columns import group_names, with_groups
from whytrain.statistics.intervals import Interval

_NOTHING = "There is nothing to look at: no groups of rows, and no words that say who somebody is."
_NAMED = 3  # findings told in the verdict
_SEEN = 0.01  # of a probability: of a model that hardly answers differently anything may be sure
_HOW_TO_READ = (
    "Two kinds of look. Groups: validation rows are grouped by a column of the data, and by whom their words "
    "name; each group's share of right answers, of answers for a class, and of true and false ones among "
    "them is held against all other rows. Words: in a sentence, or in a template written for this, a word "
    "that says who somebody is becomes another of its kind, which should change nothing in most tasks; how "
    "far the probability moves, how often the answer changes, and which word moves it which way. 'Surely' "
    "is said after a correction for all looks. No number says that a model is fair: whether a difference is "
    "wrong depends on what the answer is used for, and groups that nobody wrote down are not looked at."
)


class Fairness(Analysis):
    """Shares by group, and identity terms in each other's place.

    References:
        Garg et al. (2019), Counterfactual fairness in text classification through robustness.
        Hardt et al. (2016), Equality of opportunity in supervised learning.
    """

    name = "fairness"
    title = "Does it treat people alike?"
    needs = ("one_class",)
    shown_by_default = True

    def __init__(
        self, *, columns: list[str] | None, terms: str | None, sentences: Annotated[int, Ge(10)]
    ) -> None:
        """Store what is looked at.

        Args:
            columns: of the data; None: all that have groups.
            terms: file of identity terms; None: the packaged ones, where the texts are English.
            sentences: with identity terms, of each kind, at most.
        """
        self.columns, self.terms, self.sentences = columns, terms, sentences

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        """Look at groups and at words."""
        rows = subject.validation
        terms = terms_for(rows.texts) if self.terms is None else read_terms(self.terms)
        columns = self._columns(rows.columns)
        (found,) = [
            study(
                rows,
                subject.train.texts,
                columns,
                terms,
                subject.saved.probabilities,
                sentences=self.sentences,
                level=subject.level,
                seed=subject.seed,
            )
            for _ in progress([None], "looking at groups and words")
        ]
        gaps = disparities(found.rates, seed=subject.seed)
        return AnalysisResult(
            verdict=_verdict(found, subject.class_names),
            how_to_read=_HOW_TO_READ,
            remarks=tuple(_remarks(found, columns, has_terms=terms is not None)),
            tables=tables(found, gaps, subject.class_names),
            text_columns=("text", "changed"),
            charts=charts(found, subject.class_names),
            metrics=_metrics(found),
        )

    def _columns(self, columns: Mapping[str, list[Any]]) -> dict[str, NDArray[np.str_]]:
        if self.columns is None:
            return with_groups(columns)[0]
        for name in self.columns:
            if name not in columns:
                raise ConfigError(
                    f"analysis.fairness.columns: no column {name!r}; the data have "
                    f"{', '.join(columns) or 'none beside text and label'}"
                )
        return {name: group_names(name, columns[name]) for name in self.columns}


def _verdict(found: Study, class_names: Sequence[str]) -> str:
    told = [_of_words(found, class_names), _of_groups(found.rates, class_names)]
    return " ".join(filter(None, told)) or _NOTHING


def _of_words(found: Study, class_names: Sequence[str]) -> str:
    judged = [gap for gap in found.gaps if gap.n >= FEWEST]
    if not judged:
        return ""
    worst = max(judged, key=lambda gap: gap.moved.estimate)
    sure = strongest([one for one in found.effects if one.is_sure and abs(one.effect.estimate) >= _SEEN])
    told = [described(one, class_names) for one in sure[:_NAMED]]
    more = f", and {len(sure) - _NAMED} more" if len(sure) > _NAMED else ""
    which = (
        f"Words that surely move it: {'; '.join(told)}{more}."
        if sure
        else f"No single word or group surely moves it, or it does by less than {_SEEN:g}."
    )
    return f"{_told(worst)} {which}"


def _told(gap: Gap) -> str:
    where = "sentences of the data" if gap.where == SENTENCES else "templates"
    return (
        f"Words of {gap.kind} in each other's place move the probability by {_shown(gap.moved)} and change "
        f"{_percents(gap.flipped)} of the answers ({gap.n} {where}); no other kind moves it further."
    )


def strongest(found: Sequence[Effect]) -> list[Effect]:
    """Return the largest effects first, those of whole groups before those of words, each look once.

    Of two words the second does the opposite of the first: the one that lowers the probability stays.
    """
    ordered = sorted(found, key=lambda one: (bool(one.word), -abs(one.effect.estimate)))
    told: dict[object, Effect] = {}
    for one in ordered:
        if not one.against or one.effect.estimate < 0:
            told.setdefault((one.kind, one.group, one.word), one)
    return list(told.values())


def _of_groups(rates: Sequence[GroupRate], class_names: Sequence[str]) -> str:
    if not rates:
        return ""
    judged = [rate for rate in rates if rate.p_value is not None]
    if not judged:
        return "No group has enough rows to be judged."
    # Sentences that name nobody come last: they differ where others do.
    sure = [rate for rate in judged if rate.differs]
    sure.sort(key=lambda rate: (rate.group == NONE, -_size(rate)))
    if not sure:
        return f"No group can be said to be treated otherwise than the other rows ({len(judged)} looks)."
    told = "; ".join(told_rate(rate, class_names) for rate in sure[:_NAMED])
    more = f", and {len(sure) - _NAMED} more (table groups)" if len(sure) > _NAMED else ""
    return f"Groups that surely differ from all other rows: {told}{more}."


def _size(rate: GroupRate) -> float:
    assert rate.difference is not None
    return abs(rate.difference.estimate)


def _remarks(found: Study, columns: Mapping[str, object], *, has_terms: bool) -> list[str]:
    remarks = []
    if not columns:
        remarks.append("The data have no column of groups: only words that name people are looked at.")
    if not has_terms:
        remarks.append(
            "The packaged words are English, these texts are not: give analysis.fairness.terms=FILE."
        )
    small = {
        (rate.column, rate.group) for rate in found.rates if rate.metric == ACCURACY and rate.p_value is None
    }
    if small:
        shown = [f"{column} {group}" for column, group in sorted(small)][:6]
        remarks.append(
            f"{len(small)} groups are too small to be judged: {', '.join(shown)}"
            f"{', …' if len(small) > len(shown) else ''}. That nothing is said of them is no good sign."
        )
    return remarks


def _metrics(found: Study) -> dict[str, float]:
    metrics = {
        f"{gap.kind}/{gap.where}/{name}": value.estimate
        for gap in found.gaps
        for name, value in (("moved", gap.moved), ("flipped", gap.flipped))
    }
    metrics["sure_terms"] = float(sum(one.is_sure for one in found.effects))
    metrics["sure_groups"] = float(sum(rate.differs for rate in found.rates))
    return {name: value for name, value in metrics.items() if not math.isnan(value)}


def _shown(value: Interval) -> str:
    return (
        f"{value.estimate:.3f} per swap ({100 * value.level:g}% interval {value.low:.3f} to {value.high:.3f})"
    )


def _percents(value: Interval) -> str:
    return f"{100 * value.estimate:.1f}% ({100 * value.low:.1f} to {100 * value.high:.1f})"
