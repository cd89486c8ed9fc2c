"""Hugging Face classifiers through the direct engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from transformers import BertConfig, BertForSequenceClassification

from whytrain.games.absence import Absence
from whytrain.games.huggingface import HuggingFaceClassifier
from whytrain.games.players import Players
from whytrain.games.table import coalition_table

Sentences = Callable[..., Players]


MASK, VOCABULARY = 1, 60


def small_bert() -> BertForSequenceClassification:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        initializer_range=0.5,
    )
    return BertForSequenceClassification(config)


def test_a_table_of_a_transformer(sentence: Sentences) -> None:
    model, players = small_bert().train(), sentence([1, 2])
    predict = HuggingFaceClassifier(model)
    for absence in (Absence("mask", MASK), Absence("padding", 0), Absence("removed", None)):
        table = coalition_table(predict, players, absence)
        assert model.training
        ids = [2, 3, int(players.token_ids[1]), 4]
        replacement = absence.replacement_id
        ids = [int(players.token_ids[0]), int(players.token_ids[1])]
        ids += [] if replacement is None else [replacement] * 2
        ids.append(int(players.token_ids[-1]))
        model.eval()
        with torch.no_grad():
            expected = model(torch.tensor([ids])).logits[0].numpy()
        model.train()
        # Batched and single matrix products round differently: 1e-6 of logits of order 1.
        np.testing.assert_allclose(table.logits[1], expected, atol=1e-5)
        assert np.ptp(table.logits[:, 0]) > 0.1
    assert predict.max_tokens == 32
