"""McNemar's test: do two models make errors equally often on the same sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from whytrain.errors import DataError


@dataclass(frozen=True, kw_only=True)
class McNemar:
    """What the exact McNemar test saw.

    Attributes:
        only_a: sentences that A alone has right.
        only_b: sentences that B alone has right.
        n_rows: sentences in all.
        p_value: exact, two-sided; 1 where no sentence is judged differently.
    """

    only_a: int
    only_b: int
    n_rows: int
    p_value: float


def mcnemar_p_value(only_a: ArrayLike, only_b: ArrayLike) -> NDArray[np.float64]:
    """Exact two-sided p-value of McNemar's test, min(1, 2·P(X ≤ min(a, b))), X ~ Binomial(a + b, 1/2).

    Exact for any number of discordant pairs, so there is no threshold above which it turns approximate. It
    is conservative with few of them: discrete p-values rarely land on the nominal level.

    Args:
        only_a: integers, any shape: pairs that A alone has right.
        only_b: the same for B.

    Returns:
        float64 of the broadcast shape.

    References:
        McNemar (1947), Note on the Sampling Error of the Difference between Correlated Proportions.

    Example:
        >>> mcnemar_p_value([5, 0, 40], [0, 0, 60]).round(4).tolist()
        [0.0625, 1.0, 0.0569]
    """
    a, b = np.asarray(only_a), np.asarray(only_b)
    tail: NDArray[np.float64] = special.bdtr(np.minimum(a, b), a + b, 0.5)
    return np.minimum(1.0, 2 * tail)


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> McNemar:
    """Test whether two models are right equally often, from their predictions on the same sentences.

    Args:
        correct_a: bool (n,), whether A is right.
        correct_b: bool (n,), whether B is right, same sentences in the same order.

    Returns:
        The discordant counts and the exact p-value.

    Raises:
        DataError: with fewer than 2 sentences or different lengths.

    Example:
        >>> result = mcnemar([True] * 6 + [False] * 4, [False] * 5 + [True] * 5)
        >>> result.only_a, result.only_b, result.p_value
        (5, 4, 1.0)
    """
    a, b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    if a.ndim != 1 or a.shape != b.shape or a.size < 2:
        raise DataError(
            f"A paired test needs both models' predictions on the same 2 or more sentences, got shapes "
            f"{a.shape} and {b.shape}."
        )
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    return McNemar(
        only_a=only_a, only_b=only_b, n_rows=a.size, p_value=float(mcnemar_p_value(only_a, only_b))
    )
