"""What training minimizes, against closed forms."""

from __future__ import annotations

import math
from typing import Any

import pytest
import tokenizers
import torch
from small import small_bilstm
from torch import nn
from torch.nn import functional

from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError
from whytrain.guidance.token_kinds import TokenKinds
from whytrain.models.bilstm import BiLSTM
from whytrain.models.interface import interface_of
from whytrain.objectives.adversarial import fgm_perturbation
from whytrain.objectives.attention_penalty import attention_penalty
from whytrain.objectives.objective import Objective, ObjectiveSettings
from whytrain.types import Batch, Inspection

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
        "class_weights": None,
    }
    return Objective(ObjectiveSettings(**settings | changes), KINDS)


def bilstm(pooling: str = "attention", n_layers: int = 1) -> BiLSTM:
    return small_bilstm(n_layers=n_layers, pooling=pooling, layer_norm=True, dropout=0.3).eval()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_label_smoothing_is_its_closed_form(asked, smoothing):
    model = bilstm()
    loss, logits = objective(label_smoothing=smoothing)(asked(model), BATCH)
    log_p = logits.log_softmax(1)
    nll = -log_p[range(3), BATCH.labels]
    expected = ((1 - smoothing) * nll - smoothing * log_p.mean(1)).mean()
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(logits, model(BATCH.token_ids, BATCH.mask), rtol=0, atol=0)


def test_the_penalty_is_added_with_its_weight(asked):
    model = bilstm()
    plain, _ = objective()(asked(model), BATCH)
    loss, _ = objective(attention_penalty={"weight": 0.5, "kind": "entropy"})(asked(model), BATCH)
    inspection = model.inspect(model.embed(BATCH.token_ids), BATCH.mask)
    penalty = attention_penalty(inspection, BATCH.mask, "entropy")
    assert penalty.item() > 0.001
    torch.testing.assert_close(loss, plain + 0.5 * penalty, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("weight", [0.25, 1.0])
def test_the_adversarial_share(asked, weight):
    model = bilstm()
    loss, logits = objective(adversarial={"weight": weight, "epsilon": 0.5})(asked(model), BATCH)
    embeddings = model.embed(BATCH.token_ids)
    clean = functional.cross_entropy(model.inspect(embeddings, BATCH.mask).logits, BATCH.labels)
    moved = embeddings + fgm_perturbation(clean, embeddings, 0.5)
    attacked = functional.cross_entropy(model.inspect(moved, BATCH.mask).logits, BATCH.labels)
    assert attacked.item() > clean.item() + 0.01
    torch.testing.assert_close(loss, (1 - weight) * clean + weight * attacked, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(logits, model(BATCH.token_ids, BATCH.mask), rtol=0, atol=0)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_gradients_are_those_of_the_whole_adversarial_loss(asked):
    model = bilstm()
    loss, _ = objective(adversarial={"weight": 0.25, "epsilon": 0.5})(asked(model), BATCH)
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    model.zero_grad(set_to_none=True)
    embeddings = model.embed(BATCH.token_ids)
    clean = functional.cross_entropy(model.inspect(embeddings, BATCH.mask).logits, BATCH.labels)
    moved = embeddings + fgm_perturbation(clean, embeddings, 0.5)
    attacked = functional.cross_entropy(model.inspect(moved, BATCH.mask).logits, BATCH.labels)
    (0.75 * clean + 0.25 * attacked).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name
        torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-4, atol=1e-6)  # float32 sums


def test_masking_hides_words_from_the_model(asked):
    class Seen(nn.Module):
        def forward(self, token_ids, mask):
            self.token_ids = token_ids
            return torch.zeros(len(token_ids), 3)

    seen = Seen()
    objective(word_masking=1.0)(asked(seen), BATCH)
    assert seen.token_ids.tolist() == [[2, 4, 4, 4, 3], [2, 4, 3, 0, 0], [2, 4, 4, 3, 0]]
    objective()(asked(seen), BATCH)
    assert torch.equal(seen.token_ids, BATCH.token_ids)


class Bag(nn.Module):
    """The mean of the word embeddings, weighted by attention if there is any."""

    def __init__(self, *, attends: bool, scored: bool = True) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.words, self.query, self.head = nn.Embedding(20, 4), nn.Linear(4, 1), nn.Linear(4, 3)
        self.attends, self.scored = attends, scored

    def forward(self, token_ids, mask):
        return self.inspect(self.embed(token_ids), mask).logits

    def embed(self, token_ids):
        return self.words(token_ids)

    def inspect(self, embeddings, mask):
        scores = self.query(embeddings).squeeze(-1) * self.attends
        hidden = torch.zeros_like(scores, dtype=torch.bool) if mask is None else ~mask
        weights = scores.masked_fill(hidden, -torch.inf).softmax(dim=1)
        logits = self.head((embeddings * weights[..., None]).sum(dim=1))
        if not self.attends:
            return Inspection(logits=logits, hidden_states=embeddings, attention=None, attention_scores=None)
        return Inspection(
            logits=logits,
            hidden_states=embeddings,
            attention=weights,
            attention_scores=scores.masked_fill(hidden, 0) if self.scored else None,
        )


def test_the_penalty_serves_any_model_that_shows_attention(asked):
    model = Bag(attends=True)
    for kind in ("entropy", "scores_l1"):
        punishing = objective(attention_penalty={"weight": 0.5, "kind": kind})
        punishing.check(asked(model))
        plain, _ = objective()(asked(model), BATCH)
        loss, _ = punishing(asked(model), BATCH)
        inspection = model.inspect(model.embed(BATCH.token_ids), BATCH.mask)
        expected = plain + 0.5 * attention_penalty(inspection, BATCH.mask, kind)
        assert loss.item() > plain.item() + 0.001
        torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)


