"""The players of a sentence's game: words, wordpieces or groups of words, and the tokens of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import DataError
from whytrain.types import PlayerUnit


class Words(Protocol):
    """A tokenized sentence: what `whytrain.data.tokenization.Tokenizer.encode_words` returns."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words as written."""
        ...

    @property
    def token_ids(self) -> ArrayLike:
        """Ids of the tokens, special ones included: (n_tokens,)."""
        ...

    @property
    def word_of_token(self) -> ArrayLike:
        """The word of each token: (n_tokens,), -1 for special tokens."""
        ...


class WordTokenizer(Protocol):
    """What takes a text apart: see `whytrain.data.tokenization.Tokenizer`."""

    def encode_words(self, text: str, max_tokens: int, *, characters: bool = False) -> Words:
        """Return a text's words and tokens."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class Units:
    """The parts of a text that get a score (players of the game), and the tokens of each.

    Attributes:
        words: a name per player: the word, or the words of a group joined by spaces.
        token_ids: int64 (n_tokens,), the whole sentence with its special tokens.
        player_of_token: int64 (n_tokens,), ascending over the sentence; -1 for tokens that always stay.
        n_words: how many words each player consists of; all 1 unless words were grouped.
        whole_words: False where players are parts of words.
    """

    words: tuple[str, ...]
    token_ids: NDArray[np.int64]
    player_of_token: NDArray[np.int64]
    n_words: tuple[int, ...]
    whole_words: bool = True

    def __len__(self) -> int:
        """Return the number of players."""
        return len(self.words)

    def sums(self, of_token: ArrayLike) -> NDArray[np.float64]:
        """Return the sum of each player's tokens: (n_tokens,) to float64 (n_players,)."""
        own = self.player_of_token >= 0
        values = np.asarray(of_token, dtype=np.float64)[own]
        sums = np.bincount(self.player_of_token[own], values, minlength=len(self))
        return sums.astype(np.float64, copy=False)  # NumPy's stubs call the sums integers

    @property
    def grouped(self) -> bool:
        """Whether words were grouped to make the game small enough."""
        return any(n > 1 for n in self.n_words)


def players_in(text: str, tokenizer: WordTokenizer, max_tokens: int, unit: PlayerUnit) -> Units:
    """Return the players of a text, which is cut after `max_tokens` tokens.

    Raises:
        DataError: the text has no words.
    """
    encoding = tokenizer.encode_words(text, max_tokens, characters=unit == "character")
    return players_of(encoding, max_tokens, "wordpiece" if unit == "wordpiece" else "word")


def players_of(encoding: Words, max_tokens: int | None, unit: Literal["word", "wordpiece"] = "word") -> Units:
    """Make the words (or wordpieces) of a tokenized sentence the players.

    Args:
        encoding: a sentence's words, token ids and the word of each token.
        max_tokens: the model's limit, special tokens included; None where there is none.
        unit: a player per word, or per wordpiece (then named by its word and number: "unhappy[1]").

    Raises:
        DataError: the text has no words, a word has no token, or there are more tokens than the limit.
    """
    token_ids = np.asarray(encoding.token_ids, dtype=np.int64)
    word_of_token = np.asarray(encoding.word_of_token, dtype=np.int64)
    words = tuple(encoding.words)
    if not words:
        raise DataError("the text has no words; give a text with at least one word")
    if max_tokens is not None and len(token_ids) > max_tokens:
        raise DataError(
            f"the text has {len(token_ids)} tokens, the model reads at most {max_tokens}; shorten the text"
        )
    own = word_of_token[word_of_token >= 0]
    steps = own[1:] - own[:-1]
    if not len(own) or own[0] or own[-1] != len(words) - 1 or not ((steps == 0) | (steps == 1)).all():
        raise DataError(
            f"every one of the {len(words)} words must have its tokens, in the order of the sentence; "
            "encode the text with a limit that does not cut it"
        )
    if unit == "word":
        return Units(
            words=words, token_ids=token_ids, player_of_token=word_of_token, n_words=(1,) * len(words)
        )
    pieces = np.where(word_of_token >= 0, np.cumsum(word_of_token >= 0) - 1, -1)
    first = np.concatenate([[0], np.cumsum(np.bincount(own))])
    names = tuple(f"{words[w]}[{i - first[w]}]" for i, w in enumerate(own))
    return Units(
        words=names,
        token_ids=token_ids,
        player_of_token=pieces,
        n_words=(1,) * len(names),
        whole_words=False,
    )


def group_players(players: Units, groups: list[list[int]]) -> Units:
    """Make one player of each group of neighboring players; the groups cover everybody in order."""
    assert [i for group in groups for i in group] == list(range(len(players)))
    group_of_player = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    player_of_token = np.where(
        players.player_of_token >= 0, group_of_player[players.player_of_token], np.int64(-1)
    )
    return Units(
        words=tuple(" ".join(players.words[i] for i in group) for group in groups),
        token_ids=players.token_ids,
        player_of_token=player_of_token,
        n_words=tuple(sum(players.n_words[i] for i in group) for group in groups),
        whole_words=players.whole_words,
    )
