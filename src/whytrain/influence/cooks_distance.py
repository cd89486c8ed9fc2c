r"""How much a fitted logistic regression rests on single rows: leverage and Cook's distance.

With inputs x_i (a 1 behind them), probabilities p_i, targets y_i, residuals r_i = y_i − p_i, the curvature
W_i = diag(p_i) − p_i p_iᵀ of a row's loss and H = Σ_i x_i x_iᵀ ⊗ W_i + Λ that of all with the penalty Λ:

    Q_i = (x_i ⊗ I)ᵀ H⁻¹ (x_i ⊗ I)                 how freely the row moves its own logits
    leverage  h_i = tr(W_i Q_i)                     parameters that the row holds; in sum all that are free
    without row i, the parameters move by           H⁻¹ (x_i ⊗ I) s_i,  s_i = (I − W_i Q_i)⁻¹ r_i
    Cook's distance  D_i = s_iᵀ Q_i s_i / Σ_j h_j   the length of that move, per free parameter

This is Newton's step from the fit of all rows to that without the row, nothing else is approximated. Of two
classes there is one logit, and D_i = r_i² / (w_i Σh) · h_i / (1 − h_i)².

References:
    Pregibon (1981), Logistic regression diagnostics, sections 3 and 4; Cook (1977), Detection of influential
    observations in linear regression.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.special import softmax

from whytrain.surrogates.surrogates import dense_values

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class RowInfluence:
    """How much a regression rests on each of its n rows.

    Attributes:
        leverage: float64 (n,), ≥ 0.
        cooks_distance: float64 (n,), ≥ 0; rows far above the others move the fit alone.
    """

    leverage: Array
    cooks_distance: Array


def logistic_influence(
    inputs: Any, coefficients: Array, intercepts: Array, targets: Array, penalty: float
) -> RowInfluence:
    """Return how much each row holds of a logistic regression that was fitted to all of them.

    Args:
        inputs: sparse or dense (n, n_features).
        coefficients: float64 (n_classes, n_features), or (1, n_features), of the second of two classes.
        intercepts: float64 (n_classes,) or (1,), not penalized.
        targets: float64 (n, n_classes), rows sum to 1.
        penalty: λ of the summed loss + λ/2 ‖coefficients‖²; 1/C of scikit-learn's.
    """
    values = sparse.csr_array(inputs) if sparse.issparse(inputs) else np.asarray(inputs, dtype=np.float64)
    logits = np.asarray(values @ coefficients.T) + intercepts
    if len(coefficients) == 1:
        logits = np.column_stack([np.zeros(len(logits)), logits])
        free = [1]
    else:
        free = list(range(len(coefficients)))
    probabilities = np.asarray(softmax(logits, axis=1))
    ones = np.ones((values.shape[0], 1))
    join = sparse.hstack if sparse.issparse(values) else np.hstack
    design: Any = join([values, ones])
    shares = probabilities[:, free]
    curvature = np.einsum("na,ab->nab", shares, np.eye(len(free))) - shares[:, :, None] * shares[:, None]
    own = _own_freedom(design, curvature, penalty)
    effects = curvature @ own
    leverage = np.trace(effects, axis1=1, axis2=2)
    residuals = (targets - probabilities)[:, free, None]
    steps = np.linalg.solve(np.eye(len(free)) - effects, residuals)
    distance = (steps.transpose(0, 2, 1) @ own @ steps)[:, 0, 0] / leverage.sum()
    return RowInfluence(leverage=leverage, cooks_distance=distance)


def _own_freedom(design: Any, curvature: Array, penalty: float) -> Array:
    """Return Q_i, float64 (n, n_free, n_free)."""
    n_inputs, n_free = design.shape[1], curvature.shape[1]
    hessian = np.zeros((n_free, n_inputs, n_free, n_inputs))
    for a in range(n_free):
        for b in range(n_free):
            hessian[a, :, b] = dense_values(design.T @ _scaled(design, curvature[:, a, b, None]))
    flat = hessian.reshape(n_free * n_inputs, -1)
    flat[np.diag_indices_from(flat)] += np.tile([*[penalty] * (n_inputs - 1), 0.0], n_free)
    # Of several classes all intercepts may move alike: the last one stays where it is.
    kept = slice(None) if n_free == 1 else slice(-1)
    inverse = np.zeros_like(flat)
    inverse[kept, kept] = linalg.inv(flat[kept, kept])
    blocks = inverse.reshape(n_free, n_inputs, n_free, n_inputs)
    own = np.empty_like(curvature)
    for a in range(n_free):
        for b in range(n_free):
            moved = design @ blocks[a, :, b]
            own[:, a, b] = np.asarray(_scaled(design, moved).sum(axis=1)).ravel()
    return own


def _scaled(design: Any, factors: Array) -> Any:
    """Return the product of entries, sparse where the design is."""
    return design.multiply(factors).tocsr() if sparse.issparse(design) else design * factors