def test_terms_that_the_model_cannot_serve(asked):
    class Opaque(nn.Module):
        def forward(self, token_ids, mask):
            return torch.zeros(len(token_ids), 3)

    entropy, l1 = ({"weight": 0.5, "kind": kind} for kind in ("entropy", "scores_l1"))
    with pytest.raises(ConfigError, match=r"Opaque computes no logits from embeddings: set objective.adv"):
        objective(adversarial={"weight": 0.5, "epsilon": 0.1}).check(asked(Opaque()))
    for blind in (bilstm("mean"), Bag(attends=False)):
        with pytest.raises(
            ConfigError, match=r"set model.pooling=attention or objective.attention_penalty.wei"
        ):
            objective(attention_penalty=entropy).check(asked(blind))
    unscored = asked(Bag(attends=True, scored=False))
    objective(attention_penalty=entropy).check(unscored)
    with pytest.raises(ConfigError, match=r"scores_l1 needs .* Bag does not show: set .*kind=entropy"):
        objective(attention_penalty=l1).check(unscored)
    objective(attention_penalty=l1).check(asked(bilstm()))
    with pytest.raises(ConfigError, match=r"layers that drop out, and the model Opaque has none"):
        objective(dropout_end=0.2).check(asked(Opaque()))
    objective().check(asked(Opaque()))


def test_masking_needs_a_mask_token():
    bare = Tokenizer(tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "b": 1}, "a")), "bare")
    model = interface_of(bilstm(), bare, 12)
    objective().check(model)
    with pytest.raises(ConfigError, match=r"the tokenizer bare has none: set objective.word_masking=0"):
        objective(word_masking=0.1).check(model)


class Fixed(nn.Module):
    """Says the same of every sentence: probabilities 1/2, 1/4, 1/4."""

    def forward(self, token_ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return torch.tensor([[2.0, 1.0, 1.0]]).log().repeat(len(token_ids), 1)


def test_class_weights_weigh_the_rows() -> None:
    batch = Batch(torch.tensor([[2, 7, 3]] * 3), None, torch.tensor([0, 1, 2]), torch.arange(3))
    weights = torch.tensor([0.5, 2.0, 1.0])
    loss = Objective(objective().settings, KINDS, class_weights=weights)(Fixed(), batch)[0]
    assert float(loss) == pytest.approx((0.5 * math.log(2) + 2 * math.log(4) + math.log(4)) / 3)
    assert float(objective()(Fixed(), batch)[0]) == pytest.approx((math.log(2) + 2 * math.log(4)) / 3)
