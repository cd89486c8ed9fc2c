"""Which words, and which pairs of words, matter in many sentences: a global explanation from local ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.tables import pair_table, word_table
from whytrain.attribution.target import Target
from whytrain.attribution.units import Units
from whytrain.models.interface import ModelInterface


def rank_words(
    model: ModelInterface,
    explainer: Explainer,
    sentences: Sequence[Units],
    targets: Sequence[Target],
    *,
    class_names: Sequence[str],
    exclusive: bool = True,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Explain sentences and average the method over words and pairs of words.

    Args:
        model: the model.
        explainer: the method, in one variant.
        sentences: the words of each; at least one.
        targets: of each sentence, its gold class.
        class_names: all of them.
        exclusive: they exclude each other.
        seed: of methods that draw.

    Returns:
        `word_table` and `pair_table` of all sentences; no pairs of a method that says nothing of them.
    """
    asks = [Ask(model, players) for players in sentences]
    explainer.prepare(asks)
    found = [
        attribution
        for ask, target in zip(asks, targets, strict=True)
        for attribution in explainer(ask, target, seed=seed)
    ]
    words = pd.DataFrame(
        {
            "variant": found[0].variant,
            "class": np.repeat([a.target.name for a in found], [len(a.words) for a in found]),
            "word": [word for a in found for word in a.words],
            "score": np.concatenate([a.scores for a in found]),
        }
    )
    ranked = word_table(words, class_names, exclusive=exclusive)
    if found[0].pairs is None:
        return ranked, None
    pairs = pd.concat([_pairs(i, a) for i, a in enumerate(found)])
    return ranked, pair_table(pairs, class_names, exclusive=exclusive)


def _pairs(number: int, attribution: Attribution) -> pd.DataFrame:
    assert attribution.pairs is not None
    first, second = np.triu_indices(len(attribution.words), 1)
    words = np.array(attribution.words, dtype=object)
    return pd.DataFrame(
        {
            "variant": attribution.variant,
            "class": attribution.target.name,
            "id": number,
            "first_word": words[first],
            "second_word": words[second],
            "interaction": attribution.pairs.scores[first, second],
        }
    )
