"""Detectors over predictions and losses: confidence, over-fitting, and the floor."""

from __future__ import annotations

import numpy as np

from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Measurement, NotExamined, mean_interval, mean_measurement
from whytrain.statistics.intervals import Interval


def overconfidence(run: RunEvidence) -> Measurement | NotExamined:
    """Calibration error beyond its noise floor where the network claims more than it reaches.

    ECE − E[ECE of a calibrated model]; the interval's ends subtract the 95th and the 5th percentile of a
    calibrated model's ECE instead, so that its lower end is above 0 exactly where the error is above the
    noise floor's 95th percentile. An under-confident network (mean confidence below its accuracy) has the
    same value with the opposite sign.
    """
    summary = run.calibration
    if summary is None:
        return NotExamined("no calibration slice was held out; data.calibration_size holds one out")
    noise = summary.noise_floor
    fifth = float(np.quantile(noise.errors, 0.05))
    excess = Interval(
        summary.ece - noise.mean, summary.ece - noise.percentile_95, summary.ece - fifth, level=0.9
    )
    if summary.confidence < summary.accuracy.estimate:
        excess = Interval(-excess.estimate, -excess.high, -excess.low, level=0.9)
    return Measurement(excess, "share")


def overfitting(run: RunEvidence) -> Measurement | NotExamined:
    """Rise of the validation loss from its lowest epoch to the last, paired over sentences.

    0 where it did not turn, or where the training loss did not fall meanwhile.
    """
    history = run.history
    if history is None or len(history.train_loss) < 2 or len(history.last) < 2:
        return NotExamined("over-fitting shows from the second epoch on; raise trainer.max_epochs")
    train = history.train_loss
    if train[-1] >= train[history.lowest_epoch - 1]:
        return Measurement(Interval(0.0, 0.0, 0.0), "nats")
    rises = history.last - history.lowest
    ids = run.corpus.validation.ids
    return mean_measurement(dict(zip(ids, rises.tolist(), strict=True)), "nats")


def above_the_floor(run: RunEvidence) -> Measurement | NotExamined:
    """Validation accuracy minus that of a bag of words and bigrams, paired over sentences."""
    labels = run.validation.labels
    if len(labels) < 2:
        return NotExamined("the validation split has fewer than 2 sentences")
    right = (run.validation.logits.argmax(axis=1) == labels).astype(np.float64)
    gains = right - (run.floor == labels)
    rows = dict(zip(run.corpus.validation.ids, gains.tolist(), strict=True))
    return Measurement(mean_interval(gains), "share", rows=rows)
