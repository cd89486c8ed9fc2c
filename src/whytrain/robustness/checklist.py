"""Tests of single abilities: sentences made of templates, for which everybody knows what must come out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import TypeAdapter, ValidationError

from whytrain.errors import ConfigError
from whytrain.statistics.intervals import Interval, clustered_share
from whytrain.types import Predict

TOLERANCE = 0.1  # of a probability that must not fall, as in Ribeiro et al.
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Test:
    """A test of an ability; see the packaged file of tests for what each key means.

    Attributes:
        ability: a few words.
        by: the slot over whose words the interval is taken.
        minimum: templates with one right answer.
        same: templates whose answer must not depend on `vary`.
        more: pairs of templates.
        expect: role of the class that must come out, or become no less likely.
        vary: slot that must not matter.
    """

    __test__ = False  # nothing that pytest collects

    ability: str
    by: str
    minimum: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    more: tuple[tuple[str, str], ...] = ()
    expect: str | None = None
    vary: str | None = None

    def __post_init__(self) -> None:
        """Refuse a test that says not what must come out."""
        if sum(map(bool, (self.minimum, self.same, self.more))) != 1:
            raise ValueError("expected one of minimum, same and more")
        if (self.vary if self.same else self.expect) is None:
            raise ValueError("expected `vary` beside same, and `expect` beside minimum and more")

    @property
    def templates(self) -> tuple[tuple[str, ...], ...]:
        """The templates that are filled alike."""
        return self.more or tuple((template,) for template in self.minimum or self.same)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Tests, and what they speak of.

    Attributes:
        classes: by role, names of classes.
        words: by slot.
        tests: by name.
    """

    classes: Mapping[str, tuple[str, ...]]
    words: Mapping[str, tuple[str, ...]]
    tests: Mapping[str, Test]

    def __post_init__(self) -> None:
        """Refuse slots and roles that nobody gave."""
        for name, test in self.tests.items():
            slots = {slot for texts in test.templates for text in texts for slot in _SLOT.findall(text)}
            slots |= {test.by} | ({test.vary} if test.vary else set())
            if missing := sorted(slots - self.words.keys()):
                raise ValueError(f"{name}: no words for the slot {missing[0]}")
            if test.expect is not None and test.expect not in self.classes:
                raise ValueError(f"{name}: no classes for the role {test.expect}")

    def class_of(self, role: str, class_names: Sequence[str]) -> int | None:
        """Return the index of the class that plays a role; None where there is none."""
        names = [name.strip().lower() for name in class_names]
        return next((names.index(name) for name in self.classes[role] if name in names), None)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a test came out.

    Attributes:
        name: of the test.
        ability: that it tests.
        share: of its cases that passed, with an interval over the words of `by`.
        n_cases: sentences, pairs or groups of sentences.
        failures: cases that did not pass, a text each, the first ones.
    """

    name: str
    ability: str
    share: Interval
    n_cases: int
    failures: tuple[str, ...]


def read_suite(path: Path | None) -> Suite:
    """Read tests from a file; None: the packaged ones.

    Raises:
        ConfigError: the file cannot be read, or says something else than tests.
    """
    packaged = resources.files("whytrain.robustness").joinpath("checklist.yaml")
    try:
        text = packaged.read_text("utf-8") if path is None else path.expanduser().read_text("utf-8")
        return TypeAdapter(Suite).validate_python(yaml.safe_load(text))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the tests {path} cannot be read: {error}; give a YAML file") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"the tests {path} are not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"the tests {path}: {place} {first['msg'].removeprefix('Value error, ')}"
        ) from error


def run_tests(
    predict: Predict, suite: Suite, class_names: Sequence[str], *, most: int, seed: int, level: float = 0.95
) -> tuple[list[Outcome], list[str]]:
    """Ask a model all that a suite tests.

    Args:
        predict: the model.
        suite: the tests.
        class_names: of the classes.
        most: cases of a test; of more, so many are drawn.
        seed: draws them.
        level: of the intervals.

    Returns:
        The outcomes, and why tests were left out.

    References:
        Ribeiro, Wu, Guestrin, Singh (2020), Beyond accuracy: behavioral testing of NLP models with CheckList.
    """
    outcomes, left_out = [], []
    for number, (name, test) in enumerate(suite.tests.items()):
        wanted = None if test.expect is None else suite.class_of(test.expect, class_names)
        if test.expect is not None and wanted is None:
            left_out.append(f"{name}: no class is called {' or '.join(suite.classes[test.expect])}")
            continue
        cases = filled(test, suite.words, most, np.random.default_rng([seed, number]))
        outcomes.append(_outcome(name, test, cases, predict, wanted, level))
    return outcomes, left_out


@dataclass(frozen=True, kw_only=True)
class Case:
    """Texts that are judged together.

    Attributes:
        texts: one, a pair, or all that differ in what must not matter.
        group: the word of the slot that the interval is over.
    """

    texts: tuple[str, ...] = field()
    group: str


def filled(
    test: Test, words: Mapping[str, Sequence[str]], most: int, generator: np.random.Generator
) -> list[Case]:
    """Fill the templates of a test with all combinations of words, of which `most` are drawn."""
    cases = []
    for templates in test.templates:
        slots = sorted({slot for text in templates for slot in _SLOT.findall(text)} - {test.vary})
        for chosen in product(*(words[slot] for slot in slots)):
            filling = dict(zip(slots, chosen, strict=True))
            varied = [{test.vary: word} for word in words[test.vary]] if test.vary else [{}]
            texts = tuple(_put(text, filling | more) for text in templates for more in varied)
            cases.append(Case(texts=texts, group=filling.get(test.by, "")))
    kept = np.sort(generator.permutation(len(cases))[:most]).tolist()
    return [cases[place] for place in kept]


def _put(template: str, filling: Mapping[str | None, str]) -> str:
    return _SLOT.sub(lambda slot: filling[slot[1]], template)


def _outcome(
    name: str, test: Test, cases: Sequence[Case], predict: Predict, wanted: int | None, level: float
) -> Outcome:
    chances = predict([text for case in cases for text in case.texts])
    passed, start = [], 0
    for case in cases:
        of_case = chances[start : start + len(case.texts)]
        start += len(case.texts)
        answers: Any = of_case.argmax(axis=1)
        if test.same:
            passed.append(len(set(answers.tolist())) == 1)
        elif test.minimum:
            passed.append(bool(answers[0] == wanted))
        else:
            passed.append(bool(of_case[1, wanted] >= of_case[0, wanted] - TOLERANCE))
    names = [case.group for case in cases]
    groups = [sorted(set(names)).index(name) for name in names]
    failures = [" | ".join(c.texts[:2]) for c, fine in zip(cases, passed, strict=True) if not fine]
    return Outcome(
        name=name,
        ability=test.ability,
        share=clustered_share(passed, groups, level),
        n_cases=len(cases),
        failures=tuple(failures[:5]),
    )
