"""Attention weights by word are those of the model's pooling."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small import small_bilstm, wordpiece_tokenizer

from whytrain.attribution.attention.word_attention import word_attention
from whytrain.models.interface import interface_of

WORDS = ["un", "##happy", "##ly", "a", "film"]


@pytest.fixture(scope="module")
def tokenizer():
    return wordpiece_tokenizer(WORDS)


def asked(tokenizer, pooling, max_tokens=20):
    model = small_bilstm(vocabulary_size=tokenizer.vocabulary_size, n_classes=2, pooling=pooling)
    return interface_of(model.eval(), tokenizer, max_tokens)


def test_a_word_has_the_sum_of_its_wordpieces(tokenizer):
    one = asked(tokenizer, "attention")
    found = word_attention(one, "a unhappyly film")
    assert found.words == ("[CLS]", "a", "unhappyly", "film", "[SEP]")
    ids = torch.tensor([[2, 8, 5, 6, 7, 9, 3]])
    weights = one.inspect(ids, None).attention[0].detach().double().numpy()
    by_hand = [weights[0], weights[1], weights[2:5].sum(), weights[5], weights[6]]
    # The same float32 weights, added up in another order.
    np.testing.assert_allclose(found.weights, by_hand, atol=1e-7)
    assert found.weights.sum() == pytest.approx(1, abs=1e-6)
    assert found.weights.std() > 0


def test_a_cut_sentence_has_the_words_that_remain(tokenizer):
    found = word_attention(asked(tokenizer, "attention", max_tokens=4), "a film film film")
    assert found.words == ("[CLS]", "a", "film", "[SEP]")
    assert len(found.weights) == 4


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_other_poolings_have_none(tokenizer, pooling):
    assert word_attention(asked(tokenizer, pooling), "a film") is None


def test_a_model_that_cannot_be_inspected_has_none(tokenizer):
    class Bag(torch.nn.Embedding):
        def forward(self, token_ids, mask):
            kept = torch.ones(token_ids.shape) if mask is None else mask.float()
            return (super().forward(token_ids) * kept[..., None]).sum(1)

    assert word_attention(interface_of(Bag(tokenizer.vocabulary_size, 2), tokenizer, 20), "a film") is None


def test_a_sentence_without_special_tokens_has_its_words_alone():
    bare = wordpiece_tokenizer(WORDS, template=False)
    found = word_attention(asked(bare, "attention"), "a unhappyly film")
    assert found.words == ("a", "unhappyly", "film")
    assert found.weights.sum() == pytest.approx(1, abs=1e-6)
