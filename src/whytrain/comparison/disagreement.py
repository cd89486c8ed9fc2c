"""Sentence by sentence: where one is right and the other wrong, and where confidence changed most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.comparison.recipes import Recipe
from whytrain.comparison.runs import Sentences
from whytrain.errors import ConfigError
from whytrain.metrics import right_rows


def judgements(baseline: Recipe, other: Recipe, sentences: Sentences) -> pd.DataFrame:
    """Return what two recipes say of every sentence, most changed first.

    Of several seeds the mean probability decides.

    Args:
        baseline: before.
        other: after.
        sentences: that they judged.

    Returns:
        One row per sentence: `row`, `id`, `text` (None where it is private), `label`, `prediction_before`,
        `prediction_after`, `right_before`, `right_after`, `probability_before`, `probability_after` (of the
        label), and their difference `change`.
    """
    n, names, gold, task = len(sentences.ids), sentences.class_names, sentences.labels, sentences.task
    before, after = (recipe.probabilities.mean(axis=0) for recipe in (baseline, other))
    p_before, p_after = (_of_truth(probabilities, gold) for probabilities in (before, after))
    frame = pd.DataFrame(
        {
            "row": np.arange(n),
            "id": sentences.ids,
            "text": sentences.texts if sentences.texts is not None else [None] * n,
            "label": task.show(gold, names),
            "prediction_before": task.show(task.decisions(before), names),
            "prediction_after": task.show(task.decisions(after), names),
            "right_before": right_rows(before, gold),
            "right_after": right_rows(after, gold),
            "probability_before": p_before,
            "probability_after": p_after,
            "change": p_after - p_before,
        }
    )
    return frame.sort_values("change", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def _of_truth(probabilities: NDArray[np.float64], gold: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the probability of each row's label, or of all that is true of its labels, as if independent."""
    of_truth: NDArray[np.float64] = (
        probabilities[np.arange(len(gold)), gold]
        if gold.ndim == 1
        else np.where(gold == 1, probabilities, 1 - probabilities).prod(axis=1)
    )
    return of_truth


def chosen_rows(table: pd.DataFrame, ids: Sequence[str], n_changed: int) -> list[int]:
    """Return the rows to explain: those asked for, then the most changed ones that changed at all.

    Args:
        table: from `judgements`.
        ids: of sentences asked for.
        n_changed: how many of the most changed.

    Raises:
        ConfigError: an id that no sentence has.
    """
    position = dict(zip(table["id"], table["row"].tolist(), strict=True))
    unknown = [wanted for wanted in ids if wanted not in position]
    if unknown:
        known = ", ".join(sorted(position)[:5])
        raise ConfigError(f"sentences: no sentence has the id {unknown[0]}; ids look like {known}")
    changed = table.loc[table["change"] != 0, "row"].tolist()
    asked = [position[wanted] for wanted in ids]
    return [*asked, *(row for row in changed if row not in asked)][: len(asked) + n_changed]
