"""All looks at how a model treats people, together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.data.corpus import Split
from whytrain.data.lexicon import is_english
from whytrain.data.words import bare_word
from whytrain.fairness.groups import GroupRate, group_rates
from whytrain.fairness.swaps import filled_templates, mentions, swapped_sentences, without_capitals
from whytrain.fairness.term_effects import Answered, Effect, Gap, Probabilities, answered, effects, gaps
from whytrain.shortcuts.identity import IdentityTerms, english_terms

_READ = 20_000  # sentences in which identity terms are looked for


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """What was found.

    Attributes:
        rates: shares by group.
        answers: sentences with identity terms in each other's place.
        gaps: how far and how often those change the answer.
        effects: which way each of them does.
    """

    rates: tuple[GroupRate, ...]
    answers: tuple[Answered, ...]
    gaps: tuple[Gap, ...]
    effects: tuple[Effect, ...]


def looked_at_classes(n_classes: int, positive: int = 1) -> tuple[int, ...]:
    """Return the classes of which shares and probabilities are looked at: of two classes one says all."""
    return (positive,) if n_classes == 2 else tuple(range(n_classes))


def terms_for(texts: Sequence[str]) -> IdentityTerms | None:
    """Return the packaged terms where texts are English; else None."""
    counts = Counter(bare_word(word) for text in texts for word in text.split())
    return english_terms() if is_english(counts) else None


def study(
    validation: Split,
    train: Sequence[str],
    columns: Mapping[str, NDArray[np.str_]],
    terms: IdentityTerms | None,
    probabilities: Probabilities,
    *,
    sentences: int,
    level: float = 0.95,
    seed: int = 0,
) -> Study:
    """Look at groups of rows, and at identity terms in each other's place.

    Args:
        validation: rows that the model did not learn from.
        train: sentences that are looked at where too few of the others have identity terms.
        columns: the group of each row by name (`whytrain.slices.slice_columns`).
        terms: identity terms; None where nobody knows them in this language.
        probabilities: asks the model.
        sentences: with identity terms that are looked at, of each kind, at most.
        level: of the intervals.
        seed: of the choice of sentences.
    """
    texts, generator = validation.texts, np.random.default_rng([seed, 0x5A9])
    rows = probabilities(texts)
    classes = looked_at_classes(rows.shape[1])
    named: dict[str, NDArray[np.str_]] = {}
    found: list[Answered] = []
    if terms is not None:
        named = mentions(texts, terms)
        drawn = dict.fromkeys([*_drawn(texts, generator), *_drawn(train, generator)])
        swapped = swapped_sentences(list(drawn), terms, sentences)
        found = answered([*swapped, *filled_templates(terms, lower=without_capitals(texts))], probabilities)
    return Study(
        rates=group_rates(rows.argmax(axis=1), validation.labels, {**columns, **named}, classes, level=level),
        answers=tuple(found),
        gaps=gaps(found, level),
        effects=effects(found, classes, level),
    )


def _drawn(texts: Sequence[str], generator: np.random.Generator) -> list[str]:
    return [texts[row] for row in generator.permutation(len(texts))[:_READ]]
