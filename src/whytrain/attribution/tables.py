"""Explanations as rows of tables, and what they say on average."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.attribution.shapley.explanation import Explanation
from whytrain.attribution.shapley.tree_export import bracketed, tree_to_json
from whytrain.data.words import bare_word

Name = Callable[[str], str]  # what stands for a word: itself, or a hash where text is private


@dataclass(frozen=True, eq=False)
class Probe:
    """An explained sentence of the data.

    Attributes:
        split: `train` or `validation`.
        sentence_id: its id in the split.
        label: its gold class.
        explanation: for that class.
    """

    split: str
    sentence_id: str
    label: int
    explanation: Explanation


def value_table(probes: Sequence[Probe], class_names: Sequence[str]) -> pd.DataFrame:
    """One row per word: whose, where, its φ and what the payoff loses without it (`occlusion`)."""
    frames = []
    for probe in probes:
        e = probe.explanation
        columns = _origin(probe, class_names) | {
            "prediction": class_names[e.prediction],
            "position": range(1, len(e.words) + 1),
            "word": list(e.words),
            "phi": e.values,
            "occlusion": e.occlusion,
            "empty": e.empty,
            "full": e.full,
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def interaction_table(probes: Sequence[Probe], class_names: Sequence[str]) -> pd.DataFrame:
    """One row per pair of words: positions from 1 and their Shapley interaction index."""
    frames = []
    for probe in probes:
        e = probe.explanation
        first, second = np.triu_indices(len(e.words), 1)
        columns = _origin(probe, class_names) | {
            "first": first + 1,
            "second": second + 1,
            "first_word": [e.words[i] for i in first],
            "second_word": [e.words[i] for i in second],
            "interaction": e.interactions[first, second],
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def tree_table(probes: Sequence[Probe], class_names: Sequence[str], name: Name) -> pd.DataFrame:
    """One row per sentence: its interaction tree in brackets and, with all numbers, as JSON."""
    rows = []
    for probe in probes:
        e = probe.explanation
        words = [name(word) for word in e.tree_words]
        rows.append(
            _origin(probe, class_names)
            | {
                "bracketed": bracketed(e.tree, words),
                "merges": tree_to_json(e.tree, words),
                "n_ties": e.tree.n_ties,
            }
        )
    return pd.DataFrame(rows)


def _origin(probe: Probe, class_names: Sequence[str]) -> dict[str, object]:
    return {
        "id": probe.sentence_id,
        "split": probe.split,
        "absence": probe.explanation.absence.name,
        "class": class_names[probe.label],
    }


def summary(probes: Sequence[Probe]) -> dict[str, float]:
    """What explanations of one absence say on average over sentences; empty for no sentences.

    `top1_share`, `top2_share`: share of Σ|φ| in the words of the largest |φ|; `entropy`: of these shares,
    0 for all in one word, 1 for evenly spread; `middle_share`: share of the middle third; `interaction`:
    mean |interaction| of two words, in units of the payoff; `top_word_accuracy_loss`: accuracy minus the
    accuracy without the top word. Shares leave out sentences whose values are all 0.
    """
    if not probes:
        return {}
    shares = []
    for probe in probes:
        phi = np.abs(probe.explanation.values)
        if phi.sum() > 0:
            share = phi / phi.sum()
            ordered = np.sort(share)[::-1]
            spread = -(share[share > 0] @ np.log(share[share > 0]))
            bounds = probe.explanation.parts.bounds
            entropy = spread / np.log(len(share)) if len(share) > 1 else 0.0
            shares.append(
                (ordered[0], ordered[:2].sum(), entropy, share[bounds[1] : bounds[2]].sum()),
            )
    means = np.mean(shares, axis=0) if shares else np.full(4, np.nan)
    pairs = [_mean_pair(probe.explanation) for probe in probes if len(probe.explanation.words) > 1]
    right = [
        (p.explanation.prediction == p.label) - float(p.explanation.prediction_without_top == p.label)
        for p in probes
    ]
    return {
        "top1_share": float(means[0]),
        "top2_share": float(means[1]),
        "entropy": float(means[2]),
        "middle_share": float(means[3]),
        "interaction": float(np.mean(pairs)) if pairs else float("nan"),
        "top_word_accuracy_loss": float(np.mean(right)),
    }


def _mean_pair(explanation: Explanation) -> float:
    return float(np.abs(explanation.interactions[np.triu_indices(len(explanation.words), 1)]).mean())


def word_table(values: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """One row per word, absence and class: mean φ, its standard error and count, by `sure_size`.

    Words count bare and in lower case (`bare_word`), once per occurrence; the standard error (NaN for a
    single occurrence) takes occurrences as independent. With two classes every φ is turned to the second one,
    for which it is −φ.

    Args:
        values: columns `absence`, `class`, `word`, `phi`, as in `value_table`.
        class_names: all of them.
    """
    return _means(values.assign(word=values["word"].map(bare_word)), ["word"], "phi", class_names)


def pair_table(pairs: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    """One row per pair of words, absence and class: mean interaction, standard error, count, by `sure_size`.

    As `word_table`; a pair is the same in both orders (`word_a` ≤ `word_b`), and a word is no pair with
    itself. A pair counts once per sentence, with the mean of its occurrences there: a sentence with five
    commas is no five sentences with a comma and “dull”.

    Args:
        pairs: columns `id`, `absence`, `class`, `first_word`, `second_word`, `interaction`, as in
            `interaction_table`.
        class_names: all of them.
    """
    words = np.sort(pairs[["first_word", "second_word"]].map(bare_word).to_numpy(dtype=object), axis=1)
    pairs = pairs.assign(word_a=words[:, 0], word_b=words[:, 1])
    once = pairs[pairs["word_a"] != pairs["word_b"]].groupby(
        ["id", "absence", "class", "word_a", "word_b"], sort=False
    )
    return _means(once["interaction"].mean().reset_index(), ["word_a", "word_b"], "interaction", class_names)


def _means(values: pd.DataFrame, words: list[str], column: str, class_names: Sequence[str]) -> pd.DataFrame:
    if len(class_names) == 2:
        turned = values["class"] == class_names[0]
        values = values.assign(**{column: values[column].where(~turned, -values[column])})
        values["class"] = class_names[1]
    grouped = values.groupby(["absence", "class", *words], sort=False)[column]
    table = grouped.agg(["mean", "sem", "count"]).reset_index()
    table = table.rename(columns={"mean": column, "sem": "standard_error"})
    order = np.lexsort((-table[column].abs(), -sure_size(table, column)))
    return table.iloc[order].reset_index(drop=True)


def sure_size(table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return |mean| less its standard error, at least 0: what is left of a mean when chance is taken off.

    It orders words and pairs: the largest means alone belong to words that were seen once. A single
    occurrence has no standard error and counts 0; among equals the larger |mean| comes first.

    Args:
        table: a `word_table` or `pair_table`.
        column: the mean: `phi` or `interaction`.
    """
    sizes = (table[column].abs() - table["standard_error"]).fillna(0.0)
    sure: NDArray[np.float64] = sizes.clip(lower=0.0).to_numpy(dtype=np.float64)
    return sure
