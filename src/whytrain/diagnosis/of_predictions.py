"""Detectors over predictions and losses: confidence, too little and too much training, and the floor."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from whytrain.baselines.comparable import NOT_COMPARABLE, answered_right, comparable_on, gain_over_floor
from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Measurement, NotExamined
from whytrain.metrics.calibration import top_label
from whytrain.statistics.intervals import Interval

_NORMAL_95 = 1.959964  # two-sided 95% quantile of the normal distribution

TOO_FEW = NotExamined("the validation split has fewer than 2 sentences")
NOT_CALIBRATED = NotExamined("no calibration slice was held out; data.calibration_size holds one out")


def overconfidence(run: RunEvidence) -> Measurement | NotExamined:
    """Calibration error beyond its noise floor where the network claims more than it reaches.

    ECE − E[ECE of a calibrated model] ± 1.96·s/√n, s the deviation of confidence − right over sentences:
    where confidence exceeds accuracy in all bins, the ECE is the mean of these. The lower end is above 0 only
    where the ECE is also above the 95th percentile of a calibrated model's. An under-confident network (mean
    confidence below its accuracy) has the same value with the opposite sign.
    """
    if run.calibration is None:
        return NOT_CALIBRATED
    if len(run.validation.predictions.labels) < 2:
        return TOO_FEW
    summary = run.calibration.summary
    noise = summary.noise_floor
    confidence, right = top_label(run.validation.predictions.probabilities, run.validation.predictions.labels)
    margin = _NORMAL_95 * float((confidence - right).std()) / math.sqrt(len(right))
    value = summary.ece - noise.mean
    excess = Interval(
        estimate=value, low=min(value - margin, summary.ece - noise.percentile_95), high=value + margin
    )
    if summary.confidence < summary.accuracy.estimate:
        excess = Interval(estimate=-excess.estimate, low=-excess.high, high=-excess.low)
    return Measurement(value=excess, unit="points")


def no_safe_threshold(run: RunEvidence) -> Measurement | NotExamined:
    """The lowest error rate that abstaining keeps, minus the one that was asked for.

    See `whytrain.calibration.abstention`: the rate is an upper bound already, and has no interval.
    """
    if run.calibration is None:
        return NOT_CALIBRATED
    found = run.calibration.abstention
    value = found.lowest_risk - found.risk
    detail = (
        f"Asked for were at most {found.risk:.0%} errors (callbacks.calibration.risk). The lowest rate that "
        f"{found.n_rows:,} held-out texts can promise is {found.lowest_risk:.1%}, for the "
        f"{found.coverage:.0%} of texts of which it is surest."
    )
    return Measurement(value=Interval(estimate=value, low=value, high=value), unit="points", detail=detail)


def undertraining(run: RunEvidence) -> Measurement | NotExamined:
    """Fall of the validation loss over the second half of the training, paired over sentences.

    The lower end is above 0 only where the fall is sure (Student's t), and larger than what another choice
    of validation sentences would change in the loss (1.96 standard errors of its mean): a schedule that ends
    with small steps ends with a small fall, however long it is. Epochs do not matter, nor which was the
    lowest: from one to the next the loss of a short training jumps.
    """
    history = run.history
    if history is None or history.halfway is None or len(history.last) < 2:
        return NotExamined("whether the loss still falls shows from the second epoch on; train longer")
    n, falls = len(history.last), history.halfway - history.last
    fall, quantile = float(falls.mean()), float(stats.t.ppf(0.975, n - 1))
    margin, of_loss = (quantile * float(terms.std(ddof=1)) / math.sqrt(n) for terms in (falls, history.last))
    detail = (
        f"The run took {history.n_steps:,} steps. In the last epoch it got {history.train_accuracy:.0%} of "
        f"the training texts right and {history.validation_accuracy:.0%} of new ones."
    )
    value = Interval(estimate=fall, low=fall - max(margin, of_loss), high=fall + margin)
    return Measurement(value=value, unit="nats", detail=detail)


def overfitting(run: RunEvidence) -> Measurement | NotExamined:
    """Rise of the validation loss from its lowest epoch to the last, paired over sentences.

    0 where it did not turn, where the training loss did not fall meanwhile, or where the second half of the
    training surely lowered it (`undertraining`): what rose then is a jump. Student's t at a level at
    which the intervals of all earlier epochs hold together (Bonferroni): the lowest of many that are equally
    good always lies below the last.
    """
    history = run.history
    if history is None or len(history.train_loss) < 2 or len(history.last) < 2:
        return NotExamined("over-fitting shows from the second epoch on; train longer")
    train = history.train_loss
    still = undertraining(run)
    still_falls = isinstance(still, Measurement) and still.value.low > 0
    ids = run.validation.ids
    if still_falls or train[-1] >= train[history.lowest_epoch - 1]:
        zero = Interval(estimate=0.0, low=0.0, high=0.0)
        return Measurement(value=zero, unit="nats", rows=dict.fromkeys(ids, 0.0))
    rises = history.last - history.lowest
    error = float(rises.std(ddof=1)) / math.sqrt(len(rises))
    margin = float(stats.t.ppf(1 - 0.025 / (len(train) - 1), len(rises) - 1)) * error
    value = Interval(
        estimate=float(rises.mean()), low=float(rises.mean()) - margin, high=float(rises.mean()) + margin
    )
    return Measurement(value=value, unit="nats", rows=dict(zip(ids, rises.tolist(), strict=True)))


def above_the_floor(run: RunEvidence) -> Measurement | NotExamined:
    """Accuracy minus that of a bag of words and bigrams, paired over the rows that can compare the two."""
    own = run.validation.predictions
    check = None if run.check is None else run.check.predictions
    where = comparable_on(check, own, is_marked=run.is_marked)
    if where is None:
        return NotExamined(NOT_COMPARABLE)
    judged = run.check if where == "check" and run.check is not None else run.validation
    labels = judged.predictions.labels
    if len(labels) < 2:
        return TOO_FEW if judged is run.validation else NotExamined("there are fewer than 2 check rows")
    right, right_floor = judged.predictions.right, answered_right(judged.floor, labels)
    rows = dict(zip(judged.ids, (right.astype(np.float64) - right_floor).tolist(), strict=True))
    return Measurement(value=gain_over_floor(right, right_floor), unit="points", rows=rows)
