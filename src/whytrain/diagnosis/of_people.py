"""The detectors of unequal treatment: words that say who somebody is, and groups of rows."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Measurement, NotExamined, Support
from whytrain.fairness.evidence import moving, size_of, together
from whytrain.fairness.groups import ACCURACY
from whytrain.fairness.swaps import NONE
from whytrain.fairness.wording import described, told_rate
from whytrain.presentation.wording import listed
from whytrain.statistics.intervals import Interval

_NOT_STUDIED = NotExamined("nothing looked at identity terms and groups; callbacks=default does, for classes")
_TOLD = 3  # words or groups with a clause of their own


def unfair_to_terms(run: RunEvidence) -> Measurement | NotExamined:
    """How far the word that surely moves it furthest moves the probability of a class.

    A word that says who somebody is, held against the others of its kind in its place
    (`whytrain.fairness.term_effects.effects`); intervals hold for all words together (Bonferroni).
    """
    found = run.fairness
    if found is None:
        return _NOT_STUDIED
    if not found.knows_terms:
        return NotExamined(
            "identity terms are known of English; whytrain inspect analysis=[fairness] reads a file of others"
        )
    if not found.effects:
        return NotExamined("too few sentences name people")
    first, *_ = together(found.effects)
    beyond = moving(found.effects) or [first]
    told = [described(one, run.class_names) for one in beyond[:_TOLD]]
    more = f", and {len(beyond) - _TOLD} more" if len(beyond) > _TOLD else ""
    detail = f"With the word less with others of its kind in its place: {'; '.join(told)}{more}."
    if absent := _never_learned(found.never_learned):
        detail += f" {absent}"
    return Measurement(
        value=size_of(first),
        unit="points",
        detail=detail,
        evidence=Support(tokens=tuple(dict.fromkeys(one.word for one in beyond if one.word))),
    )


def _never_learned(words: Sequence[str]) -> str:
    """Say which of the words that were put in the place of another the model cannot know."""
    if not words:
        return ""
    shown = [f"“{word}”" for word in words[:_TOLD]]
    if len(words) > _TOLD:
        shown.append(f"{len(words) - _TOLD} more")
    return f"{listed(shown)} {'never stands' if len(words) == 1 else 'never stand'} in the training texts."


def worse_for_a_group(run: RunEvidence) -> Measurement | NotExamined:
    """By how much the answers about a group are less often right than about all other validation rows.

    Of the columns of the data, and of whom the texts name. Of the groups that surely differ (Fisher's test,
    corrected for all looks) the one that is worst off; 0 where none does.
    """
    found = run.fairness
    if found is None:
        return _NOT_STUDIED
    rates = [rate for rate in found.rates if rate.metric == ACCURACY and rate.group != NONE]
    if not rates:
        return NotExamined(
            "no column of the data, and no word of the texts, makes groups that are large enough"
        )
    sure = [(rate.difference, rate) for rate in rates if rate.differs and rate.difference is not None]
    worse = sorted((pair for pair in sure if pair[0].high < 0), key=lambda pair: pair[0].high)
    if not worse:
        return Measurement(value=Interval(estimate=0.0, low=0.0, high=0.0), unit="points")
    d = worse[0][0]
    told = "; ".join(told_rate(rate, run.class_names) for _, rate in worse[:_TOLD])
    return Measurement(
        value=Interval(estimate=-d.estimate, low=-d.high, high=-d.low, level=d.level),
        unit="points",
        detail=f"{told[:1].upper()}{told[1:]}.",
    )
