"""Which words may stand for which: words of like frequency and part of speech, or synonyms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from whytrain.data.lexicon import Lexicon, guiding_synonyms
from whytrain.data.tokenization import Tokenizer
from whytrain.guidance.word_occurrences import Pieces, Substitutes, WordForm, written

N_CHOICES = 50  # words of nearest frequency that may stand for a word


def like_words(
    forms: Sequence[WordForm],
    counts: Mapping[str, int],
    lexicon: Lexicon,
    tokenizer: Tokenizer,
    others: Collection[str],
) -> Substitutes:
    """Return for each form others of nearest log frequency, with its part of speech and number of pieces.

    Args:
        forms: how the words to be replaced are written.
        counts: frequency of each word of the training data.
        lexicon: tells parts of speech; those that it does not know are one of their own.
        tokenizer: what writes them.
        others: words that may stand for them, all of them counted.
    """
    vocabulary = sorted(others)
    frequencies = np.log([counts[word] for word in vocabulary])
    places: dict[tuple[str, Callable[[str], str]], list[int]] = defaultdict(list)
    for i, form in enumerate(forms):
        places[form.before, form.case].append(i)
    choices: list[list[Pieces]] = [[] for _ in forms]
    for (before, case), indices in places.items():
        pieces = written(vocabulary, before, case, tokenizer)
        lengths = np.array([len(p) if tokenizer.unknown_id not in p else 0 for p in pieces])
        for i in indices:
            form = forms[i]
            nearest = np.argsort(np.abs(frequencies - np.log(counts[form.word])), kind="stable")
            kind = lexicon.part_of_speech(form.word)
            for j in nearest[lengths[nearest] == len(form.pieces)].tolist():
                if pieces[j] != form.pieces and lexicon.part_of_speech(vocabulary[j]) == kind:
                    choices[i].append(pieces[j])
                    if len(choices[i]) == N_CHOICES:
                        break
    return Substitutes(choices)


def synonyms_of(forms: Sequence[WordForm], lexicon: Lexicon, tokenizer: Tokenizer) -> Substitutes:
    """Return for each form its guiding synonyms, written like it, that have its number of pieces."""
    choices = []
    for form in forms:
        candidates = written(guiding_synonyms(lexicon, form.word), form.before, form.case, tokenizer)
        choices.append(
            [p for p in candidates if len(p) == len(form.pieces) and tokenizer.unknown_id not in p]
        )
    return Substitutes(choices)
