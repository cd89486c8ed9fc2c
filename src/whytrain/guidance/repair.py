"""How marked words are repaired: what is recommended, and what it is compared with."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.shortcuts.marks import Mark

Overrides = dict[str, float | bool]

# Each alone, beside what is recommended.
OTHER_REPAIRS: dict[str, Overrides] = {
    "delete": {"guidance.delete": 1.0},
    "counterfactuals": {"guidance.counterfactuals": 1},
    "input_gradient": {"guidance.input_gradient": 10.0},
    "reweight": {"guidance.reweight": True},
}
MANY = 100  # words of a mark: what misleads is spread over so many that rare ones must be among them
RARE: Overrides = {"guidance.rare_words": 5}


def repair_of(marks: Sequence[Mark]) -> Overrides:
    """Return the keys with which marks say nothing in training: words swapped, half of the orders turned.

    On planted shortcuts this regained what deletion, the penalty on gradients and weights did not
    (docs/shortcuts.md), at no cost in time. Where many words mislead together, those that are too rare for
    anybody to judge are silenced, too: a network that may not read the frequent ones leans on the rare ones.
    """
    kinds = {mark.kind for mark in marks}
    swapped: Overrides = {"guidance.swap": 1.0} if kinds - {"ordered_pair"} else {}
    turned: Overrides = {"guidance.swap_order": 0.5} if "ordered_pair" in kinds else {}
    many = any(len(mark.words) > MANY for mark in marks if mark.kind == "words")
    return swapped | turned | (RARE if many else {})
