"""Scoring explanations from Python: which method to believe on a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from whytrain.api.explaining import Methods, made_methods
from whytrain.config.choices import choices_of, section_of
from whytrain.config.validation import check_config
from whytrain.errors import ConfigError, DataError

if TYPE_CHECKING:
    from whytrain.api.runs import Run
    from whytrain.explanation_scores.score import Score
    from whytrain.explanation_scores.scored_methods import ScoredMethods
    from whytrain.models.saved import SavedModel
    from whytrain.types import Payoff, RemovalName

# Names of conf/score with their settings, or scores that are made already.
Scores: TypeAlias = "Sequence[str | Score] | Mapping[str, Mapping[str, Any]]"
_LEAST_TEXTS = 2


@dataclass(frozen=True, eq=False)
class ScoredExplanations:
    """Methods of explanation, scored on one model; the last line of a notebook's cell shows them.

    Attributes:
        result: everything as plain results.
        name: of the model.
        level: of the intervals.
    """

    result: ScoredMethods
    name: str
    level: float

    def __repr__(self) -> str:
        """Return the verdict."""
        return self.verdict

    @property
    def verdict(self) -> str:
        """Which method to believe, in a sentence."""
        from whytrain.pages.scores.verdict import verdict

        return verdict(self.result)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per score and method: mean, interval, number of texts, who is ahead."""
        return self.result.to_frame()

    def write(self, folder: str | Path) -> Path:
        """Write page, table and figure into a folder, which is made, and return the page."""
        from whytrain.pages.scores.files import write_scores

        return write_scores(self.result, self.name, Path(folder), self.level)[0]

    def _repr_html_(self) -> str:
        """Return the verdict and the table; all text is escaped."""
        from whytrain.pages.scores.page import notebook_html

        return notebook_html(self.result, self.level)


def score_explanations(
    model: Run | SavedModel,
    texts: Sequence[str],
    *,
    explainers: Methods | None = None,
    scores: Scores | None = None,
    payoff: Payoff = "log_odds",
    absence: RemovalName | None = None,
    level: float = 0.95,
    seed: int = 0,
    name: str = "this model",
) -> ScoredExplanations:
    """Say which explanation to believe on a model.

    Args:
        model: a run, or a classifier from `from_huggingface` or `from_function`.
        texts: two or more; up to 14 words each all combinations of words are asked, which takes a model
            without recurrence long.
        explainers: see `whytrain.explain`; None: all of conf/explainer that the model can do.
        scores: names of conf/score; None: those that tell true explanations from false ones.
        payoff: of the predicted class.
        absence: what stands where a score takes a word away; None: as is usual for the model.
        level: of the intervals.
        seed: of methods and scores that draw.
        name: how the page calls the model.

    Raises:
        ConfigError: there is no such method or score, or it needs what is not given.
        DataError: fewer than two texts, or one without words.
    """
    from whytrain.attribution.explainer import able, check_explainers
    from whytrain.explanation_scores.score import check_scores
    from whytrain.explanation_scores.scored_methods import score_methods
    from whytrain.explanation_scores.study import make_study
    from whytrain.models.saved import SavedModel

    saved = model if isinstance(model, SavedModel) else model.model
    if isinstance(texts, str) or len(texts) < _LEAST_TEXTS:
        raise DataError(f"expected two texts or more, of which means are taken; got {texts!r}")
    if explainers is None:
        methods, reasons = able(made_methods(choices_of("explainer")), saved.interface)
    else:
        methods, reasons = made_methods(explainers), []
        check_explainers(methods, saved.interface)
    study = make_study(saved, texts, payoff=payoff, removal=absence, seed=seed)
    chosen = made_scores(scores)
    check_scores(chosen, study)
    found = score_methods(
        study, methods, chosen, level=level, notes=[f"left out: {reason}" for reason in reasons]
    )
    return ScoredExplanations(found, name, level)


def made_scores(scores: Scores | None) -> list[Score]:
    """Make scores from their names; None: those that are shown by default.

    Raises:
        ConfigError: there is no such score, none at all, or a setting is wrong.
    """
    if scores is None:
        every = (_made(name, {}) for name in choices_of("score"))
        return [score for score in every if score.shown_by_default]
    if not scores:
        raise ConfigError("scores: expected at least one, such as ['comprehensiveness']; got none")
    settings = scores if isinstance(scores, Mapping) else {}
    return [
        _made(score, settings.get(score, {})) if isinstance(score, str) else score
        for score in dict.fromkeys([scores] if isinstance(scores, str) else scores)
    ]


def _made(name: str, settings: Mapping[str, Any]) -> Score:
    from whytrain.explanation_scores.score import make_score

    section = section_of("score", name) | dict(settings)
    check_config({name: section}, {})
    return make_score(section)
