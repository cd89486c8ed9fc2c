"""How a model's probabilities are corrected, if at all: where that helps rows that no fit has seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from whytrain.calibration.temperature import apply_temperature, check_logits, fit_temperature
from whytrain.calibration.unsmoothing import remove_label_smoothing
from whytrain.metrics.checks import check_labels

_FOLDS = 2
_CHANCE = 0.05  # of a correction that does not help to be kept


@dataclass(frozen=True, kw_only=True)
class Correction:
    """How logits become the probabilities that people see.

    Attributes:
        label_smoothing: of the training labels, taken back first; 0: it is not.
        smallest: what a probability is raised to on the way (`remove_label_smoothing`).
        temperature: divides the logits then; 1: it does not.
    """

    label_smoothing: float
    smallest: float
    temperature: float

    @property
    def changes_nothing(self) -> bool:
        """Whether probabilities stay as the model gives them."""
        return self.label_smoothing == 0 and self.temperature == 1

    def probabilities(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Corrected probabilities (n, n_classes) of logits (n, n_classes)."""
        believed = remove_label_smoothing(logits, self.label_smoothing, self.smallest)
        return apply_temperature(believed, self.temperature)


def fit_correction(
    logits: ArrayLike, labels: ArrayLike, *, label_smoothing: float, smallest: float
) -> Correction:
    """Choose among no correction, a temperature, taking label smoothing back, and both.

    Each is fitted on one half of the rows and asked for the likelihood of the other, and the other way
    round. If the model's own probabilities are right, the mean of the two likelihood ratios (correction over
    none) is at most 1 in expectation, and reaches 20 in at most one of 20 slices, whatever their size
    (Markov). The best correction is kept if its mean ratio reaches 20 times the number of corrections tried
    (Bonferroni): a small slice, on which a fitted temperature is mostly noise, leaves the model as it is.

    Args:
        logits: floating (n, n_classes), finite, n ≥ 2.
        labels: integers (n,) in 0..n_classes - 1.
        label_smoothing: of the training labels, in [0, 1).
        smallest: see `Correction`.

    Raises:
        DataError: if logits or labels are not as described.
        ConfigError: if label smoothing is outside [0, 1).

    References:
        Wasserman, Ramdas, Balakrishnan (2020), Universal inference (the cross-fit likelihood ratio test).
    """
    array = check_logits(logits)
    classes = check_labels(labels, *array.shape)
    candidates = [(label_smoothing, True)] + (
        [(0.0, True), (label_smoothing, False)] if label_smoothing else []
    )
    folds = np.random.default_rng(0).permutation(len(classes)) % _FOLDS
    as_it_is = _losses(Correction(label_smoothing=0.0, smallest=smallest, temperature=1.0), array, classes)
    best, largest = Correction(label_smoothing=0.0, smallest=smallest, temperature=1.0), 0.0
    for smoothing, scaled in candidates:
        gains = as_it_is - _held_out(array, classes, folds, smoothing, smallest, scaled=scaled)
        log_ratios = [gains[folds == fold].sum() for fold in range(_FOLDS)]
        is_sure = special.logsumexp(log_ratios) - np.log(_FOLDS) >= np.log(len(candidates) / _CHANCE)
        if is_sure and gains.mean() > largest:
            largest = float(gains.mean())
            best = _fitted(array, classes, smoothing, smallest, scaled=scaled)
    return best


def _held_out(
    logits: NDArray[np.float64],
    labels: NDArray[np.int64],
    folds: NDArray[np.int64],
    label_smoothing: float,
    smallest: float,
    *,
    scaled: bool,
) -> NDArray[np.float64]:
    losses = np.empty(len(labels))
    for fold in np.unique(folds):
        held, seen = folds == fold, folds != fold
        fitted = _fitted(logits[seen], labels[seen], label_smoothing, smallest, scaled=scaled)
        losses[held] = _losses(fitted, logits[held], labels[held])
    return losses


def _fitted(
    logits: NDArray[np.float64],
    labels: NDArray[np.int64],
    label_smoothing: float,
    smallest: float,
    *,
    scaled: bool,
) -> Correction:
    believed = remove_label_smoothing(logits, label_smoothing, smallest)
    temperature = fit_temperature(believed, labels).temperature if scaled else 1.0
    return Correction(label_smoothing=label_smoothing, smallest=smallest, temperature=temperature)


def _losses(
    correction: Correction, logits: NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the negative log-likelihood of each row, in nats; of logits, which do not round to 0."""
    believed = remove_label_smoothing(logits, correction.label_smoothing, correction.smallest)
    log_p = special.log_softmax(believed / correction.temperature, axis=1)
    of_label: NDArray[np.float64] = -log_p[np.arange(len(labels)), labels]
    return of_label
