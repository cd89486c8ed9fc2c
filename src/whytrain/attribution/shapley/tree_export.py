"""Interaction trees for other programs: JSON and a bracketed string."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from whytrain.attribution.shapley.interaction_tree import InteractionTree, Merge


def tree_to_json(tree: InteractionTree, words: Sequence[str]) -> str:
    """Write a tree as nested JSON objects.

    A phrase has `words`, `benefit`, `between`, `r`, `s`, `t` (null where undefined) and two `children`; a
    leaf has `words` alone. The outermost object also holds `criterion` and `n_ties`.
    """

    def phrase(merge: Merge, left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
        numbers = {name: _number(getattr(merge, name)) for name in ("benefit", "between", "r", "s", "t")}
        return {"words": left["words"] + right["words"], **numbers, "children": [left, right]}

    nodes: dict[tuple[int, ...], dict[str, Any]] = {(i,): {"words": [w]} for i, w in enumerate(words)}
    for merge in tree.merges:
        nodes[merge.left + merge.right] = phrase(merge, nodes[merge.left], nodes[merge.right])
    root = nodes[tuple(range(tree.n_players))]
    return json.dumps({"criterion": tree.criterion, "n_ties": tree.n_ties, **root}, ensure_ascii=False)


def bracketed(tree: InteractionTree, words: Sequence[str]) -> str:
    """Write a tree as nested brackets; brackets in words become -LRB- and -RRB- as in the Penn Treebank.

    >>> import numpy as np
    >>> from whytrain.attribution.shapley.interaction_tree import interaction_tree
    >>> bracketed(interaction_tree(np.array([0.0, 0, 0, 0, 0, 0, 1, 2])), ["it", "is", "good"])
    '(it (is good))'
    """
    nodes: dict[tuple[int, ...], str] = {
        (i,): w.replace("(", "-LRB-").replace(")", "-RRB-") for i, w in enumerate(words)
    }
    for merge in tree.merges:
        nodes[merge.left + merge.right] = f"({nodes[merge.left]} {nodes[merge.right]})"
    return nodes[tuple(range(tree.n_players))]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
