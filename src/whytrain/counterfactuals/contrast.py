"""Pairs of texts that differ in few words and in the model's answer, for a person to label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.counterfactuals.substitutions import Counterfactual
from whytrain.data.label_names import few_of
from whytrain.errors import DataError
from whytrain.shortcuts.features import Text
from whytrain.statistics.intervals import Interval, wilson_interval
from whytrain.types import Predict

COLUMNS = ("text", "label", "original", "original_label", "model_said", "model_says", "changed", "fluency")


def contrast_rows(
    originals: Sequence[tuple[str, str]],
    found: Sequence[Counterfactual],
    before: Sequence[int],
    class_names: Sequence[str],
) -> pd.DataFrame:
    """Return one row per counterfactual; `label` is empty, for a person who reads `text`.

    A changed word can change what a sentence says, or only what the model says of it: which of both, no
    model knows. With labels the table is a file that `data=csv` reads.

    Args:
        originals: text and label of each counterfactual's original.
        found: the counterfactuals.
        before: what the model says of the originals, class indices.
        class_names: of the classes.
    """
    rows = [
        {
            "text": each.text,
            "label": "",
            "original": text,
            "original_label": label,
            "model_said": class_names[said],
            "model_says": class_names[each.label],
            "changed": changes_in_words(text, each.changes),
            "fluency": round(each.fluency, 2),
        }
        for (text, label), each, said in zip(originals, found, before, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def changes_in_words(text: str, changes: Mapping[int, str]) -> str:
    """Return what became what.

    >>> changes_in_words("A good film", {1: "bad"})
    'good → bad'
    """
    words = Text(text).words
    return ", ".join(f"{words[place]} → {new}" for place, new in sorted(changes.items()))


def contrast_consistency(
    predict: Predict, reviewed: pd.DataFrame, class_names: Sequence[str], level: float = 0.95
) -> Interval:
    """Return the share of pairs of which a model gets both texts right, with its Wilson interval.

    Who reads a word that does not decide gets one of both wrong. Asked before and after a training it says
    how far that moved the model.

    Args:
        predict: the model.
        reviewed: what `contrast_rows` returned, `label` filled in; rows without one are left out.
        class_names: of the classes.
        level: of the interval.

    Raises:
        DataError: no row has a label, or a label is no class.

    References:
        Gardner et al. (2020), Evaluating models' local decision boundaries via contrast sets.
    """
    labeled = reviewed[reviewed["label"].fillna("").astype(str) != ""]
    if labeled.empty:
        raise DataError("no row of the contrast set has a label: read each text and fill in the column label")
    names, right = list(class_names), []
    for texts, labels in (("original", "original_label"), ("text", "label")):
        if unknown := sorted(set(labeled[labels].astype(str)) - set(names)):
            raise DataError(f"the contrast set's {labels} has {unknown[0]!r}; expected {few_of(names)}")
        gold: NDArray[np.int64] = np.array([names.index(label) for label in labeled[labels].astype(str)])
        right.append(predict(labeled[texts].tolist()).argmax(axis=1) == gold)
    return wilson_interval(int((right[0] & right[1]).sum()), len(labeled), level)
