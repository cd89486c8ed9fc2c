"""Input × gradient by hand, where it is exact, and its own gradient."""

from __future__ import annotations

import pytest
import torch
from small import small_bilstm
from torch import Tensor

from whytrain.models.evaluation import twice_differentiable
from whytrain.models.token_attributions import token_attributions


def test_a_linear_model_of_two_classes_by_hand() -> None:
    torch.manual_seed(0)
    embeddings = torch.randn(2, 3, 4, requires_grad=True)
    weight = torch.randn(2, 4)
    logits = embeddings.sum(dim=1) @ weight.T
    found = token_attributions(logits, embeddings, torch.tensor([1, 0]))
    # The log-odds of class 1 are z_1 − z_0: each token adds x·(w_1 − w_0), with the other sign for class 0.
    each = (embeddings @ (weight[1] - weight[0])).detach()
    torch.testing.assert_close(found, each * torch.tensor([[1.0], [-1.0]]), rtol=1e-5, atol=1e-6)
    # Exact: they sum to the log-odds, which without any word are 0.
    torch.testing.assert_close(found.sum(1), (logits[:, 1] - logits[:, 0]).detach() * torch.tensor([1, -1]))


def test_log_odds_of_three_classes() -> None:
    logits = torch.tensor([[[1.0, 0.0, -1.0]]], requires_grad=True)  # a token whose embedding is the logits
    found = token_attributions(logits.sum(dim=1), logits, torch.tensor([1]))
    others = torch.tensor([1.0, -1.0]).softmax(dim=0)  # of 0 and 2, whose log-sum the log-odds take off
    torch.testing.assert_close(found, (-(others * torch.tensor([1.0, -1.0])).sum()).reshape(1, 1))


@pytest.mark.parametrize(
    "kind", [{}, {"pooling": "attention", "layer_norm": True, "self_attention_heads": 5}, {"n_layers": 2}]
)
def test_parameters_receive_its_gradient(kind: dict[str, object]) -> None:
    """A second derivative through the LSTM, against differences."""
    model = small_bilstm(**kind).double()
    ids, mask = torch.tensor([[2, 7, 9, 3], [2, 5, 3, 0]]), torch.tensor([[True] * 4, [True] * 3 + [False]])
    direction = torch.tensor([[1.0, -2.0, 0.5, 3.0], [0.3, 1.0, -1.0, 0.0]])

    def total() -> Tensor:
        embeddings = model.embed(ids)
        with twice_differentiable():
            logits = model.inspect(embeddings, mask).logits
        found = token_attributions(logits, embeddings, torch.tensor([2, 0]), create_graph=True)
        return (found * direction).sum()

    parameter = model.lstm.weight_ih_l0
    (slope,) = torch.autograd.grad(total(), parameter)
    way, step = torch.sign(slope), 1e-3
    values = []
    for side in (1, -1):
        with torch.no_grad():
            parameter += side * step * way
        values.append(float(total().detach()))
        with torch.no_grad():
            parameter -= side * step * way
    # Attributions are float32: 1e-7 of rounding over a step of 2e-3 moves 60 weights' summed slope little.
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(float(slope.abs().sum()), rel=1e-2)
