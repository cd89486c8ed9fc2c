"""Metrics of how probabilities rank the rows: AUROC and average precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.metrics.checks import check_label_sets, check_scored
from whytrain.metrics.metric import Metric, OfCounts, Scored

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Ranking:
    """Resampled rows by their probability of one class, at each distinct score that a member has.

    Attributes:
        members: float64 (n_thresholds, n_resamples), members of the class drawn at a score, highest first.
        hits: the same, members drawn at this score or a higher one.
        others: the same, rows of other classes drawn at exactly this score.
        above: the same, all rows drawn at this score or a higher one.
        n_members: float64 (n_resamples,), members of the class drawn.
        n_others: the same, rows of other classes.
    """

    members: Array
    hits: Array
    others: Array
    above: Array
    n_members: Array
    n_others: Array


def rankings(scored: Scored, counts: Array) -> list[Ranking]:
    """Rank the rows by their probability of the positive class of two, or of each class or label that occurs.

    Args:
        scored: the rows.
        counts: float64 (n_resamples, n_rows), how often each row is drawn.
    """
    drawn = np.ascontiguousarray(counts.T)  # whole rows are moved when they are sorted
    if not scored.exclusive:
        probabilities, labels = check_label_sets(scored.probabilities, scored.labels)
        some = np.flatnonzero(labels.any(axis=0)) if labels.any() else range(1)  # one: an undefined ranking
        return [_ranking(probabilities[:, k], labels[:, k] == 1, drawn) for k in some]
    probabilities, labels = check_scored(scored.probabilities, scored.labels)
    positive = scored.positive_of_two
    classes = np.unique(labels).tolist() if positive is None else [positive]
    return [_ranking(probabilities[:, k], labels == k, drawn) for k in classes]


def auroc(ranked: Sequence[Ranking]) -> Array:
    """Area under the ROC curve: how probably a member of the class ranks above a row of another, ties half.

    Of two classes it is the positive one's; of more the mean over classes, each against the rest (macro
    one-vs-rest), of those for which it is defined. It is for a class that some rows have and others do not;
    NaN where there is no such class: all rows are of one.

    Args:
        ranked: of `rankings`.

    Returns:
        float64 (n_resamples,), in [0, 1] or NaN.

    References:
        Hanley & McNeil (1982), The meaning and use of the area under a ROC curve.
    """
    return _mean_over_classes(ranked, _area)


def average_precision(ranked: Sequence[Ranking]) -> Array:
    """Average precision: Σ over thresholds of (recall gained)·(precision there), without interpolation.

    Classes, NaN, arguments and result are as of `auroc`. A ranking by chance reaches the share of the class.
    """
    return _mean_over_classes(ranked, _average_precision)


def _ranking(scores: NDArray[np.floating], ours: NDArray[np.bool_], drawn: Array) -> Ranking:
    order = np.argsort(-scores, kind="stable")
    ranked, is_ours = scores[order], ours[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    ends = np.r_[starts[1:], len(order)]
    has_members = np.logical_or.reduceat(is_ours, starts)
    starts, ends = starts[has_members], ends[has_members]
    up_to = np.cumsum(drawn[order], axis=0)
    members, above = drawn[order[is_ours]], up_to[ends - 1]
    if len(starts) < len(members):  # members with equal scores
        members = np.add.reduceat(members, np.searchsorted(np.flatnonzero(is_ours), starts), axis=0)
    here = above - np.where((starts > 0)[:, None], up_to[starts - 1], 0.0)
    n_members = members.sum(axis=0)
    return Ranking(
        members=members,
        hits=np.cumsum(members, axis=0),
        others=here - members,
        above=above,
        n_members=n_members,
        n_others=up_to[-1] - n_members,
    )


def _area(ranking: Ranking) -> Array:
    beaten = ranking.n_others - (ranking.above - ranking.hits) + ranking.others / 2
    return _shares((ranking.members * beaten).sum(axis=0), ranking.n_members * ranking.n_others)


def _average_precision(ranking: Ranking) -> Array:
    precision = ranking.hits / np.maximum(ranking.above, 1)
    return _shares((ranking.members * precision).sum(axis=0), ranking.n_members * (ranking.n_others > 0))


def _shares(parts: Array, wholes: Array) -> Array:
    """Divide; NaN where there is nothing to divide by."""
    shares: Array = np.divide(parts, wholes, out=np.full(len(parts), np.nan), where=wholes > 0)
    return shares


def _mean_over_classes(ranked: Sequence[Ranking], of_class: Callable[[Ranking], Array]) -> Array:
    values = np.stack([of_class(ranking) for ranking in ranked])
    defined = ~np.isnan(values)
    return _shares(np.where(defined, values, 0.0).sum(axis=0), defined.sum(axis=0).astype(np.float64))


AUROC = Metric(
    name="auroc",
    label="AUROC",
    meaning="How often a row of the class is ranked above one that is not; 0.5 is chance.",
    unit="share",
    higher_is_better=True,
    form=OfCounts(rankings, auroc),
    of_positive=True,
    compared=True,
)
AVERAGE_PRECISION = Metric(
    name="average_precision",
    label="average precision",
    meaning="Mean precision over the rows of the class, ranked by their probability.",
    unit="share",
    higher_is_better=True,
    form=OfCounts(rankings, average_precision),
    of_positive=True,
    compared=True,
)
