"""The penalty on marked tokens: a gradient by hand, and models that can be trained with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from small import small_bilstm
from torch import nn

from whytrain.errors import ConfigError
from whytrain.guidance.token_kinds import TokenKinds
from whytrain.models.evaluation import twice_differentiable
from whytrain.models.interface import ModelInterface
from whytrain.models.transformer import Transformer
from whytrain.objectives.input_gradient import input_gradient_penalty
from whytrain.objectives.objective import Objective, ObjectiveSettings
from whytrain.types import Batch

KINDS = TokenKinds(4, torch.zeros(20, dtype=torch.bool), torch.zeros(20, dtype=torch.bool))
BATCH = Batch(
    torch.tensor([[2, 7, 9, 11, 3], [2, 5, 3, 0, 0], [2, 8, 8, 3, 0]]),
    torch.tensor([[True] * 5, [True] * 3 + [False] * 2, [True] * 4 + [False]]),
    torch.tensor([0, 2, 1]),
    torch.arange(3),
)
MARKED = torch.tensor([[False, True, False, True, False], [False, True] + [False] * 3, [False] * 5])


def penalized(weight: float) -> Objective:
    settings = ObjectiveSettings(
        label_smoothing=0.0,
        word_masking=0.0,
        attention_penalty={"weight": 0.0, "kind": "entropy"},
        adversarial={"weight": 0.0, "epsilon": 0.1},
        dropout_end=None,
        class_weights=None,
    )
    return Objective(settings, KINDS, input_gradient=weight)


def test_a_linear_model_by_hand() -> None:
    torch.manual_seed(0)
    embeddings = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    logits = embeddings.mean(dim=1) @ weight.T
    marked = torch.tensor([[True, False, True], [False, True, False]])
    penalty = input_gradient_penalty(logits, embeddings, marked)
    # Σ_k log p_k = Σ_k z_k − 3 log Σ exp z, whose gradient at z is 1 − 3 p; each of 3 tokens has a third of it.
    at_tokens = (1 - 3 * logits.softmax(dim=1)) @ weight / 3
    by_hand = (2 * at_tokens[0].square().sum() + at_tokens[1].square().sum()) / 2
    # Gradients are computed in float32.
    torch.testing.assert_close(penalty.double(), by_hand, rtol=1e-6, atol=0)
    ours, theirs = (torch.autograd.grad(p, weight, retain_graph=True)[0] for p in (penalty, by_hand))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "kind", [{}, {"pooling": "attention", "layer_norm": True, "self_attention_heads": 5}, {"n_layers": 2}]
)
def test_parameters_feel_it(kind: dict[str, object]) -> None:
    """The gradient of the penalty against differences: what fused layers compute wrongly or not at all."""
    model = small_bilstm(**kind).double()
    parameter = model.lstm.weight_ih_l0

    def penalty() -> torch.Tensor:
        embeddings = model.embed(BATCH.token_ids)
        with twice_differentiable():
            logits = model.inspect(embeddings, BATCH.mask).logits
        (gradient,) = torch.autograd.grad(logits.log_softmax(1).sum(), embeddings, create_graph=True)
        return gradient.square().sum(-1)[MARKED].sum()

    (slope,) = torch.autograd.grad(penalty(), parameter)
    step = 1e-6 * torch.ones_like(parameter[0])
    with torch.no_grad():
        parameter[0] += step
        above = penalty_value(penalty)
        parameter[0] -= 2 * step
        below = penalty_value(penalty)
    # Central differences of float64 numbers: about 1e-10 / 1e-6 of rounding.
    torch.testing.assert_close((above - below) / 2e-6, slope[0].sum(), rtol=1e-3, atol=1e-7)


def penalty_value(penalty: Callable[[], torch.Tensor]) -> torch.Tensor:
    with torch.enable_grad():
        return penalty().detach()


def test_the_objective_adds_it_with_its_weight(asked: Callable[[nn.Module], ModelInterface]) -> None:
    model = small_bilstm().eval()
    batch = BATCH._replace(marked=MARKED)
    plain, _ = penalized(0.0)(asked(model), batch)
    loss, logits = penalized(2.0)(asked(model), batch)
    embeddings = model.embed(batch.token_ids)
    penalty = input_gradient_penalty(model.inspect(embeddings, batch.mask).logits, embeddings, MARKED)
    assert penalty > 0
    torch.testing.assert_close(loss, plain + 2 * penalty, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(logits, model(batch.token_ids, batch.mask), rtol=1e-5, atol=1e-6)
    unmarked, _ = penalized(2.0)(asked(model), BATCH)
    torch.testing.assert_close(unmarked, plain, rtol=1e-5, atol=1e-7)


def test_training_with_it_makes_marked_tokens_matter_less(
    asked: Callable[[nn.Module], ModelInterface], bert_folder: Path
) -> None:
    batch = BATCH._replace(marked=MARKED, labels=torch.tensor([0, 1, 1]))
    transformer = Transformer(
        vocabulary_size=40, n_classes=2, padding_id=0, name_or_path=str(bert_folder)
    ).eval()
    for model in (small_bilstm(n_classes=2), transformer):
        seen = asked(model)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        penalties = []
        for _ in range(12):
            embeddings = seen.embed(batch.token_ids)
            with twice_differentiable():
                logits = seen.inspect_embeddings(embeddings, batch.mask).logits
            penalties.append(float(input_gradient_penalty(logits, embeddings, MARKED).detach()))
            optimizer.zero_grad()
            penalized(1e6)(seen, batch)[0].backward()  # so much that the labels hardly count
            optimizer.step()
        assert penalties[-1] < 0.9 * penalties[0]


def test_a_model_without_embeddings(asked: Callable[[nn.Module], ModelInterface]) -> None:
    class Bag(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bag = nn.Embedding(20, 3)

        def forward(self, token_ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
            values = self.bag(token_ids)
            return values.sum(1) if mask is None else (values * mask[..., None]).sum(1)

    with pytest.raises(ConfigError, match=r"guidance.input_gradient needs .* Bag .* use guidance.swap"):
        penalized(1.0).check(asked(Bag()))
