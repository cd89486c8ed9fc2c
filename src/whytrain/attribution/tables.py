"""Explanations as rows of tables, and what they say on average."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.attribution.explainer import Explanation
from whytrain.attribution.shapley.tree_export import bracketed, tree_to_json
from whytrain.attribution.target import decision_name
from whytrain.data.words import bare_word

Name = Callable[[str], str]  # what stands for a word: itself, or a hash where text is private


@dataclass(frozen=True, eq=False, kw_only=True)
class ExplainedSentence:
    """A sentence of the data, explained for its gold class, or for one of its labels.

    Attributes:
        split: `train` or `validation`.
        sentence_id: its id in the split.
        label: what the model should decide: its gold class, or the label in question if it has that, else -1.
        explanation: by one method, in one variant.
    """

    split: str
    sentence_id: str
    label: int
    explanation: Explanation


def value_table(sentences: Sequence[ExplainedSentence], class_names: Sequence[str]) -> pd.DataFrame:
    """One row per word: whose, where, its score and what the payoff loses without it (`occlusion`).

    `standard_error` is NaN where scores are exact; `empty` and `full` are the payoffs of nothing and of the
    whole sentence.
    """
    frames = []
    for sentence in sentences:
        a, d = sentence.explanation.attribution, sentence.explanation.deletion
        columns = _origin(sentence) | {
            "prediction": decision_name(a.target, d.prediction, class_names),
            "position": range(1, len(a.words) + 1),
            "word": list(a.words),
            "score": a.scores,
            "standard_error": np.nan if a.standard_errors is None else a.standard_errors,
            "occlusion": d.occlusion,
            "empty": d.empty,
            "full": d.full,
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def interaction_table(sentences: Sequence[ExplainedSentence], class_names: Sequence[str]) -> pd.DataFrame:
    """One row per pair of words: positions from 1 and their interaction; for methods that say it."""
    frames = []
    for sentence in sentences:
        a = sentence.explanation.attribution
        assert a.pairs is not None
        first, second = np.triu_indices(len(a.words), 1)
        columns = _origin(sentence) | {
            "first": first + 1,
            "second": second + 1,
            "first_word": [a.words[i] for i in first],
            "second_word": [a.words[i] for i in second],
            "interaction": a.pairs.scores[first, second],
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def tree_table(
    sentences: Sequence[ExplainedSentence], class_names: Sequence[str], name: Name
) -> pd.DataFrame:
    """One row per sentence: its tree of phrases in brackets and, with all numbers, as JSON."""
    rows = []
    for sentence in sentences:
        phrases = sentence.explanation.attribution.tree
        assert phrases is not None
        words = [name(word) for word in phrases.words]
        rows.append(
            _origin(sentence)
            | {
                "bracketed": bracketed(phrases.tree, words),
                "merges": tree_to_json(phrases.tree, words),
                "n_ties": phrases.tree.n_ties,
            }
        )
    return pd.DataFrame(rows)


def _origin(sentence: ExplainedSentence) -> dict[str, object]:
    return {
        "id": sentence.sentence_id,
        "split": sentence.split,
        "variant": sentence.explanation.attribution.variant,
        "class": sentence.explanation.attribution.target.name,
    }


def summary(sentences: Sequence[ExplainedSentence]) -> dict[str, float]:
    """What explanations of one method and variant say on average over sentences; empty for no sentences.

    `top1_share`, `top2_share`: share of Σ|score| in the words of the largest |score|; `entropy`: of these
    shares, 0 for all in one word, 1 for evenly spread; `middle_share`: share of the middle third;
    `interaction`: mean |interaction| of two words, in units of the payoff, of methods that say it;
    `top_word_accuracy_loss`: accuracy minus the accuracy without the top word. Shares leave out sentences
    whose scores are all 0.
    """
    if not sentences:
        return {}
    explanations = [sentence.explanation for sentence in sentences]
    shares = [_shares(e) for e in explanations if np.abs(e.attribution.scores).sum() > 0]
    means = np.mean(shares, axis=0) if shares else np.full(4, np.nan)
    right = [
        (s.explanation.deletion.prediction == s.label)
        - float(s.explanation.deletion.prediction_without_top == s.label)
        for s in sentences
    ]
    found = dict(zip(("top1_share", "top2_share", "entropy", "middle_share"), means.tolist(), strict=True))
    if any(e.attribution.pairs is not None for e in explanations):
        pairs = [_mean_pair(e) for e in explanations if len(e.attribution.words) > 1]
        found["interaction"] = float(np.mean(pairs)) if pairs else float("nan")
    return found | {"top_word_accuracy_loss": float(np.mean(right))}


def _shares(explanation: Explanation) -> tuple[float, float, float, float]:
    """Return what the first, the first two and the middle words hold of Σ|score|, and the shares' entropy."""
    sizes = np.abs(explanation.attribution.scores)
    share = sizes / sizes.sum()
    ordered = np.sort(share)[::-1]
    spread = -(share[share > 0] @ np.log(share[share > 0]))
    entropy = spread / np.log(len(share)) if len(share) > 1 else 0.0
    bounds = explanation.deletion.parts.bounds
    return ordered[0], ordered[:2].sum(), entropy, share[bounds[1] : bounds[2]].sum()


