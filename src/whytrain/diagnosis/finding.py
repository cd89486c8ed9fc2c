"""What a diagnosis says: measured values with intervals, findings, and what could not be looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from whytrain.attribution.attribution import Quantity
from whytrain.errors import DataError
from whytrain.statistics.intervals import Interval, bootstrap_interval, mean_change

Severity = Literal["serious", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("serious", "warning", "note")
Unit = Literal["share", "points", "times", "nats", "log-odds"]
PAIR = " + "


@dataclass(frozen=True, kw_only=True)
class Example:
    """A sentence that shows what was found.

    Attributes:
        sentence_id: its id in its split.
        words: the sentence; whoever shows or logs it hides them where text is private (`hidden`).
        note: what to see in it; holds no text of the data.
        values: what each word adds to the payoff of the class; None where words were not explained.
        quantity: what the values are; None without values.
        class_name: of which class; empty without values.
    """

    sentence_id: str
    words: tuple[str, ...]
    note: str
    values: tuple[float, ...] | None = None
    quantity: Quantity | None = None
    class_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Support:
    """What a measured value rests on, the most telling first.

    Attributes:
        sentences: examples.
        tokens: words; pairs are joined by `PAIR`. To be hidden where text is private.
        features: names of what a student sees, or its rules; hidden by whoever published them.
    """

    sentences: tuple[Example, ...] = ()
    tokens: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A value that may be a finding.

    Attributes:
        value: with its 95% interval.
        unit: `share` of 1, `points` for differences of shares, or what its name says.
        detail: a sentence or two with what the value does not say: names, counts, what chance gives.
        evidence: what it rests on.
        rows: by sentence id what `value` is the mean of; empty where it is not a mean over sentences.
    """

    value: Interval
    unit: Unit
    detail: str = ""
    evidence: Support = Support()
    rows: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class NotExamined:
    """Why a detector could not look.

    Attributes:
        reason: one clause: what was missing, and how to get it.
    """

    reason: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A measured value beyond its threshold.

    Attributes:
        name: of the detector and its rule.
        value: as measured.
        low: lower end of its 95% interval.
        high: upper end.
        threshold: of the rule.
        unit: of the four values above.
        severity: of the rule.
        title: a few words.
        message: what it means, for a person who does not program.
        evidence: what it rests on.
    """

    name: str
    value: float
    low: float
    high: float
    threshold: float
    unit: Unit
    severity: Severity
    title: str
    message: str
    evidence: Support


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All that was looked at.

    Attributes:
        findings: the most severe first.
        measurements: every value that was measured, findings or not, by detector.
        not_examined: the reason, by detector.
    """

    findings: tuple[Finding, ...]
    measurements: Mapping[str, Measurement]
    not_examined: Mapping[str, str]

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)


def mean_measurement(
    rows: Mapping[str, float],
    unit: Unit,
    evidence: Support = Support(),
    detail: str = "",
) -> Measurement:
    """Return the mean over sentences with its bootstrap interval; it draws with a fixed seed.

    Points are differences of shares: see `mean_change` where none of them differs.
    """
    values = list(rows.values())
    value = mean_change(values) if unit == "points" else mean_interval(values)
    return Measurement(value=value, unit=unit, detail=detail, evidence=evidence, rows=dict(rows))


def mean_interval(values: ArrayLike) -> Interval:
    """Return a mean with its percentile bootstrap interval.

    Raises:
        DataError: fewer than two values.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size < 2:
        raise DataError(f"an interval needs at least 2 sentences, got {array.size}")
    return bootstrap_interval(lambda draws: draws.mean(axis=1), array)


def hidden(diagnosis: Diagnosis, name: Callable[[str], str]) -> Diagnosis:
    """Return the diagnosis with other names for all words of the data, such as their hashes.

    In texts that are words in quotation marks “so”.
    """

    def of(evidence: Support) -> Support:
        examples = (replace(e, words=tuple(map(name, e.words))) for e in evidence.sentences)
        tokens = (PAIR.join(map(name, token.split(PAIR))) for token in evidence.tokens)
        return replace(evidence, sentences=tuple(examples), tokens=tuple(tokens))

    def told(text: str) -> str:
        return re.sub("“([^”]+)”", lambda word: f"“{name(word[1])}”", text)

    return Diagnosis(
        findings=tuple(
            replace(finding, evidence=of(finding.evidence), message=told(finding.message))
            for finding in diagnosis.findings
        ),
        measurements={
            key: replace(m, evidence=of(m.evidence), detail=told(m.detail))
            for key, m in diagnosis.measurements.items()
        },
        not_examined=diagnosis.not_examined,
    )


def in_words(value: float, unit: Unit) -> str:
    """Return a value as people read it.

    >>> in_words(0.627, "share"), in_words(-0.019, "points")
    ('63%', '−1.9 points')
    >>> in_words(0.05, "nats"), in_words(-0.5, "log-odds")
    ('0.050 nats', '−0.50 log-odds')
    """
    if unit in ("share", "points"):
        percent, sign = 100 * value, "%" if unit == "share" else " points"
        digits = 1 if abs(percent) < 10 and percent != round(percent) else 0
        text = f"{percent:.{digits}f}{sign}"
    else:
        text = f"{value:.3f} {unit}" if unit == "nats" else f"{value:.{1 if unit == 'times' else 2}f} {unit}"
    return text.replace("-", "\N{MINUS SIGN}", 1) if text.startswith("-") else text
