"""Which words, and which pairs of words, matter in many sentences: a global explanation from local ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, islice
from typing import Any

import numpy as np
import pandas as pd

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.tables import pair_table, word_table
from whytrain.attribution.target import Target
from whytrain.attribution.units import Units
from whytrain.models.interface import ModelInterface
from whytrain.types import Progress

AT_ONCE = 32  # sentences that share batches: the tables of as many are kept at a time


def rank_words(
    model: ModelInterface,
    explainer: Explainer,
    sentences: Sequence[Units],
    targets: Sequence[Target],
    *,
    class_names: Sequence[str],
    exclusive: bool = True,
    seed: int,
    progress: Progress = iter,
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
        progress: shows how far it is.

    Returns:
        `word_table` and `pair_table` of all sentences; no pairs of a method that says nothing of them.
    """
    found: list[Attribution] = []
    waiting = iter(progress(list(zip(sentences, targets, strict=True))))
    while together := list(islice(waiting, AT_ONCE)):
        asks = [Ask(model, players) for players, _ in together]
        asked = [target for _, target in together]
        explainer.prepare(asks, asked)
        for ask, target in zip(asks, asked, strict=True):
            found += explainer(ask, target, seed=seed)
    words = pd.DataFrame(
        {
            "variant": found[0].variant,
            "class": np.repeat([a.target.name for a in found], [len(a.words) for a in found]),
            "word": [word for a in found for word in a.words],
            "score": np.concatenate([a.scores for a in found]),
        }
    )
    ranked = word_table(words, class_names, exclusive=exclusive and found[0].quantity.signed)
    if found[0].pairs is None:
        return ranked, None
    return ranked, pair_table(_pairs(found), class_names, exclusive=exclusive)


def _pairs(found: Sequence[Attribution]) -> pd.DataFrame:
    """One row per pair of words of a sentence; the sentences are numbered."""
    columns: dict[str, list[Any]] = {name: [] for name in ("class", "id", "first_word", "second_word")}
    scores = []
    for number, attribution in enumerate(found):
        assert attribution.pairs is not None
        pairs = list(combinations(range(len(attribution.words)), 2))
        columns["class"] += [attribution.target.name] * len(pairs)
        columns["id"] += [number] * len(pairs)
        columns["first_word"] += [attribution.words[i] for i, _ in pairs]
        columns["second_word"] += [attribution.words[j] for _, j in pairs]
        scores.append(attribution.pairs.scores[np.triu_indices(len(attribution.words), 1)])
    return pd.DataFrame({"variant": found[0].variant, **columns, "interaction": np.concatenate(scores)})
