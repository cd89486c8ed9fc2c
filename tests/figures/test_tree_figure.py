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
    merges = (Merge((1,), (2,), -0.8, -0.8, 0.9, 0.0, np.nan), Merge((0,), (1, 2), 0.1, 0.9, 0.5, 0.0, 1.0))
    texts = readable(draw(InteractionTree(3, merges, "density", 1), ["it", "not", "good"], **WHOSE))
    assert "Most antagonism in “not good”: B = −0.80" in texts
    assert any("ties at 1 merge" in text for text in texts)


def test_twenty_words_with_wide_numbers_can_be_read(readable, sentences):
    players = [(i,) for i in range(20)]
    generator = np.random.default_rng(0)
    merges = []
    while len(players) > 1:
        i = int(generator.integers(len(players) - 1))
        merges.append(
            Merge(players[i], players[i + 1], -10 * generator.random(), 0.1, generator.random(), 0.1, 0.1)
        )
        players[i : i + 2] = [players[i] + players[i + 1]]
    readable(draw(InteractionTree(20, tuple(merges), "density", 0), sentences["long"][:20], **WHOSE))


def test_names_must_fit_the_tree():
    with pytest.raises(WhytrainError, match="each of the 2 players"):
        draw(InteractionTree(2, (), "density", 0), ["one"], **WHOSE)
