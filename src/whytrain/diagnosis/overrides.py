"""From findings to overrides of the next run's config, and back from the file that a run logged."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import yaml

from whytrain.config.moved_keys import refuse_moved
from whytrain.config.override_words import split_word, words_of
from whytrain.config.validation import check_config, did_you_mean
from whytrain.diagnosis.allowed import ALLOWED_KEYS, Scalar
from whytrain.diagnosis.finding import Diagnosis
from whytrain.diagnosis.rules import Expectation, Recommendation, RuleBook, Step
from whytrain.errors import ConfigError
from whytrain.guidance.guidance_settings import ACT_ON_NAMED

_PLAIN = re.compile(r"[\w.-]+")  # a value that no grammar, Hydra's or the shell's, reads in another way


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A recommendation with the values that this run's config leads to.

    Attributes:
        name: of the recommendation.
        text: what is done and why.
        because: the findings that ask for it.
        overrides: new value by key; empty for what a person has to do.
        expected: what the next run is held to.
    """

    name: str
    text: str
    because: tuple[str, ...]
    overrides: Mapping[str, Scalar]
    expected: tuple[Expectation, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the next run should change.

    Attributes:
        strategies: those that change the config, without contradictions among them.
        advice: those for a person.
        skipped: why a recommendation is not followed, by its name.
        unanswered: why nothing of what is recommended about a finding is followed, by its name.
    """

    strategies: tuple[Strategy, ...]
    advice: tuple[Strategy, ...]
    skipped: Mapping[str, str]
    unanswered: Mapping[str, str] = field(default_factory=dict)

    def answers(self, finding: str) -> list[str]:
        """Return what is done about a finding in sentences: what changes, what people can do, or why none."""
        texts = [s.text for s in (*self.strategies, *self.advice) if finding in s.because]
        return texts or self.why_nothing(finding)

    def why_nothing(self, finding: str) -> list[str]:
        """Return why nothing of what is recommended about a finding is followed; empty where something is."""
        reason = self.unanswered.get(finding)
        return [] if reason is None else [f"Nothing to change: {reason}."]


def make_plan(
    diagnosis: Diagnosis,
    book: RuleBook,
    config: Mapping[str, Any],
    run_id: str,
    unusable: Mapping[str, str],
    least: Mapping[str, float] | None = None,
    ungrounded: Mapping[tuple[str, str], str] | None = None,
) -> Plan:
    """Decide which recommendations to follow: the most severe finding's first, each as a whole or not at all.

    Args:
        diagnosis: the findings.
        book: their rules.
        config: the run's resolved config.
        run_id: of the run; guidance reads its ranking.
        unusable: why a key cannot be used after this run, by key.
        least: what the next run has of a key in any case: a change to less, or to this, is left out.
        ungrounded: why a key does nothing about a finding, by finding and key; another may still ask for it.
    """
    because: dict[str, list[str]] = {}
    for_nothing: dict[tuple[str, str], str] = {}  # by finding and recommendation
    for finding in diagnosis.findings:
        for name in book.findings[finding.name].recommend:
            asked = ((finding.name, key) for key in book.recommendations[name].overrides)
            if reasons := [(ungrounded or {})[pair] for pair in asked if pair in (ungrounded or {})]:
                for_nothing[finding.name, name] = reasons[0]
            else:
                because.setdefault(name, []).append(finding.name)
    strategies: list[Strategy] = []
    advice: list[Strategy] = []
    skipped: dict[str, str] = {}
    for (_, name), reason in for_nothing.items():
        if name not in because:
            skipped.setdefault(name, reason)
    taken: dict[str, tuple[Scalar, str]] = {}
    for name, findings in because.items():
        recommendation = book.recommendations[name]
        outcome = _values(recommendation, config, run_id, unusable, taken, least or {})
        if isinstance(outcome, str):
            skipped[name] = outcome
            continue
        strategy = Strategy(
            name=name,
            text=recommendation.text,
            because=tuple(findings),
            overrides=outcome,
            expected=recommendation.expected,
        )
        (strategies if recommendation.overrides else advice).append(strategy)
        taken |= {key: (value, name) for key, value in outcome.items()}
    answered = {name for strategy in (*strategies, *advice) for name in strategy.because}
    unanswered = {}
    for finding in diagnosis.findings:
        asked_for = book.findings[finding.name].recommend
        if finding.name not in answered and asked_for:
            why = (for_nothing.get((finding.name, name)) or skipped[name] for name in asked_for)
            unanswered[finding.name] = "; ".join(dict.fromkeys(why))
    return Plan(strategies=tuple(strategies), advice=tuple(advice), skipped=skipped, unanswered=unanswered)


def _values(
    recommendation: Recommendation,
    config: Mapping[str, Any],
    run_id: str,
    unusable: Mapping[str, str],
    taken: Mapping[str, tuple[Scalar, str]],
    least: Mapping[str, float],
) -> dict[str, Scalar] | str:
    """Return the values to set, or why this recommendation cannot be followed."""
    values: dict[str, Scalar] = {}
    for key, change in recommendation.overrides.items():
        if key in unusable:
            return unusable[key]
        found, current = _lookup(config, key)
        if not found:
            return f"this run's config has no key {key}"
        value = _changed(current, change)
        if value == current or (key in least and float(value or 0) <= least[key]):
            continue
        if key in taken and taken[key][0] != value:
            return f"{taken[key][1]} sets {key}={taken[key][0]} already"
        values[key] = value
    if recommendation.overrides and not values:
        return "the run had these values already, or was at their limits"
    if not ACT_ON_NAMED.isdisjoint(values):
        values["guidance.run"] = run_id
    try:
        check_values(config, values)
    except ConfigError as error:
        return str(error)
    return values


def _changed(current: Any, change: Scalar | Step) -> Scalar:
    """Return the new value; the current one where nothing is left to change."""
    if not isinstance(change, Step):
        return change
    value = change.from_value(float(current or 0.0))
    if value is None:
        return current  # type: ignore[no-any-return]  # a plain value of the config
    # Whole numbers stay such: keys that count something take no other.
    return int(value) if isinstance(current, int) and value.is_integer() else value


def check_values(config: Mapping[str, Any], values: Mapping[str, Scalar]) -> None:
    """Check new values by the annotations that the config itself is checked by.

    Raises:
        ConfigError: naming each wrong value with what is allowed there.
    """
    changed = copy.deepcopy(dict(config))
    for key, value in values.items():
        *path, last = key.split(".")
        node = changed
        for name in path:
            node = node[name]
        node[last] = value
    sections = {key.partition(".")[0] for key in values}
    check_config({name: changed[name] for name in sections}, {})


def _lookup(config: Mapping[str, Any], key: str) -> tuple[bool, Any]:
    node: Any = config
    for name in key.split("."):
        if not isinstance(node, Mapping) or name not in node:
            return False, None
        node = node[name]
    return True, node


def plan_text(strategies: Sequence[Strategy], run_id: str) -> str:
    """Return strategies as the YAML file that `from_diagnosis` reads."""
    content = {
        "strategies": {
            strategy.name: {
                "because": list(strategy.because),
                "overrides": words_of(strategy.overrides),
                "expected": [
                    {name: value for name, value in asdict(expectation).items() if value is not None}
                    for expectation in strategy.expected
                ],
            }
            for strategy in strategies
        },
    }
    head = f"# What the diagnosis recommends; train with it: whytrain train from_diagnosis={run_id}\n"
    if not strategies:
        head = "# The diagnosis recommends no change of the training.\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def read_plan(text: str, source: str) -> tuple[Strategy, ...]:
    """Read what `plan_text` wrote; it is data: known keys and plain values only.

    Raises:
        ConfigError: it has another form, a key that a diagnosis may not set, or a value that is not plain.
    """
    try:
        return tuple(
            Strategy(
                name=str(name),
                text="",
                because=tuple(map(str, entry["because"])),
                overrides=_read_words(entry["overrides"], source),
                expected=tuple(Expectation(**expectation) for expectation in entry["expected"]),
            )
            for name, entry in yaml.safe_load(text)["strategies"].items()
        )
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"{source} is not a diagnosis' list of overrides ({type(error).__name__}); let the run "
            "diagnose itself again"
        ) from error


def _read_words(words: Sequence[str], source: str) -> dict[str, Scalar]:
    overrides: dict[str, Scalar] = {}
    for word in words:
        key, value = split_word(str(word))
        refuse_moved([key], source)
        if key not in ALLOWED_KEYS:
            choices = did_you_mean(key, list(ALLOWED_KEYS))
            raise ConfigError(f"{source}: a diagnosis may not set {key}; {choices}")
        if not _PLAIN.fullmatch(value):
            raise ConfigError(f"{source}: {key}={value}: expected a number, true, false or a name")
        overrides[key] = value if key == "guidance.run" else yaml.safe_load(value)
    return overrides
