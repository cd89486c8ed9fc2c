"""Where words stand in a tokenized split, and what may stand there instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from whytrain.data.encoded import EncodedSplit
from whytrain.data.tokenization import Tokenizer
from whytrain.types import Batch

Pieces = tuple[int, ...]
_BEFORE = ("", "a ")  # some tokenizers write the first word of a sentence in another way
_CASES: tuple[Callable[[str], str], ...] = (str.lower, str.capitalize, str.upper)


class WordForm(NamedTuple):
    """A word as it may be written.

    Attributes:
        word: in lower case.
        pieces: its wordpieces.
        before: what stands before it.
        case: how it is written.
    """

    word: str
    pieces: Pieces
    before: str
    case: Callable[[str], str]


def word_forms(words: Sequence[str], tokenizer: Tokenizer) -> list[WordForm]:
    """Return the distinct ways in which a tokenizer writes words: one each, unless it minds case or place.

    A word that is not in its vocabulary at all has none: it cannot be told from others.
    """
    forms: dict[Pieces, WordForm] = {}
    for before, case in product(_BEFORE, _CASES):
        for word, pieces in zip(words, written(words, before, case, tokenizer), strict=True):
            forms.setdefault(pieces, WordForm(word, pieces, before, case))
    return [form for form in forms.values() if form.pieces and tokenizer.unknown_id not in form.pieces]


def written(
    words: Sequence[str], before: str, case: Callable[[str], str], tokenizer: Tokenizer
) -> list[Pieces]:
    """Return the wordpieces of each word in one way of writing it."""
    n_before = len(tokenizer.pieces([before.strip()])[0])
    return [pieces[n_before:] for pieces in tokenizer.pieces([before + case(word) for word in words])]


class Marks(NamedTuple):
    """The marked words of a batch, each tensor (batch, n_tokens).

    Attributes:
        form: int64, index of the form that stands there; -1 elsewhere.
        piece: int64, position of the token in its word.
        start: int64, column where its word begins.
    """

    form: Tensor
    piece: Tensor
    start: Tensor

    def draw(self) -> Tensor:
        """Draw from [0, 1), once for all tokens of a word, from torch's global generator."""
        return torch.rand(self.form.shape, device=self.form.device).gather(1, self.start)


class Occurrences(nn.Module):
    """The occurrences of some words in a split."""

    form: Tensor
    piece: Tensor
    offsets: Tensor

    def __init__(self, form: NDArray[np.int32], piece: NDArray[np.int16], offsets: NDArray[np.int64]) -> None:
        """Store, for the flat tokens of all sentences, the form (or -1) and the position in the word."""
        super().__init__()
        self.register_buffer("form", torch.from_numpy(form), persistent=False)
        self.register_buffer("piece", torch.from_numpy(piece), persistent=False)
        self.register_buffer("offsets", torch.from_numpy(offsets), persistent=False)

    def marks(self, batch: Batch) -> Marks:
        """Return the marked words of a batch of the split."""
        columns = torch.arange(batch.token_ids.shape[1], device=batch.token_ids.device)
        start, end = self.offsets[batch.rows, None], self.offsets[batch.rows + 1, None]
        inside = start + columns < end
        place = torch.where(inside, start + columns, start)
        piece = self.piece[place].long()
        return Marks(self.form[place].long().masked_fill(~inside, -1), piece, (columns - piece).clamp(min=0))


def find_forms(
    split: EncodedSplit, forms: Sequence[WordForm], continuation: NDArray[np.bool_]
) -> Occurrences:
    """Find all occurrences of words in a split; where two overlap, the longer one counts.

    Args:
        split: the sentences.
        forms: how the words are written.
        continuation: bool (vocabulary_size,), wordpieces that continue a word: what is followed by one is
            only the beginning of another word.
    """
    ids = split.token_ids
    found, piece = np.full(len(ids), -1, dtype=np.int32), np.zeros(len(ids), dtype=np.int16)
    for index in sorted(range(len(forms)), key=lambda i: -len(forms[i].pieces)):
        pieces = forms[index].pieces
        starts = np.flatnonzero(ids[: len(ids) - len(pieces) + 1] == pieces[0])
        for offset, token in enumerate(pieces[1:], start=1):
            starts = starts[ids[starts + offset] == token]
        rows_end = split.offsets[np.searchsorted(split.offsets, starts, side="right")]
        behind = starts + len(pieces)
        goes_on = (behind < rows_end) & continuation[ids[np.minimum(behind, len(ids) - 1)]]
        starts = starts[(behind <= rows_end) & ~goes_on]
        places = starts[:, None] + np.arange(len(pieces))
        places = places[(found[places] < 0).all(axis=1)]
        found[places], piece[places] = index, np.arange(len(pieces))
    return Occurrences(found, piece, split.offsets)


class Substitutes(nn.Module):
    """What may stand for the words of each form, of as many wordpieces: a batch keeps its shape."""

    pieces: Tensor
    count: Tensor
    first: Tensor

    def __init__(self, choices: Sequence[Sequence[Pieces]]) -> None:
        """Store the choices of each form; a form may have none.

        Args:
            choices: per form, wordpieces of the same number.
        """
        super().__init__()
        flat = [pieces for of_form in choices for pieces in of_form]
        longest = max(map(len, flat), default=1)
        padded = [(*pieces, *[0] * (longest - len(pieces))) for pieces in flat]
        count = torch.tensor([len(of_form) for of_form in choices], dtype=torch.int64)
        self.register_buffer(
            "pieces", torch.tensor(padded, dtype=torch.int64).reshape(-1, longest), persistent=False
        )
        self.register_buffer("count", count, persistent=False)
        self.register_buffer("first", count.cumsum(0) - count, persistent=False)

    def put(self, token_ids: Tensor, marks: Marks, chosen: Tensor) -> Tensor:
        """Replace the chosen words, each by one of its form's choices with equal probability.

        Args:
            token_ids: int64 (batch, n_tokens).
            marks: of the batch.
            chosen: bool (batch, n_tokens), equal for all tokens of a word.

        Returns:
            int64 (batch, n_tokens), a copy; words without a choice stay.
        """
        draw, form = marks.draw(), marks.form.clamp(min=0)
        chosen = chosen & (marks.form >= 0) & (self.count[form] > 0)
        if not len(self.pieces):
            return token_ids
        number = (self.first[form] + (draw * self.count[form]).long()).clamp(max=len(self.pieces) - 1)
        piece = marks.piece.clamp(max=self.pieces.shape[1] - 1)
        return torch.where(chosen, self.pieces[number, piece], token_ids)
