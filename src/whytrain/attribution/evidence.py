"""What the explanations of a run say, for those who act on them: training sentences only, best weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.attribution.shapley.deletion_path import ranking
from whytrain.attribution.tables import Probe
from whytrain.types import Payoff

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ProbeEvidence:
    """What one explained sentence rests on, under one absence.

    Attributes:
        sentence_id: its id in the training split.
        absence: what stood where a word was absent.
        label: gold class, whose payoff was explained.
        words: as written, in the order of the sentence; whoever logs them hides them where text is private.
        values: float64 (n_words,), Shapley values.
        top_words: positions of the words with the largest and the second largest |value|.
        top1_share: share of Σ|φ| in the first of them, 0 to 1; NaN where all values are 0.
        top2_share: share of both.
        part_shares: float64 (3,), shares of beginning, middle and end; NaN where all values are 0.
        prediction: class of the whole sentence.
        prediction_without_top: class without the top word.
        prediction_without_top_two: class without both.
    """

    sentence_id: str
    absence: str
    label: int
    words: tuple[str, ...]
    values: Array
    top_words: tuple[int, int]
    top1_share: float
    top2_share: float
    part_shares: Array
    prediction: int
    prediction_without_top: int
    prediction_without_top_two: int


@dataclass(frozen=True, eq=False)
class ShapleyEvidence:
    """What all explained training sentences say.

    Attributes:
        payoff: what the values are shares of.
        probes: one per sentence and absence.
        vocabulary: ranking of words by `sure_size`, columns `absence`, `class`, `word` (bare, lower case),
            `phi` (mean), `standard_error`, `count` (occurrences); for two classes all of the second class;
            None where the budget allowed none.
        pairs: pairs of words of the same sentences, likewise, columns `absence`, `class`, `word_a`,
            `word_b` (as `word`, `word_a` ≤ `word_b`), `interaction` (mean Shapley interaction index),
            `standard_error`, `count`; None where `vocabulary` is.
        attention: float64 (n_sentences,), concentration 1 − H(a) / log n_tokens of the attention weights a
            over the tokens of each sentence, 0 for even and 1 for all on one token; None without attention.
    """

    payoff: Payoff
    probes: tuple[ProbeEvidence, ...]
    vocabulary: pd.DataFrame | None
    pairs: pd.DataFrame | None
    attention: Array | None


def probe_evidence(probes: Sequence[Probe]) -> tuple[ProbeEvidence, ...]:
    """Return what each explained sentence rests on; sentences have at least two words."""
    return tuple(_reading(probe) for probe in probes)


def _reading(probe: Probe) -> ProbeEvidence:
    e = probe.explanation
    sizes = np.abs(e.values)
    shares = sizes / sizes.sum() if sizes.sum() > 0 else np.full_like(sizes, np.nan)
    first, second = ranking(e.values)[:2].tolist()
    return ProbeEvidence(
        sentence_id=probe.sentence_id,
        absence=e.absence.name,
        label=probe.label,
        words=e.words,
        values=e.values,
        top_words=(first, second),
        top1_share=float(shares[first]),
        top2_share=float(shares[first] + shares[second]),
        part_shares=np.add.reduceat(shares, e.parts.bounds[:-1]),
        prediction=e.prediction,
        prediction_without_top=e.prediction_without_top,
        prediction_without_top_two=e.prediction_without_top_two,
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
