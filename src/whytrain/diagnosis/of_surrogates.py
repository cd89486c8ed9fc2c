"""Detectors over the readable surrogates: what they contradict each other in, and what they lean on."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from whytrain.data.words import split_words
from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Example, Measurement, NotExamined, Support
from whytrain.diagnosis.of_words import SHOWN_SENTENCES, SHOWN_TOKENS
from whytrain.presentation.wording import quoted
from whytrain.statistics.intervals import Interval, clustered_share, wilson_interval

SURE = 0.9  # a rule with more confidence than this claims to be sure
NO_SURROGATES = NotExamined("no surrogates were distilled; the callback surrogate distils them")


def students_disagree(run: RunEvidence) -> Measurement | NotExamined:
    """Share of training sentences on which the logistic surrogate and the tree predict different classes.

    If one of the two follows the network no better than its most frequent class, it says nothing about it.
    """
    if run.surrogate is None:
        return NO_SURROGATES
    readable = [s for s in run.surrogate.surrogates if s.features == "readable" and s.kind != "soft_tree"]
    for surrogate in readable:
        if surrogate.agreement.low <= surrogate.majority:
            return NotExamined(
                f"the {surrogate.kind} surrogate answers like the network on "
                f"{surrogate.agreement.estimate:.0%} of new sentences, its most frequent class alone on "
                f"{surrogate.majority:.0%}: such a surrogate "
                "says nothing about it; raise callbacks.surrogate.rows"
            )
    differ = np.zeros(len(run.train.ids), dtype=np.bool_)
    differ[list(run.surrogate.disagreeing_rows)] = True
    value = clustered_share(differ, run.train.groups)
    train, names = run.train, run.class_names
    shown = run.surrogate.disagreeing_rows[:SHOWN_SENTENCES]
    examples = [
        Example(
            sentence_id=train.ids[row],
            words=tuple(split_words(train.texts[row])),
            note=f"labeled {quoted(names[train.labels[row]])}",
        )
        for row in shown
    ]
    features = tuple(
        f"the {s.kind} copy answers like the network on {s.agreement.estimate:.0%} of new sentences; always "
        f"the most frequent answer would on {s.majority:.0%}"
        for s in readable
    )
    return Measurement(
        value=value, unit="share", evidence=Support(sentences=tuple(examples), features=features)
    )


def dominant_dimension(run: RunEvidence) -> Measurement | NotExamined:
    """Share of Σ|β| of the hidden states' features in one hidden unit, in multiples of an even share.

    The features of a unit are its mean, deviation, minimum and maximum. A share instead of β itself: β grows
    with weaker regularization of the surrogate, its share does not; in multiples, because the even share is
    1 / n_units. The surrogates give no interval for single coefficients; both ends are the value.
    """
    if run.surrogate is None:
        return NO_SURROGATES
    hidden = [c for c in run.surrogate.coefficients if c.kind == "hidden"]
    total = sum(abs(c.beta) for c in hidden)
    if not total:
        return NotExamined("no surrogate looked at hidden states; the network must show them")
    of_unit: dict[str, float] = defaultdict(float)
    for c in hidden:
        of_unit[c.name.rpartition(" ")[2]] += abs(c.beta)
    multiple = len(of_unit) * max(of_unit.values()) / total
    ranked = sorted(hidden, key=lambda c: -abs(c.beta))[:SHOWN_TOKENS]
    features = tuple(f"{c.name}: β = {c.beta:+.2f} ({c.class_name})" for c in ranked)
    return Measurement(
        value=Interval(estimate=multiple, low=multiple, high=multiple),
        unit="times",
        evidence=Support(features=features),
    )


def overconfident_rules(run: RunEvidence) -> Measurement | NotExamined:
    """Largest gap between the confidence of a sure rule (above 90%) and its precision on gold labels.

    The precision is that on validation sentences, with its Wilson interval, at a level at which those of all
    sure rules hold together (Bonferroni): the one whose gap has the largest lower end counts.
    """
    if run.surrogate is None:
        return NO_SURROGATES
    sure = [rule for rule in run.surrogate.rules if rule.confidence > SURE and rule.n_validation]
    if not sure:
        return NotExamined(
            f"no rule of the tree claims a confidence above {SURE:.0%} on validation sentences"
        )
    gaps = []
    for rule in sure:
        precision = wilson_interval(rule.right_validation, rule.n_validation, 1 - 0.05 / len(sure))
        gap = Interval(
            estimate=rule.confidence - precision.estimate,
            low=rule.confidence - precision.high,
            high=rule.confidence - precision.low,
        )
        text = (
            f"{rule.text}: confidence {rule.confidence:.0%}, right on {rule.right_validation} of "
            f"{rule.n_validation} validation sentences"
        )
        gaps.append((gap, text))
    gaps.sort(key=lambda item: -item[0].low)
    return Measurement(
        value=gaps[0][0], unit="points", evidence=Support(features=tuple(text for _, text in gaps[:5]))
    )
