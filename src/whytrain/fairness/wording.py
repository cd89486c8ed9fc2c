"""Effects and shares in words."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.fairness.groups import GroupRate
from whytrain.fairness.term_effects import Effect
from whytrain.presentation.wording import points, quoted


def described(one: Effect, class_names: Sequence[str]) -> str:
    """Say what a word or a group does to the probability of a class."""
    sign = "+" if one.effect.estimate > 0 else "\N{MINUS SIGN}"
    moved = f"{sign}{abs(one.effect.estimate):.2f} for {quoted(class_names[one.class_index])}"
    return f"{named(one)} {moved} (in {one.n} {one.where})"


def named(one: Effect) -> str:
    """Return the word or the group, and what it stands for where that is one."""
    if one.word:
        return f"“{one.word}”" + (f" for “{one.against}”" if one.against else "")
    return f"{one.group} words" + (f" for {one.against} ones" if one.against else "")


def told_rate(rate: GroupRate, class_names: Sequence[str]) -> str:
    """Say how a group differs from the others."""
    assert rate.difference is not None
    of = "" if rate.class_index is None else f" of {quoted(class_names[rate.class_index])}"
    difference, low, high = (
        points(value) for value in (rate.difference.estimate, rate.difference.low, rate.difference.high)
    )
    return (
        f"{rate.column} {rate.group}: {rate.metric}{of} {100 * rate.rate.estimate:.0f}%, {difference} points "
        f"({100 * rate.rate.level:g}% interval {low} to {high}, {rate.n_rows:,} rows)"
    )
