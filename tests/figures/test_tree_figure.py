"""The interaction tree."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.attribution.shapley.interaction_tree import InteractionTree, Merge, interaction_tree
from whytrain.errors import WhytrainError
from whytrain.figures.explanations.interaction_tree import interaction_tree as draw
from whytrain.presentation.wording import signed

WHOSE = {"payoff": "log_odds", "class_name": "positive"}


def test_every_merge_is_a_node_with_its_numbers(readable, game):
    tree = interaction_tree(game(6))
    words = ["not", "a", "very", "good", "film", "."]
    figure = draw(tree, words, **WHOSE)
    texts = readable(figure)
    ax = figure.axes[0]
    nodes = ax.collections[1].get_offsets()
    assert len(nodes) == 5
    assert nodes[:, 0].tolist() == [1, 2, 3, 4, 5]  # in the order of the merges
    for (_, y), merge in zip(nodes, tree.merges, strict=True):
        assert min(merge.left) < y < max(merge.right)  # a node lies within its phrase
    numbers = [text.get_text() for text in ax.texts]
    scale = max(abs(merge.benefit) for merge in tree.merges)
    assert numbers[0::2] == [signed(merge.benefit, scale) for merge in tree.merges]
    assert numbers[1::2] == [f"{merge.r:.2f}" for merge in tree.merges]
    sizes = ax.collections[1].get_sizes()
    np.testing.assert_allclose(sizes, [25 + 90 * merge.r for merge in tree.merges])
    assert set(words) <= set(texts)


def test_the_title_names_the_phrase(readable):
    merges = (
        Merge(left=(1,), right=(2,), benefit=-0.8, between=-0.8, r=0.9, s=0.0, t=np.nan),
        Merge(left=(0,), right=(1, 2), benefit=0.1, between=0.9, r=0.5, s=0.0, t=1.0),
    )
    texts = readable(
        draw(
            InteractionTree(n_players=3, merges=merges, criterion="density", n_ties=1),
            ["it", "not", "good"],
            **WHOSE,
        )
    )
    assert "Most antagonism in “not good”: B = −0.80" in texts
    assert any("ties at 1 merge" in text for text in texts)


def test_twenty_words_with_wide_numbers_can_be_read(readable, sentences):
    players = [(i,) for i in range(20)]
    generator = np.random.default_rng(0)
    merges = []
    while len(players) > 1:
        i = int(generator.integers(len(players) - 1))
        merges.append(
            Merge(
                left=players[i],
                right=players[i + 1],
                benefit=-10 * generator.random(),
                between=0.1,
                r=generator.random(),
                s=0.1,
                t=0.1,
            )
        )
        players[i : i + 2] = [players[i] + players[i + 1]]
    readable(
        draw(
            InteractionTree(n_players=20, merges=tuple(merges), criterion="density", n_ties=0),
            sentences["long"][:20],
            **WHOSE,
        )
    )


def test_names_must_fit_the_tree():
    with pytest.raises(WhytrainError, match="each of the 2 players"):
        draw(InteractionTree(n_players=2, merges=(), criterion="density", n_ties=0), ["one"], **WHOSE)
