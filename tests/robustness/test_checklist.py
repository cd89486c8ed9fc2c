"""Tests made of templates: what passes, what the interval is over, and files that say something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from readers import Reader

from whytrain.errors import ConfigError
from whytrain.robustness.checklist import filled, read_suite, run_tests
from whytrain.statistics.intervals import clustered_share

SUITE = {
    "classes": {"yes": ["yes"], "no": ["no"]},
    "words": {"thing": ["film", "plot"], "kind": ["fine", "good", "odd"], "name": ["ann", "bob"]},
    "tests": {
        "praise": {"ability": "words", "minimum": ["a {kind} {thing}"], "expect": "yes", "by": "kind"},
        "names": {"ability": "names", "same": ["{name} saw a {thing}"], "vary": "name", "by": "thing"},
        "more": {"ability": "words", "more": [["{kind}", "very {kind}"]], "expect": "yes", "by": "kind"},
    },
}
READER = Reader({"fine": 1.0, "good": 1.0, "bob": 1.0, "very": -0.3, "odd": -2.0}, bias=-0.5)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tests.yaml"
    path.write_text(yaml.safe_dump(SUITE, sort_keys=False), "utf-8")
    return path


def test_each_kind_of_test_by_hand(file: Path) -> None:
    outcomes, left_out = run_tests(READER, read_suite(file), ["no", "yes"], most=100, seed=0)
    found = {each.name: each for each in outcomes}
    assert left_out == []
    assert found["praise"].share.estimate == pytest.approx(4 / 6)  # odd film and odd plot fail
    assert found["praise"].failures == ("a odd film", "a odd plot")
    # Of the names ann says no and bob yes, for both things.
    assert (found["names"].share.estimate, found["names"].n_cases) == (0.0, 2)
    # 0.3 less log-odds is about 0.07 of a probability near a half, which is not over 0.1.
    assert found["more"].share.estimate == 1.0
    in_words = clustered_share([True] * 4 + [False] * 2, [0, 0, 1, 1, 2, 2])
    assert (found["praise"].share.low, found["praise"].share.high) == (in_words.low, in_words.high)


def test_a_role_that_no_class_plays_is_left_out(file: Path) -> None:
    outcomes, left_out = run_tests(READER, read_suite(file), ["no", "maybe"], most=100, seed=0)
    assert [each.name for each in outcomes] == ["names"]
    assert left_out[0] == "praise: no class is called yes"


def test_so_many_cases_are_drawn_and_no_slot_is_left() -> None:
    suite = read_suite(None)
    for test in suite.tests.values():
        cases = filled(test, suite.words, 20, np.random.default_rng(0))
        assert 0 < len(cases) <= 20
        assert not any("{" in text for case in cases for text in case.texts)
        assert all(case.group in suite.words[test.by] for case in cases)
        assert len({case.texts for case in cases}) == len(cases)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"expect": "perhaps"}, "no classes for the role perhaps"),
        ({"minimum": ["a {place}"]}, "no words for the slot place"),
        ({"same": ["{name}"]}, "expected one of minimum, same and more"),
        ({"expect": None}, "`expect` beside minimum"),
    ],
)
def test_what_is_no_test_is_told(tmp_path: Path, change: dict[str, object], message: str) -> None:
    suite = SUITE | {"tests": {"praise": SUITE["tests"]["praise"] | change}}
    path = tmp_path / "tests.yaml"
    path.write_text(yaml.safe_dump(suite), "utf-8")
    with pytest.raises(ConfigError, match=message):
        read_suite(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give a YAML file"):
        read_suite(tmp_path / "none.yaml")
