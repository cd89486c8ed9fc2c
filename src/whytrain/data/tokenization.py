"""Sentences to token ids, and token ids back to the words that they came from."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import tokenizers
from numpy.typing import NDArray

from whytrain.data.cache import cache_directory, remembered
from whytrain.data.words import word_spans
from whytrain.errors import DataError

# How vocabularies call them, the first that is there counts.
_PADDING, _UNKNOWN, _MASK = ("[PAD]", "<pad>"), ("[UNK]", "<unk>"), ("[MASK]", "<mask>")
_ENDS = ("<|endoftext|>", "</s>", "[SEP]")  # what pads where nothing is meant to
_ANY_WORDS = ("a", "e", "o", "0", ".", "的")  # one of them has a token in every vocabulary that was seen
FILE_NAME = "tokenizer.json"
HIDDEN = "\ufdd0"  # in texts of our own making: a word that is hidden; Unicode keeps it out of people's texts
_AT_ONCE = 4096  # texts
_CHARACTERS_PER_TOKEN = 100  # more than tokens have: so much of a text is read first


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
    """A tokenizer of the `tokenizers` library; it cuts to a number of tokens and never pads.

    It may frame a sentence in special tokens (BERT: [CLS] sentence [SEP]; GPT-2: none), and may or may not
    have tokens that pad, hide or stand for what is unknown.

    Attributes:
        name: which vocabulary this is, for people.
    """

    def __init__(self, backend: tokenizers.Tokenizer, name: str) -> None:
        """Wrap a tokenizer; its truncation and padding are switched off.

        Raises:
            DataError: its vocabulary is empty.
        """
        self.name = name
        self._backend = backend
        backend.no_truncation()
        backend.no_padding()
        backend.encode_special_tokens = True  # "[MASK]" in a text is a word like any other
        if not backend.get_vocab_size(with_added_tokens=True):
            raise DataError(f"The tokenizer {name} has an empty vocabulary.")
        self._before, self._after = _frame(backend)

    @cached_property
    def vocabulary_size(self) -> int:
        """Rows that an embedding needs: the largest token id and one."""
        return max(self._backend.get_vocab(with_added_tokens=True).values()) + 1

    @cached_property
    def padding_id(self) -> int:
        """What fills shorter sentences of a batch up: the padding token, else an end, else the first entry.

        Models read a mask, so any id will do; it must be the one that a model was told.
        """
        found = self._first(*_PADDING, *_UNKNOWN, *_ENDS)
        return 0 if found is None else found

    @cached_property
    def unknown_id(self) -> int | None:
        """Id of the token for what is not in the vocabulary; None where everything is."""
        return self._first(*_UNKNOWN)

    @cached_property
    def mask_id(self) -> int | None:
        """Id of the token that hides a word; None without one."""
        return self._first(*_MASK)

    @property
    def mask_token(self) -> str | None:
        """How that token is written in a text."""
        return None if self.mask_id is None else self.tokens([self.mask_id])[0]

    @cached_property
    def special_ids(self) -> frozenset[int]:
        """Ids that are no part of a text: what frames it, what pads and what hides."""
        hiding = [] if self.mask_id is None else [self.mask_id]
        return frozenset([*self._before, *self._after, *hiding, self.padding_id])

    @property
    def frame(self) -> tuple[int, int]:
        """Number of special tokens before and behind a sentence."""
        return len(self._before), len(self._after)

    @property
    def n_framing(self) -> int:
        """Number of special tokens around a sentence."""
        return sum(self.frame)

    def framed(self, token_ids: Sequence[int]) -> list[int]:
        """Return a sentence's token ids with the special tokens around them."""
        return [*self._before, *token_ids, *self._after]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of vocabulary and rules, 32 hexadecimal digits."""
        return hashlib.sha256(self._backend.to_str().encode()).hexdigest()[:32]

    def encode(self, texts: Sequence[str], max_tokens: int) -> list[NDArray[np.int32]]:
        """Return the token ids of each text, int32 (n_tokens,), cut to `max_tokens`, the frame kept.

        A text without any token is the padding token: no model reads an empty sentence.
        """
        return self.encode_measured(texts, max_tokens)[0]

    def encode_measured(
        self, texts: Sequence[str], max_tokens: int
    ) -> tuple[list[NDArray[np.int32]], NDArray[np.int64]]:
        """Return what `encode` does, and how many tokens of each text were cut off, int64 (n_texts,).

        Of a very long text only the beginning is tokenized: the rest counts as if it were as dense.
        """
        found, n_cut = [], np.zeros(len(texts), dtype=np.int64)
        for begin in range(0, len(texts), _AT_ONCE):
            block = texts[begin : begin + _AT_ONCE]
            parts = [_beginning(text, max_tokens * _CHARACTERS_PER_TOKEN) for text in block]
            for i, (text, part, ids) in enumerate(zip(block, parts, self._read(parts), strict=True), begin):
                is_enough = len(part) == len(text) or len(ids) > max_tokens
                read = ids if is_enough else self._plain(self._encoding(text, max_tokens)[1].ids)
                found.append(np.array(self._cut(read, max_tokens), dtype=np.int32))
                n_tokens = round(len(ids) * len(text) / len(part)) if is_enough and part else len(read)
                n_cut[i] = max(n_tokens - max_tokens, 0)
        return found, n_cut

    def pieces(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """Return the token ids of each text without a frame."""
        encodings = self._backend.encode_batch_fast(list(texts), add_special_tokens=False)
        return [tuple(encoding.ids) for encoding in encodings]

    def _read(self, texts: list[str]) -> list[list[int]]:
        ids = [self._plain(encoding.ids) for encoding in self._backend.encode_batch_fast(texts)]
        hiding = [row for row, text in enumerate(texts) if HIDDEN in text]
        if hiding and self.mask_token is not None:
            written = [texts[row].replace(HIDDEN, self.mask_token) for row in hiding]
            for row, encoding in zip(hiding, self._hiding.encode_batch_fast(written), strict=True):
                ids[row] = encoding.ids
        return ids

    def _plain(self, ids: list[int]) -> list[int]:
        """Return token ids in which "<mask>" and the like, as a person wrote them, are unknown tokens."""
        begin, end = len(self._before), len(ids) - len(self._after)
        if self.unknown_id is None or self._reserved.isdisjoint(ids[begin:end]):
            return ids
        plain = [self.unknown_id if token_id in self._reserved else token_id for token_id in ids[begin:end]]
        return [*ids[:begin], *plain, *ids[end:]]

    @cached_property
    def _reserved(self) -> frozenset[int]:
        """Ids of special tokens, which no text may hold."""
        added = self._backend.get_added_tokens_decoder()
        return frozenset(number for number, token in added.items() if token.special) - {self.unknown_id}

    @cached_property
    def _hiding(self) -> tokenizers.Tokenizer:
        """The same tokenizer, reading special tokens in a text as such."""
        backend = tokenizers.Tokenizer.from_str(self._backend.to_str())
        backend.add_special_tokens([str(self.mask_token)])  # some have it as a plain entry only
        return backend

    def _encoding(self, text: str, max_tokens: int) -> tuple[str, tokenizers.Encoding]:
        """Return as much of a text as its first tokens come from, and its encoding.

        Of a text of megabytes only the beginning is read: what stands behind changes no earlier token, and
        where what was read has too few of them (a run of spaces), twice as much is.
        """
        n_characters = max_tokens * _CHARACTERS_PER_TOKEN
        while True:
            part = _beginning(text, n_characters)
            encoding = self._backend.encode(part)
            if len(part) == len(text) or len(encoding.ids) > max_tokens:
                return part, encoding
            n_characters *= 2

    def encode_words(self, text: str, max_tokens: int, *, characters: bool = False) -> WordEncoding:
        """Return the token ids of a text, the same as `encode`'s, with the word of each token.

        Words are those of `word_spans`, which `characters` is for. Where the vocabulary has a token
        that spans several of them, these are one word: its token cannot come without the others.
        """
        text, encoding = self._encoding(text, max_tokens)
        ids = self._cut(self._plain(encoding.ids), max_tokens)
        offsets = encoding.offsets  # copied at each access
        spans = word_spans(text, characters=characters)
        begins = [0, *(begin for begin, _ in spans[1:])]  # what stands before the first word is of it
        merged: list[tuple[int, int]] = []  # first and last span of each word, as far as there are tokens
        word_of_token = [-1] * len(ids)
        # A text of whitespace alone may have tokens, but no word.
        inside = range(len(self._before), len(ids) - len(self._after)) if spans else ()
        for token in inside:
            begin, end = offsets[token]
            while begin < end and text[begin].isspace():  # some tokenizers count the space before a word
                begin += 1
            first = bisect_right(begins, begin) - 1
            last = bisect_right(begins, end - 1, lo=first + 1) - 1
            if merged and first <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
            else:
                merged.append((first, last))
            word_of_token[token] = len(merged) - 1
        words = tuple(text[spans[first][0] : spans[last][1]] for first, last in merged)
        return WordEncoding(words, np.array(ids, dtype=np.int64), np.array(word_of_token, dtype=np.int64))

    def tokens_inside(
        self, text: str, spans: Sequence[tuple[int, int]], max_tokens: int
    ) -> NDArray[np.bool_]:
        """Return which tokens of a text, bool (n_tokens,) as `encode` gives them, stand for parts of it.

        Args:
            text: the text.
            spans: first character and the one after the last, of each part.
            max_tokens: after which the text is cut.
        """
        text, encoding = self._encoding(text, max_tokens)
        inside = np.zeros(len(text) + 1, dtype=bool)
        for begin, end in spans:
            inside[begin:end] = True
        ids = self._cut(self._plain(encoding.ids), max_tokens)
        found = np.zeros(len(ids), dtype=bool)
        offsets = encoding.offsets  # copied at each access
        for token in range(len(self._before), len(ids) - len(self._after)):
            begin, end = offsets[token]
            found[token] = inside[begin:end].any()
        return found

    def tokens(self, token_ids: Sequence[int]) -> list[str]:
        """Return the entries of the vocabulary for token ids; what has no entry is "[UNK]"."""
        return [self._backend.id_to_token(int(token_id)) or _UNKNOWN[0] for token_id in token_ids]

    def written(self, token_ids: Sequence[int]) -> list[str]:
        """Return how each token is written in a text, without spaces around it."""
        batch = [[int(token_id)] for token_id in token_ids]
        return [text.strip() for text in self._backend.decode_batch(batch, skip_special_tokens=False)]

    def save(self, directory: Path) -> None:
        """Write `tokenizer.json` into an existing folder."""
        self._backend.save(str(directory / FILE_NAME))

    def to_json(self) -> str:
        """Return what `save` writes."""
        written: str = self._backend.to_str()
        return written

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
        if not ids:
            return [self.padding_id]
        n_after = len(self._after)
        return ids if len(ids) <= max_tokens else [*ids[: max_tokens - n_after], *ids[len(ids) - n_after :]]

    def _first(self, *tokens: str) -> int | None:
        ids = (self._backend.token_to_id(token) for token in tokens)
        return next((token_id for token_id in ids if token_id is not None), None)


def _frame(backend: tokenizers.Tokenizer) -> tuple[list[int], list[int]]:
    """Return the special tokens that stand before and behind every sentence."""
    for text in _ANY_WORDS:
        encoding = backend.encode(text)
        special = encoding.special_tokens_mask
        if 0 in special:
            first, last = special.index(0), len(special) - special[::-1].index(0)
            return encoding.ids[:first], encoding.ids[last:]
    ids = backend.encode("").ids
    return ids[:1], ids[1:]


def _beginning(text: str, n_characters: int) -> str:
    """Return at most so many characters of a text, to the end of a word where one ends in the second half."""
    if len(text) <= n_characters:
        return text
    last = next((i for i in range(n_characters, n_characters // 2, -1) if text[i].isspace()), n_characters)
    return text[:last]


class TokenizerBuilder(Protocol):
    """What `tokenizer=…` chooses: how a tokenizer comes about."""

    def build(self, train_texts: list[str]) -> Tokenizer:
        """Return the tokenizer for these training texts."""
        ...


def cached_tokenizer(key: str, name: str, make: Callable[[], Tokenizer]) -> Tokenizer:
    """Return the tokenizer of this key from the cache folder, or make it and keep it.

    Args:
        key: file-name-safe string that decides what the tokenizer is.
        name: the tokenizer's name, for people.
        make: called where there is none, or a damaged one.
    """

    def read(folder: Path) -> Tokenizer | None:
        try:
            return Tokenizer.load(folder, name)
        except DataError:
            return None

    def write(folder: Path, tokenizer: Tokenizer) -> None:
        folder.mkdir()
        tokenizer.save(folder)

    return remembered(cache_directory() / "tokenizers" / key, read, make, write)
