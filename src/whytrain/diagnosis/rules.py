"""Which values are findings and what to do about them: a YAML file that people read and extend."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from whytrain.config.validation import did_you_mean
from whytrain.diagnosis.allowed import ALLOWED_KEYS, Scalar
from whytrain.diagnosis.finding import Severity
from whytrain.errors import ConfigError
from whytrain.statistics.intervals import Interval

T = TypeVar("T")
_PLACEHOLDERS = ("value", "low", "high", "threshold", "detail")


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a finding is called.

    Attributes:
        title: a few words.
        text: as that of a rule.
    """

    title: str
    text: str

    def __post_init__(self) -> None:
        """Refuse a text that cannot be filled in."""
        _check_text(self.text)


@dataclass(frozen=True, kw_only=True)
class FindingRule:
    """When a measured value is a finding, what it is called, and what is recommended then.

    Attributes:
        compare: which end of the value's interval is held against the threshold.
        above: the threshold that it must exceed; or
        below: the one that it must not reach; or
        at_most: the one that it must not exceed.
        severity: how much it matters.
        title: a few words.
        text: for a person who does not program; {value}, {low}, {high}, {threshold} and {detail}, what else
            was seen, are filled in.
        surely: title and text where all of the interval lies beyond the threshold, if these differ.
        recommend: names of recommendations.
    """

    compare: Literal["estimate", "low", "high"]
    above: float | None = None
    below: float | None = None
    at_most: float | None = None
    severity: Severity
    title: str
    text: str
    recommend: tuple[str, ...]
    surely: Wording | None = None

    def __post_init__(self) -> None:
        """Refuse what could only fail when it is used."""
        if sum(limit is not None for limit in (self.above, self.below, self.at_most)) != 1:
            raise ValueError("expected one threshold: above, below or at_most")
        _check_text(self.text)

    @property
    def threshold(self) -> float:
        """The number that the value is held against."""
        (threshold,) = (limit for limit in (self.above, self.below, self.at_most) if limit is not None)
        return threshold

    def is_met(self, value: Interval) -> bool:
        """Return whether a value is a finding."""
        number: float = getattr(value, self.compare)
        if self.at_most is not None:
            return number <= self.at_most
        return number > self.threshold if self.above is not None else number < self.threshold

    def wording(self, value: Interval) -> Wording:
        """Return title and text for a value that is a finding."""
        nearest = value.low - self.threshold if self.above is not None else self.threshold - value.high
        if self.surely is not None and nearest > 0:
            return self.surely
        return Wording(title=self.title, text=self.text)


def _check_text(text: str) -> None:
    try:
        text.format(**dict.fromkeys(_PLACEHOLDERS, ""))
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(f"text may hold {{{'}, {'.join(_PLACEHOLDERS)}}} and no other braces") from error


