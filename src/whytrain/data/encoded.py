"""A tokenized split: flat token ids, cached as Arrow, gathered into batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from whytrain.data.cache import remembered
from whytrain.data.corpus import Split, content_hash
from whytrain.data.tokenization import Tokenizer
from whytrain.types import Batch

FORMAT = "2"  # part of the cache key: raise it when what is cached changes
AT_ONCE = 10_000  # sentences: each is an object of its own until they are one array
# Token ids of all sentences, offsets, and how many tokens of each were cut off.
Flat = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, eq=False, kw_only=True)
class EncodedSplit:
    """The token ids of a split's sentences, one after another.

    Attributes:
        token_ids: int32 (n_tokens_in_all,).
        offsets: int64 (n + 1,), sentence i is token_ids[offsets[i]:offsets[i + 1]].
        labels: int64 (n,), class indices.
        padding_id: what fills shorter sentences of a batch up.
        n_cut: int64 (n,), tokens that were cut off; None where nobody counted.
        marked: bool (n_tokens_in_all,), tokens that must not decide; None where nobody marked any.
    """

    token_ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]
    padding_id: int
    n_cut: NDArray[np.int64] | None = None
    marked: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Return the number of sentences."""
        return len(self.labels)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens per sentence, int64 (n,), special tokens included."""
        return np.diff(self.offsets)

    def sentence(self, row: int) -> NDArray[np.int32]:
        """Return the token ids of one sentence, int32 (n_tokens,)."""
        return self.token_ids[self.offsets[row] : self.offsets[row + 1]]

    def select(self, rows: NDArray[np.int64]) -> EncodedSplit:
        """Return the given rows, int64 (n_chosen,), in the given order."""
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return EncodedSplit(
            token_ids=self.token_ids[places],
            offsets=offsets,
            labels=self.labels[rows],
            padding_id=self.padding_id,
        )

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Gather sentences, padded to the longest of them; the mask is None where nothing is padded.

        Args:
            rows: int64 (batch,), at least one.
        """
        starts, lengths = self.offsets[rows], self.lengths[rows]
        longest = int(lengths.max())
        columns = np.arange(longest)
        places = starts[:, None] + columns
        mask = marked = None
        if lengths.min() == longest:
            token_ids = self.token_ids[places].astype(np.int64)
        else:
            present = columns < lengths[:, None]
            places = np.where(present, places, 0)
            token_ids = np.where(present, self.token_ids[places], self.padding_id).astype(np.int64)
            mask = torch.from_numpy(present)
        if self.marked is not None:
            marked = torch.from_numpy(self.marked[places])
            marked = marked if mask is None else marked & mask
        labels = torch.from_numpy(self.labels[rows])
        return Batch(torch.from_numpy(token_ids), mask, labels, torch.from_numpy(rows), marked)

    def replaced(self, rows: NDArray[np.int64], sentences: Sequence[NDArray[np.int32]]) -> EncodedSplit:
        """Return the split with other token ids in some rows; nothing of it is marked.

        Args:
            rows: int64 (n_replaced,), ascending and all different.
            sentences: their token ids, one after another.
        """
        lengths = self.lengths.copy()
        lengths[rows] = [len(ids) for ids in sentences]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        is_new = np.zeros(len(self), dtype=bool)
        is_new[rows] = True
        token_ids = np.empty(offsets[-1], dtype=np.int32)
        token_ids[np.repeat(~is_new, lengths)] = self.token_ids[np.repeat(~is_new, self.lengths)]
        token_ids[np.repeat(is_new, lengths)] = np.concatenate([*sentences, np.empty(0, dtype=np.int32)])
        return EncodedSplit(
            token_ids=token_ids, offsets=offsets, labels=self.labels, padding_id=self.padding_id
        )

    def joined(self, other: EncodedSplit) -> EncodedSplit:
        """Return the sentences of both, the other's behind these."""
        return EncodedSplit(
            token_ids=np.concatenate([self.token_ids, other.token_ids]),
            offsets=np.concatenate([self.offsets, self.offsets[-1] + other.offsets[1:]]),
            labels=np.concatenate([self.labels, other.labels]),
            padding_id=self.padding_id,
        )


def encode_split(split: Split, tokenizer: Tokenizer, max_tokens: int, cache_dir: Path) -> EncodedSplit:
    """Tokenize a split once per (texts, tokenizer, max_tokens); later calls read the result.

    The cache is an Arrow folder of the `datasets` library (`datasets.load_from_disk` opens it), written
    under a lock and moved into place whole. A damaged one is made again. Where it cannot be written, say
    on a full disk, the run goes on without it.

    Args:
        split: n sentences.
        tokenizer: what turns them into token ids.
        max_tokens: longer sentences are cut.
        cache_dir: folder of the caches.
    """
    key = content_hash(split.texts, [tokenizer.fingerprint, str(max_tokens), FORMAT])
    token_ids, offsets, n_cut = remembered(
        cache_dir / "tokenized" / key,
        read=partial(_read, n_rows=len(split)),
        make=lambda: _tokenize(split.texts, tokenizer, max_tokens),
        write=_write,
    )
    return EncodedSplit(
        token_ids=token_ids,
        offsets=offsets,
        labels=split.labels,
        padding_id=tokenizer.padding_id,
        n_cut=n_cut,
    )


def encode_texts(
    texts: list[str], labels: NDArray[np.int64], tokenizer: Tokenizer, max_tokens: int
) -> EncodedSplit:
    """Tokenize sentences that are needed once; see `encode_split`."""
    token_ids, offsets, _ = _tokenize(texts, tokenizer, max_tokens)
    return EncodedSplit(token_ids=token_ids, offsets=offsets, labels=labels, padding_id=tokenizer.padding_id)


def _tokenize(texts: list[str], tokenizer: Tokenizer, max_tokens: int) -> Flat:
    parts = [np.empty(0, dtype=np.int32)]
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    n_cut = np.zeros(len(texts), dtype=np.int64)
    for begin in range(0, len(texts), AT_ONCE):
        block = slice(begin, begin + AT_ONCE)
        sentences, n_cut[block] = tokenizer.encode_measured(texts[block], max_tokens)
        parts.append(np.concatenate(sentences))
        offsets[begin + 1 : begin + 1 + len(sentences)] = [len(ids) for ids in sentences]
    return np.concatenate(parts), np.cumsum(offsets), n_cut


def _write(folder: Path, flat: Flat) -> None:
    import datasets
    import pyarrow as pa

    token_ids, offsets, n_cut = flat
    column = pa.ListArray.from_arrays(pa.array(offsets, type=pa.int32()), pa.array(token_ids))
    datasets.disable_progress_bars()
    datasets.Dataset(pa.table({"token_ids": column, "n_cut": n_cut})).save_to_disk(folder)


def _read(folder: Path, n_rows: int) -> Flat | None:
    """Return the cached arrays; None where there are none, or not all of them.

    Reads the Arrow stream itself: importing `datasets` would take longer than all else at a start.
    """
    import pyarrow as pa

    try:
        paths = sorted(folder.glob("data-*.arrow"))
        tables = [pa.ipc.open_stream(pa.memory_map(str(path))).read_all() for path in paths]
        table = pa.concat_tables(tables)
        column, n_cut = (table.column(name).combine_chunks() for name in ("token_ids", "n_cut"))
    except (pa.ArrowException, OSError, KeyError):
        return None
    if len(column) != n_rows:
        return None
    return column.flatten().to_numpy(), column.offsets.to_numpy().astype(np.int64), n_cut.to_numpy()
