"""Attention as a method: weights are the model's own, and rollout is the product of its layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small import small_bilstm, wordpiece_tokenizer

from whytrain.attribution.ask import Ask
from whytrain.attribution.attention.attention import Attention
from whytrain.attribution.attention.attention_rollout import AttentionRollout, rollout
from whytrain.attribution.explainer import check_explainers
from whytrain.attribution.target import ClassTarget
from whytrain.attribution.units import players_of
from whytrain.errors import ConfigError
from whytrain.models.existing import huggingface_classifier
from whytrain.models.interface import ModelInterface, interface_of

TARGET = ClassTarget(name="good", index=1, payoff="log_odds")


def bilstm(pooling: str) -> ModelInterface:
    tokenizer = wordpiece_tokenizer(["un", "##happy", "##ly", "a", "film"])
    model = small_bilstm(vocabulary_size=tokenizer.vocabulary_size, n_classes=2, pooling=pooling)
    return interface_of(model.eval(), tokenizer, 20)


def ask(model: ModelInterface, text: str) -> Ask:
    return Ask(model, players_of(model.tokenizer.encode_words(text, model.max_tokens), model.max_tokens))


def test_a_word_has_the_weight_of_its_states_in_the_pooled_vector() -> None:
    model = bilstm("attention")
    (found,) = Attention()(ask(model, "a unhappyly film"), TARGET, seed=0)
    weights = model.inspect(torch.tensor([[2, 8, 5, 6, 7, 9, 3]]), None).attention
    assert weights is not None
    a = weights[0].detach().double().numpy()
    np.testing.assert_allclose(found.scores, [a[1], a[2:5].sum(), a[5]], atol=1e-7)
    assert (found.variant, found.heads, found.quantity.signed) == ("pooling", None, False)


@pytest.fixture(scope="module")
def transformer(bert_folder: Path) -> ModelInterface:
    return huggingface_classifier(str(bert_folder), 30).interface


def test_a_transformers_attention_is_what_its_first_token_reads(transformer: ModelInterface) -> None:
    asked = ask(transformer, "a great film")
    (found,) = Attention()(asked, TARGET, seed=0)
    layers = transformer.inspect(torch.from_numpy(asked.units.token_ids)[None], None).head_attention
    assert layers is not None
    expected = layers[-1][0].mean(dim=0)[0].detach().double().numpy()
    np.testing.assert_allclose(found.scores, expected[1:4], atol=1e-7)
    assert found.variant == "last_layer"
    heads = found.heads
    assert heads is not None
    assert heads.tokens == ("[CLS]", "a", "great", "film", "[SEP]")
    assert heads.reader == 0
    assert heads.weights.shape == (2, 2, 5, 5)
    np.testing.assert_allclose(heads.weights.sum(axis=-1), 1, atol=1e-6)
    np.testing.assert_array_equal(heads.weights[1], layers[1][0].detach().numpy())


def test_rollout_by_hand(transformer: ModelInterface) -> None:
    asked = ask(transformer, "a great film")
    (found,) = AttentionRollout()(asked, TARGET, seed=0)
    layers = transformer.inspect(torch.from_numpy(asked.units.token_ids)[None], None).head_attention
    assert layers is not None
    flow = torch.eye(5, dtype=torch.float64)
    for layer in layers:  # from the words upwards
        flow = (0.5 * layer[0].double().mean(dim=0) + 0.5 * torch.eye(5)) @ flow
    np.testing.assert_allclose(found.scores, flow[0, 1:4].detach(), atol=1e-7)
    # Two layers of two tokens: ½(W + I) = [[¾, ¼], [½, ½]] and [[½, ½], [0, 1]], the second one on top.
    first, second = np.array([[[0.5, 0.5], [1, 0]]]), np.array([[[0, 1], [0, 1.0]]])
    np.testing.assert_allclose(
        rollout(np.stack([first, second]).astype(np.float32)), [[0.625, 0.375], [0.5, 0.5]]
    )
    np.testing.assert_allclose(rollout(first[None].astype(np.float32)), [[0.75, 0.25], [0.5, 0.5]])


def test_models_without_attention_say_so_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"^attention: this model has none; a transformer has"):
        check_explainers([Attention()], bilstm("last"))
    with pytest.raises(ConfigError, match=r"^attention_rollout: this model has no layers of attention heads"):
        check_explainers([Attention(), AttentionRollout()], bilstm("attention"))
    check_explainers([Attention()], bilstm("attention"))
