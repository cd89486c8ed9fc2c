"""Verdicts say no more than intervals do."""

from __future__ import annotations

import pytest

from whytrain.diagnosis.rules import Expectation
from whytrain.loop.verdicts import Effect, Standing, Verdict, joint_promises, standing, verdict
from whytrain.statistics.intervals import Interval

LOWER = Expectation(metric="diagnosis/few_token_dependence", at_most=-0.02)
NOT_WORSE = Expectation(metric="best/accuracy", at_least=-0.015)
NAN = float("nan")


@pytest.mark.parametrize(
    ("promise", "low", "high", "expected"),
    [
        (LOWER, -0.08, -0.02, "kept"),
        (LOWER, -0.08, -0.01, "open"),  # surely lower, not surely by as much
        (LOWER, -0.01, 0.05, "missed"),
        (NOT_WORSE, -0.015, 0.01, "kept"),
        (NOT_WORSE, -0.02, 0.01, "open"),
        (NOT_WORSE, -0.05, -0.02, "missed"),
        (LOWER, NAN, NAN, "open"),  # one seed, no rows: nothing is claimed
    ],
)
def test_verdicts(promise: Expectation, low: float, high: float, expected: Verdict) -> None:
    assert verdict(promise, Interval(estimate=(low + high) / 2, low=low, high=high)) == expected


def effect(promise: Expectation | None, low: float, high: float) -> Effect:
    return Effect(
        arm="only x",
        against="baseline",
        metric="m",
        difference=Interval(estimate=(low + high) / 2, low=low, high=high),
        promise=promise,
        verdict=None,
    )


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        ([effect(LOWER, -0.05, -0.001), effect(NOT_WORSE, -0.01, 0.01)], "earns its place"),
        ([effect(LOWER, -0.05, -0.001), effect(NOT_WORSE, -0.05, -0.02)], "does not"),  # it harms
        ([effect(LOWER, -0.05, -0.001), effect(NOT_WORSE, -0.05, 0.02)], "earns its place"),
        ([effect(LOWER, -0.05, 0.01), effect(NOT_WORSE, -0.01, 0.01)], "open"),
        ([effect(LOWER, 0.01, 0.05)], "does not"),  # surely the wrong way
        # One of two gains in the wrong direction does not outweigh the other, kept or open.
        ([effect(LOWER, 0.01, 0.05), effect(LOWER, -0.05, -0.01)], "earns its place"),
        ([effect(LOWER, 0.01, 0.05), effect(LOWER, -0.05, 0.01)], "open"),
        ([effect(LOWER, 0.01, 0.05), effect(LOWER, 0.02, 0.06)], "does not"),
        ([effect(LOWER, NAN, NAN)], "open"),
        ([effect(None, -0.5, -0.4)], "open"),  # a gain that nobody promised
    ],
)
def test_standing(effects: list[Effect], expected: Standing) -> None:
    assert standing(effects) == expected


def test_of_two_promises_the_more_demanding_stands() -> None:
    strict = Expectation(metric="best/accuracy", at_least=-0.005)
    more = Expectation(metric=LOWER.metric, at_most=-0.05)
    found = joint_promises([NOT_WORSE, strict, more, LOWER])
    assert found == {"best/accuracy": strict, LOWER.metric: more}
