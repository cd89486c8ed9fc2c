"""Which words, and which pairs of words, matter in many sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.explanation.tables import pair_table, word_table
from whytrain.games.absence import Absence
from whytrain.games.payoffs import Payoff, payoffs
from whytrain.games.players import Players
from whytrain.games.table import coalition_tables
from whytrain.shapley.values import pair_interactions, shapley_values
from whytrain.types import PredictFn, PrefixModel


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
    values, pairs = [], []
    for row, table in zip(sentences, coalition_tables(model, list(sentences.values()), absence), strict=True):
        label = int(labels[row])
        v = payoffs(table.logits, payoff, label)
        origin = {"absence": absence.name, "class": class_names[label]}
        values.append(pd.DataFrame(origin | {"word": table.words, "phi": shapley_values(v)}))
        words = np.array(table.words, dtype=object)
        first, second = np.triu_indices(len(words), 1)
        columns = {
            "first_word": words[first],
            "second_word": words[second],
            "interaction": pair_interactions(v)[first, second],
        }
        pairs.append(pd.DataFrame(origin | {"id": row} | columns))
    return word_table(pd.concat(values), class_names), pair_table(pd.concat(pairs), class_names)
