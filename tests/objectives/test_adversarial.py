"""The fast gradient method: length, direction, and nothing left behind."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from whytrain.objectives.adversarial import along, differentiated, fgm_perturbation


@pytest.fixture
def setting():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4 * 3, 8), nn.Tanh(), nn.Linear(8, 2)).double()
    embeddings = torch.randn(6, 4, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 1, 0, 1, 1, 0])
    return model, embeddings, labels


@pytest.mark.parametrize("epsilon", [0.01, 0.5])
def test_length_is_a_share_of_each_sentence(setting, epsilon):
    model, embeddings, labels = setting
    perturbation = fgm_perturbation(functional.cross_entropy(model(embeddings), labels), embeddings, epsilon)
    lengths = perturbation.flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, epsilon * embeddings.flatten(1).norm(dim=1), rtol=1e-12, atol=0)
    assert not perturbation.requires_grad


def test_direction_is_the_gradients_and_raises_every_loss(setting):
    model, embeddings, labels = setting
    loss = functional.cross_entropy(model(embeddings), labels)
    small = fgm_perturbation(loss, embeddings, 1e-3)
    (gradient,) = torch.autograd.grad(loss, embeddings, retain_graph=True)
    cosine = functional.cosine_similarity(small.flatten(1), gradient.flatten(1))
    torch.testing.assert_close(cosine, torch.ones(6).double(), rtol=0, atol=1e-12)
    before = functional.cross_entropy(model(embeddings), labels, reduction="none")
    after = functional.cross_entropy(model(embeddings + small), labels, reduction="none")
    opposite = functional.cross_entropy(model(embeddings - small), labels, reduction="none")
    assert (after > before).all()
    assert (opposite < before).all()


def test_no_parameter_has_a_gradient_and_the_graph_is_kept(setting):
    model, embeddings, labels = setting
    loss = functional.cross_entropy(model(embeddings), labels)
    fgm_perturbation(loss, embeddings, 0.1)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert embeddings.grad is None
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_where_the_gradient_is_zero_nothing_moves(setting):
    _, embeddings, _ = setting
    loss = (embeddings[1:] ** 2).sum() + 0 * embeddings[0].sum()
    perturbation = fgm_perturbation(loss, embeddings, 0.1)
    assert perturbation[0].abs().max() == 0
    assert perturbation.isfinite().all()
    assert perturbation[1].abs().max() > 0


def test_going_back_once_gives_what_going_back_twice_gives():
    torch.manual_seed(0)
    table = nn.Embedding(9, 3, sparse=True).double()
    positions = nn.Embedding(4, 3, sparse=True).double()  # behind the embeddings
    unused = nn.Linear(2, 2).double()
    frozen = nn.Linear(3, 3).double().requires_grad_(False)
    rest = nn.Sequential(nn.Flatten(), nn.Linear(4 * 3, 2)).double()
    parameters = [p for m in (table, positions, unused, frozen, rest) for p in m.parameters()]
    ids, labels = torch.randint(9, (6, 4)), torch.tensor([0, 1, 0, 1, 1, 0])

    def loss_of(embeddings):
        logits = rest(torch.tanh(frozen(embeddings + positions(torch.arange(4)))))
        return functional.cross_entropy(logits, labels)

    def gradients(total):
        for parameter in parameters:
            parameter.grad = None
        total.backward()
        return [None if p.grad is None else p.grad.to_dense() for p in parameters]

    embeddings = table(ids)
    clean = loss_of(embeddings)
    perturbation = fgm_perturbation(clean, embeddings, 0.5)
    twice = torch.lerp(clean, loss_of(embeddings + perturbation), 0.3)
    expected = gradients(twice)

    embeddings = table(ids)
    cut = embeddings.detach().requires_grad_()
    known, gradient = differentiated(loss_of(cut), cut, embeddings, iter(parameters))
    torch.testing.assert_close(along(gradient, embeddings, 0.5), perturbation, rtol=1e-12, atol=0)
    once = torch.lerp(known, loss_of(embeddings + perturbation), 0.3)
    assert once.item() == twice.item()
    for got, wanted in zip(gradients(once), expected, strict=True):
        assert (got is None) == (wanted is None)
        if got is not None:  # the terms of a sum may come in another order
            torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-15)
    assert expected[0].abs().sum() > 0
    assert expected[1].abs().sum() > 0
