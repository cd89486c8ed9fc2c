"""Whether a text that says the same is explained alike: another final sign, a capital, a synonym."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge

from whytrain.attribution.ask import Ask
from whytrain.data.lexicon import Lexicon, lexicon_of
from whytrain.data.words import bare_word, split_words
from whytrain.explanation_scores.randomization import rank_correlation
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Judged, Study, ask_of

_SIGNS = (".", "!", "?")


class Paraphrase(NamedTuple):
    """A text that says the same.

    Attributes:
        ask: what the model is asked.
        kept: how many words at the beginning stand in both texts' places.
    """

    ask: Ask
    kept: int


class StabilityOfParaphrases(Score):
    """Mean rank correlation of a text's scores with those of texts that say the same, word by word.

    Tried are the text without its final sign, or with a full stop; with a capital; and with one word replaced
    by a synonym, where WordNet is on this machine and the texts are English. Only those are counted that
    reach the model as another text and are decided as the text itself.

    References:
        Yin et al. (2022), On the sensitivity and stability of model interpretations in NLP, of paraphrases.
    """

    name = "stability_paraphrases"
    short = "paraphr."
    title = "rank correlation with the explanations of texts that say the same"
    unit = "correlation"
    higher_is_better = True
    range = (-1.0, 1.0)
    diagnosticity = 0.5
    explains_again = True

    def __init__(self, *, synonyms: Annotated[int, Ge(0)]) -> None:
        """Store how many words of a text are replaced by a synonym, one in each paraphrase."""
        self.synonyms = synonyms
        self._made: tuple[Study, list[list[Paraphrase]]] | None = None

    def __call__(self, judged: Judged) -> Array:
        """Return the mean correlation for each text; NaN where no paraphrase is decided alike."""
        found = []
        for place, variants in enumerate(self._variants(judged.study)):
            if not variants:
                found.append(math.nan)
                continue
            target = judged.study.targets[place]
            others = judged.again([v.ask for v in variants], targets=[target] * len(variants))
            scores = judged.attributions[place].scores
            alike = [
                rank_correlation(scores[: variant.kept], other.scores[: variant.kept])
                for variant, other in zip(variants, others, strict=True)
            ]
            found.append(float(np.mean(alike)))
        return np.array(found)

    def _variants(self, study: Study) -> list[list[Paraphrase]]:
        """Return the paraphrases of each text, the same ones for every method."""
        if self._made is None or self._made[0] is not study:
            lexicon, places = lexicon_of(study.texts), range(len(study.texts))
            self._made = study, [_Paraphrases(study, i, lexicon, self.synonyms).usable() for i in places]
        return self._made[1]


class _Paraphrases:
    """The paraphrases of one text of a study."""

    def __init__(self, study: Study, place: int, lexicon: Lexicon, synonyms: int) -> None:
        self.study, self.place, self.lexicon, self.synonyms = study, place, lexicon, synonyms
        self.words = split_words(study.texts[place])

    @cached_property
    def _decision(self) -> int:
        return self._decided(self.study.asks[self.place])

    def usable(self) -> list[Paraphrase]:
        """Return those that the model reads as another text and decides alike."""
        own = self.study.asks[self.place].units
        if own.grouped or own.words != tuple(self.words):
            return []
        found = []
        for words in self._texts():
            ask = ask_of(self.study.saved, " ".join(words))
            kept = min(len(words), len(self.words))
            read = not np.array_equal(ask.units.token_ids, own.token_ids) and len(ask.units) == len(words)
            if read and self._decided(ask) == self._decision:
                found.append(Paraphrase(ask, kept))
        return found

    def _decided(self, ask: Ask) -> int:
        whole = np.ones((1, len(ask.units)), dtype=bool)
        logits = ask.logits(whole, self.study.removal)
        return int(self.study.targets[self.place].decisions(logits)[0])

    def _texts(self) -> list[list[str]]:
        words = self.words
        signed = words[-1] in _SIGNS and len(words) > 1
        texts = [words[:-1] if signed else [*words, "."], [words[0].capitalize(), *words[1:]]]
        rng = np.random.default_rng([self.study.seed, self.place])
        known = [i for i in rng.permutation(len(words)) if self.lexicon.synonyms(bare_word(words[i]))]
        for i in known[: self.synonyms]:
            texts.append([*words[:i], self.lexicon.synonyms(bare_word(words[i]))[0], *words[i + 1 :]])
        return texts
