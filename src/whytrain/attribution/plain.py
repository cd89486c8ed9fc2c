"""An explanation as plain data, for JSON and for rows of a file."""

from __future__ import annotations

import json
from typing import Any

from whytrain.attribution.attribution import Attribution, strongest_pairs
from whytrain.attribution.explainer import Explanation
from whytrain.attribution.shapley.tree_export import tree_to_json


def to_plain(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as nested lists and mappings.

    Standard errors are null where scores are exact; interactions and tree where the method has none.
    """
    a, d = explanation.attribution, explanation.deletion
    return {
        "method": a.method,
        "variant": a.variant,
        "quantity": {"symbol": a.quantity.symbol, "name": a.quantity.name, "unit": a.quantity.unit},
        "payoff": a.target.payoff,
        "class": a.target.name,
        "n_evaluations": a.n_evaluations,
        "words": list(a.words),
        "scores": a.scores.tolist(),
        "standard_errors": None if a.standard_errors is None else a.standard_errors.tolist(),
        "relative_error": a.relative_error,
        "total": None if a.total is None else list(a.total),
        "absence": d.absence,
        "empty": d.empty,
        "full": d.full,
        "occlusion": d.occlusion.tolist(),
        "comprehensiveness": d.comprehensiveness,
        "sufficiency": d.sufficiency,
        "interactions": _interactions(a),
        "tree": None if a.tree is None else json.loads(tree_to_json(a.tree.tree, a.tree.words)),
    }


def _interactions(attribution: Attribution) -> list[dict[str, Any]] | None:
    words, pairs = attribution.words, attribution.pairs
    if pairs is None:
        return None
    errors = pairs.standard_errors
    return [
        {
            "words": [words[i], words[j]],
            "positions": [i + 1, j + 1],
            "interaction": float(pairs.scores[i, j]),
            "standard_error": None if errors is None else float(errors[i, j]),
        }
        for i, j in strongest_pairs(pairs)
    ]
