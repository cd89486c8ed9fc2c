"""Predictions of a split stand in the order of its rows, and leave the model as it was."""

from __future__ import annotations

import numpy as np
import pytest
import tokenizers
import torch
from small import small_bilstm

from whytrain.data.encoded import EncodedSplit
from whytrain.data.tokenization import Tokenizer
from whytrain.models.batch_runner import BATCH_SIZE, inspect_split, predict_split
from whytrain.models.interface import interface_of

TOKENIZER = Tokenizer(
    tokenizers.Tokenizer(tokenizers.models.WordLevel({f"word{i}": i for i in range(1000)}, "word0")), "small"
)


class LastToken(torch.nn.Module):
    """Logits that tell which token a sentence ends with; in training mode they are wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, token_ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        ends = torch.full((len(token_ids),), token_ids.shape[1]) if mask is None else mask.sum(1)
        last = token_ids[torch.arange(len(token_ids)), ends - 1].float() * self.weight
        return torch.stack([last, -last if not self.training else last], dim=1)


@pytest.mark.parametrize("training", [True, False])
def test_rows_in_order_and_mode_restored(training):
    generator = np.random.default_rng(0)
    lengths = generator.integers(1, 6, 2 * BATCH_SIZE + 50)
    offsets = np.concatenate([[0], lengths.cumsum()])
    token_ids = generator.integers(1, 1000, offsets[-1]).astype(np.int32)
    labels = generator.integers(0, 2, len(lengths))
    model = LastToken().train(training)
    asked = interface_of(model, TOKENIZER, 8)
    result = predict_split(
        asked, EncodedSplit(token_ids=token_ids, offsets=offsets, labels=labels, padding_id=0)
    )
    last = token_ids[offsets[1:] - 1].astype(np.float64)
    np.testing.assert_array_equal(result.logits, np.stack([last, -last], axis=1))
    np.testing.assert_array_equal(result.labels, labels)
    assert result.logits.dtype == np.float64
    assert model.training is training
    np.testing.assert_allclose(result.probabilities.sum(1), 1, atol=1e-12)


@pytest.mark.parametrize("run", [predict_split, lambda *given: list(inspect_split(*given))])
def test_every_submodule_keeps_its_own_mode(run):
    model = small_bilstm(vocabulary_size=1000, n_layers=2, pooling="mean", dropout=0.5).train()
    model.lstm.eval()  # frozen
    modes = [module.training for module in model.modules()]
    before = torch.get_rng_state()
    split = EncodedSplit(
        token_ids=np.arange(1, 7, dtype=np.int32),
        offsets=np.array([0, 2, 6]),
        labels=np.array([0, 1]),
        padding_id=0,
    )
    run(interface_of(model, TOKENIZER, 8), split)
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(before, torch.get_rng_state())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
