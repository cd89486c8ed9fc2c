"""Edits of training sentences, drawn anew in every epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

REMOVED = ""  # as a choice: the word is taken out


class Place(NamedTuple):
    """A part of a text, and what may stand there instead.

    Attributes:
        begin: its first character.
        end: the one after its last.
        choices: one of them is drawn; what is among them more often is drawn more often.
    """

    begin: int
    end: int
    choices: Sequence[str]


Option = tuple[Place, ...]  # places that change together
Target = tuple[Option, ...]  # of several options one is drawn
Targets = Mapping[int, Sequence[Target]]  # by row


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What happens to some targets of the training sentences.

    Attributes:
        probability: that it happens to a target, drawn for each.
        targets: by row.
        to_others: whether nothing becomes what it is; what has no other choice is taken out.
    """

    probability: float
    targets: Targets
    to_others: bool = False


def target(begin: int, end: int, choices: Sequence[str]) -> Target:
    """Return a target of one place."""
    return ((Place(begin, end, choices),),)


def edited(text: str, row: int, edits: Sequence[Edit], generator: np.random.Generator) -> str:
    """Return the text of a row after some edits, of which none touches what an earlier one did.

    A text of which nothing would be left stays as it is.
    """
    changes: list[tuple[int, int, str]] = []
    for edit in edits:
        for options in edit.targets.get(row, ()):
            if edit.probability < 1 and generator.random() >= edit.probability:
                continue
            places = options[_draw(len(options), generator)]
            if not any(p.begin < end and begin < p.end for p in places for begin, end, _ in changes):
                old = [text[p.begin : p.end] if edit.to_others else None for p in places]
                drawn = [_choice(p.choices, word, generator) for p, word in zip(places, old, strict=True)]
                changes += [(p.begin, p.end, word) for p, word in zip(places, drawn, strict=True)]
    for begin, end, new in sorted(changes, reverse=True):
        text = _put(text, begin, end, new) if new else _without(text, begin, end)
    return text


def _choice(choices: Sequence[str], unlike: str | None, generator: np.random.Generator) -> str:
    """Draw one of the choices, if wanted one unlike a word."""
    drawn = choices[_draw(len(choices), generator)]
    if unlike is None or drawn.lower() != unlike.lower():
        return drawn
    others = [choice for choice in choices if choice.lower() != unlike.lower()]
    return others[_draw(len(others), generator)] if others else REMOVED


def _draw(n: int, generator: np.random.Generator) -> int:
    return 0 if n == 1 else int(generator.random() * n)


def _put(text: str, begin: int, end: int, new: str) -> str:
    """Write a word in the place and the case of another."""
    old = text[begin:end]
    if old.isupper() and len(old) > 1:
        new = new.upper()
    elif old[:1].isupper():
        new = new[:1].upper() + new[1:]
    return text[:begin] + new + text[end:]


def _without(text: str, begin: int, end: int) -> str:
    """Take a part out, with the space that would be left twice."""
    before, after = text[:begin], text[end:]
    if not before or before[-1].isspace():
        after = after.lstrip() if not before or after[:1].isspace() else after
    left = before + after
    left = left if after else left.rstrip()
    return left if left.strip() else text
