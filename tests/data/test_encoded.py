"""The tokenized split: its cache, its batches, and a model's logits on them."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small import small_bilstm

from whytrain.data.batch_plan import evaluation_plan
from whytrain.data.corpus import Split
from whytrain.data.encoded import EncodedSplit, encode_split
from whytrain.data.tokenization import Tokenizer
from whytrain.data.wordpiece import WordPieceTrainer

TEXTS = ["a film", "a very fine film", "fine", "not a very fine film at all", "a film", "🙂"]


@pytest.fixture
def split() -> Split:
    """Return six sentences of several lengths."""
    labels = np.array([0, 1, 1, 0, 1, 0])
    return Split(ids=[str(row) for row in range(6)], texts=TEXTS, labels=labels, human=None, columns={})


@pytest.fixture
def tokenizer() -> Tokenizer:
    """Return a small vocabulary."""
    return WordPieceTrainer(vocabulary_size=100, min_frequency=1, lowercase=True).build(TEXTS)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record how many texts each tokenization gets."""
    counts: list[int] = []
    original = Tokenizer.encode_measured

    def counting(self: Tokenizer, texts: list[str], max_tokens: int) -> tuple[list[np.ndarray], np.ndarray]:
        counts.append(len(texts))
        return original(self, texts, max_tokens)

    monkeypatch.setattr(Tokenizer, "encode_measured", counting)
    return counts


def same(left: EncodedSplit, right: EncodedSplit) -> bool:
    """Return whether two splits have the same content."""
    return all(
        np.array_equal(getattr(left, name), getattr(right, name))
        and getattr(left, name).dtype == getattr(right, name).dtype
        for name in ("token_ids", "offsets", "labels", "n_cut")
    )


def test_tokenized_once_per_content_tokenizer_and_length(
    split: Split, tokenizer: Tokenizer, cache: Path, calls: list[int]
) -> None:
    first = encode_split(split, tokenizer, 32, cache)
    assert same(first, encode_split(split, tokenizer, 32, cache))
    assert calls == [6]
    for row, text in enumerate(TEXTS):
        assert np.array_equal(first.sentence(row), tokenizer.encode([text], 32)[0])
    calls.clear()
    encode_split(split, tokenizer, 5, cache)
    encode_split(split.select(np.array([1, 0])), tokenizer, 32, cache)
    other = WordPieceTrainer(vocabulary_size=100, min_frequency=1, lowercase=False).build(TEXTS)
    encode_split(split, other, 32, cache)
    assert calls == [6, 2, 6]


def test_cache_is_a_folder_of_datasets(split: Split, tokenizer: Tokenizer, cache: Path) -> None:
    found = encode_split(split, tokenizer, 32, cache)
    [folder] = (path for path in cache.glob("tokenized/*") if path.is_dir())
    stored = datasets.load_from_disk(str(folder))
    assert stored["token_ids"][:] == [found.sentence(row).tolist() for row in range(6)]


@pytest.mark.parametrize("keep", [0, 10, 0.5, -9])
def test_truncated_cache_is_made_again(
    split: Split, tokenizer: Tokenizer, cache: Path, calls: list[int], keep: float
) -> None:
    first = encode_split(split, tokenizer, 32, cache)
    [path] = cache.glob("tokenized/*/data-*.arrow")
    content = path.read_bytes()
    del first  # it maps the file
    path.write_bytes(content[: int(len(content) * keep) if isinstance(keep, float) else keep])
    again = encode_split(split, tokenizer, 32, cache)
    assert np.array_equal(again.sentence(3), tokenizer.encode([TEXTS[3]], 32)[0])
    assert calls == [6, 6, 1]
    assert path.read_bytes() == content


def test_missing_part_of_the_cache_is_made_again(
    split: Split, tokenizer: Tokenizer, cache: Path, calls: list[int]
) -> None:
    encode_split(split, tokenizer, 32, cache)
    [path] = cache.glob("tokenized/*/data-*.arrow")
    path.unlink()
    encode_split(split, tokenizer, 32, cache)
    assert calls == [6, 6]


def test_full_disk_leaves_no_trace_and_does_not_stop_the_run(
    split: Split,
    tokenizer: Tokenizer,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    calls: list[int],
) -> None:
    def full(self: datasets.Dataset, path: Path) -> None:
        Path(path).mkdir()
        (Path(path) / "data-00000-of-00001.arrow").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(datasets.Dataset, "save_to_disk", full)
    with caplog.at_level(logging.WARNING):
        found = encode_split(split, tokenizer, 32, cache)
    assert np.array_equal(found.sentence(1), tokenizer.encode([TEXTS[1]], 32)[0])
    assert calls == [6, 1]  # not tokenized twice
    assert "the disk is full" in caplog.text
    assert not [path for path in cache.glob("tokenized/*") if path.suffix != ".lock"]
    assert not list(cache.glob("tokenized/.*"))


def test_folder_that_cannot_be_made(
    split: Split, tokenizer: Tokenizer, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (cache / "tokenized").touch()
    assert len(encode_split(split, tokenizer, 32, cache)) == 6
    assert "The run goes on without this cache" in caplog.text


def encoded(lengths: list[int], vocabulary_size: int = 40) -> EncodedSplit:
    """Return sentences of the given lengths with random token ids."""
    generator = np.random.default_rng(0)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ids = generator.integers(1, vocabulary_size, size=offsets[-1]).astype(np.int32)
    return EncodedSplit(
        token_ids=ids, offsets=offsets, labels=generator.integers(0, 2, size=len(lengths)), padding_id=0
    )


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), st.data())
@settings(max_examples=100, deadline=None)
def test_batch_equals_padding_by_hand(lengths: list[int], data: st.DataObject) -> None:
    split = encoded(lengths)
    rows = np.array(data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=12)))
    batch = split.batch(rows)
    longest = max(lengths[row] for row in rows)
    by_hand = [split.sentence(row).tolist() + [0] * (longest - lengths[row]) for row in rows]
    assert batch.token_ids.tolist() == by_hand
    assert batch.token_ids.dtype == batch.labels.dtype == batch.rows.dtype == torch.int64
    assert batch.labels.tolist() == split.labels[rows].tolist()
    assert batch.rows.tolist() == rows.tolist()
    if len({lengths[row] for row in rows}) == 1:
        assert batch.mask is None
    else:
        assert batch.mask is not None
        assert batch.mask.dtype == torch.bool
        assert batch.mask.tolist() == [[column < lengths[row] for column in range(longest)] for row in rows]


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_logits_do_not_depend_on_batch_mates(pooling: str) -> None:
    model = small_bilstm(
        vocabulary_size=40,
        embedding={"size": 8, "pretrained": None},
        hidden_size=8,
        pooling=pooling,
        layer_norm=True,
        dropout=0.5,
    ).eval()
    split = encoded([3, 9, 4, 4, 1, 7, 9, 2, 4, 30])
    with torch.no_grad():
        alone = torch.cat([model(*split.batch(np.array([row]))[:2]) for row in range(len(split))])
        together = model(*split.batch(np.arange(len(split)))[:2])
        planned = torch.empty_like(alone)
        for rows in evaluation_plan(split.lengths, 2):
            planned[rows] = model(*split.batch(rows)[:2])
    # Float32 sums in another order: some 1e-7 on logits of about 0.3; a leak of padding gives 1e-2.
    torch.testing.assert_close(together, alone, atol=2e-6, rtol=0)
    torch.testing.assert_close(planned, alone, atol=2e-6, rtol=0)
