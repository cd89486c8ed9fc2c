"""A linear probe: what can be read of states, learned on some sentences and judged on others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_PORTIONS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # of the online code, after Voita and Titov
_STRENGTH = 0.1  # sklearn's C, of standardized features: near the best for a few hundred of them


def answers(
    states: NDArray[np.float32], labels: NDArray[np.int64], taught: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return log-probabilities of every label for the parts that were not taught: (n_judged, n_labels).

    Multinomial logistic regression on standardized states; a label that was not taught has -∞.

    Args:
        states: (n, size).
        labels: (n,), from 0.
        taught: (n,), the parts that the probe learns from; at least two labels are among them.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, tol=1e-3, max_iter=2000))
    probe.fit(states[taught].astype(np.float64), labels[taught])
    found = np.full(((~taught).sum(), labels.max() + 1), -np.inf)
    found[:, probe.classes_] = probe.predict_log_proba(states[~taught].astype(np.float64))
    return found


def control_labels(words: Sequence[str], n_labels: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return a random label per word, the same wherever the word occurs: int64 (n,).

    A probe that is right about these has learned words by heart; what it knows beyond them (its
    selectivity) is in the states.

    References:
        Hewitt, Liang (2019), Designing and interpreting probes with control tasks, section 2.
    """
    types, type_of = np.unique(np.asarray(words), return_inverse=True)
    return rng.integers(n_labels, size=len(types))[type_of]


def online_compression(
    states: NDArray[np.float32],
    labels: NDArray[np.int64],
    sentence: NDArray[np.int64],
    rng: np.random.Generator,
) -> float:
    """Return how many times shorter labels become if each portion is coded by a probe of those before it.

    n log2 K / (n_1 log2 K - Σ log2 p(labels of portion i + 1 | probe of portions 1 … i)). Portions are whole
    sentences in random order, and their shares double. 1: states say nothing of the labels.

    References:
        Voita, Titov (2020), Information-theoretic probing with minimum description length, section 2.2.2.
    """
    n_labels = int(labels.max()) + 1
    order = rng.permutation(np.unique(sentence))
    ends = [max(1, round(share * len(order))) for share in _PORTIONS]
    known = np.isin(sentence, order[: ends[0]])
    bits = known.sum() * np.log2(n_labels)
    for end in ends[1:]:
        following = np.isin(sentence, order[:end]) & ~known
        if len(set(labels[known].tolist())) < n_labels:
            bits += following.sum() * np.log2(n_labels)
        else:
            read = known | following
            told = answers(states[read], labels[read], known[read])
            bits -= told[np.arange(len(told)), labels[following]].sum() / np.log(2)
        known |= following
    return float(len(labels) * np.log2(n_labels) / bits)
