"""Statistics of what a network computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tokenizers
import torch
from small import small_bilstm

from whytrain.data.encoded import EncodedSplit
from whytrain.data.tokenization import Tokenizer
from whytrain.models.bilstm import BiLSTM
from whytrain.models.interface import interface_of
from whytrain.surrogates.dense import attention_statistics, dense_table, token_statistics


def bilstm(pooling: Any) -> BiLSTM:
    return small_bilstm(
        vocabulary_size=30,
        n_classes=2,
        embedding={"size": 3, "pretrained": None},
        hidden_size=2,
        pooling=pooling,
        dropout=0.5,
    )


@pytest.fixture
def tokenizer() -> Tokenizer:
    vocabulary = {"[PAD]": 0, **{f"word{i}": i for i in range(1, 30)}}
    return Tokenizer(tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "[PAD]")), "small")


@pytest.fixture
def split() -> EncodedSplit:
    lengths = np.array([5, 2, 7, 3])
    ids = np.random.default_rng(0).integers(1, 30, lengths.sum()).astype(np.int32)
    return EncodedSplit(
        token_ids=ids,
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        labels=np.zeros(4, dtype=np.int64),
        padding_id=0,
    )


def test_statistics_by_hand_leave_padding_out() -> None:
    states = torch.tensor([[[1.0], [3.0], [99.0]]])
    mask = torch.tensor([[True, True, False]])
    assert token_statistics(states, mask).tolist() == [[2.0, 1.0, 1.0, 3.0]]
    weights = torch.tensor([[0.25, 0.75, 0.0]])
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    expected = [0.75, 0.25, entropy, 0.75]  # the center of mass: 0.75 of the way from the first to the second
    np.testing.assert_allclose(attention_statistics(weights, mask)[0], expected, rtol=1e-6)


@pytest.mark.parametrize("pooling", ["attention", "mean"])
def test_every_sentence_has_its_own_statistics(
    split: EncodedSplit, pooling: str, tokenizer: Tokenizer
) -> None:
    model = bilstm(pooling).train()
    table = dense_table(interface_of(model, tokenizer, 20), split)
    assert model.training
    names = [feature.what for feature in table.features]
    n_attention = 4 if pooling == "attention" else 0
    assert len(names) == table.values.shape[1] == 4 * 3 + 4 * 4 + n_attention
    model.eval()
    for row in range(4):
        ids = torch.from_numpy(split.sentence(row).astype(np.int64))[None]
        embeddings = model.embed(ids).detach()
        inspection = model.inspect(embeddings, None)
        e, h = embeddings[0].numpy(), inspection.hidden_states[0].detach().numpy()
        values = dict(zip(names, table.values[row], strict=True))
        # 1e-5: float32, in batches of several lengths or alone.
        assert values["embedding mean 1"] == pytest.approx(e[:, 1].mean(), abs=1e-5)
        assert values["embedding minimum 0"] == pytest.approx(e[:, 0].min(), abs=1e-5)
        assert values["hidden deviation 2"] == pytest.approx(h[:, 2].std(), abs=1e-5)
        assert values["hidden maximum 3"] == pytest.approx(h[:, 3].max(), abs=1e-5)
        if inspection.attention is not None:
            a = inspection.attention[0].detach().numpy()
            assert values["attention maximum"] == pytest.approx(a.max(), abs=1e-5)
            assert values["attention center"] == pytest.approx(a @ np.arange(len(a)) / (len(a) - 1), abs=1e-5)
    assert {feature.kind for feature in table.features} >= {"embedding", "hidden"}
