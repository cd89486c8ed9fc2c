"""Detectors over the readable students: what they contradict each other in, and what they lean on."""

from __future__ import annotations

from whytrain.data.words import split_words
from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import Evidence, Example, Measurement, NotExamined
from whytrain.diagnosis.of_words import SHOWN_SENTENCES, SHOWN_TOKENS
from whytrain.statistics.intervals import Interval, wilson_interval

SURE = 0.9  # a rule with more confidence than this claims to be sure
NO_STUDENTS = NotExamined("no students were distilled; the callback surrogate distils them")


def students_disagree(run: RunEvidence) -> Measurement | NotExamined:
    """Share of training sentences on which the logistic student and the tree predict different classes."""
    if run.surrogate is None:
        return NO_STUDENTS
    agreement = run.surrogate.student_agreement
    value = Interval(1 - agreement.estimate, 1 - agreement.high, 1 - agreement.low, agreement.level)
    texts, names, labels = run.corpus.train.texts, run.corpus.class_names, run.corpus.train.labels
    shown = run.surrogate.disagreeing_rows[:SHOWN_SENTENCES]
    examples = [
        Example(run.corpus.train.ids[row], tuple(split_words(texts[row])), f"gold {names[labels[row]]}")
        for row in shown
    ]
    return Measurement(value, "share", Evidence(tuple(examples)))


def dominant_dimension(run: RunEvidence) -> Measurement | NotExamined:
    """Share of Σ|β| of the hidden states' features in the largest of them.

    A share instead of β itself: β grows with weaker regularization of the student, its share does not. The
    students give no interval for single coefficients; both ends are the value.
    """
    if run.surrogate is None:
        return NO_STUDENTS
    hidden = [c for c in run.surrogate.coefficients if c.kind == "hidden"]
    total = sum(abs(c.beta) for c in hidden)
    if not total:
        return NotExamined("no student looked at hidden states; the network must show them")
    top = max(hidden, key=lambda c: abs(c.beta))
    share = sum(abs(c.beta) for c in hidden if c.name == top.name) / total
    ranked = sorted(hidden, key=lambda c: -abs(c.beta))[:SHOWN_TOKENS]
    features = tuple(f"{c.name}: β = {c.beta:+.2f} ({c.class_name})" for c in ranked)
    return Measurement(Interval(share, share, share), "share", Evidence(features=features))


def overconfident_rules(run: RunEvidence) -> Measurement | NotExamined:
    """Largest gap between the confidence of a sure rule (above 90%) and its precision on gold labels.

    The precision is that on validation sentences, with its Wilson interval; of all sure rules the one whose
    gap has the largest lower end counts.
    """
    if run.surrogate is None:
        return NO_STUDENTS
    sure = [rule for rule in run.surrogate.rules if rule.confidence > SURE and rule.n_validation]
    if not sure:
        return NotExamined(
            f"no rule of the tree claims a confidence above {SURE:.0%} on validation sentences"
        )
    gaps = []
    for rule in sure:
        precision = wilson_interval(rule.right_validation, rule.n_validation)
        gap = Interval(
            rule.confidence - precision.estimate,
            rule.confidence - precision.high,
            rule.confidence - precision.low,
        )
        text = (
            f"{rule.text}: confidence {rule.confidence:.0%}, right on {rule.right_validation} of "
            f"{rule.n_validation} validation sentences"
        )
        gaps.append((gap, text))
    gaps.sort(key=lambda item: -item[0].low)
    return Measurement(gaps[0][0], "share", Evidence(features=tuple(text for _, text in gaps[:5])))
