"""From logits to the payoff of a class."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from whytrain.errors import ConfigError
from whytrain.types import Payoff


def payoffs(logits: NDArray[Any], payoff: Payoff, class_index: int) -> NDArray[np.float64]:
    r"""Payoff of a class c for each coalition.

    log_odds: log p_c − log(1 − p_c) = z_c − log Σ_{k≠c} exp z_k; probability: p_c = softmax(z)_c;
    logit: z_c − mean_k z_k.

    Args:
        logits: float (n_coalitions, n_classes), never divided by a temperature.
        payoff: which of the three.
        class_index: c, in [0, n_classes).

    Returns:
        float64 (n_coalitions,).

    Raises:
        ConfigError: an unknown payoff, or a class that the model does not have.

    >>> payoffs(np.array([[0.0, 0.0], [-1.0, 1.0]]), "log_odds", 1).tolist()
    [0.0, 2.0]
    """
    if payoff not in get_args(Payoff):
        raise ConfigError(f"payoff: expected one of {', '.join(get_args(Payoff))}, got {payoff!r}")
    n_classes = logits.shape[1]
    if not 0 <= class_index < n_classes:
        raise ConfigError(
            f"class: expected an index from 0 to {n_classes - 1} (the model has {n_classes} classes), "
            f"got {class_index}"
        )
    scores = logits.astype(np.float64)
    own = scores[:, class_index]
    if payoff == "logit":
        result = own - scores.mean(axis=1)
    elif payoff == "log_odds":
        result = own - logsumexp(np.delete(scores, class_index, axis=1), axis=1)
    else:
        result = np.exp(own - logsumexp(scores, axis=1))
    return np.asarray(result, dtype=np.float64)
