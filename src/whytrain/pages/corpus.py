"""Many explained sentences in figures: where importance lies, which words hold it, how many it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import Explanation
from whytrain.attribution.positions import position_profile
from whytrain.attribution.tables import Name
from whytrain.figures.explanations.corpus_path import corpus_path
from whytrain.figures.explanations.pair_importance import pair_importance
from whytrain.figures.explanations.position_profile import position_profile as profile_figure
from whytrain.figures.explanations.token_importance import token_importance
from whytrain.types import Figure

_N_BINS = 6  # of the position in a sentence: two to each of its parts
_FEWEST = 3  # occurrences: the interval of two is thirteen standard errors wide to either side


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

    Words and pairs that occur less than three times are left out. Of several classes the one with most words
    is drawn.

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
        both = zip(often["word_a"], often["word_b"], strict=True)
        figures["corpus_pairs"] = pair_importance(
            [(name(a), name(b)) for a, b in both],
            often["interaction"].to_numpy(),
            quantity=of.pairs.quantity,
            class_name=class_name,
            standard_errors=often["standard_error"].to_numpy(),
            counts=often["count"].to_numpy(),
        )
    return figures


def _often(table: pd.DataFrame, class_name: str) -> pd.DataFrame:
    return table[(table["class"] == class_name) & (table["count"] >= _FEWEST)]
