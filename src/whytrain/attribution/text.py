"""Texts, one after another, explained for the class or the labels that a saved model predicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import Explainer, Explanation, check_explainers, explain
from whytrain.attribution.long_texts import units_that_matter
from whytrain.attribution.plain import to_plain
from whytrain.attribution.target import Target, contrast_of, target_of
from whytrain.attribution.units import Units, players_in
from whytrain.calibration.confidence import Confidence
from whytrain.data.cleaning import LONGEST_TEXT
from whytrain.data.label_names import few_of
from whytrain.data.words import split_words
from whytrain.errors import ConfigError, DataError
from whytrain.models.saved import SavedModel
from whytrain.types import Payoff, PlayerUnit


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How far a prediction can be trusted, by the model's calibration slice.

    Attributes:
        labels: the conformal set; it may be empty.
        coverage: share of such sets that hold the true class.
        abstain: whether the model should give no answer; None where no threshold keeps the risk, so that
            abstaining says nothing about this text.
        risk: error rate that answers keep if it abstains where it should.
    """

    labels: tuple[str, ...]
    coverage: float
    abstain: bool | None
    risk: float

    @classmethod
    def of(cls, logits: NDArray[np.float64], confidence: Confidence, class_names: Sequence[str]) -> Verdict:
        """Judge a text's logits (n_classes,)."""
        row, abstention = logits[None], confidence.abstention
        held = confidence.sets(row)[0]
        return cls(
            labels=tuple(name for name, inside in zip(class_names, held, strict=True) if inside),
            coverage=1 - confidence.alpha,
            abstain=None if abstention.threshold is None else bool(confidence.abstains(row)[0]),
            risk=abstention.risk,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """A text and what the model says of it.

    Attributes:
        text: as it was given.
        label: the predicted class; or the predicted labels, joined, an empty text for none.
        decided: the predicted class alone, or each predicted label.
        exclusive: whether the classes exclude each other.
        probabilities: by class, as trained.
        calibrated: the same, corrected by the calibration slice; None where the run had none.
        verdict: how far to trust the predicted class; None without a slice, and for labels.
        notes: what a reader must know: that the end was cut, that scores are estimated.
    """

    text: str
    label: str
    decided: tuple[str, ...]
    exclusive: bool
    probabilities: dict[str, float]
    calibrated: dict[str, float] | None
    verdict: Verdict | None
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoredText(Answer):
    """An answer, and scores of the words for it.

    Attributes:
        attributions: of the predicted class, or of each label asked about, one per method and variant.
    """

    attributions: tuple[Attribution, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class ExplainedText(Answer):
    """An answer, and why.

    Attributes:
        explanations: of the predicted class, or of each label asked about, one per method and variant.
        make_alternative: explains why the predicted class rather than the second most probable one, by the
            first method and variant, when it is asked for; None for two classes, where that is known
            already, and where something else was asked about.
    """

    explanations: tuple[Explanation, ...]
    make_alternative: Callable[[], Explanation] | None = None

    @cached_property
    def alternative(self) -> Explanation | None:
        """Why the predicted class rather than the second most probable one; None: see `make_alternative`."""
        return None if self.make_alternative is None else self.make_alternative()

    def to_plain(self) -> dict[str, Any]:
        """Return nested lists and mappings, for JSON."""
        return {
            "text": self.text,
            "label": self.label,
            "probabilities": self.probabilities,
            "calibrated_probabilities": self.calibrated,
            "verdict": None if self.verdict is None else asdict(self.verdict),
            "notes": list(self.notes),
            "explanations": [to_plain(explanation) for explanation in self.explanations],
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class _Asked:
    """A text with its logits (n_classes,), and what is asked about it."""

    text: str
    logits: NDArray[np.float64]
    targets: list[Target]
    asks: list[Ask]


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
        rather_than: str | None = None,
        players: PlayerUnit = "word",
    ) -> None:
        """Store the settings.

        Args:
            saved: the model.
            explainers: the methods, the first one for figures that show one; none: only what is decided.
            payoff: of the predicted class.
            seed: of methods that draw.
            label: what is asked about instead of what is predicted; None: the predicted class, or each
                predicted label, or where none is predicted the most probable one.
            rather_than: another class: why the first one rather than this one; None: rather than any other.
            players: what gets a score.

        Raises:
            ConfigError: a method needs what the model has not, the model does not know the label, or labels
                that do not exclude each other are to be told apart.
        """
        for key, name in (("label", label), ("rather_than", rather_than)):
            if name is not None and name not in saved.class_names:
                raise ConfigError(
                    f"{key}={name}: the model has no such {saved.task.noun}; choices: "
                    f"{few_of(saved.class_names)}"
                )
        if rather_than is not None and not saved.task.exclusive:
            raise ConfigError(
                f"rather_than={rather_than}: labels of this model do not exclude each other, a text may have "
                f"both; ask about one with label={rather_than}"
            )
        if rather_than is not None and rather_than == label:
            raise ConfigError(f"rather_than={rather_than}: is the label itself; name another class")
        self.label, self.rather_than = label, rather_than
        self.saved, self.explainers, self.payoff, self.seed = saved, explainers, payoff, seed
        self.unit = players
        self._model = saved.interface
        check_explainers(explainers, self._model)

    def __call__(self, text: str) -> ExplainedText:
        """Explain a text.

        Raises:
            DataError: the text has no words, or is predicted to be what `rather_than` names.
        """
        asked = self._asked(text, self.saved.logits([text])[0])
        explanations = [
            explanation
            for ask, target in zip(asked.asks, asked.targets, strict=True)
            for explanation in explain(ask, self.explainers, target, seed=self.seed)
        ]
        found = [explanation.attribution for explanation in explanations]
        return ExplainedText(
            **self._answer(asked, found),
            explanations=tuple(explanations),
            make_alternative=self._alternative(asked.asks[0], asked.logits),
        )

    def score(
        self, texts: Sequence[str], logits: NDArray[np.float64] | None = None
    ) -> list[ScoredText | DataError]:
        """Score the words of several texts together, without deleting any.

        Args:
            texts: n texts.
            logits: of each, (n, n_classes), where they are known.

        Returns:
            For each text its answer with scores, or why there is none.
        """
        known: dict[int, _Asked] = {}
        found: dict[int, ScoredText | DataError] = {}
        if logits is None:
            readable = [row for row, text in enumerate(texts) if split_words(text)]
            logits = np.zeros((len(texts), len(self.saved.class_names)))
            logits[readable] = self.saved.logits([texts[row][:LONGEST_TEXT] for row in readable])
        for row, text in enumerate(texts):
            try:
                known[row] = self._asked(text, logits[row])
            except DataError as error:
                found[row] = error
        asks = [ask for asked in known.values() for ask in asked.asks]
        targets = [target for asked in known.values() for target in asked.targets]
        for explainer in self.explainers if asks else ():
            explainer.prepare(asks, targets)
        for row, asked in known.items():
            attributions = [
                attribution
                for ask, target in zip(asked.asks, asked.targets, strict=True)
                for explainer in self.explainers
                for attribution in explainer(ask, target, seed=self.seed)
            ]
            found[row] = ScoredText(**self._answer(asked, attributions), attributions=tuple(attributions))
        return [found[row] for row in range(len(texts))]

    def _asked(self, text: str, logits: NDArray[np.float64]) -> _Asked:
        if len(text) > LONGEST_TEXT:
            raise DataError(
                f"the text has {len(text):,} characters: at most {LONGEST_TEXT:,} are read; give a part of it"
            )
        if not split_words(text):
            raise DataError("the text is empty: give at least one word")
        whole = Ask(self._model, players_in(text, self.saved.tokenizer, self.saved.max_tokens, self.unit))
        targets = self._targets(logits, self.saved.task.probabilities(logits[None]))
        asks = [Ask(self._model, units_that_matter(whole, target)) for target in targets]
        return _Asked(text=text, logits=logits, targets=targets, asks=asks)

    def _answer(self, asked: _Asked, attributions: Sequence[Attribution]) -> dict[str, Any]:
        """Return the fields of an `Answer`."""
        names, task, confidence = self.saved.class_names, self.saved.task, self.saved.confidence
        row = asked.logits[None]
        probabilities = task.probabilities(row)
        decisions = task.decisions(probabilities)
        corrected = None if confidence is None else confidence.probabilities(row)[0].tolist()
        return {
            "text": asked.text,
            "label": task.show(decisions, names)[0],
            "decided": tuple(names[index] for index in self._decided(decisions)),
            "exclusive": task.exclusive,
            "probabilities": dict(zip(names, probabilities[0].tolist(), strict=True)),
            "calibrated": None if corrected is None else dict(zip(names, corrected, strict=True)),
            "verdict": Verdict.of(asked.logits, confidence, names)
            if isinstance(confidence, Confidence)
            else None,
            "notes": tuple(self._notes(asked.text, asked.asks[0].units, attributions)),
        }

    def _decided(self, decisions: NDArray[np.int64]) -> list[int]:
        return decisions.tolist() if self.saved.task.exclusive else np.flatnonzero(decisions[0]).tolist()

    def _targets(self, logits: NDArray[np.float64], probabilities: NDArray[np.float64]) -> list[Target]:
        names, task = self.saved.class_names, self.saved.task
        if self.label is not None:
            asked = [names.index(self.label)]
        else:
            asked = self._decided(task.decisions(probabilities)) or [int(logits.argmax())]
        if self.rather_than is None:
            return [target_of(task, names, index, self.payoff) for index in asked]
        other = names.index(self.rather_than)
        if asked == [other]:
            raise DataError(
                f"rather_than={self.rather_than}: is what the model predicts here; say with label=CLASS what "
                "else it is compared with"
            )
        return [contrast_of(names, index, other, self.payoff) for index in asked]

    def _alternative(self, ask: Ask, logits: NDArray[np.float64]) -> Callable[[], Explanation] | None:
        """Return what explains why the predicted class rather than the second one, if it is to be asked."""
        asked_else = self.label is not None or self.rather_than is not None
        if asked_else or not self.explainers or not self.saved.task.exclusive or len(logits) == 2:
            return None
        first = int(logits.argmax())
        second = int(np.where(np.arange(len(logits)) == first, -np.inf, logits).argmax())
        target = contrast_of(self.saved.class_names, first, second, self.payoff)
        method = self.explainers[0].first_variant(self._model)
        return lambda: explain(ask, [method], target, seed=self.seed)[0]

    def _notes(self, text: str, units: Units, attributions: Sequence[Attribution]) -> list[str]:
        notes = []
        limit, n_words = self.saved.max_tokens, sum(units.n_words)
        n_tokens = len(self.saved.tokenizer.encode([text], len(text) + limit)[0])
        if n_tokens > limit:
            notes.append(
                f"the text has {n_tokens} tokens and the model reads {limit}: its end was cut, the first "
                f"{n_words} words are explained"
            )
        if units.grouped:
            n_alone = units.n_words.count(1)
            notes.append(
                f"{n_words} words are too many to score each alone: the {n_alone} that matter most are, the "
                f"others in {len(units) - n_alone} passages"
            )
        infill = self._model.infill
        if infill is not None and any(found.absence == "infilled" for found in attributions):
            notes.append(
                f"absent words are filled in by {infill.name}, {infill.samples} texts for each set of words "
                "that stay; other draws (seed=) would move the numbers, which ± does not say"
            )
        first = {attribution.method: attribution for attribution in reversed(attributions)}
        games: list[str] = []
        draws: list[str] = []
        for explainer in self.explainers:
            found = first.get(explainer.name)
            if found is not None and found.note:
                notes.append(found.note)
            if found is not None and found.relative_error is not None:
                notes.append(
                    f"{found.method} is predicted, not computed: together its scores are off by at most "
                    f"{found.relative_error:.0%} of their sizes, as far as nine in ten texts tell"
                )
            if found is not None and found.standard_errors is not None:
                told = f"{found.method} is estimated (± standard error, {found.n_evaluations} evaluations"
                if explainer.effort is not None:
                    told += f"; raise explainer.{found.method}.{explainer.effort}"
                (draws if found.absence is None else games).append(f"{told})")
        if games:
            what = "words and passages" if units.grouped else "words"
            why = f"{len(units)} {what} are too many to try all combinations of them"
            notes.append(f"{why}: {', '.join(games)}")
        return [*notes, *draws]
