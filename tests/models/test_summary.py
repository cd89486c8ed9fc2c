"""What a model consists of, seen in one forward pass."""

from __future__ import annotations

import pytest
import torch
from small import small_bilstm
from torch import nn
from transformers import AutoConfig, AutoModelForSequenceClassification

from whytrain.models.bilstm import BiLSTM
from whytrain.models.summary import summarize

TOKENS = torch.arange(1, 13)[None]


def bilstm(pooling: str = "last", *, layer_norm: bool = False, heads: int = 0, n_layers: int = 1) -> BiLSTM:
    return small_bilstm(
        vocabulary_size=50,
        embedding={"size": 8, "pretrained": None},
        hidden_size=6,
        n_layers=n_layers,
        pooling=pooling,
        layer_norm=layer_norm,
        self_attention_heads=heads,
        dropout=0.4,
    )


def hugging_face(kind: str) -> nn.Module:
    config = AutoConfig.for_model(kind)
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 3, "intermediate_size": 16}
    sizes |= {"vocab_size": 60, "embedding_size": 8, "dim": 16, "hidden_dim": 16, "n_heads": 2, "n_layers": 3}
    for name, value in sizes.items():
        if hasattr(config, name):
            setattr(config, name, value)
    return AutoModelForSequenceClassification.from_config(config)


def test_the_plain_bilstm():
    summary = summarize(bilstm(), TOKENS)
    assert [(layer.name, layer.input_shape, layer.output_shape) for layer in summary.layers] == [
        ("embedding", (1, 12), (1, 12, 8)),
        ("lstm", (1, 12, 8), (1, 12, 12)),
        ("pooling", (1, 12, 12), (1, 12)),
        ("dropout", (1, 12), (1, 12)),
        ("classifier", (1, 12), (1, 3)),
    ]
    # LSTM: 2 directions · 4 gates · 6 units · (8 inputs + 6 states + 2 biases).
    assert [layer.n_parameters for layer in summary.layers] == [50 * 8, 2 * 4 * 6 * 16, 0, 0, 12 * 3 + 3]
    assert summary.n_embedding == 400
    assert summary.layers[2].details == "pooling: last"
    assert summary.kind == "BiLSTM"


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_every_variant_adds_up_and_shows_its_parts(pooling):
    model = bilstm(pooling, layer_norm=True, heads=2, n_layers=2)
    summary = summarize(model, TOKENS)
    names = [layer.name for layer in summary.layers]
    pool = "attention" if pooling == "attention" else "pooling"
    assert names == ["embedding", "lstm", "norm", "self_attention", pool, "dropout", "classifier"]
    assert summary.n_parameters == sum(p.numel() for p in model.parameters())
    assert sum(layer.n_parameters for layer in summary.layers) == summary.n_parameters


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
def test_repeated_layers_of_a_transformer_are_folded(kind):
    model = hugging_face(kind)
    summary = summarize(model, TOKENS)
    folded = [layer for layer in summary.layers if layer.repeats > 1]
    assert [layer.repeats for layer in folded] == [3]
    assert folded[0].name.endswith("layer.0-2")
    assert folded[0].input_shape == folded[0].output_shape == (1, 12, 16)
    assert sum(layer.n_parameters for layer in summary.layers) == sum(p.numel() for p in model.parameters())
    assert summary.layers[-1].output_shape == (1, 2)
    assert 0 < summary.n_embedding < summary.n_parameters


def test_a_layer_that_runs_many_times_is_counted_once():
    model = hugging_face("albert")
    summary = summarize(model, TOKENS)
    assert any("called 3 times" in layer.details for layer in summary.layers)
    assert sum(layer.n_parameters for layer in summary.layers) == sum(p.numel() for p in model.parameters())


class Odd(nn.Module):
    """Tied weights, a parameter of its own, a layer that is never called, a frozen one."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Linear(2, 2)
        self.embedding = nn.Embedding(20, 4)
        self.scale = nn.Parameter(torch.ones(4))
        self.towers = nn.ModuleList([nn.Linear(4, 20, bias=False), nn.Linear(20, 2)])
        self.towers[0].weight = self.embedding.weight
        self.towers[1].weight.requires_grad = False
        self.towers[1].bias.requires_grad = False

    def forward(self, token_ids, mask):
        return self.towers[1](self.towers[0](self.embedding(token_ids).mean(1) * self.scale))


def test_tied_loose_unused_and_frozen_parameters():
    summary = summarize(Odd(), TOKENS)
    by_name = {layer.name: layer for layer in summary.layers}
    assert summary.n_parameters == sum(layer.n_parameters for layer in summary.layers) == 6 + 80 + 4 + 42
    assert by_name["embedding"].n_parameters == 80
    assert by_name["towers.0"].n_parameters == 0  # counted with the embedding that it shares
    assert not by_name["towers.1"].trainable
    assert by_name["scale"].kind == "Parameter"
    assert by_name["unused"].details.endswith("not called as a module")
    assert {layer.name for layer in summary.layers[-2:]} == {"unused", "scale"}
    assert summary.n_trainable == summary.n_parameters - 42


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training):
    model = bilstm("attention", layer_norm=True, heads=2).train(training)
    model.dropout.train(not training)  # a mode of its own
    modes = [module.training for module in model.modules()]
    random_state = torch.random.get_rng_state()
    summarize(model, TOKENS)
    assert [module.training for module in model.modules()] == modes
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    torch.testing.assert_close(torch.random.get_rng_state(), random_state, rtol=0, atol=0)


def test_hooks_and_modes_are_undone_when_the_model_fails():
    model = bilstm().train()
    with pytest.raises(IndexError):
        summarize(model, torch.tensor([[99]]))  # outside of the vocabulary
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
