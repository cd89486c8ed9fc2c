"""States in the plane: PCA keeps distances as far as two directions can, t-SNE keeps neighbors."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whytrain.errors import DataError

Array = NDArray[np.float64]
ProjectionName = Literal["pca", "tsne"]


def project(states: Array, method: ProjectionName, seed: int) -> tuple[Array, float | None]:
    """Return positions in the plane, and of PCA the share of the variance that they show.

    Args:
        states: (n, size), at least 5.
        method: `pca`, or `tsne` (begun with PCA, perplexity 30 or a fifth of n).
        seed: of t-SNE.

    Raises:
        DataError: fewer than 5 states.

    References:
        van der Maaten, Hinton (2008), Visualizing data using t-SNE.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(states) < 5:
        raise DataError(f"a projection needs at least 5 texts or words, got {len(states)}")
    if method == "pca":
        pca = PCA(n_components=2, svd_solver="full")
        return pca.fit_transform(states), float(pca.explained_variance_ratio_.sum())
    perplexity = min(30.0, len(states) / 5)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(states), None


def neighbors_agree(positions: Array, groups: NDArray[np.int64], n_neighbors: int = 10) -> Array:
    """Return of each point the share of its nearest neighbors that are of its own group, (n,)."""
    from sklearn.neighbors import NearestNeighbors

    n_neighbors = min(n_neighbors, len(positions) - 1)
    nearest = NearestNeighbors(n_neighbors=n_neighbors + 1).fit(positions)
    rows = nearest.kneighbors(positions, return_distance=False)[:, 1:]
    agree: Array = (groups[rows] == groups[:, None]).mean(axis=1)
    return agree
