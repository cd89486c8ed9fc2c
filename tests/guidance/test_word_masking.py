"""Masked words: whole, never special tokens, as many as asked for."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import binom

from whytrain.guidance.token_kinds import TokenKinds
from whytrain.guidance.word_masking import mask_words

PADDING, UNKNOWN, CLS, SEP, MASK, A, B, INNER, INNER2 = range(9)
SPECIAL = [PADDING, CLS, SEP, MASK]


@pytest.fixture
def kinds() -> TokenKinds:
    special, continuation = torch.zeros(9, dtype=torch.bool), torch.zeros(9, dtype=torch.bool)
    special[SPECIAL] = True
    continuation[[INNER, INNER2]] = True
    return TokenKinds(MASK, special, continuation)


def sentences(n: int) -> torch.Tensor:
    """Words of one, three and two wordpieces, one of them unknown, then padding."""
    row = [CLS, A, B, INNER, INNER2, UNKNOWN, A, INNER, SEP, PADDING, PADDING]
    return torch.tensor([row] * n)


WORDS = [slice(1, 2), slice(2, 5), slice(5, 6), slice(6, 8)]


def test_words_go_as_a_whole_and_special_tokens_stay(kinds):
    torch.manual_seed(0)
    before = sentences(500)
    after = mask_words(before, 0.4, kinds)
    for word in WORDS:
        hidden = after[:, word] == MASK
        assert (hidden.all(1) == hidden.any(1)).all()
        assert torch.equal(after[:, word][~hidden], before[:, word][~hidden])
        assert 0 < hidden[:, 0].sum() < 500
    for column in (0, 8, 9, 10):
        assert torch.equal(after[:, column], before[:, column])
    assert torch.equal(before, sentences(500))


def test_words_of_a_sentence_are_drawn_independently(kinds):
    torch.manual_seed(1)
    after = mask_words(sentences(4000), 0.5, kinds)
    hidden = torch.stack([after[:, word.start] == MASK for word in WORDS]).double()
    # Correlations of 4,000 independent pairs have a standard deviation of 1/√4000 = 0.016: five of them.
    off_diagonal = torch.corrcoef(hidden)[~torch.eye(4, dtype=torch.bool)]
    assert off_diagonal.abs().max() < 0.08


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
def test_rate(kinds, probability):
    torch.manual_seed(2)
    n = 3000
    after = mask_words(sentences(n), probability, kinds)
    n_hidden = sum(int((after[:, word.start] == MASK).sum()) for word in WORDS)
    # One right implementation in a million falls outside.
    low, high = binom.interval(1 - 1e-6, n * len(WORDS), probability)
    assert low <= n_hidden <= high


def test_the_ends(kinds):
    before = sentences(3)
    assert torch.equal(mask_words(before, 0.0, kinds), before)
    everything = mask_words(before, 1.0, kinds)
    assert everything[0].tolist() == [CLS] + [MASK] * 7 + [SEP, PADDING, PADDING]
