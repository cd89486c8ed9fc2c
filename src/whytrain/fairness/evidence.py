"""What a diagnosis knows of how a model treats people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from scipy import special

from whytrain.fairness.groups import GroupRate
from whytrain.fairness.term_effects import Effect
from whytrain.statistics.intervals import Interval

LEAST_EFFECT = 0.1  # of a probability: less is not worth a change


@dataclass(frozen=True, kw_only=True)
class FairnessEvidence:
    """Looks that could be judged.

    Attributes:
        effects: of identity terms on the probability of a class.
        rates: of groups of validation rows.
        n_marks: sets of words that the next training can let stand for each other.
        knows_terms: whether identity terms of the language are known.
        never_learned: words of a moving one's set that stand in no training text.
    """

    effects: tuple[Effect, ...]
    rates: tuple[GroupRate, ...]
    n_marks: int
    knows_terms: bool
    never_learned: tuple[str, ...] = ()


def as_plain(found: FairnessEvidence, name: Callable[[str], str]) -> dict[str, Any]:
    """Return plain data in which words have the names that `name` gives them, such as their hashes."""
    effects = (
        replace(one, word=name(one.word), against=name(one.against) if one.against else "")
        if one.word
        else one
        for one in found.effects
    )
    never_learned = tuple(map(name, found.never_learned))
    return asdict(replace(found, effects=tuple(effects), never_learned=never_learned))


def of_plain(content: Mapping[str, Any]) -> FairnessEvidence:
    """Return what `as_plain` made plain, also after a way through JSON."""
    effects = (Effect(**{**one, "effect": Interval(**one["effect"])}) for one in content["effects"])
    intervals = ("rate", "difference", "ratio")
    rates = (
        GroupRate(**{**one, **{name: one[name] and Interval(**one[name]) for name in intervals}})
        for one in content["rates"]
    )
    never_learned = tuple(content.get("never_learned", ()))  # older runs do not say it
    kept = {**content, "effects": tuple(effects), "rates": tuple(rates), "never_learned": never_learned}
    return FairnessEvidence(**kept)


def moving(effects: tuple[Effect, ...]) -> list[Effect]:
    """Return the effects that are surely above `LEAST_EFFECT`, with intervals that hold for all together.

    Bonferroni: of m effects each has an interval at the level 1 - (1 - level) / m.
    """
    return [one for one in together(effects) if size_of(one).low > LEAST_EFFECT]


def together(effects: tuple[Effect, ...]) -> list[Effect]:
    """Return effects with intervals that hold for all together, the surely largest first."""
    wide = [_widened(one, 1 - (1 - one.effect.level) / len(effects)) for one in effects]
    return sorted(wide, key=lambda one: -size_of(one).low)


def size_of(one: Effect) -> Interval:
    """Return how far a word moves the probability, in its own direction."""
    e = one.effect
    return e if e.estimate >= 0 else replace(e, estimate=-e.estimate, low=-e.high, high=-e.low)


def _widened(one: Effect, level: float) -> Effect:
    """Return an effect with Student's interval at another level."""
    old, new = special.stdtrit(one.n - 1, [(1 + one.effect.level) / 2, (1 + level) / 2])
    middle = one.effect.estimate
    # One end may be cut at 1 or -1, which no probability can change beyond.
    half = max(one.effect.high - middle, middle - one.effect.low) * float(new / old)
    return replace(one, effect=replace(one.effect, low=middle - half, high=middle + half, level=level))
