"""An explanation as plain data, for JSON and for rows of a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from whytrain.attribution.shapley.deletion_path import mean_loss, ranking
from whytrain.attribution.shapley.explanation import Explanation
from whytrain.attribution.shapley.tree_export import tree_to_json


def strongest_pairs(explanation: Explanation, n_pairs: int) -> list[tuple[int, int]]:
    """Return the pairs of words, first before second, with the largest |interaction|."""
    n = len(explanation.words)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    strengths = explanation.interactions[tuple(zip(*pairs, strict=True))] if pairs else explanation.values[:0]
    return [pairs[k] for k in ranking(strengths)[:n_pairs]]


def to_plain(explanation: Explanation, class_names: Sequence[str]) -> dict[str, Any]:
    """Return an explanation as nested lists and mappings; standard errors are null where values are exact."""
    e = explanation
    errors = None if e.values_se is None else e.values_se.tolist()
    pairs = strongest_pairs(e, len(e.words) ** 2)
    return {
        "absence": e.absence.name,
        "payoff": e.payoff,
        "class": class_names[e.class_index],
        "exact": e.values_se is None,
        "n_evaluations": e.n_evaluations,
        "empty": e.empty,
        "full": e.full,
        "words": list(e.words),
        "phi": e.values.tolist(),
        "standard_error": errors,
        "occlusion": e.occlusion.tolist(),
        "comprehensiveness": mean_loss(e.removal, e.full),
        "sufficiency": mean_loss(e.path, e.full),
        "interactions": [
            {
                "words": [e.words[i], e.words[j]],
                "positions": [i + 1, j + 1],
                "interaction": float(e.interactions[i, j]),
                "standard_error": None if e.interactions_se is None else float(e.interactions_se[i, j]),
            }
            for i, j in pairs
        ],
        "tree": json.loads(tree_to_json(e.tree, e.tree_words)),
    }
