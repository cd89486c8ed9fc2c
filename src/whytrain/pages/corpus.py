"""Many explained sentences in figures: where importance lies, which words hold it, how many it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import Explanation
from whytrain.attribution.positions import position_profile
from whytrain.attribution.tables import Name
from whytrain.figures.explanations.corpus_path import corpus_path
from whytrain.figures.explanations.interaction_network import interaction_network
from whytrain.figures.explanations.position_profile import position_profile as profile_figure
from whytrain.figures.explanations.token_importance import token_importance
from whytrain.types import Figure

Array = NDArray[np.float64]

_N_BINS = 6  # of the position in a sentence: two to each of its parts
_MOST_WORDS = 16  # of the network: more would not stand side by side
_FEWEST = 2  # occurrences: one has no standard error, and rare words would hold every top rank


def corpus_figures(by_title: Mapping[str, Sequence[Explanation]]) -> dict[str, Figure]:
    """Draw the position profile and the cumulative path of sentences, by method and variant.

    Args:
        by_title: by the title of their attributions, at least one sentence each, all with the same payoff.
    """
    profiles = {
        title: position_profile([e.attribution.scores for e in explanations], _N_BINS)
        for title, explanations in by_title.items()
    }
    paths = {title: [e.deletion.path for e in explanations] for title, explanations in by_title.items()}
    payoff = next(e.attribution.target.payoff for found in by_title.values() for e in found)
    figures: dict[str, Figure] = {"corpus_path": corpus_path(paths, payoff=payoff)}
    if all(np.isfinite(profile).all() for profile in profiles.values()):
        figures["corpus_positions"] = profile_figure(profiles)
    return figures


def vocabulary_figures(
    words: pd.DataFrame, pairs: pd.DataFrame | None, *, of: Attribution, name: Name
) -> dict[str, Figure]:
    """Draw the words that matter most in many sentences, and the pairs that interact most.

    Words and pairs that occur once are left out. Of several classes the one with most words is drawn.

    Args:
        words: from `whytrain.attribution.tables.word_table`.
        pairs: from `whytrain.attribution.tables.pair_table`; None where the method says nothing of pairs.
        of: one of the attributions behind both: what the scores are.
        name: what stands for a word, itself or a hash.
    """
    class_name = str(words["class"].mode()[0])
    words = _often(words, class_name)
    figures: dict[str, Figure] = {}
    if len(words):
        figures["corpus_importance"] = token_importance(
            [name(word) for word in words["word"]],
            words["score"].to_numpy(),
            quantity=of.quantity,
            class_name=class_name,
            standard_errors=words["standard_error"].to_numpy(),
            counts=words["count"].to_numpy(),
        )
    if pairs is not None and of.pairs is not None and len(often := _often(pairs, class_name)):
        shown, interactions, errors = _network(often)
        figures["corpus_network"] = interaction_network(
            [name(word) for word in shown],
            interactions,
            quantity=of.pairs.quantity,
            class_name=class_name,
            standard_errors=errors,
        )
    return figures


def _often(table: pd.DataFrame, class_name: str) -> pd.DataFrame:
    return table[(table["class"] == class_name) & (table["count"] >= _FEWEST)]


def _network(pairs: pd.DataFrame) -> tuple[list[str], Array, Array]:
    """Return the words of the strongest pairs, and interactions and errors of all pairs of these words."""
    shown: list[str] = []
    for pair in zip(pairs["word_a"], pairs["word_b"], strict=True):
        more = [word for word in pair if word not in shown]
        if len(shown) + len(more) > _MOST_WORDS:
            break
        shown += more
    place = {word: i for i, word in enumerate(shown)}
    interactions, errors = np.zeros((2, len(shown), len(shown)))
    inside = pairs[pairs["word_a"].isin(place) & pairs["word_b"].isin(place)]
    a, b = (inside[column].map(place).to_numpy() for column in ("word_a", "word_b"))
    for matrix, column in ((interactions, "interaction"), (errors, "standard_error")):
        matrix[a, b] = matrix[b, a] = inside[column]
    return shown, interactions, errors
