"""Surrogates: a logistic regression, a decision tree and a soft one that learn a network's probabilities."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax

from whytrain.errors import DataError
from whytrain.surrogates.evidence import SurrogateKind
from whytrain.surrogates.features import FeatureTable
from whytrain.surrogates.soft_tree import fit_soft_tree

Array = NDArray[np.float64]

STRENGTHS = {  # from the simplest surrogate on
    "logistic": (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0),  # C, the inverse of the L2 penalty
    "tree": (1, 2, 3, 4, 5, 6, 8, 10, 12),  # depth
}
N_FOLDS = 3
LEAST = 1e-6  # smaller probabilities count as this one: a leaf without a class must not cost infinity
_LEAF_SENTENCES = 5
_MOST_STEPS = 300
_WORTH = 1e-3  # share of the cross-entropy by which a stronger surrogate must be better


def targets(labels: NDArray[np.int64], logits: Array, *, alpha: float, temperature: float) -> Array:
    r"""What a surrogate learns: α·y + (1 − α)·softmax(z / T).

    α·CE(y, q) + (1 − α)·KL(p_T ‖ q) equals the cross-entropy of q against this target up to a constant.

    Args:
        labels: int64 (n,), gold classes.
        logits: float64 (n, n_classes), z, the network's.
        alpha: α, weight of the gold labels, 0 to 1.
        temperature: T > 0; softens the network, never the surrogate.

    Returns:
        float64 (n, n_classes), rows sum to 1.

    References:
        Hinton, Vinyals, Dean (2015), Distilling the knowledge in a neural network, section 2.

    >>> targets(np.array([1]), np.array([[0.0, 0.0]]), alpha=0.5, temperature=1.0).tolist()
    [[0.25, 0.75]]
    """
    soft = softmax(logits / temperature, axis=1)
    return np.asarray(alpha * np.eye(logits.shape[1])[labels] + (1 - alpha) * soft)


@dataclass(frozen=True, eq=False, kw_only=True)
class Surrogate:
    """A fitted surrogate.

    Attributes:
        kind: which.
        strength: C of a logistic regression, depth of a tree.
        estimator: scikit-learn's, or a soft tree.
        center: float64 (n_features,), subtracted before a logistic regression; 0 for a tree.
        scale: float64 (n_features,), what is divided by; 1 for presences and for a tree.
        n_classes: classes of the data; those that the targets never showed have probability 0.
    """

    kind: SurrogateKind
    strength: float
    estimator: Any
    center: Array
    scale: Array
    n_classes: int

    def probabilities(self, table: FeatureTable) -> Array:
        """Return the probability of each class, float64 (n, n_classes)."""
        values = self.estimator.predict_proba(self.inputs(table))
        return _all_classes(values, self.estimator.classes_, self.n_classes)

    @property
    def coefficients(self) -> Array:
        """β of a logistic surrogate, float64 (n_classes, n_features); (1, n_features) for two classes.

        Of a soft tree those of its inner nodes, (n_nodes, n_features): above 0 pulls to the right. In
        log-odds: by the presence of a word, by one standard deviation of anything measured.
        """
        return np.asarray(self.estimator.coef_, dtype=np.float64)

    def inputs(self, table: FeatureTable) -> Any:
        """Return what the estimator sees of sentences: sparse or dense (n, n_features)."""
        return _input(self.kind, table, self.center, self.scale)


def fit_surrogate(
    kind: SurrogateKind, table: FeatureTable, target: Array, *, strength: float, seed: int
) -> Surrogate:
    """Fit a surrogate; scikit-learn's see each sentence once per class, weighted by the target.

    Args:
        kind: which.
        table: n sentences.
        target: float64 (n, n_classes), see `targets`.
        strength: C or depth.
        seed: of the order in which a tree tries features that are equally good, of a soft tree's weights.

    Raises:
        DataError: the targets show a single class.
    """
    center, scale = _scaling(kind, table)
    values = _input(kind, table, center, scale)
    if (target > 0).any(axis=0).sum() < 2:
        raise DataError("surrogates need sentences of at least two classes; the sample shows one")
    if kind == "soft_tree":
        estimator: Any = fit_soft_tree(values, target, depth=int(strength), seed=seed)
    else:
        estimator = _estimator(kind, strength, len(target), seed)
        _fit(estimator, *_copies(values, target))
    return Surrogate(
        kind=kind,
        strength=strength,
        estimator=estimator,
        center=center,
        scale=scale,
        n_classes=target.shape[1],
    )


def choose_strength(
    kind: SurrogateKind,
    table: FeatureTable,
    target: Array,
    groups: NDArray[np.int64],
    seed: int,
    *,
    n_cuts: int = N_FOLDS,
) -> float:
    """Return the strength with the least cross-entropy against held-out targets, the simplest of near equals.

    Args:
        kind: `logistic` or `tree`.
        table: n sentences.
        target: float64 (n, n_classes).
        groups: int64 (n,), see `whytrain.data.splits.sentence_groups`: a group, and with it all copies of
            a sentence, is on one side of every cut.
        seed: as in `fit_student`.
        n_cuts: how many of the 3 cuts are judged by; fewer are faster, and less sure.

    Raises:
        DataError: fewer than two groups.
    """
    from sklearn.model_selection import GroupKFold

    n_groups = len(np.unique(groups))
    if n_groups < 2:
        raise DataError(
            f"surrogates are tuned on held-out sentences, but all {len(groups)} of the sample contain one "
            "another; take a larger sample"
        )
    cuts = GroupKFold(min(N_FOLDS, n_groups)).split(target, groups=groups)
    folds = [_Fold(kind, table, target, inner, held_out, seed) for inner, held_out in islice(cuts, n_cuts)]
    best, least, previous = STRENGTHS[kind][0], np.inf, np.inf
    for strength in STRENGTHS[kind]:
        loss = sum(fold.loss(strength) for fold in folds)
        if loss < least * (1 - _WORTH):
            best, least = strength, loss
        if loss > previous and kind == "logistic":
            break  # the loss has one valley, and a weaker penalty takes ever longer
        previous = loss
    return best


def dense_values(values: Any) -> Array:
    """Return a sparse or dense matrix as an array."""
    return np.asarray(values.toarray() if sparse.issparse(values) else values)


def _scaling(kind: SurrogateKind, table: FeatureTable) -> tuple[Array, Array]:
    """Return center and scale of each feature: presences stay, the rest gets a deviation of 1.

    Sparse values keep their zeros, so only dense ones are centered; the intercept makes up for it. A tree
    sees everything as it is.
    """
    center, scale = np.zeros(len(table.features)), np.ones(len(table.features))
    if kind == "tree":
        return center, scale
    measured = np.flatnonzero([not feature.is_presence for feature in table.features])
    values = dense_values(table.values[:, measured])
    deviation = values.std(axis=0)
    scale[measured] = np.where(deviation > 0, deviation, 1.0)
    if not sparse.issparse(table.values):
        center[measured] = values.mean(axis=0)
    return center, scale


def _input(kind: SurrogateKind, table: FeatureTable, center: Array, scale: Array) -> Any:
    if kind == "tree":
        return table.values.astype(np.float32)  # what scikit-learn's trees compute in
    if sparse.issparse(table.values):
        return sparse.csr_array(table.values @ sparse.diags_array(1 / scale))
    return ((table.values - center) / scale).astype(table.values.dtype)


def _copies(values: Any, target: Array) -> tuple[Any, NDArray[np.int64], Array]:
    """Return every sentence once per class that its target shows: values, classes, weights."""
    rows, labels = np.nonzero(target)
    return values[rows], labels, target[rows, labels]


def _estimator(kind: SurrogateKind, strength: float, n_rows: int, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier

    if kind == "logistic":
        return LogisticRegression(C=strength, max_iter=_MOST_STEPS, warm_start=True)
    return DecisionTreeClassifier(
        criterion="log_loss",
        max_depth=int(strength),
        min_weight_fraction_leaf=min(0.5, _LEAF_SENTENCES / n_rows),
        random_state=seed,
    )


def _fit(estimator: Any, values: Any, labels: NDArray[np.int64], weights: Array) -> None:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # an unpenalized one may go on for long
        estimator.fit(values, labels, sample_weight=weights)


class _Fold:
    """A cut of the sentences: a surrogate learns from one side and is judged on the other."""

    def __init__(
        self,
        kind: SurrogateKind,
        table: FeatureTable,
        target: Array,
        inner: NDArray[np.int64],
        held_out: NDArray[np.int64],
        seed: int,
    ) -> None:
        part, rest = table.select(inner), table.select(held_out)
        center, scale = _scaling(kind, part)
        self.kind, self.target = kind, target[held_out]
        self.values = _input(kind, rest, center, scale)
        self.copies = _copies(_input(kind, part, center, scale), target[inner])
        self.estimator = _estimator(kind, STRENGTHS[kind][-1], len(inner), seed)
        self.is_empty = len(np.unique(self.copies[1])) < 2  # such a cut says nothing
        if kind == "tree" and not self.is_empty:  # the smaller trees are the beginnings of the largest
            _fit(self.estimator, *self.copies)
            self.values = dense_values(self.values)

    def loss(self, strength: float) -> float:
        """Return the summed cross-entropy on the held-out side; logistic fits start from the last one."""
        if self.is_empty:
            return 0.0
        if self.kind == "tree":
            predicted = cut_tree(self.estimator, self.values, int(strength))
        else:
            _fit(self.estimator.set_params(C=strength), *self.copies)
            predicted = self.estimator.predict_proba(self.values)
        full = _all_classes(predicted, self.estimator.classes_, self.target.shape[1])
        return float(-(self.target * np.log(np.maximum(full, LEAST))).sum())


def cut_tree(estimator: Any, values: NDArray[np.float32], depth: int) -> Array:
    """Return what a fitted tree predicts when it is cut off at a depth: float64 (n, n_classes)."""
    tree, rows = estimator.tree_, np.arange(len(values))
    cells = np.zeros(len(values), dtype=np.int64)
    for _ in range(depth):
        is_left = values[rows, np.maximum(tree.feature[cells], 0)] <= tree.threshold[cells]
        below = np.where(is_left, tree.children_left[cells], tree.children_right[cells])
        cells = np.where(tree.children_left[cells] >= 0, below, cells)
    shares = tree.value[cells, 0, :]
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _all_classes(values: Array, classes: NDArray[np.int64], n_classes: int) -> Array:
    full = np.zeros((len(values), n_classes))
    full[:, classes] = values
    return full
