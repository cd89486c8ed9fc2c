"""How a run's model treats people, kept for a diagnosis that is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from whytrain.fairness.evidence import FairnessEvidence
from whytrain.fairness.groups import GroupRate
from whytrain.fairness.term_effects import Effect
from whytrain.statistics.intervals import Interval


def as_plain(found: FairnessEvidence) -> dict[str, Any]:
    """Return all of it as plain data."""
    return asdict(found)


def of_plain(content: Mapping[str, Any]) -> FairnessEvidence:
    """Return what `as_plain` made plain, also after a way through JSON."""
    effects = (Effect(**{**one, "effect": Interval(**one["effect"])}) for one in content["effects"])
    intervals = ("rate", "difference", "ratio")
    rates = (
        GroupRate(**{**one, **{name: one[name] and Interval(**one[name]) for name in intervals}})
        for one in content["rates"]
    )
    return FairnessEvidence(**{**content, "effects": tuple(effects), "rates": tuple(rates)})
