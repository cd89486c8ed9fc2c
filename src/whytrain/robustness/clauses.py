"""Clauses that say nothing of a text's class: beside them the answer should stay what it is."""

from __future__ import annotations

from collections.abc import Sequence

# Without a word of praise or blame; the last two as in Ribeiro et al. (2020), who add links and handles.
ENGLISH = (
    "as i wrote on monday , {text}",
    "{text} , at least that is what i wrote down",
    "{text} i saw this with my sister .",
    "{text} it was late in the evening .",
    "@user {text}",
    "{text} https://t.co/a1b2c3",
)


def with_clauses(text: str, clauses: Sequence[str]) -> list[str]:
    """Return a text within each clause, `{text}` being its place.

    >>> with_clauses("a fine film", ["@user {text}"])
    ['@user a fine film']
    """
    return [clause.replace("{text}", text.strip()) for clause in clauses]
