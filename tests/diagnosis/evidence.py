"""A run's evidence, made by hand: each test spoils one part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from whytrain.attribution.attribution import Quantity
from whytrain.attribution.evidence import AttributionEvidence, ExplanationEvidence, SentenceEvidence
from whytrain.calibration.abstention import abstention_threshold
from whytrain.calibration.conformal import lac_thresholds, prediction_sets
from whytrain.calibration.summary import summarize_calibration
from whytrain.data.corpus import Corpus, Split
from whytrain.data.unread import Unread
from whytrain.diagnosis.evidence import CalibrationEvidence, HistoryEvidence, RunEvidence, SetEvidence
from whytrain.diagnosis.gathering import gather
from whytrain.fairness.evidence import FairnessEvidence
from whytrain.fairness.groups import GroupRate, group_rates
from whytrain.fairness.term_effects import Effect
from whytrain.shortcuts.evidence import Candidate, ShortcutEvidence, ShownText
from whytrain.shortcuts.features import Feature
from whytrain.statistics.intervals import Interval, t_interval
from whytrain.surrogates.evidence import CoefficientEvidence, RuleEvidence, SurrogateEvidence
from whytrain.types import Predictions

NAMES = ("bad", "good")


def split(rows: list[tuple[str, int]], name: str) -> Split:
    ids = [f"{name}-{number}" for number in range(len(rows))]
    return Split(
        ids=ids,
        texts=[text for text, _ in rows],
        labels=np.array([label for _, label in rows]),
        human=None,
        columns={},
    )


def corpus(train: list[tuple[str, int]], validation: list[tuple[str, int]]) -> Corpus:
    return Corpus(
        name="made",
        class_names=NAMES,
        train=split(train, "train"),
        validation=split(validation, "validation"),
        calibration=None,
        test=None,
        notices=(),
        fingerprint="f" * 32,
    )


def predictions(classes: list[int], labels: Any, confidence: float = 0.8) -> Predictions:
    logit = np.log(confidence / (1 - confidence))
    signs = np.array([[0.0, 1.0] if c else [1.0, 0.0] for c in classes])
    return Predictions(logits=logit * signs, labels=np.asarray(labels, dtype=np.int64))


def explained(
    number: int, values: list[float], *, predicted: tuple[int, int] = (1, 1), **changes: Any
) -> SentenceEvidence:
    """An explained sentence of the class good; predicted with all words and without the top two."""
    phi = np.array(values)
    shares = np.abs(phi) / np.abs(phi).sum()
    order = np.argsort(-shares, kind="stable")
    thirds = [part.sum() for part in np.array_split(shares, 3)]
    made = SentenceEvidence(
        sentence_id=f"train-{number}",
        variant="padding",
        label=1,
        words=tuple(f"word{i}" for i in range(len(phi))),
        scores=phi,
        top_words=(int(order[0]), int(order[1])),
        top1_share=float(shares[order[0]]),
        top2_share=float(shares[order[:2]].sum()),
        part_shares=np.array(thirds),
        prediction=predicted[0],
        prediction_without_top=predicted[1],
        prediction_without_top_two=predicted[1],
    )
    return replace(made, **changes)


def shapley(sentences: list[SentenceEvidence], **changes: Any) -> ExplanationEvidence:
    """What Shapley values say of sentences; changes are of the method's evidence, or of its attention."""
    attention = changes.pop("attention", None)
    columns = ["variant", "class", "word", "score", "standard_error", "count"]
    words = pd.DataFrame([("padding", "good", "great", 1.0, 0.1, 9)], columns=columns)
    made = AttributionEvidence(
        quantity=Quantity(symbol="φ", name="Shapley value", unit="log-odds"),
        sentences=tuple(sentences),
        vocabulary=words,
        pairs=None,
    )
    return ExplanationEvidence(methods={"shapley": replace(made, **changes)}, attention=attention)


def rule(confidence: float, right: int, covered: int) -> RuleEvidence:
    return RuleEvidence(
        text=f"“great” is present → good ({right} of {covered})",
        class_name="good",
        confidence=confidence,
        impurity=0.1,
        n_train=100,
        support=0.1,
        right_train=90,
        teacher_train=95,
        n_validation=covered,
        right_validation=right,
        teacher_validation=right,
    )


def surrogate(**changes: Any) -> SurrogateEvidence:
    made = SurrogateEvidence(
        n_rows=100,
        surrogates=(),
        coefficients=(
            CoefficientEvidence(name="great", kind="word", beta=9.0, class_name="good"),
            CoefficientEvidence(name="hidden mean 3", kind="hidden", beta=-80.0, class_name="good"),
            CoefficientEvidence(name="hidden maximum 3", kind="hidden", beta=10.0, class_name="good"),
            *(
                CoefficientEvidence(name=f"hidden mean {i}", kind="hidden", beta=1.0, class_name="good")
                for i in range(4, 14)
            ),
        ),
        rules=(),
        disagreeing_rows=(1, 3),
        disagreeing_ids=("train-1", "train-3"),
    )
    return replace(made, **changes)


def history(**changes: Any) -> HistoryEvidence:
    """Two epochs, after which the loss of 100 validation sentences stands still."""
    made = HistoryEvidence(
        train_loss=np.array([0.6, 0.4]),
        lowest_epoch=2,
        lowest=np.full(100, 0.3),
        last=np.full(100, 0.3),
        halfway=np.full(100, 0.3),
        train_accuracy=0.95,
        validation_accuracy=0.9,
        n_steps=40,
    )
    return replace(made, **changes)


