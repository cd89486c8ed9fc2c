"""Ridge regression of groups of rows, and what it says of each group when that was left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_PENALTIES = np.logspace(-5, 2, 15)  # relative to the mean squared singular value of the features
_NOTHING = 1e-12  # of the largest squared singular value: a direction in which no row differs


@dataclass(frozen=True, eq=False, kw_only=True)
class LeftOut:
    """What a regression says of groups that it has not seen.

    Attributes:
        residuals: float64 (n_groups, n_per_group), targets less their predictions.
        coefficients: float64 (n_groups, n_free + k), of the regression without each group.
        error: Σ of the squared residuals, weighted: the less, the better the features tell unseen groups.
    """

    residuals: Array
    coefficients: Array
    error: float


def leave_groups_out(free: Array, features: Array, targets: Array, weights: Array, n_groups: int) -> LeftOut:
    r"""Fit by weighted ridge regression, once; return all fits that leave one group out.

    Predictions are H·y (of rows multiplied by the roots of their weights). Without group c its residuals are
    e = (I − H_cc)⁻¹(y − H·y)_c, and the coefficients are those of the whole with targets y_c − e. Where the
    free features span Q and what is left of the others is U·diag(s)·Vᵀ, H = QQᵀ + U·diag(s²/(s² + λ))·Uᵀ. λ
    is the one whose Σ e² is least, followed from the middle of the penalties to where it rises again: in
    games of text no second minimum was seen.

    Args:
        free: float64 (m, n_free), features whose coefficients are not penalized, linearly independent.
        features: float64 (m, k), each multiplied by how large its coefficient is thought to be: the penalty
            is the same for all.
        targets: float64 (m,).
        weights: float64 (m,), importance of the rows.
        n_groups: the first rows are so many groups of equal size; rows behind these, fewer than a group's,
            are never left out.

    References:
        Hastie, Tibshirani, Friedman (2009), The elements of statistical learning, equation 7.64, for groups.
    """
    size = len(targets) // n_groups
    root = np.sqrt(weights)
    x, y = features * root[:, None], targets * root
    basis, triangle = np.linalg.qr(free * root[:, None])
    shared = basis.T @ x
    left, squares, to_coefficients = _decomposed(x - basis @ shared)
    known, fixed = left.T @ y, basis.T @ y

    def grouped(rows: Array) -> Array:
        return rows[: n_groups * size].reshape(n_groups, size, -1)

    seen, held = grouped(left), grouped(basis)
    open_part = np.eye(size) - held @ held.transpose(0, 2, 1)
    rest = y - basis @ fixed
    best, least = (0.0, np.zeros((n_groups, size))), np.inf
    penalties = _PENALTIES * max(squares.sum(), np.finfo(float).tiny) / max(min(x.shape), 1)
    middle = len(penalties) // 2
    for outwards in (penalties[middle:], penalties[:middle][::-1]):
        for penalty in outwards:
            kept = squares / (squares + penalty)
            residuals = grouped((rest - left @ (kept * known))[:, None])
            unseen = open_part - (seen * kept) @ seen.transpose(0, 2, 1)
            errors = np.linalg.solve(unseen, residuals)[..., 0]
            if (error := float((errors**2).sum())) >= least:
                break
            best, least = (penalty, errors), error
    penalty, errors = best
    # Targets without each group, as the two bases see them: (rank, n_groups) and (n_free, n_groups).
    known_without = known[:, None] - np.einsum("csr,cs->rc", seen, errors)
    fixed_without = fixed[:, None] - np.einsum("csf,cs->fc", held, errors)
    coefficients = to_coefficients(known_without / (squares + penalty)[:, None])
    of_free = np.linalg.solve(triangle, fixed_without - shared @ coefficients)
    return LeftOut(
        residuals=errors / grouped(root[:, None])[..., 0],
        coefficients=np.vstack([of_free, coefficients]).T,
        error=least,
    )


def _decomposed(x: Array) -> tuple[Array, Array, Callable[[Array], Array]]:
    """Return U (m, rank), s² (rank,) and what multiplies by V·diag(s), from the smaller Gram matrix."""
    if not x.size:
        return np.zeros((len(x), 0)), np.zeros(0), lambda known: np.zeros((x.shape[1], known.shape[1]))
    is_wide = x.shape[0] <= x.shape[1]
    squares, vectors = np.linalg.eigh(x @ x.T if is_wide else x.T @ x)
    real = squares > _NOTHING * squares[-1]
    squares, vectors = squares[real], vectors[:, real]
    if is_wide:
        return vectors, squares, lambda known: x.T @ (vectors @ known)
    scale = np.sqrt(squares)
    return x @ (vectors / scale), squares, lambda known: (vectors * scale) @ known
