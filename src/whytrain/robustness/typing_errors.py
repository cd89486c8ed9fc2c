"""Typing errors that a reader hardly stumbles over: inside a word, one letter."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np

from whytrain.robustness.attacks import Variants
from whytrain.shortcuts.features import Text

Kind = Literal["swap", "drop", "neighbor", "insert"]
SHORTEST = 4  # letters of a word that is still read with one of them wrong
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbors() -> dict[str, str]:
    """Return the keys that touch each letter's on an American keyboard."""
    columns = {-1: (0, 1), 0: (-1, 1), 1: (-1, 0)}  # by the row above, the same, the one below
    place = {key: (row, column) for row, keys in enumerate(_ROWS) for column, key in enumerate(keys)}
    return {
        key: "".join(o for o, (y, x) in place.items() if x - column in columns.get(y - row, ()))
        for key, (row, column) in place.items()
    }


NEIGHBORS = _neighbors()


@lru_cache(maxsize=1 << 15)  # a corpus says few words many times
def typos(word: str) -> dict[Kind, tuple[str, ...]]:
    """Return the typing errors of a word by their kind: what is written instead; none for short words.

    The first and the last letter stay, by which people read. Swapped: two letters side by side. Dropped: a
    letter. Neighbor: the key beside it. Inserted: such a key behind it. Other alphabets than the Latin one
    have the first two.

    References:
        Gao, Lanchantin, Soffa, Qi (2018), Black-box generation of adversarial text sequences to evade deep
        learning classifiers (DeepWordBug), table 2; that first and last letter stay: Pruthi, Dhingra, Lipton
        (2019), Combating adversarial misspellings with robust word recognition.

    >>> typos("film")["swap"], typos("film")["drop"], typos("it")
    (('flim',), ('flm', 'fim'), {})
    """
    if len(word) < SHORTEST or not word.isalpha():
        return {}
    inner = range(1, len(word) - 1)
    found: dict[Kind, list[str]] = {
        "swap": [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in inner[:-1]],
        "drop": [word[:i] + word[i + 1 :] for i in inner],
        "neighbor": [word[:i] + key + word[i + 1 :] for i in inner for key in NEIGHBORS.get(word[i], "")],
        "insert": [word[: i + 1] + key + word[i + 1 :] for i in inner for key in NEIGHBORS.get(word[i], "")],
    }
    others = {kind: tuple(dict.fromkeys(w for w in words if w != word)) for kind, words in found.items()}
    return {kind: words for kind, words in others.items() if words}


def all_typos(word: str) -> tuple[str, ...]:
    """Return the typing errors of a word of all kinds."""
    return tuple(dict.fromkeys(other for words in typos(word).values() for other in words))


def guiding_typos(word: str) -> tuple[str, ...]:
    """Return the typing errors of a word that guided training uses: the first, the third, …."""
    return all_typos(word)[::2]


def unseen_typos(word: str) -> tuple[str, ...]:
    """Return the typing errors that are left for a test of whether training with the others helped."""
    return all_typos(word)[1::2]


def drawn_typos(word: str, generator: np.random.Generator) -> list[str]:
    """Return one typing error of each kind, where there are any."""
    return [words[generator.integers(len(words))] for words in typos(word).values()]


def mistyped(text: str, n_words: int, generator: np.random.Generator, errors: Variants = all_typos) -> str:
    """Return a text with a typing error in some of its words, drawn; as it is where all words are short.

    Args:
        text: the text.
        n_words: how many words, or fewer where there are no more.
        generator: draws words, the kind of error, and the error.
        errors: of a word, among those of `typos`.
    """
    split = Text(text)
    able = [place for place, word in enumerate(split.words) if errors(word)]
    changes = {}
    for place in generator.permutation(able)[:n_words].tolist() if able else []:
        word = split.words[place]
        of_kinds = [[e for e in of_kind if e in set(errors(word))] for of_kind in typos(word).values()]
        possible = [of_kind for of_kind in of_kinds if of_kind]
        of_kind = possible[generator.integers(len(possible))]
        changes[place] = of_kind[generator.integers(len(of_kind))]
    return split.rewritten(changes)