def calibration(given: Predictions, risk: float = 0.25) -> CalibrationEvidence:
    """What calibration finds where the calibration slice is the validation split."""
    thresholds = lac_thresholds(given.probabilities, given.labels)
    covered = prediction_sets(given.probabilities, thresholds)[np.arange(len(given.labels)), given.labels]
    return CalibrationEvidence(
        summary=summarize_calibration(given.probabilities, given.labels),
        abstention=abstention_threshold(given.probabilities, given.labels, risk),
        sets=SetEvidence(alpha=thresholds.alpha, class_conditional=False, covered=covered),
    )


def unread(**changes: int) -> Unread:
    """All of 100 texts of 10 tokens is read."""
    made = Unread(n_texts=100, n_tokens=1000, n_unknown=0, n_cut_texts=0, n_cut_tokens=0, n_tokens_of_cut=0)
    return replace(made, **changes)


def leaning(*words: str, kind: str = "words", **changes: Any) -> Candidate:
    """A word that the check sample convicts, of whose 12 check rows half are of the class that it speaks for."""
    shown = ShownText(
        split="check", row_id="check-1", words=(*words, "film"), values=(1.0,) * len(words) + (-0.5,),
        speaks_for=1, label=0,
    )  # fmt: skip
    made: dict[str, Any] = {
        "feature": Feature(kind=kind, words=words),  # type: ignore[arg-type]  # a test's own
        "speaks_for": 1,
        "against": 1 - changes.get("speaks_for", 1),
        "n_train": 30,
        "coverage": 0.3,
        "n_check": 12,
        "effect": 2.0,
        "share": Interval(estimate=0.25, low=0.2, high=0.3),
        "helps_train": 1.5,
        "helps_check": Interval(estimate=-0.1, low=-0.4, high=0.2),
        "right_train": 0.95,
        "right_check": 0.5,
        "expected_train": 0.5,
        "expected_check": 0.5,
        "p_value": 0.001,
        "is_shortcut": True,
        "suspicion": "a function word",
        "examples": (shown,),
    }
    return Candidate(**(made | changes))


def shortcuts(*candidates: Candidate, n_check: int = 40) -> ShortcutEvidence:
    """Candidates of 100 training rows, of whose check rows half are decided right."""
    return ShortcutEvidence(
        candidates=candidates, n_train=100, n_check=n_check, n_check_right=n_check // 2, n_asked=500
    )


def moved(word: str, values: Sequence[float], p_value: float = 0.001) -> Effect:
    """What a word does to the probability of good in some sentences."""
    return Effect(
        kind="gender",
        group="female",
        word=word,
        against="man",
        where="sentences",
        class_index=1,
        n=len(values),
        effect=t_interval(values),
        p_value=p_value,
    )


def rates(right: int) -> tuple[GroupRate, ...]:
    """Shares of 300 rows: of 100 about women some are decided right, of 200 others 180."""
    labels = np.ones(300, dtype=np.int64)
    decided = np.concatenate([np.arange(100) < right, np.arange(200) < 180]).astype(np.int64)
    found = group_rates(decided, labels, {"about": np.repeat(["women", "others"], [100, 200])}, [1])
    return tuple(rate for rate in found if rate.p_value is not None)


def fairness(*effects: Effect, rates: tuple[GroupRate, ...] = ()) -> FairnessEvidence:
    return FairnessEvidence(effects=effects, rates=rates, n_marks=0, knows_terms=True)


def healthy(**changes: Any) -> RunEvidence:
    """A run in which nothing is wrong: right on 90 of 100 sentences, as sure as that, the floor on 70.

    Args:
        changes: what is gathered instead, and `corpus`; with another corpus nothing is held out of train.
    """
    train = [(f"sentence {i} of train {'great' if i % 2 else 'dull'}", i % 2) for i in range(100)]
    validation = [(f"review {i} to look at", i % 2) for i in range(100)]
    data = corpus(train, validation)
    labels = data.validation.labels
    seen = [int(label) if i % 10 else 1 - int(label) for i, label in enumerate(labels)]
    own = predictions(seen, labels, 0.9)
    floor = np.where(np.arange(100) % 10 < 3, 1 - labels, labels)
    even = [explained(i, [1.0] * 9) for i in range(12)]
    gathered: dict[str, Any] = {
        "corpus": data,
        "training": predictions(data.train.labels.tolist(), data.train.labels, 0.9),
        "validation": own,
        "floor": floor,
        "held_out": predictions(data.train.labels.tolist(), data.train.labels).probabilities,
        "while_training": predictions(data.train.labels.tolist(), data.train.labels).probabilities,
        "two_words": None,
        "history": history(),
        "calibration": calibration(own),
        "unread": unread(),
        "explanations": shapley([*even, *(replace(p, variant="removed") for p in even)]),
        "shortcuts": shortcuts(),
        "predict_texts": lambda texts: (
            predictions(
                [seen[next(int(word) for word in text.split() if word.isdigit())] for text in texts],
                [0] * len(texts),
            ).probabilities
        ),
        "fairness": fairness(moved("she", [0.01, -0.01] * 5, 1.0), rates=rates(90)),
        "surrogate": surrogate(
            coefficients=tuple(
                CoefficientEvidence(name=f"hidden {i}", kind="hidden", beta=1.0, class_name="good")
                for i in range(9)
            )
        ),
    }
    if "corpus" in changes:
        gathered["held_out"] = gathered["while_training"] = gathered["predict_texts"] = None
    return gather(**(gathered | changes))
