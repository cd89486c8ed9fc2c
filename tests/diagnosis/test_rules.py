"""The rule file: what is packaged is whole, what a user adds is checked, and a wrong entry is one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from whytrain.diagnosis.allowed import ALLOWED_KEYS
from whytrain.diagnosis.detectors import DETECTORS
from whytrain.diagnosis.rules import FindingRule, Step, Wording, load_rules
from whytrain.errors import ConfigError
from whytrain.loop.deletion_robustness import UNTARGETED
from whytrain.statistics.intervals import Interval


def rule(**changes: object) -> FindingRule:
    fields = {"compare": "low", "above": 0.5, "severity": "note", "title": "t", "text": "x", "recommend": ()}
    return FindingRule(**(fields | changes))  # type: ignore[arg-type]


def test_the_packaged_rules_promise_what_they_change() -> None:
    book = load_rules(None, DETECTORS)
    used = {name for found in book.findings.values() for name in found.recommend}
    assert used == set(book.recommendations)
    metrics = {f"diagnosis/{name}" for name in DETECTORS} | {
        "best/accuracy",
        "best/balanced_accuracy",
        "best/nll",
        "check/accuracy",
    }
    metrics |= set(UNTARGETED)
    for name, recommendation in book.recommendations.items():
        assert {e.metric for e in recommendation.expected} <= metrics, name
        assert bool(recommendation.overrides) == bool(recommendation.expected), name
        # Validation rows carry the shortcut: without it accuracy falls there.
        if recommendation.overrides and "guidance.marks" not in recommendation.overrides:
            assert "best/accuracy" in {e.metric for e in recommendation.expected}, name


@pytest.mark.parametrize(
    ("compare", "value", "met"),
    [
        ("low", Interval(estimate=0.6, low=0.51, high=0.7), True),
        ("low", Interval(estimate=0.6, low=0.5, high=0.7), False),  # at the threshold is not above it
        ("estimate", Interval(estimate=0.6, low=0.4, high=0.7), True),
        ("high", Interval(estimate=0.4, low=0.3, high=0.6), True),
    ],
)
def test_the_chosen_end_is_held_against_the_threshold(compare: str, value: Interval, met: bool) -> None:
    assert rule(compare=compare).is_met(value) is met


def test_below() -> None:
    below = rule(above=None, below=0.25, compare="high")
    assert below.threshold == 0.25
    assert below.is_met(Interval(estimate=0.2, low=0.1, high=0.24))
    assert not below.is_met(Interval(estimate=0.2, low=0.1, high=0.25))
    at_most = rule(above=None, at_most=0.25, compare="high")
    assert at_most.threshold == 0.25
    assert at_most.is_met(Interval(estimate=0.2, low=0.1, high=0.25))
    assert not at_most.is_met(Interval(estimate=0.2, low=0.1, high=0.26))


@pytest.mark.parametrize(
    ("add", "limit", "value", "new"),
    [
        (0.1, 0.2, 0.0, 0.1),
        (0.1, 0.2, 0.15, 0.2),
        (0.1, 0.2, 0.2, None),
        (0.1, 0.2, 0.5, None),  # beyond the limit already: a step never goes back
        (-0.1, 0.1, 0.3, 0.2),
        (-0.1, 0.1, 0.15, 0.1),
        (-0.1, 0.1, 0.05, None),
        (0.1, 0.5, 0.2, 0.3),  # not 0.30000000000000004
    ],
)
def test_steps_end_at_their_limit(add: float, limit: float, value: float, new: float | None) -> None:
    assert Step(add=add, limit=limit).from_value(value) == new


def test_steps_may_multiply() -> None:
    assert Step(times=4, limit=1000).from_value(75) == 300
    assert Step(times=4, limit=1000).from_value(400) == 1000
    assert Step(times=4, limit=1000).from_value(1000) is None
    with pytest.raises(ValueError, match="one of add and times"):
        Step(add=1, times=2, limit=3)
    with pytest.raises(ValueError, match="times above 1"):
        Step(times=0.5, limit=3)


def test_a_sure_value_has_words_of_its_own() -> None:
    surely = Wording(title="does", text="surely {value}")
    may = rule(above=None, below=0.0, compare="low", title="may", text="perhaps {value}", surely=surely)
    assert may.wording(Interval(estimate=-0.1, low=-0.2, high=0.0)).title == "may"
    assert may.wording(Interval(estimate=-0.1, low=-0.2, high=-0.01)) == surely


def test_a_file_replaces_entries_and_adds_others(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "findings:\n"
        "  few_token_dependence_removed: {compare: low, above: 0.4, severity: note, title: t,"
        " text: 'is {value}', recommend: [wait]}\n"
        "recommendations:\n"
        "  wait: {text: w, overrides: {trainer.max_epochs: 9}, expected: [{metric: best/nll, at_most: 0}]}\n"
        "  mask_any_word: {text: own, overrides: {}, expected: []}\n"
    )
    packaged, book = load_rules(None, DETECTORS), load_rules(path, DETECTORS)
    assert book.findings.keys() - packaged.findings.keys() == {"few_token_dependence_removed"}
    assert book.recommendations["wait"].overrides == {"trainer.max_epochs": 9}
    assert book.recommendations["mask_any_word"].text == "own"
    assert book.recommendations["smooth_labels"] == packaged.recommendations["smooth_labels"]


GOOD = "compare: low, above: 0.1, severity: note, title: t, text: x, recommend: []"
UNKNOWN = GOOD.replace("text: x", "text: '{valeu}'")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("finding: {}", "finding: no such key; did you mean findings?"),
        ("findings: [1]", "findings: expected entries by name, got [1]"),
        ("[1]", "expected the keys findings and recommendations"),
        ("a: b: c", "is not YAML"),
        (
            f"findings: {{overfiting: {{{GOOD}}}}}",
            "findings.overfiting: no such finding; did you mean overfitting?",
        ),
        (
            f"findings: {{overfitting: {{{GOOD}, treshold: 1}}}}",
            "findings.overfitting.treshold: no such key; choices",
        ),
        ("findings: {overfitting: 3}", "findings.overfitting: "),
        (
            f"findings: {{overfitting: {{{GOOD.replace('low', 'lower')}}}}}",
            "findings.overfitting.compare: Input should be",
        ),
        (
            f"findings: {{overfitting: {{{GOOD}, below: 1}}}}",
            "expected one threshold: above, below or at_most",
        ),
        (
            f"findings: {{overfitting: {{{UNKNOWN}}}}}",
            "text may hold {value}, {low}, {high}, {threshold}",
        ),
        (
            f"findings: {{overfitting: {{{GOOD.replace('[]', '[rest]')}}}}}",
            "no recommendation rest; choices: another_tokenizer, balance_classes, check_labels",
        ),
        (
            "recommendations: {x: {text: t, overrides: {model.dropuot: 1}, expected: []}}",
            "model.dropuot may not be set; did you mean model.dropout?",
        ),
        (
            "recommendations: {x: {text: t, overrides: {model._target_: os.system}, expected: []}}",
            "model._target_ may not be set",
        ),
        (
            "recommendations: {x: {text: t, overrides: {}, expected: [{metric: a, at_most: 1, at_least: 0}]}}",
            "expected.0: expected one of at_most and at_least",
        ),
    ],
)
def test_a_wrong_entry_is_one_line(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load_rules(path, DETECTORS)
    message = str(caught.value)
    assert message.startswith(f"{path}")
    assert told in message
    assert "\n" not in message


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml cannot be read"):
        load_rules(tmp_path / "gone.yaml", DETECTORS)


def test_nothing_that_runs_code_may_be_set() -> None:
    assert not [key for key in ALLOWED_KEYS if "_" in {part[:1] for part in key.split(".")}]
