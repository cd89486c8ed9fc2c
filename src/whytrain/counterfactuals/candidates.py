"""What may stand in the place of a word of a sentence: opposites, synonyms, what the corpus has there."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.counterfactuals.fluency import Fluency
from whytrain.data.lexicon import Lexicon
from whytrain.data.words import bare_word
from whytrain.models.alike import AlikeWords

# The words of a sentence, bare, and a place, to words that may stand there, the likeliest first.


class Candidates:
    """Words that may stand for those of a sentence, of their part of speech where it is known.

    First the lexicon's opposites and synonyms, then words that the corpus has beside the same neighbors,
    then words whose embeddings are near and that fit between the neighbors.
    """

    def __init__(
        self,
        fluency: Fluency,
        lexicon: Lexicon,
        near: AlikeWords | None,
        *,
        per_word: int,
    ) -> None:
        """Look at nothing yet.

        Args:
            fluency: of the training corpus.
            lexicon: parts of speech, opposites, synonyms.
            near: words by the model's embeddings; None where it has none.
            per_word: how many of each kind, at most.
        """
        self._fluency, self._lexicon, self._near = fluency, lexicon, near
        self._per_word = per_word

    def __call__(self, words: Sequence[str], place: int) -> list[str]:
        """Return the candidates for a place of a sentence of bare words; none for signs."""
        word, kind = words[place], self._lexicon.part_of_speech(words[place])
        if not any(map(str.isalpha, word)):
            return []
        n = self._per_word
        found = [*self._lexicon.antonyms(word), *self._lexicon.synonyms(word)]
        loose = self._fluency.fitting(words, place, 2 * n)
        kept = [other for other in loose if self._lexicon.part_of_speech(other) == kind][:n]
        if self._near is not None:
            near = [w for w in self._near.nearest(word, 2 * n) if self._lexicon.part_of_speech(w) == kind]
            kept += sorted(near, key=lambda w: -self._fluency.change(words, {place: w}))[: n // 2]
        distinct = dict.fromkeys(other for other in (*found, *kept) if any(map(str.isalpha, other)))
        return [other for other in distinct if bare_word(other) != word]
