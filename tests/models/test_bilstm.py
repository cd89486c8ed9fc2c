"""The BiLSTM is what the formulas say, and a sentence never feels the sentences beside it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from small import small_bilstm
from torch import Tensor
from torch.nn import functional

from whytrain.errors import ConfigError
from whytrain.models.bilstm import BiLSTM
from whytrain.optimization import OptimizerSettings, make_optimizer

PADDING = 0
OPTIONS = [
    {"pooling": pooling, "layer_norm": norm, "self_attention_heads": heads, "n_layers": layers}
    for pooling, norm, heads, layers in itertools.product(
        ["last", "mean", "max", "attention"], [False, True], [0, 2], [1, 2]
    )
]
option_combinations = pytest.mark.parametrize(
    "options", OPTIONS, ids=lambda o: "-".join(map(str, o.values()))
)


def bilstm(**changes: Any) -> BiLSTM:
    """A model in float64, in evaluation mode, whose norms and biases are not at their neutral start."""
    sizes = {"padding_id": PADDING, "embedding": {"size": 5, "pretrained": None}, "hidden_size": 4}
    model = small_bilstm(seed=3, **sizes | {"dropout": 0.5} | changes).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(torch.randn_like(parameter) * 0.5)
    return model


def lstm_by_hand(inputs: Tensor, w_ih: Tensor, w_hh: Tensor, bias: Tensor) -> Tensor:
    """States (n_tokens, hidden) of one direction, step by step, from the LSTM's equations."""
    hidden, cell, states = torch.zeros(w_hh.shape[1]).to(w_hh), torch.zeros(w_hh.shape[1]).to(w_hh), []
    for step in inputs:
        gate_in, gate_forget, new, gate_out = (w_ih @ step + w_hh @ hidden + bias).chunk(4)
        cell = gate_forget.sigmoid() * cell + gate_in.sigmoid() * new.tanh()
        hidden = gate_out.sigmoid() * cell.tanh()
        states.append(hidden)
    return torch.stack(states)


def attend_by_hand(states: Tensor, layer: torch.nn.MultiheadAttention) -> Tensor:
    """Scaled dot-product self-attention, head by head."""
    query, key, value = (states @ layer.in_proj_weight.T + layer.in_proj_bias).chunk(3, dim=1)
    size = states.shape[1] // layer.num_heads
    heads = []
    for head in range(layer.num_heads):
        part = slice(head * size, (head + 1) * size)
        weights = torch.softmax(query[:, part] @ key[:, part].T / math.sqrt(size), dim=1)
        heads.append(weights @ value[:, part])
    return layer.out_proj(torch.cat(heads, dim=1))


