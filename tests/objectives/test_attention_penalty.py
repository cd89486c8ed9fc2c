"""The attention regularizer at its ends, and its gradient where there is padding."""

from __future__ import annotations

import math

import pytest
import torch

from whytrain.objectives.attention_penalty import attention_penalty
from whytrain.types import Inspection


def inspection(weights: torch.Tensor, scores: torch.Tensor | None = None) -> Inspection:
    return Inspection(
        logits=torch.zeros(len(weights), 2),
        hidden_states=torch.zeros(*weights.shape, 4),
        attention=weights,
        attention_scores=scores if scores is not None else weights,
    )


def test_uniform_is_0_and_one_hot_is_1():
    mask = torch.tensor([[True] * 4, [True, True, True, False]])
    uniform = mask / mask.sum(1, keepdim=True)
    one_hot = torch.eye(4)[[2, 0]]
    # Sums of a few float32 terms of size 1.
    assert float(attention_penalty(inspection(uniform), mask, "entropy")) == pytest.approx(0, abs=1e-6)
    assert float(attention_penalty(inspection(one_hot), mask, "entropy")) == pytest.approx(1, abs=1e-6)
    assert float(attention_penalty(inspection(uniform[:1]), None, "entropy")) == pytest.approx(0, abs=1e-6)


def test_between_them_by_hand():
    weights = torch.tensor([[0.5, 0.25, 0.25, 0.0]])
    mask = torch.tensor([[True, True, True, False]])
    entropy = 0.5 * math.log(2) + 2 * 0.25 * math.log(4)
    expected = 1 - entropy / math.log(3)
    assert float(attention_penalty(inspection(weights), mask, "entropy")) == pytest.approx(expected, abs=1e-6)


def test_a_single_token_has_no_choice():
    weights, mask = torch.tensor([[1.0, 0.0]]), torch.tensor([[True, False]])
    assert float(attention_penalty(inspection(weights), mask, "entropy")) == 0.0


def test_scores_l1_is_the_mean_score_of_the_tokens():
    scores = torch.tensor([[3.0, -1.0, 0.0], [0.5, 0.5, 0.5]])
    mask = torch.tensor([[True, True, False], [True, True, True]])
    got = attention_penalty(inspection(torch.ones(2, 3) / 3, scores), mask, "scores_l1")
    assert float(got) == pytest.approx((4 / 2 + 1.5 / 3) / 2, abs=1e-6)


@pytest.mark.parametrize("kind", ["entropy", "scores_l1"])
def test_the_gradient_is_finite_and_ignores_padding(kind):
    mask = torch.tensor([[True, True, True, False, False], [True] * 5, [True] + [False] * 4])
    logits = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    logits[1, 0] = 200.0  # attention of exactly 0 on the other tokens, too
    logits.requires_grad_()
    weights = logits.masked_fill(~mask, float("-inf")).softmax(1)
    penalty = attention_penalty(inspection(weights, logits.masked_fill(~mask, 0.0)), mask, kind)
    penalty.backward()
    assert logits.grad.isfinite().all()
    assert logits.grad[~mask].abs().max() == 0
    assert logits.grad[0, :3].abs().max() > 0


def test_a_step_against_the_gradient_evens_attention_out():
    logits = torch.tensor([[2.0, 0.0, -1.0]], requires_grad=True)
    attention_penalty(inspection(logits.softmax(1)), None, "entropy").backward()
    with torch.no_grad():
        moved = (logits - logits.grad).softmax(1)
    assert moved.max() < logits.softmax(1).max()
