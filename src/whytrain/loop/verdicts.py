"""Whether promises were kept and strategies earn their place: only what the intervals can tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from whytrain.diagnosis.rules import Expectation
from whytrain.statistics.intervals import Interval

Verdict = Literal["kept", "missed", "open"]
Standing = Literal["earns its place", "does not", "open"]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The difference that an arm of the experiment made in one metric.

    Attributes:
        arm: what was changed.
        against: the arm that it is compared with.
        metric: in which metric.
        difference: arm minus the other.
        promise: what was expected of it; None where nothing was.
        verdict: on the promise; None without one.
    """

    arm: str
    against: str
    metric: str
    difference: Interval
    promise: Expectation | None
    verdict: Verdict | None


def verdict(promise: Expectation, difference: Interval) -> Verdict:
    """Say whether a difference keeps a promise: `open` where its interval holds both answers, or is unknown.

    >>> change = Interval(estimate=-0.03, low=-0.05, high=-0.02)
    >>> verdict(Expectation(metric="best/ece", at_most=-0.01), change)
    'kept'
    """
    low, high = _toward(promise, difference)
    bound = _bound(promise)
    if low >= bound:
        return "kept"
    return "missed" if high < bound else "open"


def standing(effects: Sequence[Effect]) -> Standing:
    """Say whether a strategy earns its place, from the effects of switching it on alone.

    It does where some promised gain is surely in the right direction and no limit on harm is surely
    exceeded; it does not where such a limit is surely exceeded, or every gain surely has the wrong sign.
    """
    promised = [(e.promise, e.difference) for e in effects if e.promise is not None]
    gains = [_toward(p, d) for p, d in promised if _bound(p) > 0]
    harmful = any(verdict(p, d) == "missed" for p, d in promised if _bound(p) <= 0)
    if harmful or (gains and all(high < 0 for _, high in gains)):
        return "does not"
    return "earns its place" if any(low > 0 for low, _ in gains) else "open"


def joint_promises(promises: Iterable[Expectation]) -> dict[str, Expectation]:
    """Return the most demanding promise of each metric."""
    chosen: dict[str, Expectation] = {}
    for promise in promises:
        known = chosen.get(promise.metric)
        if known is None or _bound(promise) > _bound(known):
            chosen[promise.metric] = promise
    return chosen


def _bound(promise: Expectation) -> float:
    """Return the promise as a least improvement: positive for a gain, otherwise a limit on harm."""
    return promise.bound if promise.at_least is not None else -promise.bound


def _toward(promise: Expectation, difference: Interval) -> tuple[float, float]:
    """Return the interval's ends in the direction of the promise."""
    if promise.at_least is not None:
        return difference.low, difference.high
    return -difference.high, -difference.low
