"""What the detectors look at: what a run's callbacks publish when its best weights are loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.evidence import AttributionEvidence, ExplanationEvidence
from whytrain.calibration.summary import CalibrationSummary
from whytrain.data.corpus import Corpus
from whytrain.data.splits import sentence_groups
from whytrain.surrogates.evidence import SurrogateEvidence
from whytrain.types import Predictions


@dataclass(frozen=True, eq=False)
class HistoryEvidence:
    """How training and validation loss went.

    Attributes:
        train_loss: float64 (n_epochs,), mean training loss of each epoch, nats.
        lowest_epoch: epoch (from 1) of the lowest validation loss.
        lowest: float64 (n_rows,), loss of each validation sentence in that epoch, nats.
        last: float64 (n_rows,), the same in the last epoch.
    """

    train_loss: NDArray[np.float64]
    lowest_epoch: int
    lowest: NDArray[np.float64]
    last: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RunEvidence:
    """All evidence of a run; None where a callback was not there or could not look.

    Attributes:
        corpus: the data.
        predict_train: gives the network's predictions on rows of the training split, int64 (n_chosen,), best
            weights; on all of them that takes up to a third of an epoch.
        validation: its predictions on the validation split.
        floor: int64 (n_validation,), classes that the floor predicts.
        held_out: float64 (n_train, n_classes), probabilities of the floor for training sentences that it did
            not learn from; None where a class is too rare to hold part of it out.
        history: the losses.
        calibration: of the validation sentences, no temperature.
        explanations: explained training sentences.
        surrogate: the students.
    """

    corpus: Corpus
    predict_train: Callable[[NDArray[np.int64]], Predictions]
    validation: Predictions
    floor: NDArray[np.int64]
    held_out: NDArray[np.float64] | None
    history: HistoryEvidence | None
    calibration: CalibrationSummary | None
    explanations: ExplanationEvidence | None
    surrogate: SurrogateEvidence | None

    def attributions(self, method: str) -> AttributionEvidence | None:
        """Return what a method says of the training sentences; None where it explained none."""
        return None if self.explanations is None else self.explanations.methods.get(method)

    @cached_property
    def train_groups(self) -> NDArray[np.int64]:
        """Groups of training rows that contain one another, int64 (n_train,), which are much alike."""
        return sentence_groups(self.corpus.train.texts)
