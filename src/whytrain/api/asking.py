"""Asking a model about a text and about changes of it: words left out, words in place of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from whytrain.counted import counted
from whytrain.errors import DataError

if TYPE_CHECKING:
    from whytrain.api.runs import Run
    from whytrain.attribution.text import ExplainedText
    from whytrain.counterfactuals.deletions import LeastDeletions
    from whytrain.models.saved import SavedModel
    from whytrain.shortcuts.features import Text

LEAST_BUDGET = 1500  # texts that a search for the least deletions asks about


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What a model says of a text in which something was changed.

    Attributes:
        text: as it is now.
        label: what is decided.
        probability: of the class that was decided before.
        effect: what the change adds to that class, log-odds.
    """

    text: str
    label: str
    probability: float
    effect: float


@dataclass(frozen=True, eq=False)
class AskedText:
    """A text and the model that was asked about it, for questions of what if.

    Attributes:
        saved: the model.
        answer: what it says of the text, without reasons.
    """

    saved: SavedModel
    answer: ExplainedText

    @property
    def text(self) -> str:
        """The text as it was given."""
        return self.answer.text

    @cached_property
    def _parts(self) -> Text:
        from whytrain.shortcuts.features import Text

        return Text(self.text)

    @property
    def words(self) -> list[str]:
        """The words as they are written."""
        return self._parts.shown

    @cached_property
    def _index(self) -> int:
        """The class that is asked about: the decided one, or the most probable label."""
        names = self.saved.class_names
        chances = self.answer.probabilities
        return names.index(self.answer.decided[0] if self.answer.exclusive else max(chances, key=chances.get))  # type: ignore[arg-type]

    @property
    def label(self) -> str:
        """The name of that class."""
        return self.saved.class_names[self._index]

    def with_texts(self, texts: Sequence[str]) -> list[Changed]:
        """Say what other texts in the place of this one change."""
        from whytrain.attribution.target import target_of

        logits = self.saved.logits([self.text, *texts])
        task, names = self.saved.task, self.saved.class_names
        values = target_of(task, names, self._index, "log_odds").values(logits)
        probabilities = task.probabilities(logits)
        labels = task.show(task.decisions(probabilities), names)
        return [
            Changed(
                text=text,
                label=labels[row],
                probability=float(probabilities[row, self._index]),
                effect=float(values[row] - values[0]),
            )
            for row, text in enumerate(texts, start=1)
        ]

    def without_each(self) -> list[Changed]:
        """Say what the text is without each of its words; a text of one word has no such change."""
        parts = self._parts
        if len(parts.words) == 1:
            return []
        return self.with_texts([parts.without_place(place) for place in range(len(parts.words))])

    def replaced(self, place: int, word: str) -> str:
        """Return the text with another word at a place, written as the old one: its signs, its capital.

        Raises:
            DataError: there is no such place.
        """
        return self._parts.replaced(self.checked(place), word)

    def without(self, places: Sequence[int]) -> str:
        """Return the text without the words at some places."""
        return self._parts.without_places([self.checked(place) for place in places])

    def checked(self, place: int) -> int:
        """Return a place of a word.

        Raises:
            DataError: there is no such place.
        """
        if not 0 <= place < len(self.words):
            n = counted(len(self.words), "word")
            at = f"word {place + 1}" if place >= 0 else f"word at {place}, which count from 0"
            raise DataError(f"{at}: the text has {n}")
        return place

    def least_deletions(self, importance: NDArray[np.float64], budget: int = LEAST_BUDGET) -> LeastDeletions:
        """Find the fewest words without which the answer is another one.

        Args:
            importance: float64 (n_words,), what each speaks for the answer, see `LeastDeletions`.
            budget: texts that are tried, about.
        """
        from whytrain.counterfactuals.deletions import least_deletions_of

        def decide(texts: list[str]) -> NDArray[np.int64]:
            decided = self.saved.task.decisions(self.saved.probabilities(texts))
            return decided if decided.ndim == 1 else decided[:, self._index]

        return least_deletions_of(decide, self._parts, importance, budget=budget)


def ask(model: Run | SavedModel, text: str) -> AskedText:
    """Ask a model about a text; the answer can be asked what if.

    Raises:
        DataError: the text has no words, or is too long.
    """
    from whytrain.attribution.text import TextExplainer
    from whytrain.models.saved import SavedModel

    if not isinstance(text, str):
        raise DataError(f"expected a text; got {text!r} ({type(text).__name__})")
    saved = model if isinstance(model, SavedModel) else model.model
    return AskedText(saved, TextExplainer(saved, [], payoff="log_odds", seed=0)(text))
