"""How strongly the explanations of an earlier run guide the training of this one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Interval

from whytrain.errors import ConfigError

Probability = Annotated[float, Interval(ge=0, le=1)]
Targets = Literal["explained", "random"]


@dataclass(frozen=True, kw_only=True)
class GuidanceSettings:
    """What is done to the words and rows that a run's explanations name; all of it in training only.

    Attributes:
        run: id or unique name of the run whose explanations are read; None where nothing is guided.
        targets: `explained`: the words, pairs and rows that the run names; `random`: as many of like
            frequency, the control arm.
        top_words: words that decide most in the training data, and pairs from the top of the run's ranking.
        mask: probability that an occurrence of a target word is hidden.
        replace: probability that it becomes another target word of like frequency, of the same part of speech
            where WordNet knows it; no occurrence is both hidden and replaced.
        synonyms: probability that a word of a target pair becomes a synonym where both stand in a sentence.
        upweight: weight of the rows on which the run's two students disagree; all others have 1.

    Raises:
        ConfigError: something is switched on without a run, or hiding and replacing exceed 1 together.
    """

    run: str | None
    targets: Targets
    top_words: Annotated[int, Ge(1)]
    mask: Probability
    replace: Probability
    synonyms: Probability
    upweight: Annotated[float, Ge(1)]

    def __post_init__(self) -> None:
        """Refuse combinations that mean nothing."""
        if self.mask + self.replace > 1:
            raise ConfigError(
                f"guidance.mask={self.mask} and guidance.replace={self.replace} are shares of the same "
                "occurrences: together at most 1"
            )
        if self.is_on and self.run is None:
            switched_on = [name for name in ("mask", "replace", "synonyms") if getattr(self, name)]
            names = ", ".join(f"guidance.{name}" for name in [*switched_on, *["upweight"] * self.weighs_rows])
            raise ConfigError(
                f"{names} act on what a run explained: give guidance.run=RUN_ID, or switch them off"
            )

    @property
    def weighs_rows(self) -> bool:
        """Whether some rows count more than others."""
        return self.upweight > 1

    @property
    def changes_words(self) -> bool:
        """Whether target words are hidden or replaced."""
        return self.mask > 0 or self.replace > 0

    @property
    def is_on(self) -> bool:
        """Whether anything is done at all."""
        return self.changes_words or self.synonyms > 0 or self.weighs_rows
