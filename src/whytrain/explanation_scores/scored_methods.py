"""Methods of explanation, scored on one model and the same texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pandas as pd

from whytrain.attribution.explainer import Explainer
from whytrain.attribution.random_scores import RandomScores
from whytrain.explanation_scores.agreement import Agreement, agreement
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.standings import Standing, standings
from whytrain.explanation_scores.study import Study, judge
from whytrain.statistics.intervals import Interval, bootstrap_interval

T = TypeVar("T")
Progress = Callable[[Sequence[T], str], Iterable[T]]
FLOOR = RandomScores.name


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoredMethods:
    """What came out.

    Attributes:
        methods: names, the floor `random` last.
        scores: what they were scored by.
        n_texts: how many texts.
        n_words: least and largest number of words of these.
        n_exact: for how many of them all combinations of words were asked.
        removal: what stood where a score took a word away.
        values: by name of the score and method, float64 (n_texts,), NaN where not defined.
        standings: likewise, who is ahead.
        best: by name of the score, the mean of what no explanation can beat, over texts with a table.
        evaluations: by method, forward passes a text, if nothing were kept.
        agreement: of every two methods.
        notes: what a reader must know.
    """

    methods: tuple[str, ...]
    scores: tuple[Score, ...]
    n_texts: int
    n_words: tuple[int, int]
    n_exact: int
    removal: str
    values: Mapping[str, Mapping[str, Array]]
    standings: Mapping[str, Mapping[str, Standing]]
    best: Mapping[str, Interval]
    evaluations: Mapping[str, float]
    agreement: Agreement
    notes: tuple[str, ...] = field(default=())

    def to_frame(self) -> pd.DataFrame:
        """Return one row per score and method: mean, interval, number of texts, who is ahead."""
        rows = [
            {
                "score": score.name,
                "method": method,
                "mean": standing.mean.estimate,
                "low": standing.mean.low,
                "high": standing.mean.high,
                "n_texts": standing.n_texts,
                "place": standing.place,
                "above_random": standing.above_random,
                "lag": standing.lag,
                "best_possible": self.best[score.name].estimate if score.name in self.best else np.nan,
                "unit": score.unit,
                "higher_is_better": score.higher_is_better,
                "diagnosticity": np.nan if score.diagnosticity is None else score.diagnosticity,
            }
            for score in self.scores
            for method, standing in self.standings[score.name].items()
        ]
        return pd.DataFrame(rows)


def score_methods(
    study: Study,
    explainers: Sequence[Explainer],
    scores: Sequence[Score],
    *,
    level: float = 0.95,
    notes: Sequence[str] = (),
    progress: Progress[Explainer] = lambda items, _: items,
) -> ScoredMethods:
    """Explain a study's texts by several methods and score each explanation.

    Args:
        study: the texts and the model.
        explainers: the methods; of each `missing` is None. Random scores are added where they are not there.
        scores: of each `missing` is None.
        level: of the intervals, in (0, 1).
        notes: what a reader must know.
        progress: shows how far it is.
    """
    methods = [*(e for e in explainers if e.name != FLOOR), RandomScores()]
    values: dict[str, dict[str, Array]] = {score.name: {} for score in scores}
    attributions, evaluations = {}, {}
    for method in progress(methods, "explaining and scoring"):
        judged = judge(study, method)
        attributions[method.name] = judged.attributions
        evaluations[method.name] = float(np.mean([a.n_evaluations for a in judged.attributions]))
        for score in scores:
            values[score.name][method.name] = score(judged)
    lengths = [len(ask.units) for ask in study.asks]
    return ScoredMethods(
        methods=tuple(attributions),
        scores=tuple(scores),
        n_texts=len(study.texts),
        n_words=(min(lengths), max(lengths)),
        n_exact=sum(study.table(place) is not None for place in range(len(study.texts))),
        removal=study.removal.name,
        values=values,
        standings={
            score.name: standings(
                values[score.name],
                higher_is_better=score.higher_is_better,
                floor=FLOOR,
                level=level,
                seed=study.seed,
            )
            for score in scores
        },
        best=_best(study, scores, level),
        evaluations=evaluations,
        agreement=agreement(attributions),
        notes=tuple(notes),
    )


def _best(study: Study, scores: Sequence[Score], level: float) -> dict[str, Interval]:
    found = {}
    for score in scores:
        reached = score.best(study)
        known = None if reached is None else reached[np.isfinite(reached)]
        if known is not None and len(known) > 1:
            found[score.name] = bootstrap_interval(
                lambda drawn: drawn.mean(axis=1), known, level=level, seed=study.seed
            )
    return found
