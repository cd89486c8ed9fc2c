"""Which words, and pairs of words, a surrogate should see: those that explain most of the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from whytrain.surrogates.features import TOGETHER, Feature

Array = NDArray[np.float64]

FEWEST_SENTENCES = 2  # a word of a single sentence is a name for that sentence


def explained_variance(
    effects: Array, presence: sparse.csr_array, errors: Array | float = 0.0
) -> NDArray[np.float64]:
    r"""Variance of the network's log-odds that the presence of each word explains by itself.

    Var(φ·x) = φ²·p(1 − p) for a word that is present (x = 1) in a share p of the sentences and then moves
    the log-odds by φ; an estimated φ² is too large by its squared error on average, which is taken off. Of
    several classes the largest. 0 for words of fewer than two sentences.

    Args:
        effects: float64 (n_words, n_classes), φ.
        presence: 0 or 1, (n, n_words).
        errors: standard errors of the effects.

    >>> present = sparse.csr_array(np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]))
    >>> explained_variance(np.array([[2.0], [9.0]]), present).tolist()
    [1.0, 0.0]
    """
    counts = np.asarray(presence.sum(axis=0)).ravel()
    share = counts / presence.shape[0]
    squares = np.maximum(np.square(effects) - np.square(errors), 0.0)
    return np.where(counts >= FEWEST_SENTENCES, squares.max(axis=1) * share * (1 - share), 0.0)


def shapley_effects(ranking: pd.DataFrame, words: dict[str, int], class_names: Sequence[str]) -> Array:
    """Mean Shapley values by word and class, float64 (n_words, n_classes); 0 for words not in the ranking.

    Args:
        ranking: columns `class`, `word`, `score`, see `whytrain.attribution.tables.word_table`, which has the
            second of two classes only: the first one's values are these with the other sign.
        words: the column of each word.
        class_names: all of them.
    """
    known = ranking[ranking["word"].isin(words.keys())]
    effects = np.zeros((len(words), len(class_names)))
    columns = [list(class_names).index(name) for name in known["class"]]
    effects[[words[word] for word in known["word"]], columns] = known["score"]
    if len(class_names) == 2:
        effects[:, 0] = -effects[:, 1]
    return effects


def associated_effects(log_odds: Array, presence: sparse.csr_array) -> tuple[Array, Array]:
    """Mean log-odds of the sentences with a word minus those without, where no Shapley values are known.

    Args:
        log_odds: float64 (n, n_classes), the network's.
        presence: 0 or 1, (n, n_words).

    Returns:
        The differences and their standard errors (one deviation for all sentences), float64
        (n_words, n_classes) both; 0 for words of all sentences or none.
    """
    counts = np.asarray(presence.sum(axis=0))[:, None]
    others = len(log_odds) - counts
    sums = presence.T @ log_odds
    with np.errstate(divide="ignore", invalid="ignore"):
        effects = sums / counts - (log_odds.sum(axis=0) - sums) / others
        errors = log_odds.std(axis=0) * np.sqrt(1 / counts + 1 / others)
    known = (counts > 0) & (others > 0)
    return np.where(known, effects, 0.0), np.where(known, errors, 0.0)


def chosen_words(variance: Array, words: dict[str, int], n: int) -> list[Feature]:
    """Return the words that explain most, at most n, none that explains nothing.

    Args:
        variance: float64 (n_words,), explained by each word.
        words: the column of each word.
        n: how many at most.
    """
    names = sorted(words, key=words.__getitem__)
    return [Feature(kind="word", words=(names[i],)) for i in _largest(variance, n)]


def word_scores(
    effects: Array, chosen: Sequence[Feature], words: dict[str, int], class_names: Sequence[str]
) -> list[Feature]:
    """Return the score of a sentence's words for each class: Σ φ of those of the chosen words it holds.

    Of two classes only the second one's, because the first one's is the same with the other sign.

    Args:
        effects: float64 (n_words, n_classes), φ.
        chosen: words.
        words: the column of each word.
        class_names: all of them.
    """
    names = tuple(feature.words[0] for feature in chosen)
    values = effects[[words[name] for name in names]]
    return [
        Feature(
            kind="score", words=names, what=f"{TOGETHER} for {name}", weights=tuple(values[:, label].tolist())
        )
        for label, name in enumerate(class_names)
        if label > 0 or len(class_names) > 2
    ]


def chosen_pairs(
    pairs: pd.DataFrame, presence: sparse.csr_array, words: dict[str, int], n: int
) -> list[Feature]:
    """Return the pairs whose interaction explains most, at most n; φ is the interaction, x both words.

    Args:
        pairs: columns `word_a`, `word_b`, `interaction`, by |interaction|: see
            `whytrain.attribution.tables.pair_table`. Of a pair of several classes the first row counts.
        presence: 0 or 1, (n, n_words).
        words: the column of each word.
        n: how many at most.
    """
    known = pairs[pairs["word_a"].isin(words.keys()) & pairs["word_b"].isin(words.keys())]
    known = known.drop_duplicates(["word_a", "word_b"])
    first, second = ([words[word] for word in known[column]] for column in ("word_a", "word_b"))
    both = sparse.csr_array(presence[:, first].multiply(presence[:, second]))
    variance = explained_variance(known[["interaction"]].to_numpy(dtype=np.float64), both)
    names = list(zip(known["word_a"], known["word_b"], strict=True))
    return [Feature(kind="pair", words=names[i]) for i in _largest(variance, n)]


def _largest(variance: Array, n: int) -> list[int]:
    order = np.argsort(-variance, kind="stable")[:n]
    return [i for i in order.tolist() if variance[i] > 0]
