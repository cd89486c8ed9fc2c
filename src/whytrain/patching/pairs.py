"""Two sentences whose tokens stand in the same places: what a state can be carried between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.removal import removal_of
from whytrain.data.tokenization import WordEncoding
from whytrain.errors import DataError
from whytrain.models.interface import ModelInterface


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """A sentence and another one with the same number of words, and of tokens in each.

    Attributes:
        words: of the sentence.
        other_words: of the other one.
        token_ids: int64 (n_tokens,), of the sentence.
        other_ids: int64 (n_tokens,), of the other one.
        word_of_token: int64 (n_tokens,); -1 for special tokens.
        special: the special tokens, as the vocabulary writes them.
    """

    words: tuple[str, ...]
    other_words: tuple[str, ...]
    token_ids: NDArray[np.int64]
    other_ids: NDArray[np.int64]
    word_of_token: NDArray[np.int64]
    special: tuple[str, ...]

    @property
    def changed(self) -> list[int]:
        """The words in which the two differ."""
        words: list[int] = np.unique(self.word_of_token[self.token_ids != self.other_ids]).tolist()
        return words


def pair_of(text: str, other: str, model: ModelInterface) -> Pair:
    """Return two texts as a pair.

    Raises:
        DataError: their words or tokens do not correspond, or nothing differs.
    """
    a, b = (model.tokenizer.encode_words(one, model.max_tokens) for one in (text, other))
    if len(a.words) != len(b.words):
        raise DataError(
            f"text= has {len(a.words)} words, other= {len(b.words)}: states are carried word by word, give "
            "two texts with as many words"
        )
    for place, (word, its) in enumerate(zip(a.words, b.words, strict=True)):
        n, m = ((encoding.word_of_token == place).sum() for encoding in (a, b))
        if n != m:
            raise DataError(
                f'"{word}" is {n} tokens of the model, "{its}" {m}: states are carried token by token, '
                "choose a word of as many"
            )
    pair = Pair(
        words=a.words,
        other_words=b.words,
        token_ids=a.token_ids,
        other_ids=b.token_ids,
        word_of_token=a.word_of_token,
        special=_special(a, model),
    )
    if not pair.changed:
        raise DataError("text= and other= are the same to the model: change a word")
    return pair


def without_word(encoding: WordEncoding, word: int, model: ModelInterface) -> Pair:
    """Return a sentence beside itself with a word absent: its tokens replaced as suits the model."""
    names = [name for name in model.capabilities.removals if name not in ("removed", "infilled")]
    replacement = removal_of(names[0] if names else "padding", model).replacement_id
    assert replacement is not None
    other = np.where(encoding.word_of_token == word, replacement, encoding.token_ids)
    return Pair(
        words=encoding.words,
        other_words=(*encoding.words[:word], "_", *encoding.words[word + 1 :]),
        token_ids=encoding.token_ids,
        other_ids=other,
        word_of_token=encoding.word_of_token,
        special=_special(encoding, model),
    )


def _special(encoding: WordEncoding, model: ModelInterface) -> tuple[str, ...]:
    return tuple(model.tokenizer.tokens(encoding.token_ids[encoding.word_of_token < 0].tolist()))
