"""What is not seen of texts, counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from whytrain.data.corpus import Split
from whytrain.data.encoded import encode_split
from whytrain.data.unread import Unread, told, unread
from whytrain.data.wordpiece import WordPieceTrainer

# [CLS] … [SEP]: of five tokens three are words. The vocabulary has no 🙂.
TEXTS = ["fine film", "a fine film 🙂 fine", "🙂 🙂", "a a a a a a"]


@pytest.fixture
def split() -> Split:
    labels = np.zeros(4, dtype=np.int64)
    return Split(ids=list("abcd"), texts=TEXTS, labels=labels, human=None, columns={})


def test_by_hand_and_from_the_cache(split: Split, tmp_path: Path) -> None:
    build = WordPieceTrainer(vocabulary_size=100, min_frequency=1, lowercase=True).build
    tokenizer = build(["a fine film", "a fine film"])
    for _ in range(2):
        seen = unread(encode_split(split, tokenizer, 5, tmp_path), tokenizer)
        # 2 + 3 + 2 + 3 tokens are read, the last two of them unknown; 2 of 5 and 3 of 6 are cut off.
        assert (seen.n_texts, seen.n_tokens, seen.n_unknown) == (4, 10, 2)
        assert (seen.n_cut_texts, seen.n_cut_tokens, seen.n_tokens_of_cut) == (2, 5, 11)
        assert (seen.unknown_share, seen.cut_share, seen.lost_share) == (0.2, 0.5, 5 / 11)
    both = told({"train": seen, "validation": seen})
    assert both == "20.0% of the tokens are unknown; 4 of 8 texts are cut, 45% of their tokens"
    one = Unread(n_texts=9, n_tokens=90, n_unknown=0, n_cut_texts=1, n_cut_tokens=5, n_tokens_of_cut=10)
    assert told({"train": one}).endswith("1 of 9 texts is cut, 50% of its tokens")
    assert unread(encode_split(split, tokenizer, 50, tmp_path), tokenizer).n_cut_texts == 0