def _mean_pair(explanation: Explanation) -> float:
    pairs = explanation.attribution.pairs
    assert pairs is not None
    return float(np.abs(pairs.scores[np.triu_indices(len(pairs.scores), 1)]).mean())


def word_table(values: pd.DataFrame, class_names: Sequence[str], *, exclusive: bool = True) -> pd.DataFrame:
    """One row per word, variant and class: mean score, its standard error and count, by `sure_size`.

    Words count bare and in lower case (`bare_word`), once per occurrence; the standard error (NaN for a
    single occurrence) takes occurrences as independent. With two classes every score is turned to the second
    one, for which it is its negative; sizes (`Quantity.signed`) stay with the class that they were asked of.

    Args:
        values: columns `variant`, `class`, `word`, `score`, as in `value_table`.
        class_names: all of them.
        exclusive: a score for one class is its negative for the other, as where classes exclude each other;
            else two of them are told apart as any other number.
    """
    words = values.assign(word=values["word"].map(bare_word))
    return _means(words, ["word"], "score", class_names, exclusive=exclusive)


def pair_table(pairs: pd.DataFrame, class_names: Sequence[str], *, exclusive: bool = True) -> pd.DataFrame:
    """One row per pair of words, variant and class: mean interaction, standard error, count, by `sure_size`.

    As `word_table`; a pair is the same in both orders (`word_a` ≤ `word_b`), and a word is no pair with
    itself. A pair counts once per sentence, with the mean of its occurrences there: a sentence with five
    commas is no five sentences with a comma and “dull”.

    Args:
        pairs: columns `id`, `variant`, `class`, `first_word`, `second_word`, `interaction`, as in
            `interaction_table`.
        class_names: all of them.
        exclusive: see `word_table`.
    """
    words = np.sort(pairs[["first_word", "second_word"]].map(bare_word).to_numpy(dtype=object), axis=1)
    pairs = pairs.assign(word_a=words[:, 0], word_b=words[:, 1])
    once = pairs[pairs["word_a"] != pairs["word_b"]].groupby(
        ["id", "variant", "class", "word_a", "word_b"], sort=False
    )
    means = once["interaction"].mean().reset_index()
    return _means(means, ["word_a", "word_b"], "interaction", class_names, exclusive=exclusive)


def _means(
    values: pd.DataFrame, words: list[str], column: str, class_names: Sequence[str], *, exclusive: bool
) -> pd.DataFrame:
    if exclusive and len(class_names) == 2:
        turned = values["class"] == class_names[0]
        values = values.assign(**{column: values[column].where(~turned, -values[column])})
        values["class"] = class_names[1]
    grouped = values.groupby(["variant", "class", *words], sort=False)[column]
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
        column: the mean: `score` or `interaction`.
    """
    sizes = (table[column].abs() - table["standard_error"]).fillna(0.0)
    sure: NDArray[np.float64] = sizes.clip(lower=0.0).to_numpy(dtype=np.float64)
    return sure
