"""Texts, one after another, explained for the class that a saved model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Le, MinLen
from numpy.typing import NDArray
from scipy.special import softmax

from whytrain.attribution.plain import to_plain
from whytrain.attribution.removal import absence
from whytrain.attribution.shapley.explanation import Explanation, explain
from whytrain.attribution.units import players_of
from whytrain.calibration.confidence import Confidence
from whytrain.data.words import split_words
from whytrain.errors import DataError
from whytrain.models.saved import SavedModel
from whytrain.types import AbsenceName, Payoff

# Types of the settings of an explainer, as a config gives them.
SETTINGS = {
    "absences": Annotated[list[AbsenceName], MinLen(1)] | None,
    "payoff": Payoff,
    "exact_words": Annotated[int, Ge(4), Le(20)],
    "budget": Annotated[int, Ge(1)],
    "seed": Annotated[int, Ge(0)],
}


@dataclass(frozen=True)
class Verdict:
    """How far a prediction can be trusted, by the model's calibration slice.

    Attributes:
        calibrated_probability: of the predicted class.
        labels: the conformal set; it may be empty.
        coverage: share of such sets that hold the true class.
        abstain: whether the model should give no answer.
        risk: error rate that answers keep if it abstains where it should.
    """

    calibrated_probability: float
    labels: tuple[str, ...]
    coverage: float
    abstain: bool
    risk: float

    @classmethod
    def of(cls, logits: NDArray[np.float64], confidence: Confidence, class_names: Sequence[str]) -> Verdict:
        """Judge a text's logits (n_classes,)."""
        row = logits[None]
        held = confidence.sets(row)[0]
        return cls(
            float(confidence.probabilities(row)[0, logits.argmax()]),
            tuple(name for name, inside in zip(class_names, held, strict=True) if inside),
            1 - confidence.alpha,
            bool(confidence.abstains(row)[0]),
            confidence.risk,
        )


@dataclass(frozen=True, eq=False)
class ExplainedText:
    """A text, what the model says of it, and why.

    Attributes:
        text: as it was given.
        label: the predicted class.
        probabilities: by class.
        verdict: how far to trust them; None where the run had no calibration slice.
        explanations: of the predicted class, one per absence.
        notes: what a reader must know: that the end was cut, that values are estimated.
    """

    text: str
    label: str
    probabilities: dict[str, float]
    verdict: Verdict | None
    explanations: tuple[Explanation, ...]
    notes: tuple[str, ...]

    def to_plain(self) -> dict[str, Any]:
        """Return nested lists and mappings, for JSON."""
        names = list(self.probabilities)
        return {
            "text": self.text,
            "label": self.label,
            "probabilities": self.probabilities,
            "verdict": None if self.verdict is None else asdict(self.verdict),
            "notes": list(self.notes),
            "explanations": [to_plain(explanation, names) for explanation in self.explanations],
        }


class Explainer:
    """A saved model that explains itself."""

    def __init__(
        self,
        saved: SavedModel,
        *,
        absences: Sequence[AbsenceName] | None,
        payoff: Payoff,
        exact_words: int,
        budget: int,
        seed: int,
    ) -> None:
        """Store the settings; see `shapley.explanation.explain`. No absences: the model's usual."""
        self.saved = saved
        names = absences or saved.interface.capabilities.removals
        self.absences = [absence(name, saved.tokenizer) for name in names]
        self.payoff, self.exact_words, self.budget, self.seed = payoff, exact_words, budget, seed
        self._model = saved.interface.coalition_model()

    def __call__(self, text: str) -> ExplainedText:
        """Explain a text.

        Raises:
            DataError: the text has no words.
        """
        if not split_words(text):
            raise DataError("the text is empty: give at least one word")
        encoding = self.saved.tokenizer.encode_words(text, self.saved.max_tokens)
        players = players_of(encoding, self.saved.max_tokens)
        logits = self.saved.logits([text])[0]
        class_index, names = int(logits.argmax()), self.saved.class_names
        confidence = self.saved.confidence
        explanations = tuple(
            explain(
                self._model,
                players,
                kind,
                payoff=self.payoff,
                class_index=class_index,
                exact_words=self.exact_words,
                budget=self.budget,
                seed=self.seed,
            )
            for kind in self.absences
        )
        return ExplainedText(
            text,
            names[class_index],
            dict(zip(names, softmax(logits).tolist(), strict=True)),
            None if confidence is None else Verdict.of(logits, confidence, names),
            explanations,
            tuple(self._notes(text, explanations[0])),
        )

    def _notes(self, text: str, explanation: Explanation) -> list[str]:
        notes = []
        limit, n_words = self.saved.max_tokens, len(explanation.words)
        n_tokens = len(self.saved.tokenizer.encode([text], len(text) + limit)[0])
        if n_tokens > limit:
            notes.append(
                f"the text has {n_tokens} tokens and the model reads {limit}: its end was cut, the first "
                f"{n_words} words are explained"
            )
        if explanation.values_se is not None:
            notes.append(
                f"{n_words} words are more than exact_words={self.exact_words}: values and interactions are "
                f"estimated (± standard error, {explanation.n_evaluations} evaluations), the tree is of "
                f"{len(explanation.tree_words)} chunks of neighboring words"
            )
        return notes
