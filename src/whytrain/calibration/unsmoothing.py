"""What a model trained with label smoothing believes: smoothed training targets, taken back exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.calibration.temperature import apply_temperature, check_logits
from whytrain.errors import ConfigError


def remove_label_smoothing(logits: ArrayLike, label_smoothing: float, smallest: float) -> NDArray[np.float64]:
    """Logits of p where the model's softmax is q = (1 - ε)·p + ε / K.

    Cross-entropy against labels smoothed by ε is least where q is the smoothed posterior, so a model that
    fits them is never surer than 1 - ε + ε / K. That squeezes the sure end only: a temperature, which
    stretches all log-odds alike, cannot take it back, but its inverse p = (q - ε / K) / (1 - ε) does.
    No parameter is fitted, and the order of the classes stays.

    Args:
        logits: floating (n, n_classes), finite.
        label_smoothing: ε in [0, 1); 0 returns the logits as they are.
        smallest: what p is raised to where q is below ε / K, in (0, 1 / K): a share that the calibration
            slice could not tell from 0.

    Returns:
        float64 (n, n_classes), ln p up to a constant per row.

    Raises:
        DataError: if logits are not as described.
        ConfigError: if ε or `smallest` is outside its range.

    References:
        Szegedy et al. (2016), Rethinking the Inception architecture, section 7 (label smoothing).

    Example:
        >>> q = np.array([[0.05 + 0.9 * 0.2, 0.05 + 0.9 * 0.8]])
        >>> np.exp(remove_label_smoothing(np.log(q), 0.1, 0.001)).round(6).tolist()
        [[0.2, 0.8]]
    """
    array = check_logits(logits)
    n_classes = array.shape[1]
    if not 0 <= label_smoothing < 1:
        raise ConfigError(f"Expected label smoothing in [0, 1), got {label_smoothing}.")
    if not 0 < smallest < 1 / n_classes:
        raise ConfigError(f"Expected a smallest probability in (0, 1 / {n_classes}), got {smallest}.")
    if label_smoothing == 0:
        return array
    smoothed = apply_temperature(array, 1.0)
    share = (smoothed - label_smoothing / n_classes) / (1 - label_smoothing)
    logarithm: NDArray[np.float64] = np.log(np.maximum(share, smallest))
    return logarithm
