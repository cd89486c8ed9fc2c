"""Absence by infilling: a text without some words is the texts that a masked language model makes of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.coalitions import Rows
from whytrain.attribution.units import Units
from whytrain.errors import ConfigError
from whytrain.models.interface import ModelInterface
from whytrain.models.masked_language_model import word_within

Ints = NDArray[np.int64]


def infilled_rows(model: ModelInterface, units: Units, present: NDArray[np.bool_]) -> Iterator[Rows]:
    """Write the texts that may stand where only some units of a text are known.

    Known words keep the tokens that they have in the text. A text that gets longer than the model reads is
    cut, its frame kept.

    Args:
        model: the classifier, whose `infill` draws words; its vocabulary may be another one.
        units: the text.
        present: bool (n, n_units).

    Yields:
        Rows of `present`, each as often as texts are drawn, and token ids (n_texts, n_tokens).

    Raises:
        ConfigError: units are parts of words, or the text is longer than the language model reads.

    References:
        Kim et al. (2020), Interpretation of NLP models through input marginalization: candidates from a
        masked language model, there for one word at a time. Frye et al. (2021), Shapley explainability on
        the data manifold: the expectation given what is present, as the value of a coalition.
    """
    assert model.infill is not None
    if not units.whole_words:
        raise ConfigError("absence=infilled: whole words are filled in; use players=word or character")
    words = [name.split() for name in units.words]
    player_of_word = np.repeat(np.arange(len(units)), [len(parts) for parts in words])
    drawn = model.infill.drawn([word for parts in words for word in parts], present[:, player_of_word])
    pieces = {word: np.array(word_within(model.tokenizer, word)) for word in np.unique(drawn)}
    begins = np.searchsorted(player_of_word, np.arange(len(units) + 1))
    segments = _segments(units)
    n_behind = len(segments[-1][1]) if segments[-1][0] < 0 else 0
    texts: dict[int, list[tuple[int, Ints]]] = {}
    for row, samples in enumerate(drawn):
        for text in samples:
            parts = [
                own
                if player < 0 or present[row, player]
                else np.concatenate([pieces[word] for word in text[begins[player] : begins[player + 1]]])
                for player, own in segments
            ]
            ids = _cut(np.concatenate(parts), model.max_tokens, n_behind)
            texts.setdefault(len(ids), []).append((row, ids))
    for same_length in texts.values():
        rows, all_ids = zip(*same_length, strict=True)
        yield np.array(rows), np.stack(all_ids)


def _segments(units: Units) -> list[tuple[int, Ints]]:
    """Return the text as runs of tokens of one player; -1: special tokens."""
    owner = units.player_of_token
    starts = np.flatnonzero(np.diff(owner, prepend=-2))
    return list(zip(owner[starts].tolist(), np.split(units.token_ids, starts[1:]), strict=True))


def _cut(ids: Ints, max_tokens: int, n_behind: int) -> Ints:
    """Return at most so many tokens, with the special ones that end the text."""
    if len(ids) <= max_tokens:
        return ids
    return np.concatenate([ids[: max_tokens - n_behind], ids[len(ids) - n_behind :]])
