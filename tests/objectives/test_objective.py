"""What training minimizes, against closed forms."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from whytrain.errors import ConfigError
from whytrain.guidance.token_kinds import TokenKinds
from whytrain.models.bilstm import BiLSTM
from whytrain.objectives.adversarial import fgm_perturbation
from whytrain.objectives.attention_penalty import attention_penalty
from whytrain.objectives.objective import Objective, set_dropout
from whytrain.types import Batch

MASK = 4
KINDS = TokenKinds(
    MASK, torch.tensor([True, False, True, True, True] + [False] * 15), torch.zeros(20, dtype=torch.bool)
)
BATCH = Batch(
    torch.tensor([[2, 7, 9, 11, 3], [2, 5, 3, 0, 0], [2, 8, 8, 3, 0]]),
    torch.tensor([[True] * 5, [True] * 3 + [False] * 2, [True] * 4 + [False]]),
    torch.tensor([0, 2, 1]),
    torch.arange(3),
)


def objective(**changes: Any) -> Objective:
    settings: dict[str, Any] = {
        "label_smoothing": 0.0,
        "word_masking": 0.0,
        "attention_penalty": {"weight": 0.0, "kind": "entropy"},
        "adversarial": {"weight": 0.0, "epsilon": 0.1},
        "dropout_end": None,
    }
    return Objective(**settings | changes)


def bilstm(pooling: str = "attention", n_layers: int = 1) -> BiLSTM:
    torch.manual_seed(0)
    return BiLSTM(
        vocabulary_size=20,
        n_classes=3,
        padding_id=0,
        embedding={"size": 6, "pretrained": None},
        hidden_size=5,
        n_layers=n_layers,
        pooling=pooling,
        layer_norm=True,
        self_attention_heads=0,
        dropout=0.3,
    ).eval()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_label_smoothing_is_its_closed_form(smoothing):
    model = bilstm()
    loss, logits = objective(label_smoothing=smoothing)(model, BATCH, KINDS)
    log_p = logits.log_softmax(1)
    nll = -log_p[range(3), BATCH.labels]
    expected = ((1 - smoothing) * nll - smoothing * log_p.mean(1)).mean()
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(logits, model(BATCH.token_ids, BATCH.mask), rtol=0, atol=0)


def test_the_penalty_is_added_with_its_weight():
    model = bilstm()
    plain, _ = objective()(model, BATCH, KINDS)
    loss, _ = objective(attention_penalty={"weight": 0.5, "kind": "entropy"})(model, BATCH, KINDS)
    inspection = model.inspect(model.embed(BATCH.token_ids), BATCH.mask)
    penalty = attention_penalty(inspection, BATCH.mask, "entropy")
    assert penalty.item() > 0.001
    torch.testing.assert_close(loss, plain + 0.5 * penalty, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("weight", [0.25, 1.0])
def test_the_adversarial_share(weight):
    model = bilstm()
    loss, logits = objective(adversarial={"weight": weight, "epsilon": 0.5})(model, BATCH, KINDS)
    embeddings = model.embed(BATCH.token_ids)
    clean = functional.cross_entropy(model.inspect(embeddings, BATCH.mask).logits, BATCH.labels)
    moved = embeddings + fgm_perturbation(clean, embeddings, 0.5)
    attacked = functional.cross_entropy(model.inspect(moved, BATCH.mask).logits, BATCH.labels)
    assert attacked.item() > clean.item() + 0.01
    torch.testing.assert_close(loss, (1 - weight) * clean + weight * attacked, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(logits, model(BATCH.token_ids, BATCH.mask), rtol=0, atol=0)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_masking_hides_words_from_the_model():
    class Seen(nn.Module):
        def forward(self, token_ids, mask):
            self.token_ids = token_ids
            return torch.zeros(len(token_ids), 3)

    seen = Seen()
    objective(word_masking=1.0)(seen, BATCH, KINDS)
    assert seen.token_ids.tolist() == [[2, 4, 4, 4, 3], [2, 4, 3, 0, 0], [2, 4, 4, 3, 0]]
    objective()(seen, BATCH, KINDS)
    assert torch.equal(seen.token_ids, BATCH.token_ids)


def test_terms_that_the_model_cannot_serve():
    with pytest.raises(ConfigError, match=r"need a model with embed\(\) and inspect\(\); Linear has none"):
        objective(adversarial={"weight": 0.5, "epsilon": 0.1}).check(nn.Linear(2, 2))
    with pytest.raises(
        ConfigError, match=r"set model.pooling=attention or objective.attention_penalty.weight=0"
    ):
        objective(attention_penalty={"weight": 0.5, "kind": "entropy"}).check(bilstm("mean"))
    objective(attention_penalty={"weight": 0.5, "kind": "entropy"}).check(bilstm())
    objective().check(nn.Linear(2, 2))


def test_dropout_is_set_everywhere():
    model = bilstm(n_layers=2)
    assert model.lstm.dropout == model.dropout.p == 0.3
    set_dropout(model, 0.4)
    assert model.lstm.dropout == model.dropout.p == 0.4
    single = bilstm()
    set_dropout(single, 0.4)
    assert single.lstm.dropout == 0.0  # a single layer has nothing between layers
