"""What the explanations of a run say, for those who act on them: training sentences only, best weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.attribution.attribution import Quantity
from whytrain.attribution.tables import ExplainedSentence

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class SentenceEvidence:
    """What one explained sentence rests on, by one variant of a method.

    Attributes:
        sentence_id: its id in the training split.
        variant: of the method.
        label: gold class, whose payoff was explained.
        words: as written, in the order of the sentence; whoever logs them hides them where text is private.
        scores: float64 (n_words,).
        top_words: positions of the words with the largest and the second largest |score|.
        top1_share: share of Σ|score| in the first of them, 0 to 1; NaN where all scores are 0.
        top2_share: share of both.
        part_shares: float64 (3,), shares of beginning, middle and end; NaN where all scores are 0.
        prediction: class of the whole sentence.
        prediction_without_top: class without the top word.
        prediction_without_top_two: class without both.
    """

    sentence_id: str
    variant: str
    label: int
    words: tuple[str, ...]
    scores: Array
    top_words: tuple[int, int]
    top1_share: float
    top2_share: float
    part_shares: Array
    prediction: int
    prediction_without_top: int
    prediction_without_top_two: int


@dataclass(frozen=True, eq=False, kw_only=True)
class AttributionEvidence:
    """What all explained training sentences say, by one method.

    Attributes:
        quantity: what the scores are.
        sentences: one per sentence and variant.
        vocabulary: ranking of words by `sure_size`, columns `variant`, `class`, `word` (bare, lower case),
            `score` (mean), `standard_error`, `count` (occurrences); for two classes all of the second class;
            None where the budget allowed none.
        pairs: pairs of words of the same sentences, likewise, columns `variant`, `class`, `word_a`,
            `word_b` (as `word`, `word_a` ≤ `word_b`), `interaction` (mean Shapley interaction index),
            `standard_error`, `count`; None where `vocabulary` is, or the method says nothing of pairs.
    """

    quantity: Quantity
    sentences: tuple[SentenceEvidence, ...]
    vocabulary: pd.DataFrame | None
    pairs: pd.DataFrame | None


@dataclass(frozen=True, eq=False, kw_only=True)
class ExplanationEvidence:
    """What all methods say of the training sentences.

    Attributes:
        methods: by name of the method, in the order of the config.
        attention: float64 (n_sentences,), concentration 1 − H(a) / log n_tokens of the attention weights a
            over the tokens of each sentence, 0 for even and 1 for all on one token; None without attention.
    """

    methods: Mapping[str, AttributionEvidence]
    attention: Array | None


def sentence_evidence(sentences: Sequence[ExplainedSentence]) -> tuple[SentenceEvidence, ...]:
    """Return what each explained sentence rests on; sentences have at least two words."""
    return tuple(_reading(sentence) for sentence in sentences)


def _reading(sentence: ExplainedSentence) -> SentenceEvidence:
    a, d = sentence.explanation.attribution, sentence.explanation.deletion
    sizes = np.abs(a.scores)
    shares = sizes / sizes.sum() if sizes.sum() > 0 else np.full_like(sizes, np.nan)
    first, second = d.order[:2].tolist()
    return SentenceEvidence(
        sentence_id=sentence.sentence_id,
        variant=a.variant,
        label=sentence.label,
        words=a.words,
        scores=a.scores,
        top_words=(first, second),
        top1_share=float(shares[first]),
        top2_share=float(shares[first] + shares[second]),
        part_shares=np.add.reduceat(shares, d.parts.bounds[:-1]),
        prediction=d.prediction,
        prediction_without_top=d.prediction_without_top,
        prediction_without_top_two=d.prediction_without_top_two,
    )


def attention_concentration(weights: Sequence[Array]) -> Array:
    r"""Concentration of attention weights: 1 − H(a) / log n, H(a) = −Σ a_t log a_t.

    Args:
        weights: per sentence float (n_tokens,), at least two tokens, summing to 1.

    Returns:
        float64 (n_sentences,), 0 for even weights, 1 for all weight on one token.

    >>> attention_concentration([np.array([0.5, 0.5]), np.array([1.0, 0.0, 0.0])]).tolist()
    [0.0, 1.0]
    """
    entropies = [-sum(a * np.log(a) for a in sentence if a > 0) for sentence in weights]
    return np.array([1 - h / np.log(len(a)) for h, a in zip(entropies, weights, strict=True)]) + 0.0
