"""How strongly explanations and marks guide a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Interval

from whytrain.errors import ConfigError

Probability = Annotated[float, Interval(ge=0, le=1)]
Targets = Literal["explained", "random"]
FOUND = "found"  # as `guidance.marks`: those of the run's own diagnosis
# Keys, and the value with which each does nothing.
ON_EXPLAINED = {"mask": 0.0, "replace": 0.0, "synonyms": 0.0, "upweight": 1.0, "upweight_errors": 1.0}
ON_MARKS = {
    "swap": 0.0,
    "swap_order": 0.0,
    "delete": 0.0,
    "counterfactuals": 0,
    "input_gradient": 0.0,
    "reweight": False,
}

# Keys that act on what is named: by a run's explanations, by its diagnosis, or by a person.
ACT_ON_NAMED = frozenset(
    f"guidance.{name}" for name in ("marks", "targets", "top_words", *ON_EXPLAINED, *ON_MARKS)
)


def follows_marks(guidance: Mapping[str, Any]) -> bool:
    """Return whether a config's section marks something and does something to it."""
    return guidance["marks"] is not None and any(guidance[key] != off for key, off in ON_MARKS.items())


@dataclass(frozen=True, kw_only=True)
class GuidanceSettings:
    """What is done in training to words and rows that a run's explanations name, and to what is marked.

    Attributes:
        run: id or unique name of the run whose explanations are read; None where none is.
        marks: file of marks (see `whytrain.shortcuts.marks`), or `found`: those of the run's diagnosis; None
            where nothing is marked.
        targets: `explained`: the words, pairs and rows that the run names, and the marks; `random`: as many
            of like frequency, the control arm.
        top_words: words that decide most in the training data, and pairs from the top of the run's ranking.
        mask: probability that an occurrence of a target word is hidden.
        replace: probability that it becomes another target word of like frequency, of the same part of speech
            where WordNet knows it; no occurrence is both hidden and replaced.
        synonyms: probability that a word of a target pair becomes a synonym where both stand in a sentence.
        upweight: weight of the rows on which the run's two students disagree; all others have 1.
        upweight_errors: weight of the rows that the run gets wrong; all others have 1. With a run of one or
            two epochs: "just train twice" (Liu et al. 2021, https://arxiv.org/abs/2107.09044).
        swap: probability that a marked word is drawn anew from the words of its mark, itself included; see
            `whytrain.guidance.mark_edits.swaps`.
        swap_order: probability that two words whose order is marked change places.
        delete: probability that a marked word is taken out of its sentence.
        counterfactuals: copies of each row with something marked, in which it is another, changes its order
            or is gone; they keep the label.
        input_gradient: weight of the penalty on what the model makes of marked tokens; see
            `whytrain.objectives.input_gradient`.
        reweight: whether rows weigh so that what is marked says nothing about the label; see
            `whytrain.guidance.row_weights`.
        typos: probability that a word of four letters or more gets a typing error, drawn anew in every epoch;
            see `whytrain.robustness.typing_errors`. It needs neither a run nor marks.
        rare_words: words that stand at most so often in the training sentences are drawn anew from all of
            them, so that they say nothing: what few rows have is learned by heart, and no check sample can
            judge it. It needs neither a run nor marks.

    Raises:
        ConfigError: something is switched on without what it acts on, or hiding and replacing exceed 1
            together.
    """

    run: str | None
    marks: str | None
    targets: Targets
    top_words: Annotated[int, Ge(1)]
    mask: Probability
    replace: Probability
    synonyms: Probability
    upweight: Annotated[float, Ge(1)]
    upweight_errors: Annotated[float, Ge(1)]
    swap: Probability
    swap_order: Probability
    delete: Probability
    counterfactuals: Annotated[int, Ge(0)]
    input_gradient: Annotated[float, Ge(0)]
    reweight: bool
    typos: Probability
    rare_words: Annotated[int, Ge(0)]

    def __post_init__(self) -> None:
        """Refuse combinations that mean nothing."""
        if self.mask + self.replace > 1:
            raise ConfigError(
                f"guidance.mask={self.mask} and guidance.replace={self.replace} are shares of the same "
                "occurrences: together at most 1"
            )
        if self.reads_run and self.run is None:
            what = (
                "guidance.marks=found reads" if self.marks == FOUND else f"{self._named(ON_EXPLAINED)} act on"
            )
            raise ConfigError(f"{what} what a run explained: give guidance.run=RUN_ID, or switch them off")
        if self.acts_on_marks and self.marks is None:
            raise ConfigError(
                f"{self._named(ON_MARKS)} act on marked words: give guidance.marks=FILE.yaml, or "
                "guidance.marks=found with the guidance.run whose diagnosis found a shortcut"
            )

    def _named(self, keys: dict[str, float]) -> str:
        return ", ".join(f"guidance.{key}" for key in keys if self._is_on(key, keys))

    def _is_on(self, key: str, keys: dict[str, float]) -> bool:
        return bool(getattr(self, key) != keys[key])

    @property
    def acts_on_explained(self) -> bool:
        """Whether anything is done to what a run explained."""
        return any(self._is_on(key, ON_EXPLAINED) for key in ON_EXPLAINED)

    @property
    def acts_on_marks(self) -> bool:
        """Whether anything is done to what is marked."""
        return any(self._is_on(key, ON_MARKS) for key in ON_MARKS)

    @property
    def reads_run(self) -> bool:
        """Whether a run must be read."""
        return self.acts_on_explained or (self.acts_on_marks and self.marks == FOUND)

    @property
    def changes_explained_words(self) -> bool:
        """Whether words that the run names are hidden or replaced."""
        return self.mask > 0 or self.replace > 0

    @property
    def picks_words(self) -> bool:
        """Whether words are looked for that may stand for others."""
        return self.changes_explained_words or self.swap > 0 or self.counterfactuals > 0

    @property
    def edits_texts(self) -> bool:
        """Whether sentences are changed, not only weighed."""
        return (
            self.changes_explained_words
            or self.synonyms > 0
            or max(self.swap, self.swap_order, self.delete) > 0
            or self.counterfactuals > 0
            or self._acts_on_all
        )

    @property
    def is_on(self) -> bool:
        """Whether anything is done at all."""
        return self.acts_on_explained or self.acts_on_marks or self._acts_on_all

    @property
    def _acts_on_all(self) -> bool:
        return self.typos > 0 or self.rare_words > 0
