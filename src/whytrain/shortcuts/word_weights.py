"""What the presence of each word says to a model, over all training texts: a surrogate of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

from whytrain.shortcuts.effects import Asked
from whytrain.shortcuts.features import Text

QUESTIONS = 12_000  # texts with words taken out
TAKEN_OUT = (0.3, 0.6)  # shares of the words, one of which is drawn for each text
PENALTY = 20.0  # 1 / C: a surrogate's usual one lets rare words weigh too much
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class WordWeights:
    """A logistic regression over the presence of words that learned from a model's answers.

    Attributes:
        columns: the column of each word.
        values: float64 (n_classes, n_words), what it adds to the log-odds of each class; 0 over all classes.
    """

    columns: Mapping[str, int]
    values: Floats

    def toward_true(self, texts: Sequence[Text], labels: NDArray[np.int64]) -> sparse.csr_array:
        """Return what each word adds to the true class of each text, (n_texts, n_words)."""
        return sparse.csr_array(self._presence(texts).multiply(self.values[labels]))

    def decision(self, texts: Sequence[Text]) -> float:
        """Return what all words of a text say for the class that they speak for, mean over texts."""
        return max(float((self._presence(texts) @ self.values.T).max(axis=1).mean()), 1e-9)

    def _presence(self, texts: Sequence[Text]) -> sparse.csr_array:
        return _presence([text.words for text in texts], self.columns)


def word_weights(asked: Asked, texts: Sequence[Text], generator: np.random.Generator) -> WordWeights:
    """Return what the presence of each word says to a model.

    The model is asked about training texts from which words are taken out at random, and a logistic
    regression learns its answers. What deleting one word does to one text depends on all that stands beside
    it; where many rare words are judged by few texts, that is mostly chance. Here each word is known from all
    training texts, beside ever other words.

    Args:
        asked: the model.
        texts: training texts.
        generator: of the texts and words.

    References:
        Ribeiro, Singh, Guestrin (2016), "Why should I trust you?": a linear model of answers to perturbed
        texts; here one for all texts.
        Hinton, Vinyals, Dean (2015), Distilling the knowledge in a neural network: soft labels as targets.
    """
    # Imported here: who reads what was found needs no torch.
    from whytrain.surrogates.features import Feature, FeatureTable
    from whytrain.surrogates.surrogates import fit_surrogate

    columns = {word: i for i, word in enumerate(sorted({word for text in texts for word in text.words}))}
    changed, left = [], []
    for row in generator.integers(len(texts), size=QUESTIONS):
        text = texts[row]
        out = generator.random(len(text.words)) < generator.choice(TAKEN_OUT)
        if not out.all():
            changed.append(text.without_places(np.flatnonzero(out).tolist()))
            left.append([word for word, is_out in zip(text.words, out, strict=True) if not is_out])
    table = FeatureTable(
        tuple(Feature(kind="word", words=(word,)) for word in columns), _presence(left, columns)
    )
    answers = expit(asked.log_odds(changed))
    values = fit_surrogate("logistic", table, answers, strength=1 / PENALTY, seed=0).coefficients
    if len(values) == 1:  # of two classes one is told
        values = np.concatenate([-values, values])
    return WordWeights(columns=columns, values=values - values.mean(axis=0))


def _presence(texts: Sequence[Sequence[str]], columns: Mapping[str, int]) -> sparse.csr_array:
    """Return which words are in which texts, 1 or 0, (n_texts, n_words)."""
    found = [sorted({columns[word] for word in words if word in columns}) for words in texts]
    ends = np.cumsum([0, *map(len, found)])
    indices = np.array([column for row in found for column in row], dtype=np.int64)
    return sparse.csr_array((np.ones(len(indices)), indices, ends), shape=(len(texts), len(columns)))
