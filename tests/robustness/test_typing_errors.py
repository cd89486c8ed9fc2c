"""Typing errors by hand, and how many words of a text get one."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.robustness.typing_errors import NEIGHBORS, all_typos, drawn_typos, mistyped, typos


def edit_distance(a: str, b: str) -> int:
    """Insertions, deletions, substitutions and swaps of neighbors, each one (optimal string alignment)."""
    d = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            d[i, j] = min(d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                d[i, j] = min(d[i, j], d[i - 2, j - 2] + 1)
    return d[len(a), len(b)]


def test_a_word_by_hand() -> None:
    found = typos("good")
    assert found["drop"] == ("god",)  # of both letters the same
    assert "swap" not in found  # the two are the same letter
    assert set(found["neighbor"]) == {f"g{k}od" for k in NEIGHBORS["o"]} | {f"go{k}d" for k in NEIGHBORS["o"]}
    assert set(NEIGHBORS["o"]) == set("ipkl")
    assert set(NEIGHBORS["g"]) == set("tyfhvb")


@pytest.mark.parametrize("word", ["film", "wonderful", "aaaa", "straße"])
def test_each_is_one_edit_away_and_keeps_both_ends(word: str) -> None:
    for other in all_typos(word):
        assert edit_distance(word, other) == 1
        assert (other[0], other[-1]) == (word[0], word[-1])


@pytest.mark.parametrize("word", ["", "bad", "n't", "1999", "k-19", "很好看的"])
def test_short_words_and_signs_stay(word: str) -> None:
    assert "neighbor" not in typos(word)
    if word != "很好看的":  # four letters of another script, which can be swapped and dropped
        assert typos(word) == {}


def test_so_many_words_are_mistyped_and_the_rest_stays() -> None:
    text = "A wonderful, moving film: it is so good"
    for n in range(6):
        found = mistyped(text, n, np.random.default_rng(n))
        changed = [(a, b) for a, b in zip(text.split(), found.split(), strict=True) if a != b]
        assert len(changed) == min(n, 4)  # wonderful, moving, film, good
        assert all(edit_distance(a, b) == 1 for a, b in changed)
    assert mistyped("it is so", 2, np.random.default_rng(0)) == "it is so"


def test_one_is_drawn_of_each_kind() -> None:
    drawn = drawn_typos("wonderful", np.random.default_rng(0))
    assert [word in words for word, words in zip(drawn, typos("wonderful").values(), strict=True)] == [
        True
    ] * 4
