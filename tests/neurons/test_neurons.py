"""Units by hand: what they add, what they cost, what raises them, and the words that drive them highest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from small import small_bilstm, wordpiece_tokenizer

from whytrain.data.encoded import EncodedSplit
from whytrain.errors import ConfigError, DataError
from whytrain.models.batch_runner import split_of
from whytrain.models.evaluation import evaluating
from whytrain.models.existing import huggingface_classifier
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.models.layers import POOLED, Layers, LayerStates, Replacement
from whytrain.neurons import (
    ablate,
    activations,
    contributions,
    decisiveness,
    estimated_effects,
    maximize,
    project,
    ranked,
    read_phrases,
    word_effects,
)
from whytrain.neurons.projection import neighbors_agree
from whytrain.neurons.responses import Phrases, known_words, texts_with
from whytrain.neurons.unit_values import margins
from whytrain.types import Inspection

WORDS = ["a", "great", "dull", "film", "plot", "very"]
TEXTS = ["a great film", "a very dull plot", "great", "film plot film", "very very great", "dull dull"]


@pytest.fixture(scope="module", params=["last", "mean", "max", "attention"])
def model(request: pytest.FixtureRequest) -> ModelInterface:
    words = wordpiece_tokenizer(WORDS)
    module = small_bilstm(vocabulary_size=words.vocabulary_size, pooling=request.param, layer_norm=True)
    with torch.no_grad():
        module.embedding.weight.mul_(5)
    return interface_of(module.eval(), words, 20)


@pytest.fixture(scope="module")
def split(model: ModelInterface) -> EncodedSplit:
    return replace(split_of(TEXTS, model), labels=np.array([0, 1, 0, 2, 0, 1]))


@pytest.fixture(scope="module")
def linear() -> ModelInterface:
    """Behind its LSTM everything is linear."""
    words = wordpiece_tokenizer(WORDS)
    module = small_bilstm(vocabulary_size=words.vocabulary_size, pooling="mean", layer_norm=False)
    with torch.no_grad():
        module.embedding.weight.mul_(5)
    return interface_of(module.eval(), words, 20)


def test_what_units_add_sums_to_the_margin(model: ModelInterface, split: EncodedSplit) -> None:
    seen = activations(model, split)
    added = contributions(seen, seen.means)
    mean_text = torch.from_numpy(seen.means).float() @ model.module.classifier.weight.T
    usual = (mean_text + model.module.classifier.bias).detach().double().numpy()
    expected = margins(seen.logits, seen.predicted) - margins(np.tile(usual, (6, 1)), seen.predicted)
    np.testing.assert_allclose(added.sum(axis=1), expected, atol=1e-5)  # float32 sums


def test_a_margin_of_two_classes_is_the_log_odds() -> None:
    np.testing.assert_allclose(margins(np.array([[3.0, 1.0]]), np.array([1])), [-2.0])
    np.testing.assert_allclose(margins(np.array([[3.0, 1.0, 0.0]]), np.array([0])), [2.5])


def test_a_unit_adds_what_is_lost_without_it(model: ModelInterface, split: EncodedSplit) -> None:
    """By weights, and by running the model with the unit held."""
    seen = activations(model, split)
    added = decisiveness(model, split, seen, range(10))
    gold = replace(split, labels=seen.predicted)
    for unit in range(10):
        found = ablate(model, gold, seen, [unit])
        assert found.margin.estimate == pytest.approx(added[:, unit].mean(), abs=1e-5)
    both = ablate(model, gold, seen, [1, 4])
    assert both.margin.estimate == pytest.approx(added[:, [1, 4]].sum(axis=1).mean(), abs=1e-5)


def test_units_of_a_layer_below(model: ModelInterface, split: EncodedSplit) -> None:
    seen = activations(model, split, "lstm 1")
    with evaluating(model):
        states = model.through_layers(torch.from_numpy(split.sentence(1).astype(np.int64))[None], None).states
    np.testing.assert_allclose(seen.values[1], states["lstm 1"][0].mean(dim=0).numpy(), atol=1e-6)
    added = decisiveness(model, split, seen, range(10))
    assert added.shape == (6, 10)
    held = ablate(model, replace(split, labels=seen.predicted), seen, [3])
    assert held.margin.estimate == pytest.approx(added[:, 3].mean(), abs=1e-5)


def test_the_estimate_is_exact_where_the_answer_is_linear(linear: ModelInterface) -> None:
    split = split_of(TEXTS, linear)
    seen = activations(linear, split, "lstm 1")
    whole = decisiveness(linear, split, seen, range(10))
    # A mean of states into a linear layer; float32 sums in another order.
    np.testing.assert_allclose(estimated_effects(linear, split, seen), whole, atol=1e-5)


def test_the_estimate_is_the_slope_of_the_margin(linear: ModelInterface) -> None:
    """Of what a recurrence carries on, too: the difference of two runs in which it moves a little."""
    layer, texts, unit, little = "lstm 1 carried", ["a very dull plot", "great"], 3, 1e-2
    split = split_of(texts, linear)
    seen = activations(linear, split, layer)
    lost = []
    for share in (little, -little):
        where = torch.zeros(1, 1, seen.values.shape[1])
        where[..., unit] = share
        moved = Replacement(layer=layer, where=where, values=torch.from_numpy(seen.means).float()[None, None])
        lost.append(margins(activations(linear, split, layer, moved).logits, seen.predicted))
    slope = -(lost[0] - lost[1]) / (2 * little)
    # The error of central differences is of order little²; float32 leaves 1e-7 / little.
    np.testing.assert_allclose(estimated_effects(linear, split, seen)[:, unit], slope, atol=2e-4)


class Curved(torch.nn.Module):
    """Thirty units, and behind them a tanh each: what holding one costs is no slope any more."""

    def __init__(self, n_words: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.embedding = torch.nn.Embedding(n_words, 4)
        self.units = torch.nn.Linear(4, 30)
        self.behind = torch.nn.Linear(30, 30)
        self.classifier = torch.nn.Linear(30, 2)
        with torch.no_grad():
            for weight in self.parameters():
                weight.copy_(torch.randn(weight.shape, generator=generator) / 2)
            self.behind.weight.copy_(torch.eye(30))
            self.behind.bias.zero_()

    def embed(self, token_ids: torch.Tensor) -> torch.Tensor:
        return self.embedding(token_ids)

    def forward(self, token_ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self.through_layers(self.embed(token_ids), mask, None).logits

    def inspect(self, embeddings: torch.Tensor, mask: torch.Tensor | None) -> Inspection:
        seen = self.through_layers(embeddings, mask, None)
        return Inspection(
            logits=seen.logits, hidden_states=seen.states["hidden"], attention=None, attention_scores=None
        )

    def through_layers(
        self, embeddings: torch.Tensor, mask: torch.Tensor | None, replacement: Replacement | None
    ) -> LayerStates:
        layers = Layers(replacement)
        hidden = layers.passed("hidden", torch.tanh(self.units(layers.passed("embeddings", embeddings))))
        weights = torch.ones(hidden.shape[:2]) if mask is None else mask.float()
        mean = (hidden * (weights / weights.sum(1, keepdim=True)).unsqueeze(2)).sum(1)
        pooled = layers.passed(POOLED, torch.tanh(self.behind(mean)).unsqueeze(1))[:, 0]
        head = self.classifier
        return LayerStates(
            logits=head(pooled), states=layers.states, head_weight=head.weight, head_bias=head.bias
        )


def test_the_ranked_units_are_those_of_holding_all() -> None:
    words = wordpiece_tokenizer(WORDS)
    model = interface_of(Curved(words.vocabulary_size).eval(), words, 20)
    split = split_of([*TEXTS, "a dull film", "very great plot", "the film"], model)
    seen = activations(model, split, "hidden")
    whole = np.abs(decisiveness(model, split, seen, range(30))).mean(axis=0)
    found = ranked(model, split, seen, 4, np.random.default_rng(0))
    assert len(found.held) == 16  # eight by the estimate, eight drawn
    assert found.order[:4].tolist() == np.argsort(-whole)[:4].tolist()
    np.testing.assert_allclose(np.abs(found.added[:, found.held]).mean(axis=0), whole[found.held])
    assert not set(found.drawn) & set(found.held[:8])
    assert found.shares.sum() == pytest.approx(1)
    assert found.agreement > 0.5
    everything = ranked(model, split, seen, 15, np.random.default_rng(0))
    assert everything.order.tolist() == np.argsort(-whole, kind="stable").tolist()


def test_holding_all_pooled_units_leaves_one_answer(model: ModelInterface, split: EncodedSplit) -> None:
    seen = activations(model, split)
    found = ablate(model, split, seen, range(10))
    # Everything is of one class then: right where that class is the label.
    shares = [np.mean(split.labels == c) for c in range(3)]
    right = np.mean(seen.predicted == split.labels)
    assert min(abs(right - share - found.accuracy.estimate) for share in shares) < 1e-12


def test_a_layer_that_is_not_there(model: ModelInterface, split: EncodedSplit) -> None:
    with pytest.raises(
        ConfigError, match=r"layer=lstm 2: the model has no such layer; choices: embeddings, "
    ):
        activations(model, split, "lstm 2")


def test_the_effect_of_a_word_is_what_falls_without_it(model: ModelInterface) -> None:
    found = word_effects(model, ["a great film", "great plot", ""], POOLED, {"great", "film", "a"})
    assert found.words.tolist() == ["a", "great", "film", "great"]
    encoding = model.tokenizer.encode_words("a great film", 20)
    absent = np.where(encoding.word_of_token == 1, model.tokenizer.padding_id, encoding.token_ids)
    with evaluating(model):
        whole, without = (
            model.through_layers(torch.from_numpy(ids)[None], None).states[POOLED][0, 0]
            for ids in (encoding.token_ids, absent)
        )
    np.testing.assert_allclose(found.raised[1], (whole - without).numpy(), atol=1e-6)
    many = word_effects(model, ["a great film", "a great plot", "a great great film"], POOLED, {"a", "great"})
    for word, raised in many.strongest(0, 5, 0.95):
        own = many.raised[many.words == word, 0]
        assert raised.estimate == pytest.approx(own.mean())
        assert len(own) >= 3
        assert not raised.contains(0)


def test_texts_with_words_until_there_are_enough() -> None:
    texts = ["great", "a great film", "dull plot", "Great, dull", "great plot", "dull film"]
    assert texts_with({"great", "dull"}, texts, 2) == ["a great film", "dull plot", "Great, dull"]


def test_the_strongest_phrases_are_no_parts_of_each_other() -> None:
    phrases = Phrases(
        texts=("a great film", "great", "so good", "dull"), values=np.array([[4.0], [3.0], [2.0], [-1.0]])
    )
    assert phrases.strongest(0, 2) == [("a great film", 4.0), ("so good", 2.0)]
    assert phrases.strongest(0, 1, lowest=True) == [("dull", -1.0)]


def test_phrases_are_of_the_corpus_and_read_alone(model: ModelInterface) -> None:
    found = read_phrases(model, TEXTS, POOLED, 12, np.random.default_rng(0))
    assert len(set(found.texts)) == len(found.texts) == 12
    assert all(any(phrase in text for text in TEXTS) for phrase in found.texts)
    alone = activations(model, split_of([found.texts[3]], model)).values[0]
    np.testing.assert_allclose(found.values[3], alone, atol=1e-6)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_best_words_by_brute_force(model: ModelInterface, length: int) -> None:
    def score(candidates: Sequence[tuple[str, ...]]) -> NDArray[np.float64]:
        return activations(model, split_of([" ".join(w) for w in candidates], model)).values[:, 2]

    everything = [words for n in range(1, length + 1) for words in permutations(WORDS, n)]
    expected = score(everything).max()
    wide = maximize(score, WORDS, length=length, width=200)
    # Batches of other sentences add in another order.
    assert wide.value == pytest.approx(expected, abs=1e-6)
    narrow = maximize(score, WORDS, length=length, width=2)
    assert narrow.value <= wide.value + 1e-6
    assert narrow.value == pytest.approx(float(score([narrow.words])[0]), abs=1e-6)


def test_a_beam_inserts_before_and_behind() -> None:
    """The best pair has the best single word last: appending alone would miss it."""
    worth = {("b",): 2.0, ("a",): 1.0, ("a", "b"): 5.0, ("b", "a"): 0.0}
    found = maximize(lambda many: np.array([worth[words] for words in many]), ["a", "b"], length=2, width=1)
    assert found == (("a", "b"), 5.0)


def test_known_words_are_frequent_and_in_the_vocabulary(model: ModelInterface) -> None:
    texts = ["great great film", "Great, plot unheard unheard unheard"]
    assert known_words(texts, model.tokenizer, 2) == ("great", "film")


def test_units_of_a_transformer(bert_folder: Path) -> None:
    model = huggingface_classifier(str(bert_folder), 40).interface
    split = split_of(["a great film", "dull plot", "the music is great"], model)
    seen = activations(model, split)
    added = decisiveness(model, replace(split, labels=seen.predicted), seen, range(16))
    held = ablate(model, replace(split, labels=seen.predicted), seen, [5])
    assert held.margin.estimate == pytest.approx(added[:, 5].mean(), abs=1e-5)
    layer = activations(model, split, "layer 1")
    assert layer.values.shape == (3, 16)


def test_projections_keep_what_they_promise() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1], 40)
    states = rng.normal(size=(80, 6)) + 20 * groups[:, None]
    at, shown = project(states, "pca", 0)
    assert shown is not None
    assert shown > 0.9
    # Two directions of six hold all of a plane.
    plane = np.zeros((80, 6))
    plane[:, :2] = states[:, :2]
    flat, whole = project(plane, "pca", 0)
    assert whole == pytest.approx(1.0)
    distances = np.linalg.norm(plane[:1] - plane[1:], axis=1)
    np.testing.assert_allclose(np.linalg.norm(flat[:1] - flat[1:], axis=1), distances, rtol=1e-9)
    assert neighbors_agree(at, groups).mean() == 1.0
    near, none = project(states, "tsne", 0)
    assert none is None
    assert neighbors_agree(near, groups).mean() == 1.0
    np.testing.assert_array_equal(near, project(states, "tsne", 0)[0])
    with pytest.raises(DataError, match="at least 5"):
        project(states[:4], "pca", 0)