@dataclass(frozen=True, kw_only=True)
class Step:
    """A change of a number from what it is now.

    Attributes:
        add: what is added; negative to lower it. Or
        times: what it is multiplied by, above 1.
        limit: where it ends.
    """

    add: float | None = None
    times: float | None = None
    limit: float

    def __post_init__(self) -> None:
        """Refuse no or two changes."""
        if (self.add is None) == (self.times is None):
            raise ValueError("expected one of add and times")
        if self.times is not None and self.times <= 1:
            raise ValueError("expected times above 1")

    def from_value(self, value: float) -> float | None:
        """Return the next value; None where `value` is at the limit or beyond it."""
        change = value * (self.times - 1) if self.times is not None else self.add
        assert change is not None
        sign = 1 if change >= 0 else -1
        if sign * value >= sign * self.limit:
            return None
        return round(sign * min(sign * (value + change), sign * self.limit), 6)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What a recommendation promises of a metric: of its value afterwards minus its value before.

    Attributes:
        metric: name of a tracked metric.
        at_most: the difference is this or less (so much lower, where negative); or
        at_least: the difference is this or more.
    """

    metric: str
    at_most: float | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        """Refuse no or two promises."""
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("expected one of at_most and at_least")

    @property
    def bound(self) -> float:
        """The number of the promise."""
        bound = self.at_most if self.at_most is not None else self.at_least
        assert bound is not None
        return bound


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """A strategy against something found.

    Attributes:
        text: what is done and why, for a person who does not program.
        overrides: new value, or step, by config key; empty where a person has to act.
        expected: what the next run is held to.
    """

    text: str
    overrides: dict[str, Scalar | Step]
    expected: tuple[Expectation, ...]


@dataclass(frozen=True)
class RuleBook:
    """Rules by detector, recommendations by name."""

    findings: Mapping[str, FindingRule]
    recommendations: Mapping[str, Recommendation]


def load_rules(path: Path | None, detectors: Collection[str]) -> RuleBook:
    """Read the packaged rules, with those of a file in place of or beside them.

    Args:
        path: a file of the same form; what it names replaces the packaged entry. None: the packaged ones.
        detectors: names that a finding may have.

    Raises:
        ConfigError: the file cannot be read, or has a wrong key or value or an unknown name.
    """
    packaged = resources.files("whytrain.diagnosis").joinpath("rules.yaml")
    tables = _tables(packaged.read_text("utf-8"), "rules.yaml")
    if path is not None:
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"diagnosis.rules={path} cannot be read: {error}; give a YAML file") from error
        own = _tables(text, str(path))
        tables = {name: tables[name] | own[name] for name in tables}
    source = "rules.yaml" if path is None else str(path)
    findings = {
        name: _parsed(f"{source}: findings.{name}", entry, FindingRule)
        for name, entry in tables["findings"].items()
    }
    recommendations = {
        name: _parsed(f"{source}: recommendations.{name}", entry, Recommendation)
        for name, entry in tables["recommendations"].items()
    }
    _check_names(source, findings, recommendations, detectors)
    return RuleBook(findings, recommendations)


def _tables(text: str, source: str) -> dict[str, dict[str, Any]]:
    try:
        content = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not YAML: {' '.join(str(error).split())}") from error
    names = [field.name for field in dataclasses.fields(RuleBook)]
    if not isinstance(content, dict):
        raise ConfigError(f"{source}: expected the keys {' and '.join(names)}")
    for key in content:
        if key not in names:
            raise ConfigError(f"{source}: {key}: no such key; {did_you_mean(str(key), names)}")
        if not isinstance(content[key], dict):
            raise ConfigError(f"{source}: {key}: expected entries by name, got {content[key]!r}")
    return {name: content.get(name, {}) for name in names}


def _parsed(where: str, entry: Any, kind: type[T]) -> T:
    fields = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]  # dataclasses all
    for key in entry if isinstance(entry, dict) else ():
        if key not in fields:
            raise ConfigError(f"{where}.{key}: no such key; {did_you_mean(str(key), fields)}")
    try:
        return TypeAdapter(kind).validate_python(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{where}{'.' if place else ''}{place}: {message}") from error


def _check_names(
    source: str,
    findings: Mapping[str, FindingRule],
    recommendations: Mapping[str, Recommendation],
    detectors: Collection[str],
) -> None:
    for name, rule in findings.items():
        if name not in detectors:
            raise ConfigError(
                f"{source}: findings.{name}: no such finding; {did_you_mean(name, list(detectors))}"
            )
        for wanted in rule.recommend:
            if wanted not in recommendations:
                choices = did_you_mean(wanted, list(recommendations))
                raise ConfigError(
                    f"{source}: findings.{name}.recommend: no recommendation {wanted}; {choices}"
                )
    for name, recommendation in recommendations.items():
        for key in recommendation.overrides:
            if key not in ALLOWED_KEYS:
                choices = did_you_mean(key, list(ALLOWED_KEYS))
                raise ConfigError(
                    f"{source}: recommendations.{name}.overrides: {key} may not be set; {choices}"
                )
