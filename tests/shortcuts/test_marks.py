"""Files of marks: what a person writes is what is meant, and a mistake is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from whytrain.errors import ConfigError, MissingDataError
from whytrain.shortcuts import Mark, read_marks, write_marks
from whytrain.shortcuts.marks import parse_marks


def test_a_file_of_every_kind() -> None:
    text = """
- words: [The, "a,"]
  reason: 'articles: no opinion'
  by: Jo
- pair: [Not, film]
- ordered_pair: [plot, actor]
- pattern: '[0-9]+/10'
- words: "--"
"""
    assert parse_marks(text, "marks.yaml") == [
        Mark(words=("the", "a"), reason="articles: no opinion", by="Jo"),
        Mark(words=("not", "film"), kind="pair"),
        Mark(words=("plot", "actor"), kind="ordered_pair"),
        Mark(words=("[0-9]+/10",), kind="pattern"),
        Mark(words=("--",)),
    ]


def test_words_stay_words() -> None:
    # YAML alone would read false, true, 10 and 1.5.
    (mark,) = parse_marks("- words: [no, yes, 10, 1.5, null]", "marks.yaml")
    assert mark.words == ("no", "yes", "10", "1.5", "null")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    marks = [
        Mark(words=("no", "yes"), reason="été: “why”", by="diagnosis"),
        Mark(words=("a", "b"), kind="ordered_pair"),
        Mark(words=("très", "10")),
        Mark(words=(r"\d+(st|nd) \w+",), kind="pattern", reason="two\nlines"),
    ]
    write_marks(marks, tmp_path / "marks.yaml")
    assert read_marks(tmp_path / "marks.yaml") == marks
    assert read_marks(str(tmp_path / "marks.yaml")) == marks


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- word: [the]", r"entry 1: word: no such key; did you mean words\? choices: by, ordered_pair"),
        (
            "- words: [the]\n- by: me",
            r"entry 2: expected one of words, pair, ordered_pair, pattern; got none",
        ),
        ("- words: [a]\n  pattern: b", "got words, pattern"),
        ("- the", "entry 1: expected one of .* got 'the'"),
        ("words: [the]", "expected a list of marks"),
        ("", "expected a list of marks"),
        ("- pair: [one]", r"expected two different words under pair; got \['one'\]"),
        ("- ordered_pair: [One, 'one,']", r"expected two different words under ordered_pair; got \['one'\]"),
        ("- words: [new york]", "a pattern can span several words"),
        ("- words: []", "expected single words under words"),
        ("- words: [a: b]", "expected words and plain text"),
        ("- pattern: '(a'", "expected one regular expression"),
        ("- pattern: [a, b]", "expected one regular expression"),
        ("- pattern: 'a*'", "matches the empty text"),
        ("- words: [a", "marks.yaml is not YAML"),
    ],
)
def test_a_mistake_is_one_line(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        parse_marks(text, "marks.yaml")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("marks.yaml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"none\.yaml does not exist"):
        read_marks(tmp_path / "none.yaml")
    with pytest.raises(MissingDataError, match="is a folder; give a file in it"):
        read_marks(tmp_path)
    (tmp_path / "marks.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(MissingDataError, match=r"no readable file of marks \(UnicodeDecodeError\)"):
        read_marks(tmp_path / "marks.yaml")
