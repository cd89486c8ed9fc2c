"""Layers show what the model computes, and go on with what a state is replaced by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from small import small_bilstm, wordpiece_tokenizer
from torch import Tensor, nn

from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError
from whytrain.models.evaluation import evaluating
from whytrain.models.existing import huggingface_classifier
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.models.layers import POOLED, Replacement, carried, is_carried

KINDS = [
    {"pooling": "last"},
    {"pooling": "mean", "n_layers": 2},
    {"pooling": "max", "layer_norm": True},
    {"pooling": "attention", "layer_norm": True, "self_attention_heads": 2},
]
IDS = torch.tensor([[2, 7, 9, 11, 3, 0, 0], [2, 8, 5, 6, 10, 12, 3]])
MASK = IDS != 0
Ask = Callable[..., ModelInterface]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return wordpiece_tokenizer([f"word{i}" for i in range(15)])


def bilstm(tokenizer: Tokenizer, **kind: object) -> ModelInterface:
    return interface_of(small_bilstm(**kind).eval(), tokenizer, 10)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["pooling"])
def test_the_layers_of_a_bilstm_are_what_it_computes(tokenizer: Tokenizer, kind: dict[str, object]) -> None:
    model = bilstm(tokenizer, **kind)
    with evaluating(model):
        seen, inspected = model.through_layers(IDS, MASK), model.inspect(IDS, MASK)
    assert tuple(seen.states) == model.capabilities.layers
    # Steps are added in another order than in the fused LSTM: some 1e-7 of values near 1.
    torch.testing.assert_close(seen.logits, inspected.logits, rtol=1e-5, atol=1e-6)
    last = [name for name in seen.states if name != POOLED][-1]
    real = MASK[..., None]
    torch.testing.assert_close(seen.states[last] * real, inspected.hidden_states * real, rtol=1e-5, atol=1e-6)
    made = seen.states[POOLED][:, 0] @ seen.head_weight.T + seen.head_bias
    torch.testing.assert_close(made, seen.logits, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["pooling"])
def test_a_layer_that_is_replaced_whole_decides_all(tokenizer: Tokenizer, kind: dict[str, object]) -> None:
    model, everywhere = bilstm(tokenizer, **kind), torch.tensor(True)
    other = IDS.where(IDS < 4, 19 - IDS)
    with evaluating(model):
        expected = model.through_layers(other, MASK)
        for layer, values in expected.states.items():
            found = model.through_layers(IDS, MASK, Replacement(layer=layer, where=everywhere, values=values))
            torch.testing.assert_close(found.logits, expected.logits, rtol=1e-5, atol=1e-6)


def test_what_is_carried_goes_on_and_what_is_read_does_not(tokenizer: Tokenizer) -> None:
    model = bilstm(tokenizer)
    where = torch.zeros(2, 7, 1, dtype=torch.bool)
    where[:, 2] = True
    with evaluating(model):
        plain = model.through_layers(IDS, MASK).states["lstm 1"]
        changed = {
            layer: model.through_layers(
                IDS, MASK, Replacement(layer=layer, where=where, values=torch.tensor(0.5))
            ).states["lstm 1"]
            for layer in ("lstm 1", carried("lstm 1"))
        }
    forward, backward = slice(0, 5), slice(5, 10)
    moved = {name: (states != plain) & MASK[..., None] for name, states in changed.items()}
    assert moved["lstm 1"].any(dim=2).tolist() == [[False, False, True, False, False, False, False]] * 2
    running = moved[carried("lstm 1")]
    assert not running[:, :2, forward].any()
    assert running[:, 2:5, forward].any(dim=2).all()
    assert running[:, :3, backward].any(dim=2).all()
    assert not running[:, 3:, backward].any()


def test_the_layers_of_a_transformer(bert_folder: Path) -> None:
    saved = huggingface_classifier(str(bert_folder), 40)
    model = saved.interface
    assert model.capabilities.layers == ("embeddings", "layer 1", "layer 2", POOLED)
    ids = torch.tensor([[5, 7, 9, 11, 6, 0, 0], [5, 8, 12, 6, 10, 9, 6]])
    mask = torch.arange(7) < torch.tensor([[5], [7]])
    with evaluating(model):
        seen, inspected = model.through_layers(ids, mask), model.inspect(ids, mask)
        torch.testing.assert_close(seen.logits, inspected.logits)
        torch.testing.assert_close(seen.states["layer 2"], inspected.hidden_states)
        torch.testing.assert_close(
            seen.states[POOLED][:, 0] @ seen.head_weight.T + seen.head_bias, seen.logits
        )
        other = model.through_layers(ids.flip(0), mask.flip(0))
        for layer in ("layer 1", "layer 2", POOLED):
            same = Replacement(layer=layer, where=torch.tensor(True), values=other.states[layer])
            found = model.through_layers(ids, mask.flip(0), same)
            torch.testing.assert_close(found.logits, other.logits)


class Plain(nn.Module):
    """Logits of the number of words, and nothing to see."""

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        kept = torch.ones(token_ids.shape) if mask is None else mask
        return kept.sum(dim=1, keepdim=True) * torch.tensor([1.0, -1.0])


def test_a_model_without_layers_says_so(tokenizer: Tokenizer) -> None:
    model = interface_of(Plain(), tokenizer, 10)
    assert model.capabilities.layers == ()
    with pytest.raises(ConfigError, match="Plain does not show its layers"):
        model.through_layers(IDS, MASK)


def test_names() -> None:
    assert is_carried(carried("lstm 1"))
    assert not is_carried("lstm 1")


def test_what_is_replaced_follows_the_model_to_its_device(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tensors of two devices cannot be mixed; one without values stands for an accelerator."""
    model, seen = bilstm(tokenizer, pooling="mean"), []
    monkeypatch.setattr(type(model), "device", torch.device("meta"))
    monkeypatch.setattr(model.module, "through_layers", lambda *asked: seen.append(asked))
    monkeypatch.setattr(ModelInterface, "embed", lambda self, ids: ids.float())
    share = torch.zeros(1, 1, 10, requires_grad=True)
    model.through_layers(IDS, MASK, Replacement(layer="lstm 1", where=share, values=torch.ones(1, 1, 10)))
    [(inputs, mask, held)] = seen
    assert {t.device.type for t in (inputs, mask, held.where, held.values)} == {"meta"}
    assert held.where.requires_grad
