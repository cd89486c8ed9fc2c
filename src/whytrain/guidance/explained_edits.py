"""What becomes of the words, and pairs of words, that an earlier run's explanations name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from whytrain.data.lexicon import Lexicon, guiding_synonyms
from whytrain.data.tokenization import HIDDEN
from whytrain.errors import ConfigError
from whytrain.guidance.editing import Edit, Target, target
from whytrain.guidance.guidance_settings import GuidanceSettings
from whytrain.guidance.marked_words import Words
from whytrain.guidance.stand_ins import like_words
from whytrain.guidance.target_words import (
    Pair,
    explained_pairs,
    explained_words,
    random_pairs,
    random_words,
    word_counts,
)
from whytrain.guidance.training_rows import Named, TrainingRows

T = TypeVar("T")


def edits_of_explained(
    settings: GuidanceSettings,
    named: Named,
    rows: TrainingRows,
    words: Words,
    lexicon: Lexicon,
    generator: np.random.Generator,
) -> list[Edit]:
    """Return what becomes of words, and of pairs of words, that a run's explanations name."""
    texts = rows.texts[: len(rows.ids)]
    counts = word_counts(texts)
    is_random, edits = settings.targets == "random", []
    if settings.changes_explained_words:
        chosen = explained_words(named.words, counts, lexicon, settings.top_words)
        chosen = found_in_data(chosen, "content words")
        chosen = random_words(chosen, counts, lexicon, generator) if is_random else chosen
        hidden = {word: [HIDDEN] for word in chosen}
        # They stand for each other: what one says can then not be relied on alone. Another word in its place
        # would only hide it.
        others = (
            {word: like_words(word, chosen, counts, lexicon) for word in chosen} if settings.replace else {}
        )
        # Of those that are not hidden, so many that the share of all is as said.
        left = settings.replace / (1 - settings.mask) if settings.replace else 0.0
        edits.append(Edit(probability=settings.mask, targets=_targets(words, hidden)))
        edits.append(Edit(probability=left, targets=_targets(words, others)))
    if settings.synonyms:
        pairs = found_in_data(explained_pairs(named.pairs, counts, settings.top_words), "pairs of words")
        pairs = random_pairs(pairs, texts, generator) if is_random else pairs
        edits.append(Edit(probability=settings.synonyms, targets=_synonyms(words, pairs, lexicon)))
    return edits


def _targets(words: Words, choices: Mapping[str, Sequence[str]]) -> dict[int, list[Target]]:
    found: dict[int, list[Target]] = defaultdict(list)
    for word, others in choices.items():
        for row, spans in words.rows(word).items():
            found[row] += [target(begin, end, others) for begin, end in spans if others]
    return found


def _synonyms(words: Words, pairs: Sequence[Pair], lexicon: Lexicon) -> dict[int, list[Target]]:
    """Return the words that stand in a sentence with a partner, and have synonyms."""
    beside: dict[str, set[int]] = defaultdict(set)
    for a, b in pairs:
        together = words.rows(a).keys() & words.rows(b).keys()
        beside[a] |= together
        beside[b] |= together
    found: dict[int, list[Target]] = defaultdict(list)
    for word, rows in sorted(beside.items()):
        if synonyms := guiding_synonyms(lexicon, word):
            for row in rows:
                found[row] += [target(begin, end, synonyms) for begin, end in words.rows(word)[row]]
    return found


def found_in_data(targets: list[T], what: str) -> list[T]:
    """Return targets, of which there are any.

    Raises:
        ConfigError: there are none.
    """
    if not targets:
        raise ConfigError(
            f"guidance.run names no {what} that stand in the training data: give a run of this data whose "
            "callbacks.explanations explained more sentences"
        )
    return targets
