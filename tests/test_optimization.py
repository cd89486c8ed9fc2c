"""Updates, clipping and schedules against torch's own on dense tensors."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

from whytrain.optimization import (
    OptimizerSettings,
    RowwiseAdamW,
    clip_gradients,
    make_optimizer,
    make_schedule,
)


def settings(**changes: Any) -> OptimizerSettings:
    values: dict[str, Any] = {
        "learning_rate": 0.05,
        "weight_decay": 0.1,
        "schedule": "one_cycle",
        "warmup": 0.1,
        "sparse_embeddings": "auto",
    }
    return OptimizerSettings(**values | changes)


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(6, 4, padding_idx=0), nn.Flatten(), nn.Linear(12, 2)).double()


def step(network: nn.Module, optimizer: torch.optim.Optimizer, token_ids: list[list[int]]) -> None:
    optimizer.zero_grad()
    network(torch.tensor(token_ids)).square().sum().backward()
    optimizer.step()


ALL_ROWS = [[1, 2, 3], [4, 5, 1]]


def test_row_wise_updates_equal_dense_ones_where_every_row_has_a_gradient():
    row_wise, dense = model(), model()
    optimizer = make_optimizer(row_wise, settings(), sparse_embeddings=True)
    assert isinstance(optimizer, RowwiseAdamW)
    table, rest = dense[0].weight, list(dense[2].parameters())
    by_hand = [
        Adam([table], lr=0.05),  # a table without decay
        AdamW([rest[0]], lr=0.05, weight_decay=0.1),
        AdamW([rest[1]], lr=0.05, weight_decay=0.0),  # a bias without decay
    ]
    for _ in range(5):
        step(row_wise, optimizer, ALL_ROWS)
        for part in by_hand:
            part.zero_grad()
        dense(torch.tensor(ALL_ROWS)).square().sum().backward()
        for part in by_hand:
            part.step()
    for ours, theirs in zip(row_wise.parameters(), dense.parameters(), strict=True):
        # SparseAdam adds its ε of 1e-8 before the bias correction, which shifts a first step of 0.05 by up to
        # 1e-8/√0.001/|gradient| of it; a wrong moment or rate would show at 1e-3 and above.
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_rows_without_a_gradient_stay_while_adamw_would_move_them():
    network = model()
    optimizer = make_optimizer(network, settings(), sparse_embeddings=True)
    step(network, optimizer, [[1, 2, 3]])
    kept = network[0].weight[3].detach().clone()
    other = network[0].weight[1].detach().clone()
    step(network, optimizer, [[1, 2, 1]])
    assert torch.equal(network[0].weight[3], kept)
    assert not torch.equal(network[0].weight[1], other)


def test_the_dense_choice_is_one_adamw_with_decay_on_matrices_only():
    network = model()
    network[0].sparse = True
    optimizer = make_optimizer(network, settings(), sparse_embeddings=False)
    assert type(optimizer) is AdamW
    assert network[0].sparse is False
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    weight, bias = network[2].weight, network[2].bias
    assert decay == {id(network[0].weight): 0.1, id(weight): 0.1, id(bias): 0.0}


def test_frozen_parameters_are_left_out():
    network = model()
    network[0].weight.requires_grad_(False)
    optimizer = make_optimizer(network, settings(), sparse_embeddings=True)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 2


@pytest.mark.parametrize("sparse", [True, False])
def test_state_goes_through_a_checkpoint(sparse, tmp_path):
    def go_on(network: nn.Module, optimizer: torch.optim.Optimizer, schedule: Any) -> None:
        for ids in ([[1, 2, 3]], ALL_ROWS, [[5, 1, 0]]):
            step(network, optimizer, ids)
            schedule.step()

    def start(network: nn.Module) -> tuple[Any, Any]:
        optimizer = make_optimizer(network, settings(), sparse_embeddings=sparse)
        return optimizer, make_schedule(optimizer, settings(), 10)

    first = model()
    optimizer, schedule = start(first)
    go_on(first, optimizer, schedule)
    second = copy.deepcopy(first)
    torch.save([optimizer.state_dict(), schedule.state_dict()], tmp_path / "state")
    restored, restored_schedule = start(second)
    states = torch.load(tmp_path / "state", weights_only=True)
    restored.load_state_dict(states[0])
    restored_schedule.load_state_dict(states[1])
    go_on(first, optimizer, schedule)
    go_on(second, restored, restored_schedule)
    assert restored.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"] != 0.05
    for ours, theirs in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_schedule_reaches_both_parts():
    network = model()
    optimizer = make_optimizer(network, settings(), sparse_embeddings=True)
    schedule = make_schedule(optimizer, settings(warmup=0.5), 4)
    assert isinstance(optimizer, RowwiseAdamW)
    for _ in range(3):
        step(network, optimizer, ALL_ROWS)
        schedule.step()
    rates = [group["lr"] for part in (optimizer.dense, optimizer.sparse) for group in part.param_groups]
    # Two of four steps rise; the third step behind the peak is half-way down the cosine.
    assert rates == pytest.approx([0.05 * 0.5] * 3)


def test_a_closure_is_evaluated_once_and_first():
    network = model()
    optimizer = make_optimizer(network, settings(), sparse_embeddings=True)
    before = [p.detach().clone() for p in network.parameters()]
    calls = []

    def closure() -> float:
        calls.append([torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True)])
        network(torch.tensor(ALL_ROWS)).square().sum().backward()
        return 3.5

    assert optimizer.step(closure) == 3.5
    assert calls == [[True, True, True]]
    assert not any(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


@pytest.mark.parametrize("max_norm", [0.1, 1.0, 1e6])
def test_clipping_dense_gradients_is_torchs(max_norm):
    ours, theirs = model(), model()
    for network in (ours, theirs):
        network(torch.tensor(ALL_ROWS)).square().sum().backward()
    expected = nn.utils.clip_grad_norm_(theirs.parameters(), max_norm)
    assert float(clip_gradients(ours.parameters(), max_norm)) == pytest.approx(float(expected), rel=1e-12)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        # torch divides by the norm plus 1e-6.
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-5, atol=0)


def test_clipping_sparse_gradients_is_that_of_their_dense_form():
    sparse, dense = model(), model()
    sparse[0].sparse = True
    for network in (sparse, dense):
        network(torch.tensor([[1, 1, 1], [2, 1, 5]])).square().sum().backward()  # row 1 occurs four times
    expected = nn.utils.clip_grad_norm_(dense.parameters(), 0.5)
    assert float(clip_gradients(sparse.parameters(), 0.5)) == pytest.approx(float(expected), rel=1e-12)
    torch.testing.assert_close(sparse[0].weight.grad.to_dense(), dense[0].weight.grad, rtol=1e-5, atol=0)
    torch.testing.assert_close(sparse[2].weight.grad, dense[2].weight.grad, rtol=1e-5, atol=0)


def test_zero_leaves_gradients_and_still_tells_the_norm():
    network = model()
    network(torch.tensor(ALL_ROWS)).square().sum().backward()
    before = [p.grad.clone() for p in network.parameters()]
    expected = math.sqrt(sum(float(g.square().sum()) for g in before))
    assert float(clip_gradients(network.parameters(), 0.0)) == pytest.approx(expected, rel=1e-12)
    assert all(torch.equal(p.grad, g) for p, g in zip(network.parameters(), before, strict=True))
    assert float(clip_gradients([nn.Parameter(torch.ones(2))], 1.0)) == 0.0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_broken_gradient_shows_in_the_norm(value):
    network = model()
    network(torch.tensor(ALL_ROWS)).square().sum().backward()
    network[2].weight.grad[0, 0] = value
    assert not math.isfinite(clip_gradients(network.parameters(), 1.0))


def test_one_cycle_values():
    optimizer = SGD([nn.Parameter(torch.ones(2))], lr=2.0)
    schedule = make_schedule(optimizer, settings(warmup=0.2), 10)
    rates = []
    for _ in range(12):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    falling = [1 + math.cos(math.pi * k / 8) for k in range(9)]
    assert rates == pytest.approx([1.0, 2.0, *falling, 0.0])


def test_constant_schedule():
    optimizer = SGD([nn.Parameter(torch.ones(2))], lr=2.0)
    schedule = make_schedule(optimizer, settings(schedule="constant"), 3)
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == 2.0
