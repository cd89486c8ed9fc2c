"""Learning from a teacher, against hand computation, closed forms and finite differences."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from small import small_bilstm
from torch.nn import functional

from whytrain.errors import ConfigError
from whytrain.guidance.token_kinds import TokenKinds
from whytrain.models.bilstm import BiLSTM
from whytrain.objectives.distillation import Distillation
from whytrain.objectives.objective import Objective, ObjectiveSettings
from whytrain.objectives.teachers import folder_of
from whytrain.types import Batch

KINDS = TokenKinds(
    4, torch.tensor([True, False, True, True, True] + [False] * 15), torch.zeros(20, dtype=torch.bool)
)
# Rows 2, 0 and 3 of a split whose four sentences have 4, 2, 5 and 3 tokens.
OFFSETS = torch.tensor([0, 4, 6, 11, 14])
BATCH = Batch(
    torch.tensor([[2, 7, 9, 11, 3], [2, 8, 8, 3, 0], [2, 5, 3, 0, 0]]),
    torch.tensor([[True] * 5, [True] * 4 + [False], [True] * 3 + [False] * 2]),
    torch.tensor([0, 2, 1]),
    torch.tensor([2, 0, 3]),
)
TEACHER = torch.tensor([[2.0, -1.0, 0.5], [9.0, 9.0, 9.0], [0.0, 3.0, -2.0], [1.0, 1.0, -4.0]])
ATTENTION = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.2, 0.2, 0.2, 0.2, 0.2, 0.7, 0.2, 0.1])


def distillation(**changes: Any) -> Distillation:
    settings = {
        "logits": TEACHER,
        "attention": ATTENTION,
        "offsets": OFFSETS,
        "alpha": 0.7,
        "temperature": 2.0,
        "attention_weight": 0.0,
        "attributions": None,
        "attributions_weight": 0.0,
    }
    return Distillation(**settings | changes)


def objective(
    learned: Distillation | None = None, row_weights: torch.Tensor | None = None, **changes: Any
) -> Objective:
    settings: dict[str, Any] = {
        "label_smoothing": 0.0,
        "word_masking": 0.0,
        "attention_penalty": {"weight": 0.0, "kind": "entropy"},
        "adversarial": {"weight": 0.0, "epsilon": 0.1},
        "dropout_end": None,
        "class_weights": None,
    }
    return Objective(
        ObjectiveSettings(**settings | changes), KINDS, row_weights=row_weights, distillation=learned
    )


def bilstm(pooling: str = "attention", dropout: float = 0.0) -> BiLSTM:
    return small_bilstm(pooling=pooling, layer_norm=True, dropout=dropout)


def test_a_sentence_by_hand():
    # T = 2, teacher (2 ln 3, 0), student (0, 0): p = (3/4, 1/4), q = (1/2, 1/2).
    learned = distillation(
        logits=torch.tensor([[2 * math.log(3), 0.0]]), offsets=torch.tensor([0, 2]), attention=None
    )
    batch = Batch(torch.tensor([[2, 3]]), None, torch.tensor([1]), torch.tensor([0]))
    gold = torch.tensor([math.log(2)])
    cost = learned.blend(gold, torch.zeros(1, 2), None, batch)
    divergence = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert cost.item() == pytest.approx(0.3 * math.log(2) + 0.7 * 4 * divergence, rel=1e-6)


def test_a_teacher_is_a_folder_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    (tmp_path / "file").touch()
    assert folder_of(str(tmp_path / "model")) == folder_of("~/model") == tmp_path / "model"
    assert folder_of("first") is folder_of(str(tmp_path / "file")) is None


def test_the_teachers_own_answer_costs_nothing_but_the_gold_label():
    logits = TEACHER[BATCH.rows] + 5.0  # softmax minds no constant
    gold = functional.cross_entropy(logits, BATCH.labels, reduction="none")
    costs = distillation(alpha=1.0).blend(gold, logits, None, BATCH)
    torch.testing.assert_close(costs, torch.zeros(3), rtol=0, atol=1e-6)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_the_soft_gradient_is_hintons(temperature):
    # ∂/∂z of T² KL is T (q - p): of the same size for every temperature, equation 2 of the paper times T².
    logits = torch.tensor([[0.3, -0.2, 0.1], [1.0, 0.0, -1.0], [0.0, 0.5, 0.0]], requires_grad=True)
    learned = distillation(alpha=1.0, temperature=temperature)
    learned.blend(torch.zeros(3), logits, None, BATCH).sum().backward()
    p = (TEACHER[BATCH.rows] / temperature).softmax(dim=1)
    q = (logits.detach() / temperature).softmax(dim=1)
    torch.testing.assert_close(logits.grad, temperature * (q - p), rtol=1e-5, atol=1e-6)


def test_attention_is_looked_up_by_row():
    expected = torch.tensor([[0.2] * 5, [0.1, 0.2, 0.3, 0.4, 0.0], [0.7, 0.2, 0.1, 0.0, 0.0]])
    torch.testing.assert_close(distillation().of_tokens(ATTENTION, BATCH), expected, rtol=0, atol=0)


def test_attention_transfer_is_the_squared_distance_and_has_its_gradient():
    learned = distillation(alpha=0.0, attention_weight=3.0)
    student = torch.tensor([[0.4, 0.3, 0.1, 0.1, 0.1], [0.1, 0.2, 0.3, 0.4, 0.0], [0.5, 0.25, 0.25, 0, 0]])
    gold = torch.tensor([1.0, 2.0, 3.0])
    costs = learned.blend(gold, torch.zeros(3, 3), student, BATCH)
    distances = torch.tensor([0.2**2 + 0.1**2 + 3 * 0.1**2, 0.0, 0.2**2 + 0.05**2 + 0.15**2])
    torch.testing.assert_close(costs, gold + 3 * distances, rtol=1e-6, atol=1e-6)

    # Through the whole student: the directional derivative against central differences.
    model = bilstm().double()
    embeddings = model.embed(BATCH.token_ids).detach().requires_grad_()

    def total(at: torch.Tensor) -> torch.Tensor:
        seen = model.inspect(at, BATCH.mask)
        return learned.blend(gold.double(), seen.logits, seen.attention, BATCH).sum()

    (gradient,) = torch.autograd.grad(total(embeddings), embeddings)
    torch.manual_seed(1)
    direction, step = torch.randn_like(embeddings), 1e-3
    with torch.no_grad():
        slope = (total(embeddings + step * direction) - total(embeddings - step * direction)) / (2 * step)
    assert gradient.abs().max() > 1e-4
    # The attention is compared in float32: its rounding, 1e-7 of 1, over a step of 1e-3.
    assert slope.item() == pytest.approx(float((gradient * direction).sum()), rel=0.02, abs=2e-4)


ATTRIBUTIONS = torch.arange(1.0, 15.0) * torch.tensor([1.0, -1.0] * 7)


def test_attributions_of_a_linear_model_by_hand():
    # Words add x·(w_1 − w_0) to the log-odds of class 1; the teacher predicts class 1 of row 0, 0 of row 1.
    embeddings = torch.tensor([[[3.0], [4.0], [9.0]], [[1.0], [5.0], [2.0]]], requires_grad=True)
    logits = torch.stack([torch.zeros(2), 0.5 * embeddings.sum(dim=(1, 2))], dim=1)
    learned = distillation(
        logits=torch.tensor([[0.0, 1.0], [2.0, 0.0]]),
        attributions=torch.tensor([0.0, 2.0, 7.0, -1.0, 6.0, 0.0]),
        offsets=torch.tensor([0, 3, 6]),
        attributions_weight=0.5,
    )
    batch = Batch(torch.zeros(2, 3, dtype=torch.long), None, torch.tensor([0, 0]), torch.tensor([0, 1]))
    counted = torch.tensor([[True, True, False], [True, False, False]])
    cost = learned.attribution_cost(logits, embeddings, counted, batch)
    # (3, 4) / 5 against (0, 1); −1 / 1, as class 0 is meant, against −1.
    assert cost.item() == pytest.approx(0.5 * ((0.6**2 + 0.2**2) + 0.0) / 2, rel=1e-6)


def test_attributions_of_whole_students_are_pulled_near(asked):
    model, costs = bilstm(), []
    learned = distillation(attributions=ATTRIBUTIONS, attributions_weight=10.0, alpha=1.0)
    alone = distillation(alpha=1.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(30):
        loss, logits = objective(learned)(asked(model), BATCH)
        plain, same = objective(alone)(asked(model), BATCH)
        # 1e-5: a fused LSTM and one that can be differentiated twice sum in different orders.
        torch.testing.assert_close(logits, same, rtol=1e-5, atol=1e-5)
        costs.append(float((loss - plain).detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # Special tokens have no part, so that it can come to 0; at random it is 10 · 2.
    assert costs[-1] < 0.2 * costs[0]


def test_sentences_without_words_have_no_attributions_to_compare(asked):
    nothing = BATCH._replace(token_ids=torch.tensor([[2, 3, 3, 3, 3], [2, 3, 3, 3, 0], [2, 3, 3, 0, 0]]))
    model = bilstm()
    learned = distillation(attributions=ATTRIBUTIONS, attributions_weight=1.0)
    loss, _ = objective(learned)(asked(model), nothing)
    plain, _ = objective(distillation())(asked(model), nothing)
    # The teacher's are masked as well: 0 against 0.
    torch.testing.assert_close(loss, plain, rtol=1e-5, atol=1e-6)
    loss.backward()
    for p in model.parameters():
        gradient = p.grad.coalesce().values() if p.grad.is_sparse else p.grad
        assert gradient.isfinite().all()


def test_without_weight_attributions_change_nothing(asked):
    gradients = []
    for attributions in (None, ATTRIBUTIONS):
        model = bilstm(dropout=0.3)
        torch.manual_seed(1)
        loss, _ = objective(distillation(attributions=attributions))(asked(model), BATCH)
        loss.backward()
        gradients.append(
            [p.grad.coalesce().values() if p.grad.is_sparse else p.grad for p in model.parameters()]
        )
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_without_weight_training_is_plain_training_bit_for_bit(asked):
    losses, gradients = [], []
    for learned in (None, distillation(alpha=0.0)):
        model = bilstm(dropout=0.3)
        torch.manual_seed(1)
        loss, _ = objective(learned, word_masking=0.3, label_smoothing=0.1)(asked(model), BATCH)
        loss.backward()
        losses.append(loss.detach())
        gradients.append([p.grad.coalesce() if p.grad.is_sparse else p.grad for p in model.parameters()])
    assert torch.equal(*losses)
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_the_objective_takes_the_mean_and_leaves_other_terms_alone(asked):
    model = bilstm()
    learned = distillation(attention_weight=0.5)
    seen = model.inspect(model.embed(BATCH.token_ids), BATCH.mask)
    gold = functional.cross_entropy(seen.logits, BATCH.labels, reduction="none")
    expected = learned.blend(gold, seen.logits, seen.attention, BATCH).mean()
    loss, logits = objective(learned)(asked(model), BATCH)
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(logits, seen.logits, rtol=0, atol=0)
    penalty = {"weight": 0.5, "kind": "entropy"}
    plain, _ = objective()(asked(model), BATCH)
    penalized, _ = objective(attention_penalty=penalty)(asked(model), BATCH)
    both, _ = objective(learned, attention_penalty=penalty)(asked(model), BATCH)
    torch.testing.assert_close(both - loss, penalized - plain, rtol=1e-4, atol=1e-6)


def test_rows_weigh_what_guidance_says(asked):
    model = bilstm()
    weights = torch.tensor([0.5, 1.0, 2.0, 0.5])
    gold = functional.cross_entropy(model(BATCH.token_ids, BATCH.mask), BATCH.labels, reduction="none")
    loss, _ = objective(row_weights=weights)(asked(model), BATCH)
    torch.testing.assert_close(loss, (gold * torch.tensor([2.0, 0.5, 0.5])).mean())


def test_a_student_without_attention(asked):
    learned = distillation(attention_weight=1.0)
    with pytest.raises(ConfigError, match=r"set model.pooling=attention or distillation.attention=0"):
        objective(learned).check(asked(bilstm("mean")))
    objective(learned).check(asked(bilstm()))
    objective(distillation()).check(asked(bilstm("mean")))
