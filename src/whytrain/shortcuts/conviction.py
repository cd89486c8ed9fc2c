"""Whether check rows contradict what a model leans on, or lack it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from scipy import stats
from scipy.special import expit, logit

from whytrain.shortcuts.evidence import Candidate, are_kin
from whytrain.shortcuts.measured import Seen
from whytrain.statistics.holm import holm_correction

TESTED = 10  # the first candidates of the list are tested
LEVEL = 0.05  # of all tests together
KEPT = 0.5  # share of what a feature says in training that must hold elsewhere
RARER = 4  # a feature is missing where it is more than so many times rarer than in training
SURE = 4.0  # standard errors by which what is missing elsewhere says something in training
WEIGHT = 0.15  # of the average decision, which a shortcut is at least in the rows that have it
LEAST_SHARE = 0.05  # of the average decision: what is missing elsewhere matters from there on


def tested(candidates: Sequence[Candidate], n_rows: int) -> list[Candidate]:
    """Return the candidates with corrected p-values and the verdict of the check rows."""
    p_values = [min(1.0, 2 * min(_p_unheld(c), _p_missing(c, n_rows))) for c in candidates[:TESTED]]
    corrected = holm_correction(p_values, _weights(candidates[:TESTED])).tolist()
    tested = [
        replace(c, p_value=p, is_shortcut=p <= LEVEL and c.share.low >= WEIGHT * c.coverage)
        for c, p in zip(candidates, corrected, strict=False)
    ]
    return tested + list(candidates[TESTED:])


def _weights(candidates: Sequence[Candidate]) -> list[float]:
    """Return how much each test counts: half by its share of the decisions in training, half alike.

    What carries nearly all decisions is then not acquitted for the company of nine that carry none.
    """
    shares = [max(candidate.share.estimate, 0.0) for candidate in candidates]
    total = sum(shares) or 1.0
    return [1 / len(shares) + share / total for share in shares]


def with_kin(
    candidates: Sequence[Candidate],
    proposed: Sequence[Seen],
    make: Callable[[Seen, int | None], Candidate],
    n_rows: int,
) -> list[Candidate]:
    """Return candidates with the counterparts of convicted words convicted, too, and added where they lack.

    A model may decide by the presence of "she" alone, and take its absence for "he": that the two stand for
    each other is in the texts. A counterpart needs check rows against it of its own, without correction: it
    is no look of its own.
    """
    convicted = [candidate for candidate in candidates if candidate.is_shortcut]
    known = {candidate.feature for candidate in candidates}
    others = [s for s in proposed if s.feature.kind != "ordered_pair" and s.feature not in known]
    further = [make(seen, seen.told) for seen in others] if convicted else []

    def judged(candidate: Candidate) -> Candidate:
        p_value = min(1.0, 2 * min(_p_unheld(candidate), _p_rarer(candidate, n_rows)))
        is_kin = p_value <= LEVEL and any(are_kin(candidate, other) for other in convicted)
        return replace(candidate, is_shortcut=candidate.is_shortcut or is_kin)

    return [*map(judged, candidates), *(c for c in map(judged, further) if c.is_shortcut)]


def _p_unheld(candidate: Candidate) -> float:
    """Test that at least half of what a feature says in training holds on the check rows that have it."""
    if not candidate.n_check or candidate.lift <= 0:
        return 1.0
    share = _held_share(candidate)
    hits = round(candidate.right_check * candidate.n_check)
    return float(stats.binom.cdf(hits, candidate.n_check, share))


def _held_share(candidate: Candidate) -> float:
    """Return the share of the check rows with a feature that would be right if half of what it says held.

    Half of the difference to what chance gives, or half of the odds ratio, whichever asks less: where nearly
    all check rows are of one class, the whole difference may not fit between their share and 1.
    """
    n = candidate.n_train  # one row more of each kind, so that the odds are finite
    odds_ratio = logit((candidate.right_train * n + 1) / (n + 2)) - logit(candidate.expected_train)
    by_odds = expit(logit(candidate.expected_check) + KEPT * odds_ratio)
    return float(min(candidate.expected_check + KEPT * candidate.lift, by_odds))


def _p_missing(candidate: Candidate, n_rows: int) -> float:
    """Test that a feature which carries much is at least a fourth as frequent in the check rows."""
    noise = (candidate.expected_train * (1 - candidate.expected_train) / candidate.n_train) ** 0.5
    if candidate.share.low < LEAST_SHARE or candidate.lift < SURE * noise:
        return 1.0
    return _p_rarer(candidate, n_rows)


def _p_rarer(candidate: Candidate, n_rows: int) -> float:
    return float(stats.binom.cdf(candidate.n_check, n_rows, candidate.coverage / RARER))
