"""The findings of a run as one page that a person who does not program can read."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from whytrain.config.override_words import words_of
from whytrain.counted import counted
from whytrain.diagnosis.finding import SEVERITIES, Diagnosis, Example, Finding, Support, in_words
from whytrain.diagnosis.overrides import Plan, Strategy
from whytrain.diagnosis.rules import Expectation
from whytrain.pages.colored_sentence import colored_sentence
from whytrain.pages.html import SEVERITIES_THEME, THEME, page
from whytrain.presentation.measures import measure_name

_GLOSSARY = {
    "95% interval": "where the true value most likely lies: 95 of 100 such intervals hold it.",
    "Shapley value φ": "what a word adds to the prediction, averaged over all orders in which the words of "
    "the sentence could be put in.",
    "point": "a hundredth: an accuracy of 80% is 3 points above one of 77%.",
    "log-odds": "how sure the model is, on a scale without ends: 0 is undecided, 2.2 is 90%, 4.6 is 99%.",
    "loss, in nats": "how far probabilities are off: 0.69 is a coin's toss, 0.11 is 90% on the right answer.",
    "calibration error": "by how much confidence misses accuracy: 5% is to be right in 85 of 100 cases where "
    "90% was said.",
    "simple copy": "a small model that a person can read, taught to answer like this one: weights of words, "
    "or a few rules.",
}
_STYLE = """
body { max-width: 56em; }
p, li { overflow-wrap: anywhere; }
section { border-left: 0.3em solid var(--line); padding-left: 1em; margin: 1.2em 0; }
section h2 { margin-top: 0; border: 0; }
code { background: var(--soft); padding: 0.1em 0.3em; overflow-wrap: anywhere; }
small { color: var(--quiet); }
summary { cursor: pointer; }
.badge { color: var(--paper); border-radius: 0.3em; padding: 0.1em 0.5em; font-size: 0.8em; }
section.serious { border-color: var(--serious); } .badge.serious { background: var(--serious); }
section.warning { border-color: var(--warning); } .badge.warning { background: var(--warning); }
section.note { border-color: var(--note); } .badge.note { background: var(--note); }
@media print { details::details-content { content-visibility: visible; } }
"""


def diagnosis_page(diagnosis: Diagnosis, plan: Plan, run_name: str, run_id: str, suspects: str = "") -> str:
    """Return a self-contained HTML page; all text of the data is escaped.

    Args:
        diagnosis: words hidden already where they are private.
        plan: what is recommended.
        run_name: the name that people see.
        run_id: MLflow's.
        suspects: the ranked list of what may be a shortcut, as HTML; empty where nobody looked.
    """
    parts = [
        f"<h1>What {escape(run_name)} says about itself</h1>",
        f"<p>{_summary(diagnosis, plan)}</p>",
        *(_finding(finding, plan, _n_sentences(diagnosis, finding)) for finding in diagnosis.findings),
        f"<h2>What decides most, whatever it is</h2>{suspects}" if suspects else "",
        _changes(plan, run_id),
        _unchanged(diagnosis),
        _glossary(),
    ]
    return page(f"Diagnosis of {run_name}", "".join(parts), THEME + SEVERITIES_THEME + _STYLE)


def _summary(diagnosis: Diagnosis, plan: Plan) -> str:
    counts = [f"{diagnosis.count(s)} {s}" for s in SEVERITIES if diagnosis.count(s)]
    found = (
        f"{counted(len(diagnosis.findings), 'finding')} ({', '.join(counts)})" if counts else "No findings"
    )
    return (
        f"{found} in {counted(len(diagnosis.measurements), 'thing')} looked at; "
        f"{len(diagnosis.not_examined)} could not be examined. "
        f"{counted(len(plan.strategies), 'change')} of the training recommended."
    )


def _n_sentences(diagnosis: Diagnosis, finding: Finding) -> int:
    """Return how many sentences a finding is the mean of; 0 where it is no such mean."""
    measured = diagnosis.measurements.get(finding.name)
    return len(measured.rows) if measured is not None else 0


def _finding(finding: Finding, plan: Plan, n_sentences: int) -> str:
    badge = f'<span class="badge {finding.severity}">{finding.severity}</span>'
    items = "".join(f"<li>{escape(answer)}</li>" for answer in plan.answers(finding.name))
    return (
        f'<section id="{escape(finding.name)}" class="finding {finding.severity}"><h2>{badge} '
        f"{escape(finding.title)}</h2><p>{escape(finding.message)}</p>{_sureness(finding, n_sentences)}"
        f"{_evidence(finding.evidence)}"
        + (f"<h3>What to do</h3><ul>{items}</ul>" if items else "")
        + "</section>"
    )


def _sureness(finding: Finding, n_sentences: int) -> str:
    ends = [in_words(end, finding.unit) for end in (finding.low, finding.high)]
    threshold = in_words(finding.threshold, finding.unit)
    if finding.low == finding.high:
        text = f"A single number, {ends[0]}, without an interval; the limit is {threshold}."
    elif finding.low > finding.threshold or finding.high < finding.threshold:
        text = f"Sure: all of the interval, {ends[0]} to {ends[1]}, lies beyond the limit of {threshold}."
    else:
        text = f"Not excluded: the interval, {ends[0]} to {ends[1]}, reaches the limit of {threshold}."
    seen = f" Measured on {counted(n_sentences, 'sentence')}." if n_sentences else ""
    return f"<p><b>How sure?</b> {text}{seen}</p>"


def _evidence(evidence: Support) -> str:
    parts = [_example(example) for example in evidence.sentences]
    if evidence.tokens:
        words = " ".join(f"<code>{escape(token)}</code>" for token in evidence.tokens)
        parts.append(f"<p>Words that weigh most: {words}</p>")
    if evidence.features:
        parts.append(f"<ul>{''.join(f'<li>{escape(feature)}</li>' for feature in evidence.features)}</ul>")
    return f"<h3>What it shows in</h3>{''.join(parts)}" if parts else ""


def _example(example: Example) -> str:
    note = f'<small class="note">{escape(example.note)} (sentence {escape(example.sentence_id)})</small>'
    if example.values is None or example.quantity is None:
        return f"<p>“{escape(' '.join(example.words))}”<br>{note}</p>"
    sentence = colored_sentence(
        example.words, np.array(example.values), quantity=example.quantity, class_name=example.class_name
    )
    return sentence + note


def _changes(plan: Plan, run_id: str) -> str:
    parts = ["<h2>What the next training changes</h2>"]
    if plan.strategies:
        rows = "".join(
            f"<tr><td>{escape(strategy.text)}<br>{_codes(strategy)}</td><td>{_expected(strategy.expected)}</td></tr>"
            for strategy in plan.strategies
        )
        parts.append(
            f"<table><tr><th>change</th><th>what it is held to (after minus before)</th></tr>{rows}</table>"
            f"<p>Train with all of it: <code>whytrain train from_diagnosis={escape(run_id)}</code></p>"
        )
    else:
        parts.append("<p>Nothing: no finding asks for a change that this run's config allows.</p>")
    if plan.skipped:
        items = "".join(
            f"<li>{escape(name.replace('_', ' '))}: {escape(reason)}</li>"
            for name, reason in plan.skipped.items()
        )
        parts.append(f"<h3>Recommended, but not followed</h3><ul>{items}</ul>")
    return "".join(parts)


def _codes(strategy: Strategy) -> str:
    return " ".join(f"<code>{escape(word)}</code>" for word in words_of(strategy.overrides))


def _expected(expected: Sequence[Expectation]) -> str:
    return "<br>".join(f"{escape(measure_name(e.metric))}: {promise(e)}" for e in expected)


def promise(expectation: Expectation) -> str:
    """Return what is promised of a difference, in words.

    >>> promise(Expectation(metric="best/ece", at_most=-0.01))
    'at most −0.01'
    """
    side = "at most" if expectation.at_most is not None else "at least"
    return f"{side} {expectation.bound:+g}".replace("-", "\N{MINUS SIGN}")


def _unchanged(diagnosis: Diagnosis) -> str:
    found = {finding.name for finding in diagnosis.findings}
    rows = []
    for name, measured in diagnosis.measurements.items():
        if name not in found:
            value, unit = measured.value, measured.unit
            ends = f"{in_words(value.low, unit)} to {in_words(value.high, unit)}"
            shown = in_words(value.estimate, unit) + (f" ({ends})" if value.low < value.high else "")
            rows.append(f"<tr>{_looked_at('td', name)}<td>{shown}</td></tr>")
    clear = f"<h2>Looked at, nothing found</h2><table>{''.join(rows)}</table>" if rows else ""
    items = "".join(
        f"<li>{_looked_at('span', name)}: {escape(reason)}</li>"
        for name, reason in diagnosis.not_examined.items()
    )
    return clear + (f"<h2>Not examined</h2><ul>{items}</ul>" if items else "")


def _looked_at(tag: str, name: str) -> str:
    """Return what a detector looks at; its own name, which rules go by, shows where one points at it."""
    return f'<{tag} title="{escape(name)}">{escape(measure_name(f"diagnosis/{name}"))}</{tag}>'


def _glossary() -> str:
    items = "".join(f"<dt><b>{term}</b></dt><dd>{meaning}</dd>" for term, meaning in _GLOSSARY.items())
    return f"<h2>Words used here</h2><dl>{items}</dl>"
