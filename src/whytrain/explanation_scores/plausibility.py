"""Explanations held against people: phrase labels, parses, and signs that negation must have."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr

from whytrain.attribution.shapley.benefit import Surroundings
from whytrain.attribution.shapley.coalitions import n_players_of
from whytrain.attribution.shapley.values import Table
from whytrain.data.treebank import Span

MIN_PHRASES = 3  # a correlation of two points is always ±1


@dataclass(frozen=True, kw_only=True)
class PhraseCorrelation:
    """How phrase values go with people's labels; NaN where either is constant or phrases are too few."""

    pearson: float
    spearman: float
    n_phrases: int


@dataclass(frozen=True, kw_only=True)
class TreeAgreement:
    """How near a tree is to the human parse.

    Attributes:
        span_f1: unlabelled F1 of the phrases, in [0, 1]; single words and the whole sentence not counted;
            NaN for sentences of one or two words, which have only one tree.
        distance: mean over word pairs of the difference of their distances in the two trees, in edges.
    """

    span_f1: float
    distance: float


def phrase_values(table: Table, spans: Sequence[Span]) -> NDArray[np.float64]:
    """Shapley value φ_[S] of each phrase as one player among the other words.

    Args:
        table: float64 (2^n,), payoffs of the positive class.
        spans: phrases as (first word, one after the last).

    Returns:
        float64 (n_spans,).

    References:
        Marichal (2000): the Shapley generalized value.
    """
    n_words = n_players_of(len(table))
    values = []
    for start, end in spans:
        others = [(word,) for word in range(n_words) if not start <= word < end]
        values.append(Surroundings(table, others).value(tuple(range(start, end))))
    return np.array(values)


def phrase_correlation(
    values: NDArray[np.float64], labels: NDArray[np.float64] | Sequence[int]
) -> PhraseCorrelation:
    """Correlate phrase values (n,) with people's labels (n,), over the phrases of all sentences together."""
    labels = np.asarray(labels, dtype=np.float64)
    if len(values) < MIN_PHRASES or np.ptp(values) == 0 or np.ptp(labels) == 0:
        return PhraseCorrelation(pearson=float("nan"), spearman=float("nan"), n_phrases=len(values))
    pearson, spearman = pearsonr(values, labels).statistic, spearmanr(values, labels).statistic
    return PhraseCorrelation(pearson=float(pearson), spearman=float(spearman), n_phrases=len(values))


def tree_agreement(spans: Collection[Span], human: Collection[Span], n_words: int) -> TreeAgreement:
    """Compare two trees over the same words, given by their phrases of two words and more.

    References:
        Steel, Penny (1993), Distributions of tree comparison metrics: the path difference.

    >>> tree_agreement({(0, 2), (0, 3)}, {(1, 3), (0, 3)}, 3)
    TreeAgreement(span_f1=0.0, distance=0.6666666666666666)
    """
    whole = {(0, n_words)}
    ours, theirs = set(spans) - whole, set(human) - whole
    n_both = len(ours) + len(theirs)
    f1 = 2 * len(ours & theirs) / n_both if n_both else float("nan")
    pairs = np.triu_indices(n_words, 1)
    gaps = np.abs(_path_lengths(ours | whole, n_words) - _path_lengths(theirs | whole, n_words))[pairs]
    return TreeAgreement(span_f1=f1, distance=float(gaps.mean()) if len(gaps) else 0.0)


def _path_lengths(spans: Collection[Span], n_words: int) -> NDArray[np.int64]:
    """Edges between every two leaves: a phrase that holds one of them and not the other lies on the way."""
    inside = np.zeros((len(spans) + n_words, n_words), dtype=np.int64)
    for row, (start, end) in enumerate(spans):
        inside[row, start:end] = 1
    inside[len(spans) :] = np.eye(n_words, dtype=np.int64)
    together = inside.T @ inside
    depth = np.diag(together)
    lengths: NDArray[np.int64] = depth[:, None] + depth - 2 * together
    return lengths


def left_branching(n_words: int) -> frozenset[Span]:
    """Return the phrases of the tree (((a b) c) d)."""
    return frozenset((0, end) for end in range(2, n_words + 1))


def right_branching(n_words: int) -> frozenset[Span]:
    """Return the phrases of the tree (a (b (c d)))."""
    return frozenset((start, n_words) for start in range(n_words - 1))


def random_branching(n_words: int, rng: np.random.Generator) -> frozenset[Span]:
    """Return the phrases of a tree that merges random neighbors: what a tree that knows nothing reaches."""
    starts = list(range(n_words + 1))
    spans = []
    while len(starts) > 2:
        left = int(rng.integers(len(starts) - 2))
        del starts[left + 1]
        spans.append((starts[left], starts[left + 1]))
    return frozenset(spans)
