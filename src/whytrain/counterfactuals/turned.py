"""How an answer is turned: the fewest words that go, and the fewest that become others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whytrain.counterfactuals.candidates import Candidates
from whytrain.counterfactuals.deletions import LeastDeletions, least_deletions_of
from whytrain.counterfactuals.fluency import Fluency
from whytrain.counterfactuals.substitutions import Substitutions, least_substitutions
from whytrain.data.lexicon import Lexicon
from whytrain.models.alike import AlikeWords, frequent_words
from whytrain.models.saved import SavedModel
from whytrain.shortcuts.features import Text
from whytrain.types import Predict

_DELETIONS = 1500  # sets of words that a search for the least deletions tries


@dataclass(frozen=True, kw_only=True)
class Turned:
    """How a text's answer is turned.

    Attributes:
        text: as it is.
        said: what the model says of it, class index.
        deletions: the fewest words to leave out.
        left: the text without the first of these sets; empty without one.
        substitutions: the fewest words to replace.
    """

    text: str
    said: int
    deletions: LeastDeletions
    left: str
    substitutions: Substitutions

    @property
    def n_deleted(self) -> int | None:
        """How many words must go; None where none were found."""
        return len(self.deletions.sets[0]) if self.deletions.sets else None

    @property
    def n_replaced(self) -> int | None:
        """How many words must become others; None where none were found."""
        return len(self.substitutions.found[0].changes) if self.substitutions.found else None


class Turner:
    """Looks for what turns a model's answers, among words of its training texts and a lexicon's."""

    def __init__(
        self,
        saved: SavedModel,
        train: Sequence[str],
        lexicon: Lexicon,
        *,
        candidates: int,
        most: int,
        budget: int,
    ) -> None:
        """Count the words of the training texts.

        Args:
            saved: the model, of classes that exclude each other.
            train: what it learned from.
            lexicon: opposites, synonyms, parts of speech.
            candidates: words that are tried in the place of one, of each kind.
            most: words that are replaced at most.
            budget: sets of changes of a size up to which all are tried.
        """
        self._predict: Predict = saved.probabilities
        self._fluency = Fluency(train)
        words = frequent_words(train) if saved.interface.capabilities.embeddings else []
        near = AlikeWords(saved.interface, words) if words else None
        self._candidates = Candidates(self._fluency, lexicon, near, per_word=candidates)
        self._most, self._budget = most, budget

    def __call__(self, text: str) -> Turned:
        """Turn the answer to a text of at least one word."""
        split = Text(text)
        chances = self._predict([text, *map(split.without_place, range(len(split.words)))])
        said = int(chances[0].argmax())
        deletions = least_deletions_of(
            lambda texts: self._predict(texts).argmax(axis=1),
            split,
            chances[0, said] - chances[1:, said],
            budget=_DELETIONS,
        )
        return Turned(
            text=text,
            said=said,
            deletions=deletions,
            left=split.without_places(deletions.sets[0]) if deletions.sets else "",
            substitutions=least_substitutions(
                self._predict,
                text,
                self._candidates,
                self._fluency,
                most=self._most,
                budget=self._budget,
            ),
        )


def median_words(numbers: Sequence[int | None]) -> float:
    """Return the median of how many words were changed, over what was turned; NaN where nothing was.

    >>> median_words([1, None, 2, 2])
    2.0
    """
    known = [number for number in numbers if number is not None]
    return float(np.median(known)) if known else float("nan")
