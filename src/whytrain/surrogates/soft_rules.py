"""What a soft tree says in words: what pulls a sentence at each node, and where the likeliest paths end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.surrogates.conclusions import betas_in_words
from whytrain.surrogates.features import Feature, Name
from whytrain.surrogates.fitting import Answered, FittedSurrogate
from whytrain.surrogates.rules import ARROW, TreeCell
from whytrain.surrogates.surrogates import dense_values

Array = NDArray[np.float64]
_PULLS = 3  # features that are named for each way


def soft_cells(fit: FittedSurrogate, show: Name) -> tuple[TreeCell, ...]:
    """Return the nodes of a soft tree, level by level: the children of i are 2i + 1 and 2i + 2.

    A node's text names the features that pull there most; its share is the mean probability of training
    sentences to reach it; its class is that of the mean of the leaves below it, by their shares.

    Args:
        fit: of a soft tree.
        show: what stands for a word.
    """
    tree, pulls = fit.surrogate.estimator, _pulls(fit, show)
    shares = [level.mean(axis=0) for level in tree.reached(fit.surrogate.inputs(fit.train))]
    cells: list[TreeCell] = []
    depth, n_classes = len(shares) - 1, tree.leaves.shape[1]
    for level, of_level in enumerate(shares):
        below = (tree.leaves * shares[-1][:, None]).reshape(len(of_level), -1, n_classes).sum(axis=1)
        for place, share in enumerate(of_level.tolist()):
            number = len(cells)
            mean = below[place] / below[place].sum()
            cells.append(
                TreeCell(
                    depth=level,
                    text=pulls[(number - 1) // 2][(number - 1) % 2] if number else "",
                    children=(2 * number + 1, 2 * number + 2) if level < depth else (),
                    class_index=int(mean.argmax()),
                    confidence=float(mean.max()),
                    share=share,
                )
            )
    return tuple(cells)


def soft_table(
    fit: FittedSurrogate, cells: tuple[TreeCell, ...], validation: Answered, class_names: Any
) -> pd.DataFrame:
    """Return one row per node of a soft tree, level by level.

    Columns `node` (from 1), `parent` (0 for the root), `pulled_by`, `class`, `confidence`, `share` (mean
    probability of training sentences to get there), `n_validation` (validation sentences whose likeliest leaf
    is there or below), `teacher_validation` (of how many the network predicts that class) and, of a leaf,
    `rule`.

    Args:
        fit: of a soft tree.
        cells: its nodes, from `soft_cells`.
        validation: what the network says of the sentences of `fit.validation`.
        class_names: all of them.
    """
    likeliest = fit.surrogate.estimator.reached(fit.surrogate.inputs(fit.validation))[-1].argmax(axis=1)
    network, depth = validation.logits.argmax(axis=1), cells[-1].depth
    rows = []
    for number, cell in enumerate(cells):
        first = number - (2**cell.depth - 1)
        inside = likeliest >> (depth - cell.depth) == first
        rows.append(
            {
                "node": number + 1,
                "parent": (number + 1) // 2,
                "pulled_by": cell.text,
                "class": class_names[cell.class_index],
                "confidence": cell.confidence,
                "share": cell.share,
                "n_validation": int(inside.sum()),
                "teacher_validation": int((network[inside] == cell.class_index).sum()),
                "rule": "" if cell.children else _rule(cells, number) + ARROW + class_names[cell.class_index],
            }
        )
    return pd.DataFrame(rows)


def _rule(cells: tuple[TreeCell, ...], leaf: int) -> str:
    """Return what pulls a sentence from the root to a leaf."""
    path, number = [], leaf
    while number:
        path.append(cells[number].text)
        number = (number - 1) // 2
    return ", then ".join(f"pulled by {text}" for text in reversed(path))


def _pulls(fit: FittedSurrogate, show: Name) -> list[tuple[str, str]]:
    """Return what pulls to the left and to the right at each inner node, strongest first.

    Strength is |weight| times the feature's standard deviation in training sentences: a word that is hardly
    ever there pulls hardly ever.
    """
    kept, weights = betas_in_words(fit)
    deviations = dense_values(fit.surrogate.inputs(fit.train)).std(axis=0)[kept]
    names = [_pulling(fit.train.features[i], show) for i in kept]

    def strongest(strengths: Array) -> str:
        order = np.argsort(-strengths, kind="stable")[:_PULLS]
        return ", ".join(names[i] for i in order if strengths[i] > 0)

    return [(strongest(-strengths), strongest(strengths)) for strengths in weights * deviations]


def _pulling(feature: Feature, show: Name) -> str:
    return feature.name(show) if feature.is_presence else f"more {feature.unit or feature.name(show)}"
