"""The interface of a score of explanations; each is a file of its own and a YAML file in conf/score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from whytrain.config.signatures import import_target
from whytrain.errors import refuse

if TYPE_CHECKING:
    from whytrain.explanation_scores.study import Judged, Study

Array = NDArray[np.float64]
# What a score may need beside a model and texts, see `Study`.
Need = Literal["trees", "marks", "other", "random_labels"]

GIVE: Mapping[Need, str] = {
    "trees": "sentences whose phrases people labeled: give people=FILE, such as the treebank's trees/dev.txt",
    "marks": "words that are known to be shortcuts: give marks=FILE, as guidance.marks does in training",
    "other": "another run's model: give other=RUN, trained as this one with another seed",
    "random_labels": "a model that was trained on random labels: it can only be made of a tracked run",
}
LEAST_DIAGNOSTICITY = 0.9  # of what is shown by default


class Score(Protocol):
    """A number that says of one explanation of one text how far to believe it.

    Attributes:
        name: as in conf/score/ and in tables.
        short: of at most eight characters, for columns.
        title: what it says, in words.
        unit: of the number.
        higher_is_better: its direction.
        range: its least and its largest value.
        diagnosticity: how often it prefers the explanation of the model itself to that of another model,
            measured by `benchmarks/diagnosticity.py` (docs/which_explanation.md has the table); None where
            nobody has measured it.
        needs: what else it must be given.
        explains_again: whether every text is explained several times more for it.
    """

    name: str
    short: str
    title: str
    unit: str
    higher_is_better: bool
    range: tuple[float, float]
    diagnosticity: float | None = None
    needs: tuple[Need, ...] = ()
    explains_again: bool = False

    def __init__(self) -> None:
        """Need no settings, unless a subclass does."""

    @property
    def tells(self) -> bool:
        """Whether it tells true explanations from false ones often enough."""
        return self.diagnosticity is not None and self.diagnosticity >= LEAST_DIAGNOSTICITY

    @property
    def shown_by_default(self) -> bool:
        """Whether it tells true explanations from false ones, of a model and texts alone, at once."""
        return self.tells and not self.needs and not self.explains_again

    def missing(self, study: Study) -> str | None:
        """Say in one line what it needs and the study has not; None where it can be computed."""
        absent = [need for need in self.needs if not getattr(study, need)]
        return f"score={self.name} needs {GIVE[absent[0]]}" if absent else None

    def best(self, study: Study) -> Array | None:
        """Return what no explanation can beat: float64 (n,), NaN for a text without a table.

        None where there is no such value.
        """
        return None

    def __call__(self, judged: Judged) -> Array:
        """Judge a method's explanations of n texts: float64 (n,), NaN where the score is not defined."""
        ...


def make_score(section: Mapping[str, Any]) -> Score:
    """Make a score from its section of a config: `_target_`, its class, and its settings."""
    settings = dict(section)
    score: Score = import_target(settings.pop("_target_"))(**settings)
    return score


def check_scores(scores: Sequence[Score], study: Study) -> None:
    """Refuse scores that need what they are not given.

    Raises:
        ConfigError: naming each of them with its reason.
    """
    refuse(score.missing(study) for score in scores)
