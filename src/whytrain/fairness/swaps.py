"""Sentences in which words that say who somebody is stand for each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from whytrain.shortcuts.features import Text
from whytrain.shortcuts.identity import SLOT, IdentityTerms, TermSet

Where = Literal["sentences", "templates"]
SENTENCES: Where = "sentences"
TEMPLATES: Where = "templates"
NONE = "none"  # named of a kind
_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Swapped:
    """One sentence with every word of a set in the same place.

    Attributes:
        terms: the set.
        texts: the sentence with each of its words, in their order.
        own: which of them the data have; None for a template, which has none of its own.
        row: of the data; None for a template.
    """

    terms: TermSet
    texts: tuple[str, ...]
    own: int | None = None
    row: int | None = None

    @property
    def where(self) -> Where:
        """Where the sentence comes from."""
        return TEMPLATES if self.row is None else SENTENCES


def swapped_sentences(texts: Sequence[str], terms: IdentityTerms, most: int) -> list[Swapped]:
    """Return sentences of the data with identity terms, and with all others of their set in their place.

    A sentence with words of several sets is there once for each. All occurrences of a word are exchanged at
    once; "a" and "an" before it follow.

    Args:
        texts: sentences of the data, those first that are to be preferred.
        terms: the words.
        most: sentences of each kind.
    """
    of_word = {
        word.lower(): (found, place)
        for found in terms.sets
        if found.in_texts
        for place, word in enumerate(found.words)
    }
    taken: Counter[str] = Counter()
    result = []
    for row, text in enumerate(map(Text, texts)):
        for word in dict.fromkeys(word for word in text.words if word in of_word):
            found, own = of_word[word]
            if taken[found.kind] == most:
                continue
            taken[found.kind] += 1
            changed = tuple(
                text.text if place == own else _exchanged(text, found.words[own], other)
                for place, other in enumerate(found.words)
            )
            result.append(Swapped(terms=found, texts=changed, own=own, row=row))
    return result


def filled_templates(terms: IdentityTerms, *, lower: bool) -> list[Swapped]:
    """Return every template with all words that fit.

    Args:
        terms: the words and templates.
        lower: whether to write them without capitals, as the data are.
    """
    result = []
    for found in terms.sets:
        for template in terms.templates.get(found.form, ()):
            filled = (template.replace(SLOT, word) for word in found.words)
            result.append(
                Swapped(terms=found, texts=tuple(text.lower() if lower else text for text in filled))
            )
    return result


def mentions(texts: Sequence[str], terms: IdentityTerms) -> dict[str, NDArray[np.str_]]:
    """Return columns that say for each kind which group a sentence names: one, several, or none."""
    group_of = {
        word.lower(): (found.kind, group)
        for found in terms.sets
        if found.in_texts
        for group, word in zip(found.groups, found.words, strict=True)
    }
    kinds = dict.fromkeys(kind for kind, _ in group_of.values())
    columns: dict[str, list[str]] = {kind: [] for kind in kinds}
    for text in texts:
        named = [group_of[word] for word in dict.fromkeys(Text(text).words) if word in group_of]
        for kind, column in columns.items():
            groups = {group for of, group in named if of == kind}
            column.append(NONE if not groups else groups.pop() if len(groups) == 1 else "several")
    return {f"named {kind}": np.array(column, dtype=np.str_) for kind, column in columns.items()}


def without_capitals(texts: Sequence[str]) -> bool:
    """Whether texts are written in lower case throughout."""
    return not any(character.isupper() for text in texts for character in text)


def _exchanged(text: Text, own: str, other: str) -> str:
    """Return a text with another word in all places of one, written as it is written there."""
    changed = text
    for place, word in enumerate(text.words):
        if word == own.lower():
            before = changed.shown[place - 1] if place else ""
            changed = Text(changed.replaced(place, _written_like(text.shown[place], own, other)))
            if before.lower() in ("a", "an"):
                article = before[0] + ("n" if _VOWEL.match(other) else "")
                changed = Text(changed.replaced(place - 1, article))
    return changed.text


def _written_like(shown: str, own: str, other: str) -> str:
    """Return a word with the capitals that another has where it stands.

    >>> _written_like("jews", "Jews", "Hindus"), _written_like("WOMEN", "women", "men")
    ('hindus', 'MEN')
    """
    letters = "".join(filter(str.isalpha, shown))
    if len(letters) > 1 and letters.isupper():
        return other.upper()
    # A capital at the beginning of a sentence is given back by `Text.replaced`.
    return other.lower() if letters.islower() and not own.islower() else other
