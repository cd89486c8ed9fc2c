"""How far probabilities of labels can be trusted: `Calibration` of a task whose labels go together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.calibration.label_confidence import LabelConfidence, fit_label_confidence
from whytrain.callbacks.access import ClassifierModule, TextDataModule
from whytrain.figures.confidence.label_calibration import label_calibration
from whytrain.metrics.calibration import bin_index
from whytrain.metrics.multilabel import label_calibration_errors
from whytrain.models.batch_runner import predict_split
from whytrain.tracking.limits import distinct_keys
from whytrain.tracking.recorder import Recorder
from whytrain.types import Predictions

N_BINS = 15


@dataclass(frozen=True, eq=False, kw_only=True)
class LabelEpoch:
    """What one epoch's predictions say of each label, on sentences that no fit has seen.

    Attributes:
        validation: the predictions.
        confidence: of the calibration slice.
        before: float64 (n_labels,), calibration errors as trained.
        after: the same, corrected.
    """

    validation: Predictions
    confidence: LabelConfidence
    before: NDArray[np.float64]
    after: NDArray[np.float64]


def label_epoch(module: ClassifierModule, validation: Predictions, data: TextDataModule) -> LabelEpoch:
    """Fit the calibration slice and measure the validation sentences."""
    seen = predict_split(module.interface, data.encoded("calibration"))
    smoothing = module.objective.target_smoothing
    confidence = fit_label_confidence(seen.logits, seen.labels, label_smoothing=smoothing)
    corrected = confidence.probabilities(validation.logits)
    return LabelEpoch(
        validation=validation,
        confidence=confidence,
        before=label_calibration_errors(validation.probabilities, validation.labels, N_BINS),
        after=label_calibration_errors(corrected, validation.labels, N_BINS),
    )


def log_label_epoch(store: Recorder, seen: LabelEpoch, class_names: tuple[str, ...], epoch: int) -> None:
    """Log `calibration/…` of every label and their means, and the tables of labels and reliability."""
    temperatures = np.array([c.temperature for c in seen.confidence.corrections])
    of_labels = {"temperature": temperatures, "ece_before": seen.before, "ece_after": seen.after}
    metrics = {f"calibration/{name}": float(values.mean()) for name, values in of_labels.items()}
    for name, values in of_labels.items():
        keys = distinct_keys([f"calibration/{name}_{label}" for label in class_names])
        metrics |= {key: float(value) for key, value in zip(keys.values(), values, strict=True)}
    store.log_metrics(metrics, step=epoch)
    store.log_table(pd.DataFrame({"label": class_names, **of_labels}), "calibration", "labels", epoch)
    store.log_table(_reliability(seen, class_names), "calibration", "reliability", epoch)


def log_label_figure(
    store: Recorder, seen: LabelEpoch, class_names: tuple[str, ...], epoch: int | None
) -> None:
    """Log the figure of an epoch, or of the best one where `epoch` is None."""
    temperatures = [correction.temperature for correction in seen.confidence.corrections]
    n_rows = len(seen.validation.labels)
    drawn = label_calibration(seen.before, seen.after, temperatures, class_names, n_rows)
    store.log_figure(drawn, "calibration", "labels", epoch)


def _reliability(seen: LabelEpoch, class_names: tuple[str, ...]) -> pd.DataFrame:
    """One row per label, correction and bin that has sentences: mean probability and share with the label."""
    edges = np.arange(N_BINS + 1) / N_BINS
    corrected = seen.confidence.probabilities(seen.validation.logits)
    frames = []
    for name, probabilities in (("as trained", seen.validation.probabilities), ("corrected", corrected)):
        columns = zip(class_names, probabilities.T, seen.validation.labels.T, strict=True)
        for label, p, truth in columns:
            rows = pd.DataFrame({"bin": bin_index(p, N_BINS), "probability": p, "share": truth})
            bins = rows.groupby("bin").agg(
                count=("share", "size"), probability=("probability", "mean"), share=("share", "mean")
            )
            bins.insert(0, "low", edges[bins.index])
            bins.insert(1, "high", edges[bins.index + 1])
            frames.append(bins.reset_index(drop=True).assign(label=label, confidence_as=name))
    return pd.concat(frames, ignore_index=True)
