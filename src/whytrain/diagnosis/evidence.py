"""What the detectors look at: all that can be kept of a run when its best weights are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.evidence import AttributionEvidence, ExplanationEvidence
from whytrain.calibration.abstention import Abstention
from whytrain.calibration.summary import CalibrationSummary
from whytrain.data.unread import Unread
from whytrain.fairness.evidence import FairnessEvidence
from whytrain.influence.mislabeled import LabelDoubts, label_doubts
from whytrain.shortcuts.evidence import ShortcutEvidence
from whytrain.surrogates.evidence import SurrogateEvidence
from whytrain.types import Predictions


@dataclass(frozen=True, eq=False, kw_only=True)
class HistoryEvidence:
    """How training and validation loss went.

    Attributes:
        train_loss: float64 (n_epochs,), mean training loss of each epoch, nats.
        lowest_epoch: epoch (from 1) of the lowest validation loss.
        lowest: float64 (n_rows,), loss of each validation sentence in that epoch, nats.
        last: float64 (n_rows,), the same in the last epoch.
        halfway: float64 (n_rows,), the same when half of the epochs were over; None where there was one.
        train_accuracy: of the batches of the last epoch, as they came.
        validation_accuracy: after the last epoch.
        n_steps: optimizer steps in all.
    """

    train_loss: NDArray[np.float64]
    lowest_epoch: int
    lowest: NDArray[np.float64]
    last: NDArray[np.float64]
    halfway: NDArray[np.float64] | None
    train_accuracy: float
    validation_accuracy: float
    n_steps: int


@dataclass(frozen=True, eq=False, kw_only=True)
class SetEvidence:
    """Whether the sets of classes that cannot be ruled out hold the label (conformal sets).

    Attributes:
        alpha: share of sets that may miss the label.
        class_conditional: whether that share was held for each class, or on average.
        covered: bool (n_validation,), whether the set of each validation sentence holds its label.
    """

    alpha: float
    class_conditional: bool
    covered: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class CalibrationEvidence:
    """How far confidence can be trusted.

    Attributes:
        summary: of the validation sentences, without correction.
        abstention: whether abstaining keeps the error rate that was asked for, on the calibration slice.
        sets: of the validation sentences.
    """

    summary: CalibrationSummary
    abstention: Abstention
    sets: SetEvidence


@dataclass(frozen=True, eq=False, kw_only=True)
class TokenEvidence:
    """What the model does not get to see of the texts.

    Attributes:
        validation: of the validation sentences.
        new_words: share of words that a plain list of the training words would miss, by Good and Turing.
    """

    validation: Unread
    new_words: float


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingRows:
    """The training sentences, and what models say of them.

    Attributes:
        ids: one per row.
        texts: the sentences; empty for those that a record leaves out, since no detector shows them.
        labels: int64 (n,), class indices; or label sets, 0 or 1, (n, n_labels).
        sentences: int64 (n,), equal for rows of the same sentence, whitespace aside.
        groups: int64 (n,), equal for rows that contain one another, which are much alike
            (`whytrain.data.splits.sentence_groups`).
        held_out: float64 (n, n_classes), probabilities of the floor for sentences that it did not learn from;
            None where a class is too rare to hold part of it out.
        two_words: float64 (n,), how much of what the floor reads in a row lies in two words
            (`whytrain.baselines.bag_of_words.floor_two_words`); None where nobody knows.
        logits: float64 (n, n_classes), of the network, best weights; NaN for rows that earlier versions did
            not ask it about.
        while_training: float64 (n, n_classes), its probabilities while it learned them
            (`whytrain.influence.row_history`); None where nobody knows.
        self_influence: float64 (n,), how hard each pulled it to its own label; None likewise.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    labels: NDArray[np.int64]
    sentences: NDArray[np.int64]
    groups: NDArray[np.int64]
    held_out: NDArray[np.float64] | None
    two_words: NDArray[np.float64] | None
    logits: NDArray[np.float64]
    while_training: NDArray[np.float64] | None = None
    self_influence: NDArray[np.float64] | None = None

    @cached_property
    def doubts(self) -> LabelDoubts | None:
        """What is to be thought of the labels; None where the sources for it are not there."""
        if self.held_out is None or self.while_training is None or self.labels.ndim > 1:
            return None
        answers = {"held_out": self.held_out, "while_training": self.while_training}
        if not np.isnan(self.logits).any():
            answers["best_weights"] = Predictions(logits=self.logits, labels=self.labels).probabilities
        return label_doubts(self.labels, answers, self.self_influence)

    @property
    def seen(self) -> Predictions:
        """What the network says of all rows that it was asked about."""
        rows = np.flatnonzero(~np.isnan(self.logits[:, 0]))
        return Predictions(logits=self.logits[rows], labels=self.labels[rows])


@dataclass(frozen=True, eq=False, kw_only=True)
class ValidationRows:
    """The validation sentences, and what models say of them.

    Attributes:
        ids: one per row.
        texts: the sentences; empty for those that a record leaves out.
        predictions: of the network, best weights.
        floor: int64, what the floor decides, in the form of labels.
        given_away: int64 (n,), `WHOLE` where the sentence stands in train, `PART` where it shares most of
            itself with train, else 0.
        given_by: int64 (n,), the training row that does; -1 where none does.
        right_mistyped: float64 (n,), whether the network is right in spite of typing errors, see
            `whytrain.robustness.mistyped_rows`; None where nobody asked.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    predictions: Predictions
    floor: NDArray[np.int64]
    given_away: NDArray[np.int64]
    given_by: NDArray[np.int64]
    right_mistyped: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class CheckRows:
    """The check sample, and what models say of it.

    Attributes:
        ids: one per row.
        predictions: of the network, best weights.
        floor: int64, what the floor decides, in the form of labels.
    """

    ids: Sequence[str]
    predictions: Predictions
    floor: NDArray[np.int64]


WHOLE, PART = 1, 2


@dataclass(frozen=True, eq=False, kw_only=True)
class RunEvidence:
    """All evidence of a run; None where a callback was not there or could not look.

    Attributes:
        class_names: of the classes 0, 1, ….
        train: the training sentences.
        validation: the validation sentences.
        history: the losses.
        calibration: what calibration found.
        tokens: what the model does not get to see.
        explanations: explained training sentences.
        surrogate: the surrogates.
        shortcuts: what the network leans on, and whether that holds on the check sample.
        check: the check sample.
        is_marked: whether words were marked that must not decide.
        fairness: what identity terms do, and how groups of rows fare.
    """

    class_names: tuple[str, ...]
    train: TrainingRows
    validation: ValidationRows
    history: HistoryEvidence | None
    calibration: CalibrationEvidence | None
    tokens: TokenEvidence | None
    explanations: ExplanationEvidence | None
    surrogate: SurrogateEvidence | None
    shortcuts: ShortcutEvidence | None = None
    check: CheckRows | None = None
    is_marked: bool = False
    fairness: FairnessEvidence | None = None

    def attributions(self, method: str) -> AttributionEvidence | None:
        """Return what a method says of the training sentences; None where it explained none."""
        return None if self.explanations is None else self.explanations.methods.get(method)
