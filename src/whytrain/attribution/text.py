"""Texts, one after another, explained for the class or the labels that a saved model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.ask import Ask
from whytrain.attribution.explainer import Explainer, Explanation, check_explainers, explain
from whytrain.attribution.plain import to_plain
from whytrain.attribution.target import Target, target_of
from whytrain.attribution.units import players_of
from whytrain.calibration.confidence import Confidence
from whytrain.calibration.label_confidence import LabelConfidence
from whytrain.data.words import split_words
from whytrain.errors import ConfigError, DataError
from whytrain.models.saved import SavedModel
from whytrain.types import Payoff


@dataclass(frozen=True, kw_only=True)
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
            calibrated_probability=float(confidence.probabilities(row)[0, logits.argmax()]),
            labels=tuple(name for name, inside in zip(class_names, held, strict=True) if inside),
            coverage=1 - confidence.alpha,
            abstain=bool(confidence.abstains(row)[0]),
            risk=confidence.risk,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class ExplainedText:
    """A text, what the model says of it, and why.

    Attributes:
        text: as it was given.
        label: the predicted class; or the predicted labels, joined, an empty text for none.
        probabilities: by class.
        verdict: how far to trust them; None where the run had no calibration slice.
        explanations: of the predicted class, or of each label asked about, one per method and variant.
        notes: what a reader must know: that the end was cut, that scores are estimated.
    """

    text: str
    label: str
    probabilities: dict[str, float]
    verdict: Verdict | None
    explanations: tuple[Explanation, ...]
    notes: tuple[str, ...]

    def to_plain(self) -> dict[str, Any]:
        """Return nested lists and mappings, for JSON."""
        return {
            "text": self.text,
            "label": self.label,
            "probabilities": self.probabilities,
            "verdict": None if self.verdict is None else asdict(self.verdict),
            "notes": list(self.notes),
            "explanations": [to_plain(explanation) for explanation in self.explanations],
        }


class TextExplainer:
    """A saved model that explains itself."""

    def __init__(
        self,
        saved: SavedModel,
        explainers: Sequence[Explainer],
        *,
        payoff: Payoff,
        seed: int,
        label: str | None = None,
    ) -> None:
        """Store the settings.

        Args:
            saved: the model.
            explainers: the methods, the first one for figures that show one.
            payoff: of the predicted class.
            seed: of methods that draw.
            label: what is asked about instead of what is predicted; None: the predicted class, or each
                predicted label, or where none is predicted the most probable one.

        Raises:
            ConfigError: a method needs what the model has not, or the model does not know the label.
        """
        if label is not None and label not in saved.class_names:
            raise ConfigError(
                f"label={label}: the model has no such {saved.task.noun}; choices: "
                f"{', '.join(saved.class_names)}"
            )
        self.label = label
        self.saved, self.explainers, self.payoff, self.seed = saved, explainers, payoff, seed
        self._model = saved.interface
        check_explainers(explainers, self._model)

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
        names, task, ask = self.saved.class_names, self.saved.task, Ask(self._model, players)
        probabilities = task.probabilities(logits[None])
        explanations = [
            explanation
            for target in self._targets(logits, probabilities)
            for explanation in explain(ask, self.explainers, target, seed=self.seed)
        ]
        confidence = self.saved.confidence
        return ExplainedText(
            text=text,
            label=task.show(task.decisions(probabilities), names)[0],
            probabilities=dict(zip(names, probabilities[0].tolist(), strict=True)),
            verdict=Verdict.of(logits, confidence, names) if isinstance(confidence, Confidence) else None,
            explanations=tuple(explanations),
            notes=(*self._calibrated(logits), *self._notes(text, explanations)),
        )

    def _targets(self, logits: NDArray[np.float64], probabilities: NDArray[np.float64]) -> list[Target]:
        names, task = self.saved.class_names, self.saved.task
        if self.label is not None:
            asked = [names.index(self.label)]
        elif task.exclusive:
            asked = task.decisions(probabilities).tolist()
        else:
            asked = np.flatnonzero(task.decisions(probabilities)[0]).tolist() or [int(logits.argmax())]
        return [target_of(task, names, index, self.payoff) for index in asked]

    def _calibrated(self, logits: NDArray[np.float64]) -> list[str]:
        """Say the calibrated probabilities of labels, which have no verdict on one answer."""
        confidence = self.saved.confidence
        if not isinstance(confidence, LabelConfidence):
            return []
        values = zip(self.saved.class_names, confidence.probabilities(logits[None])[0], strict=True)
        return [f"calibrated: {', '.join(f'{name} {p:.4f}' for name, p in values)}"]

    def _notes(self, text: str, explanations: Sequence[Explanation]) -> list[str]:
        notes = []
        limit, n_words = self.saved.max_tokens, len(explanations[0].attribution.words)
        n_tokens = len(self.saved.tokenizer.encode([text], len(text) + limit)[0])
        if n_tokens > limit:
            notes.append(
                f"the text has {n_tokens} tokens and the model reads {limit}: its end was cut, the first "
                f"{n_words} words are explained"
            )
        for method in dict.fromkeys(e.attribution.method for e in explanations):
            first = next(e.attribution for e in explanations if e.attribution.method == method)
            if first.standard_errors is not None:
                notes.append(
                    f"{n_words} words are too many to evaluate all coalitions: {method} is estimated "
                    f"(± standard error, {first.n_evaluations} evaluations; raise explainer.{method}.budget)"
                )
        return notes
