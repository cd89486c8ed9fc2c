"""Effects and shares in words."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.fairness.groups import GroupRate
from whytrain.fairness.term_effects import Effect


def described(one: Effect, class_names: Sequence[str]) -> str:
    """Say what a word or a group does to the probability of a class."""
    who = f"“{one.word}”" if one.word else f"{one.group} words"
    if one.against:
        who += f" for “{one.against}”" if one.word else f" for {one.against} ones"
    sign = "+" if one.effect.estimate > 0 else "\N{MINUS SIGN}"
    moved = f"{sign}{abs(one.effect.estimate):.2f} for {class_names[one.class_index]}"
    return f"{who} {moved} (in {one.n} {one.where})"


def told_rate(rate: GroupRate, class_names: Sequence[str]) -> str:
    """Say how a group differs from the others."""
    assert rate.difference is not None
    of = "" if rate.class_index is None else f" of {class_names[rate.class_index]}"
    points, low, high = (
        f"{100 * value:+.1f}".replace("-", "\N{MINUS SIGN}")
        for value in (rate.difference.estimate, rate.difference.low, rate.difference.high)
    )
    return (
        f"{rate.column} {rate.group}: {rate.metric}{of} {100 * rate.rate.estimate:.0f}%, {points} points "
        f"({100 * rate.rate.level:g}% interval {low} to {high}, {rate.n_rows:,} rows)"
    )
