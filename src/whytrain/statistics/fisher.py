"""Fisher's exact test: do two groups of independent rows differ in a share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

_SAME = 1e-7  # relative, of two chances: rounding must not tell equally likely tables apart


def fisher_p_value(hits_a: int, n_a: int, hits_b: int, n_b: int) -> float:
    """Exact two-sided p-value: the chance of a table at most as likely as this one, given its margins.

    Of k hits in all, x are in the first group with the chance C(n_a, x)·C(n_b, k - x) / C(n_a + n_b, k).
    As `scipy.stats.fisher_exact`, without the second that importing `scipy.stats` takes.

    Args:
        hits_a: in 0..n_a.
        n_a: rows of the first group.
        hits_b: in 0..n_b.
        n_b: rows of the second group.

    References:
        Fisher (1935), The logic of inductive inference.

    Example:
        >>> round(fisher_p_value(8, 10, 1, 6), 4)
        0.035
    """
    k = hits_a + hits_b
    x = np.arange(max(0, k - n_b), min(k, n_a) + 1)
    log_chance = _log_choose(n_a, x) + _log_choose(n_b, k - x)
    chance = np.exp(log_chance - special.logsumexp(log_chance))
    own = chance[hits_a - x[0]]
    return float(min(1.0, chance[chance <= own * (1 + _SAME)].sum()))


def _log_choose(n: int, k: NDArray[np.int64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return result
