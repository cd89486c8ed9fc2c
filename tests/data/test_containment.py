"""Containment on word boundaries, against looking at every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whytrain.data.containment import containments, number_sentences
from whytrain.data.words import normalize_whitespace, split_words

# Few words and long repeats, so that sentences contain one another often; "ab" holds "a" as a string.
SENTENCES = st.lists(st.sampled_from(["a", "b", "ab", "é", "很"]), min_size=1, max_size=9).map(" ".join)


def every_pair(texts: list[str]) -> set[tuple[str, str]]:
    """Return (inner, outer) by looking at every window of every pair of distinct sentences."""
    distinct = {tuple(split_words(text)) for text in texts}
    return {
        (" ".join(inner), " ".join(outer))
        for inner in distinct
        for outer in distinct
        if inner != outer and any(outer[start : start + len(inner)] == inner for start in range(len(outer)))
    }


@given(st.lists(SENTENCES, max_size=25))
@settings(max_examples=100, deadline=None)
def test_equals_looking_at_every_pair(texts: list[str]) -> None:
    found = containments(texts)
    _, distinct = number_sentences(texts)
    pairs = [(distinct[i], distinct[o]) for i, o in zip(found.inner, found.outer, strict=True)]
    assert len(set(pairs)) == len(pairs)
    assert set(pairs) == every_pair(texts)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 1000])
def test_every_length_is_found_at_the_beginning_middle_and_end(length: int) -> None:
    words = [f"w{number}" for number in range(2 * length + 3)]
    inner = [words[:length], words[3 : 3 + length], words[-length:]]
    found = containments([" ".join(words), *map(" ".join, inner)])
    assert set(zip(found.inner.tolist(), found.outer.tolist(), strict=True)) >= {(1, 0), (2, 0), (3, 0)}


def test_windows_do_not_reach_into_the_next_sentence() -> None:
    found = containments(["one two", "three four", "two three"])
    assert len(found.inner) == 0


def test_whitespace_does_not_matter() -> None:
    found = containments(["a  fine\tfilm ", "a fine film", "fine\nfilm"])
    assert found.sentence.tolist() == [0, 0, 1]
    assert list(zip(found.inner, found.outer, strict=True)) == [(1, 0)]


def test_words_of_cjk_text_are_characters() -> None:
    found = containments(["这部电影很好", "电影", "很 好"])
    assert set(zip(found.inner.tolist(), found.outer.tolist(), strict=True)) == {(1, 0), (2, 0)}


def test_nothing_and_a_single_sentence() -> None:
    assert len(containments([]).sentence) == 0
    assert len(containments(["alone"]).inner) == 0


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_words_hold_every_character_that_is_not_whitespace(text: str) -> None:
    words = split_words(text)
    assert "".join(words) == "".join(character for character in text if not character.isspace())
    assert split_words(normalize_whitespace(text)) == words


def test_case_unicode_forms_and_invisible_characters_make_no_difference() -> None:
    texts = [
        "A caf\u00e9 film",
        "a  CAFE\u0301 film",
        "a caf\u00e9\u200b film",
        "caf\u00e9 FILM",
        "a cafe film",
    ]
    found = containments(texts)
    assert found.sentence.tolist() == [0, 0, 0, 1, 2]
    assert list(zip(found.inner.tolist(), found.outer.tolist(), strict=True)) == [(1, 0)]


def test_blocks_find_what_one_block_does(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(list("abc"), generator.integers(1, 9))) for _ in range(200)]
    whole = containments(texts)
    monkeypatch.setattr("whytrain.data.containment.BLOCK", 50)
    for one, other in zip(whole, containments(texts), strict=True):
        np.testing.assert_array_equal(one, other)
