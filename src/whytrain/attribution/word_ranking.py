"""Which words, and which pairs of words, matter in many sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.attribution.payoffs import payoffs
from whytrain.attribution.removal import Absence
from whytrain.attribution.shapley.table import coalition_tables
from whytrain.attribution.shapley.values import pair_interactions, shapley_values
from whytrain.attribution.tables import pair_table, word_table
from whytrain.attribution.units import Players
from whytrain.types import Payoff, PredictFn, PrefixModel


def rank_vocabulary(
    model: PredictFn | PrefixModel,
    sentences: Mapping[int, Players],
    labels: NDArray[np.int64],
    absence: Absence,
    *,
    payoff: Payoff,
    class_names: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Explain sentences exactly, for their gold classes, and average over words and pairs of words.

    Args:
        model: a predict function, in its prefix form where it has one.
        sentences: the players by row; at least one row.
        labels: int64 (n,), gold classes of all rows.
        absence: what stands where a word is absent.
        payoff: what the values are shares of.
        class_names: all of them.

    Returns:
        `word_table` and `pair_table` of all sentences.
    """
    tables = coalition_tables(model, list(sentences.values()), absence)
    sizes = np.array([len(table.words) for table in tables])
    games = [payoffs(t.logits, payoff, int(labels[row])) for row, t in zip(sentences, tables, strict=True)]
    words = np.array([word for table in tables for word in table.words], dtype=object)
    named = np.array(class_names, dtype=object)[labels[list(sentences)]]
    values = pd.DataFrame(
        {
            "absence": absence.name,
            "class": np.repeat(named, sizes),
            "word": words,
            "phi": np.concatenate([shapley_values(game) for game in games]),
        }
    )
    corners = [np.triu_indices(size, 1) for size in sizes]
    n_pairs = sizes * (sizes - 1) // 2
    start = np.repeat(sizes.cumsum() - sizes, n_pairs)
    first, second = (np.concatenate([corner[i] for corner in corners]) + start for i in (0, 1))
    pairs = pd.DataFrame(
        {
            "absence": absence.name,
            "class": np.repeat(named, n_pairs),
            "id": np.repeat(list(sentences), n_pairs),
            "first_word": words[first],
            "second_word": words[second],
            "interaction": np.concatenate(
                [pair_interactions(game)[corner] for game, corner in zip(games, corners, strict=True)]
            ),
        }
    )
    return word_table(values, class_names), pair_table(pairs, class_names)
