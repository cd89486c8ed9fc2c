"""Words of the command line against Hydra's own grammar."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from whytrain.config.moved_keys import refuse_moved
from whytrain.config.override_words import literal, literal_list, split_word, words_of
from whytrain.errors import ConfigError

PARSER = OverridesParser.create()
ODD = [
    "my data (v2).csv",
    "café.csv",
    "~/x.csv",
    "Overall Rating (1-5)",
    "评论",
    "true",
    "1e5",
    "12",
    ".5",
    "a=b",
]
ODD += [
    "it's",
    "back\\",
    "\\'",
    "a,b",
    "[x]",
    "{y}",
    "",
    " a ",
    "nan",
    "a:",
    "x}",
    "./a.csv",
    "C:\\d e",
    '"q"',
    "%#?",
]


def meant(word: str) -> object:
    """The value that Hydra reads."""
    return PARSER.parse_override(word).value()


@pytest.mark.parametrize("value", ODD)
def test_a_literal_value_reaches_hydra_as_it_is(value: str) -> None:
    word = literal(f"data.path={value}", ["data.path"])
    assert str(meant(word)) == value
    assert PARSER.parse_override(word).key_or_group == "data.path"
    assert split_word(word) == ("data.path", value)
    assert not isinstance(meant(word), (bool, int, float))


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="$"), max_size=12))
def test_any_text_is_read_back(value: str) -> None:
    if value == "null":
        return
    word = literal(f"k={value}", ["k"])
    assert str(meant(word)) == value
    assert split_word(word)[1] == value


def test_what_is_plain_stays_and_other_keys_do() -> None:
    for word in ("data.path=a/b-c.csv", "data.path=null", "tracking.uri=sqlite:///a/b.db", "seed=1e5"):
        assert literal(word, ["data.path", "tracking.uri"]) == word


def test_values_of_sweeps_are_told_apart() -> None:
    def swept(value: str) -> str:
        return literal(f"k={value}", ["k"], swept=True)

    assert swept("a b.csv,c.csv") == "k='a b.csv',c.csv"
    assert swept("'a, b.csv',c.csv") == "k='a, b.csv',c.csv"
    assert swept("choice(a,b)") == "k=choice(a,b)"
    assert literal_list("k=[1,two words]", ["k"]) == "k=['1','two words']"


def test_plain_values_are_read_back_by_hydra() -> None:
    values = {"a": True, "b": None, "c": 1e-3, "d": "x y", "e": [1, "2", "z"], "f": {"g": "h i"}}
    assert [meant(word) for word in words_of(values)][:3] == [True, None, 1e-3]
    read = [meant(word) for word in words_of(values)]
    assert str(read[3]) == "x y"
    assert [str(v) for v in read[4]] == ["1", "'2'", "z"] or [str(v) for v in read[4]] == ["1", "2", "z"]
    assert isinstance(read[4][0], int)
    assert not isinstance(read[4][1], int)


def test_moved_keys_name_the_new_ones() -> None:
    refuse_moved(["trainer.max_epochs", "callbacks.shapley_of_mine", "data.budget"])
    with pytest.raises(
        ConfigError, match=r"^callbacks.shapley.budget is called callbacks.explanations.budget now$"
    ):
        refuse_moved(["seed", "callbacks.shapley.budget"])
    with pytest.raises(
        ConfigError, match=r"^old.yaml: trainer.mode is gone: leave it out; budget is called expl"
    ):
        refuse_moved(["trainer.mode", "budget"], "old.yaml")


def test_a_file_with_a_comma_in_its_name_is_one_value_of_a_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    word = "data.path=a,b.csv"
    assert literal(word, ["data.path"], swept=True) == word
    Path("a,b.csv").touch()
    assert literal(word, ["data.path"], swept=True) == "data.path='a,b.csv'"
    assert str(meant("data.path='a,b.csv'")) == "a,b.csv"
