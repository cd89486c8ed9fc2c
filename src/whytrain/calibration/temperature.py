"""Temperature scaling: one number, fitted on the calibration slice, for calibrated confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from whytrain.errors import ConfigError, DataError
from whytrain.metrics.checks import check_labels

# The search range in units of the logits' own spread; only keeps the line search from overflowing.
_RANGE = 1e4


@dataclass(frozen=True, kw_only=True)
class TemperatureFit:
    """A fitted temperature.

    Attributes:
        temperature: T > 0; above 1 the model was overconfident, below 1 underconfident.
        nll_before: negative log-likelihood of the slice at T = 1, in nats.
        nll_after: the same at T.
        determined: False where no temperature is best and T = 1 is kept: the slice has no error, so the loss
            falls all the way to T = 0, or the model is no better than chance, and it falls to infinity.
    """

    temperature: float
    nll_before: float
    nll_after: float
    determined: bool


def apply_temperature(logits: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Probabilities softmax(z / T).

    Args:
        logits: floating (n, n_classes), finite.
        temperature: T > 0; 1 leaves the model as it is.

    Returns:
        float64 (n, n_classes), rows summing to 1.

    Raises:
        DataError: if logits are not as described.
        ConfigError: if the temperature is not positive.

    Example:
        >>> apply_temperature([[0.0, 2 * np.log(3)]], 2.0).round(6).tolist()
        [[0.25, 0.75]]
    """
    if not 0 < temperature < np.inf:
        raise ConfigError(f"Expected a temperature above 0 (1 changes nothing), got {temperature}.")
    probabilities: NDArray[np.float64] = special.softmax(check_logits(logits) / temperature, axis=1)
    return probabilities


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> TemperatureFit:
    """Fit T by minimizing mean of -ln softmax(z / T)_y with L-BFGS over ln T.

    The loss is convex in 1 / T, so the optimum is the only one. It never changes a prediction. Fit it on the
    calibration slice alone: on train it learns the memory of the training labels, on the validation set it
    makes the measured calibration a fitted one.

    Args:
        logits: floating (n, n_classes) of the calibration slice, finite.
        labels: integers (n,) in 0..n_classes - 1.

    Returns:
        The temperature with the slice's loss before and after.

    Raises:
        DataError: if logits or labels are not as described.

    References:
        Guo et al. (2017), On Calibration of Modern Neural Networks, section 4.2.

    Example:
        >>> odds = np.log([3.0])  # 3 of 4 right, but the logits claim 27 of 28
        >>> logits = np.tile([0.0, 3 * odds[0]], (4, 1))
        >>> round(fit_temperature(logits, [1, 1, 1, 0]).temperature, 4)
        3.0
    """
    array = check_logits(logits)
    classes = check_labels(labels, *array.shape)
    spread = float(np.std(array - array.mean(axis=1, keepdims=True)))
    before = _loss(array, classes, 1.0)[0]
    # The loss is convex in β = 1 / T: it has a minimum where it falls at β = 0 and rises for large β.
    falls = _loss(array, classes, 0.0)[1] < 0
    rises = (array.max(axis=1) > _of_label(array, classes)).any()
    if not (falls and rises):
        return TemperatureFit(temperature=1.0, nll_before=before, nll_after=before, determined=False)
    unit = array / spread

    from scipy import optimize  # takes half a second that explaining a text does without

    def objective(log_temperature: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        beta = float(np.exp(-log_temperature[0]))
        loss, slope = _loss(unit, classes, beta)
        return loss, np.array([-beta * slope])

    limit = float(np.log(_RANGE))
    found = optimize.minimize(
        objective,
        x0=np.zeros(1),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-limit, limit)],
        options={"gtol": 1e-10, "ftol": 1e-15},
    )
    temperature = spread * float(np.exp(found.x[0]))
    return TemperatureFit(
        temperature=temperature,
        nll_before=before,
        nll_after=_loss(array, classes, 1 / temperature)[0],
        determined=True,
    )


def check_logits(logits: ArrayLike) -> NDArray[np.float64]:
    """Return logits as float64 (n, n_classes).

    Raises:
        DataError: for another shape or values that are not finite.
    """
    array = np.asarray(logits, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] < 1 or array.shape[1] < 2:
        raise DataError(
            f"Expected logits of shape (n, n_classes) with n >= 1 and n_classes >= 2, got {array.shape}; "
            "for one logit z per row give both columns, 0 and z."
        )
    if not np.isfinite(array).all():
        raise DataError("Expected finite logits, got NaN or infinity: did the training diverge?")
    return array


def _loss(logits: NDArray[np.float64], labels: NDArray[np.int64], beta: float) -> tuple[float, float]:
    """Return the loss at β = 1 / T and its derivative, mean of Σ_c p_c·z_c - z_y."""
    log_p = special.log_softmax(beta * logits, axis=1)
    slope = (np.exp(log_p) * logits).sum(axis=1) - _of_label(logits, labels)
    return float(-_of_label(log_p, labels).mean()), float(slope.mean())


def _of_label(values: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    return values[np.arange(len(labels)), labels]
