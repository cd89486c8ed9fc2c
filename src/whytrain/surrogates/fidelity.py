"""How faithful a surrogate is to its network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

from whytrain.errors import DataError
from whytrain.statistics.intervals import Interval, bootstrap_interval, wilson_interval
from whytrain.surrogates.surrogates import LEAST

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """A surrogate beside its network on sentences that neither learned from.

    Attributes:
        agreement: share of sentences with the same predicted class.
        kl: mean KL(network ‖ surrogate), nats.
        r_squared: 1 − Σ(t − s)² / Σ(t − t̄)² of the log-odds of network (t) and surrogate (s) over sentences
            and, with more than two, classes; NaN where the network's are constant.
        agreement_on_errors: share of the network's errors that are also the surrogate's; None without errors.
        accuracy: share of sentences classified right.
    """

    agreement: Interval
    kl: Interval
    r_squared: float
    agreement_on_errors: Interval | None
    accuracy: Interval


def fidelity(surrogate: Array, network: Array, labels: NDArray[np.int64]) -> Fidelity:
    """Compare probabilities, float64 (n, n_classes) both; gold classes int64 (n,).

    Probabilities below 1e-6 count as 1e-6 in KL and log-odds.

    Raises:
        DataError: fewer than two sentences.
    """
    if len(labels) < 2:
        raise DataError(f"fidelity needs at least 2 validation sentences, there are {len(labels)}; give more")
    same = agrees(surrogate, network)
    wrong = network.argmax(axis=1) != labels
    n_wrong = int(wrong.sum())
    return Fidelity(
        agreement=wilson_interval(int(same.sum()), len(same)),
        kl=bootstrap_interval(_mean, divergences(surrogate, network)),
        r_squared=r_squared(surrogate, network),
        agreement_on_errors=wilson_interval(int(same[wrong].sum()), n_wrong) if n_wrong else None,
        accuracy=wilson_interval(int((surrogate.argmax(axis=1) == labels).sum()), len(labels)),
    )


def divergences(surrogate: Array, network: Array) -> Array:
    """KL(network ‖ surrogate) of each sentence, float64 (n,), nats."""
    divergence: Array = rel_entr(network, np.maximum(surrogate, LEAST)).sum(axis=1)
    return divergence


def r_squared(surrogate: Array, network: Array) -> float:
    """Share of the variance of the network's log-odds that the surrogate's explain: see `Fidelity`.

    >>> network = np.array([[0.2, 0.8], [0.8, 0.2]])
    >>> round(r_squared(np.full((2, 2), 0.5), network), 6), r_squared(network, network)
    (0.0, 1.0)
    """
    t, s = log_odds(network), log_odds(surrogate)
    spread = np.square(t - t.mean(axis=0)).sum()
    return float(1 - np.square(t - s).sum() / spread) if spread > 0 else float("nan")


def agreement_over(surrogate: Array, other: Array, network: Array) -> Interval:
    """Share of sentences on which `surrogate` agrees with the network minus that of `other`, paired.

    The interval is a bootstrap over sentences.
    """
    difference = agrees(surrogate, network).astype(float) - agrees(other, network).astype(float)
    return bootstrap_interval(_mean, difference)


def divergence_below(surrogate: Array, other: Array, network: Array) -> Interval:
    """Mean KL(network ‖ other) − KL(network ‖ surrogate), nats, paired: how much closer `surrogate` comes.

    The interval is a bootstrap over sentences.
    """
    return bootstrap_interval(_mean, divergences(other, network) - divergences(surrogate, network))


def agrees(left: Array, right: Array) -> NDArray[np.bool_]:
    """Whether both predict the same class, bool (n,)."""
    same: NDArray[np.bool_] = left.argmax(axis=1) == right.argmax(axis=1)
    return same


def majority_agreement(network: Array) -> float:
    """Share of sentences that the network gives its most frequent answer: what one answer to all would reach.

    Args:
        network: float64 (n, n_classes), its probabilities of the sentences on which surrogates are judged.
    """
    return float(np.bincount(network.argmax(axis=1)).max() / len(network))


def log_odds(probabilities: Array) -> Array:
    """Log p − log(1 − p): float64 (n, n_classes), of two classes (n, 1), the second one's."""
    own = probabilities[:, 1:] if probabilities.shape[1] == 2 else probabilities
    clipped = np.clip(own, LEAST, 1 - LEAST)
    odds: Array = np.log(clipped) - np.log1p(-clipped)
    return odds


def _mean(rows: Array) -> Array:
    mean: Array = rows.mean(axis=1)
    return mean
