"""Sentences to token ids, and token ids back to the words that they came from."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import tokenizers
from numpy.typing import NDArray

from whytrain.data.words import word_spans
from whytrain.errors import DataError

PADDING, UNKNOWN, CLS, SEP, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
_ROBERTA = {PADDING: "<pad>", UNKNOWN: "<unk>", CLS: "<s>", SEP: "</s>", MASK: "<mask>"}  # the same there
FILE_NAME = "tokenizer.json"


class WordEncoding(NamedTuple):
    """A sentence as token ids, and the word of each token.

    Attributes:
        words: the players; a word that was cut off or left no token is not among them.
        token_ids: int64 (n_tokens,), with the special tokens.
        word_of_token: int64 (n_tokens,), index into `words`; -1 for special tokens.
    """

    words: tuple[str, ...]
    token_ids: NDArray[np.int64]
    word_of_token: NDArray[np.int64]


class Tokenizer:
    """A tokenizer of the BERT kind: [CLS] sentence [SEP], cut to a number of tokens, never padded.

    The special tokens may also have the names that RoBERTa and its kin give them: <s> sentence </s>.

    Attributes:
        name: which vocabulary this is, for people.
    """

    def __init__(self, backend: tokenizers.Tokenizer, name: str) -> None:
        """Wrap a tokenizer of the `tokenizers` library; its truncation and padding are switched off.

        Raises:
            DataError: if it lacks a special token, or does not put [CLS] and [SEP] around a sentence.
        """
        self.name = name
        self._backend = backend
        backend.no_truncation()
        backend.no_padding()
        self._special = {
            token: name
            for token, other in _ROBERTA.items()
            for name in (other, token)
            if backend.token_to_id(name) is not None
        }
        missing = [token for token in _ROBERTA if token not in self._special]
        if missing:
            raise DataError(f"The tokenizer {name} has no {', '.join(missing)}; use one of the BERT kind.")
        if backend.encode("").ids != [self.cls_id, self.sep_id]:
            raise DataError(f"The tokenizer {name} does not put [CLS] and [SEP] around a sentence.")

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids."""
        return self._backend.get_vocab_size(with_added_tokens=True)

    @property
    def padding_id(self) -> int:
        """Id of [PAD]."""
        return self._id(PADDING)

    @property
    def unknown_id(self) -> int:
        """Id of [UNK]."""
        return self._id(UNKNOWN)

    @property
    def cls_id(self) -> int:
        """Id of [CLS]."""
        return self._id(CLS)

    @property
    def sep_id(self) -> int:
        """Id of [SEP]."""
        return self._id(SEP)

    @property
    def mask_id(self) -> int:
        """Id of [MASK]."""
        return self._id(MASK)

    @property
    def mask_token(self) -> str:
        """How [MASK] is written in a text."""
        return self._special[MASK]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of vocabulary and rules, 32 hexadecimal digits."""
        return hashlib.sha256(self._backend.to_str().encode()).hexdigest()[:32]

    def encode(self, texts: Sequence[str], max_tokens: int) -> list[NDArray[np.int32]]:
        """Return the token ids of each text, int32 (n_tokens,), cut to `max_tokens` with [SEP] at the end."""
        encodings = self._backend.encode_batch_fast(list(texts))
        return [np.array(self._cut(encoding.ids, max_tokens), dtype=np.int32) for encoding in encodings]

    def encode_words(self, text: str, max_tokens: int) -> WordEncoding:
        """Return the token ids of a text, the same as `encode`'s, with the word of each token.

        Words are whitespace tokens, or single characters in CJK text. Where the vocabulary has a token
        that spans several of them, these are one word: its token cannot come without the others.
        """
        encoding = self._backend.encode(text)
        spans = word_spans(text)
        begins = [begin for begin, _ in spans]
        ids = self._cut(encoding.ids, max_tokens)
        offsets = encoding.offsets  # copied at each access
        merged: list[tuple[int, int]] = []  # first and last span of each word, as far as there are tokens
        word_of_token = np.full(len(ids), -1, dtype=np.int64)
        for token in range(1, len(ids) - 1):
            begin, end = offsets[token]
            while begin < end and text[begin].isspace():  # some tokenizers count the space before a word
                begin += 1
            first = max(bisect_right(begins, begin) - 1, 0)
            last = max(bisect_right(begins, max(end - 1, begin)) - 1, first)
            if merged and first <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
            word_of_token[token] = len(merged) - 1
        words = tuple(text[spans[first][0] : spans[last][1]] for first, last in merged)
        return WordEncoding(words, np.array(ids, dtype=np.int64), word_of_token)

    def tokens(self, token_ids: Sequence[int]) -> list[str]:
        """Return the entries of the vocabulary for token ids."""
        return [self._backend.id_to_token(int(token_id)) or UNKNOWN for token_id in token_ids]

    def save(self, directory: Path) -> None:
        """Write `tokenizer.json` into an existing folder."""
        self._backend.save(str(directory / FILE_NAME))

    @classmethod
    def load(cls, directory: Path, name: str | None = None) -> Tokenizer:
        """Read `tokenizer.json` from a folder (or a file given itself); the name defaults to the path.

        Raises:
            DataError: if there is no such file or it cannot be read.
        """
        path = directory / FILE_NAME if directory.is_dir() else directory
        if not path.is_file():
            raise DataError(f"{path} does not exist: expected a tokenizer as {FILE_NAME}.")
        try:
            backend = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises plain Exception
            raise DataError(f"{path} cannot be read as a tokenizer: {error}.") from error
        return cls(backend, name or str(directory))

    def _cut(self, ids: list[int], max_tokens: int) -> list[int]:
        return ids if len(ids) <= max_tokens else [*ids[: max_tokens - 1], ids[-1]]

    def _id(self, token: str) -> int:
        token_id = self._backend.token_to_id(self._special[token])
        assert token_id is not None
        return token_id


class TokenizerBuilder(Protocol):
    """What `tokenizer=…` chooses: how a tokenizer comes about."""

    def build(self, train_texts: list[str]) -> Tokenizer:
        """Return the tokenizer for these training texts."""
        ...