def logits_by_hand(model: BiLSTM, token_ids: list[int]) -> Tensor:
    """The logits of one sentence without torch's LSTM, packing, masks or batches."""
    states = model.embedding.weight[token_ids]
    for layer in range(model.lstm.num_layers):
        directions = []
        for suffix in ("", "_reverse"):
            w_ih, w_hh, b_ih, b_hh = (
                getattr(model.lstm, f"{name}_l{layer}{suffix}")
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            read = states.flip(0) if suffix else states
            out = lstm_by_hand(read, w_ih, w_hh, b_ih + b_hh)
            directions.append(out.flip(0) if suffix else out)
        states = torch.cat(directions, dim=1)
    if model.norm is not None:
        mean, variance = states.mean(1, keepdim=True), states.var(1, unbiased=False, keepdim=True)
        states = (states - mean) / (variance + model.norm.eps).sqrt() * model.norm.weight + model.norm.bias
    if model.self_attention is not None:
        states = states + attend_by_hand(states, model.self_attention)
    half = states.shape[1] // 2
    if model.pooling == "last":
        pooled = torch.cat([states[-1, :half], states[0, half:]])
    elif model.pooling == "mean":
        pooled = states.mean(0)
    elif model.pooling == "max":
        pooled = states.max(0).values
    else:
        scores = torch.tanh(model.attention.projection(states)) @ model.attention.query.weight[0]
        pooled = scores.exp() @ states / scores.exp().sum()
    return model.classifier.weight @ pooled + model.classifier.bias


def padded(sentences: list[list[int]], n_tokens: int) -> tuple[Tensor, Tensor]:
    token_ids = torch.full((len(sentences), n_tokens), PADDING)
    for row, ids in enumerate(sentences):
        token_ids[row, : len(ids)] = torch.tensor(ids)
    return token_ids, torch.arange(n_tokens) < torch.tensor([[len(ids)] for ids in sentences])


SENTENCES = [[2, 7, 9, 4, 11, 3], [2, 5, 3], [2, 8, 8, 19, 3], [6]]


@option_combinations
def test_logits_are_those_of_the_equations(options):
    model = bilstm(**options)
    # The padded batch has two columns that no sentence reaches.
    for ids, got in zip(SENTENCES, model(*padded(SENTENCES, 8)), strict=True):
        expected = logits_by_hand(model, ids)
        # float64: only the order of the additions differs.
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(model(torch.tensor([ids]), None)[0], expected, rtol=0, atol=1e-12)


@option_combinations
def test_gradients_do_not_depend_on_batch_mates(options):
    model, labels = bilstm(**options), torch.tensor([0, 1, 2, 0])
    token_ids, mask = padded(SENTENCES, 8)
    functional.cross_entropy(model(token_ids, mask), labels, reduction="sum").backward()
    together = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    for ids, label in zip(SENTENCES, labels, strict=True):
        functional.cross_entropy(model(torch.tensor([ids]), None), label[None], reduction="sum").backward()
    for name, grad in zip(dict(model.named_parameters()), together, strict=True):
        torch.testing.assert_close(grad, model.get_parameter(name).grad, rtol=0, atol=1e-11)
    assert together[0][PADDING].abs().max() == 0


@option_combinations
def test_nothing_flows_from_padding(options):
    model = bilstm(**options)
    token_ids, mask = padded(SENTENCES, 8)
    embeddings = model.embed(token_ids).detach()
    embeddings[~mask] = 1e6  # whatever stands there must not matter
    embeddings.requires_grad_()
    logits = model.inspect(embeddings, mask).logits
    torch.testing.assert_close(logits, model(token_ids, mask), rtol=0, atol=0)
    logits.sum().backward()
    assert embeddings.grad[~mask].abs().max() == 0
    assert embeddings.grad[mask].isfinite().all()


def test_attention_weights_sum_to_one_and_leave_padding_out():
    model = bilstm(pooling="attention", layer_norm=True)
    token_ids, mask = padded(SENTENCES, 8)
    inspection = model.inspect(model.embed(token_ids), mask)
    torch.testing.assert_close(inspection.attention.sum(1), torch.ones(4).double(), rtol=0, atol=1e-14)
    assert inspection.attention[~mask].abs().max() == 0
    assert inspection.attention_scores[~mask].abs().max() == 0
    assert (inspection.attention[mask] > 0).all()
    assert inspection.hidden_states.shape == (4, 8, 8)
    scores = inspection.attention_scores[0, :6]
    torch.testing.assert_close(scores.softmax(0), inspection.attention[0, :6], rtol=0, atol=1e-14)


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_other_poolings_have_no_attention(pooling):
    model = bilstm(pooling=pooling)
    inspection = model.inspect(model.embed(torch.tensor([[2, 3]])), None)
    assert inspection.attention is None
    assert inspection.attention_scores is None


def test_initialization_is_uniform_per_gate_with_zero_biases():
    model = small_bilstm(
        vocabulary_size=500,
        n_classes=2,
        padding_id=4,
        embedding={"size": 96, "pretrained": None},
        hidden_size=64,
        n_layers=2,
        pooling="attention",
        layer_norm=True,
        dropout=0.3,
    )
    assert model.embedding.weight[4].abs().max() == 0
    for name, parameter in model.named_parameters():
        if name.startswith("norm."):
            assert set(parameter.tolist()) == {1.0 if name == "norm.weight" else 0.0}
        elif parameter.ndim == 1:
            assert parameter.abs().max() == 0, name
    weights = {n: p.detach() for n, p in model.named_parameters() if p.ndim == 2 and p.numel() > 1000}
    assert len(weights) == 1 + 8 + 1  # embedding; 2 layers × 2 directions × 2; attention's projection
    for name, weight in weights.items():
        for gate in weight.chunk(4) if name.startswith("lstm.") else [weight]:
            rows = gate[gate.abs().sum(1) > 0]  # without the padding row
            bound = math.sqrt(6 / sum(gate.shape))
            # Of at least 4,096 uniform draws the largest is within 0.5% of the bound (p = 1 − 1e-9), and
            # their standard deviation within 4% of bound/√3 (its relative error is 0.7%).
            assert 0.995 * bound < rows.abs().max() <= bound, name
            assert rows.std() == pytest.approx(bound / math.sqrt(3), rel=0.04), name


def test_every_size_is_configurable():
    model = bilstm(
        vocabulary_size=31, n_classes=7, hidden_size=6, n_layers=3, embedding={"size": 9, "pretrained": None}
    )
    assert model.embedding.weight.shape == (31, 9)
    assert (model.lstm.hidden_size, model.lstm.num_layers, model.lstm.bidirectional) == (6, 3, True)
    assert model.lstm.dropout == model.dropout.p == 0.5
    assert model(torch.tensor([[30, 1]]), None).shape == (1, 7)


def test_heads_must_divide_the_states():
    with pytest.raises(
        ConfigError, match=r"model.self_attention_heads=3 must divide the 8 features of the states"
    ):
        bilstm(self_attention_heads=3)


@pytest.mark.parametrize("sparse", [True, False])
def test_the_padding_row_stays_zero_in_training(sparse):
    model = bilstm(pooling="mean").train()
    settings = OptimizerSettings(
        learning_rate=0.1, weight_decay=0.1, schedule="constant", warmup=0.0, sparse_embeddings=sparse
    )
    optimizer = make_optimizer(model, settings, sparse_embeddings=sparse)
    before = model.embedding.weight.detach().clone()
    functional.cross_entropy(model(*padded(SENTENCES, 8)), torch.tensor([0, 1, 2, 0])).backward()
    optimizer.step()
    assert model.embedding.weight[PADDING].abs().max() == 0
    assert (model.embedding.weight[7] != before[7]).any()


def test_dropout_acts_in_training_only():
    model = bilstm()
    token_ids = torch.tensor([SENTENCES[0]])
    torch.testing.assert_close(model(token_ids, None), model(token_ids, None), rtol=0, atol=0)
    model.train()
    assert not torch.equal(model(token_ids, None), model(token_ids, None))
