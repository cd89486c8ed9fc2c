"""Training that acts on what an earlier run rests on: its words, their pairs, its students' disputes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from whytrain.data.corpus import Split
from whytrain.data.encoded import EncodedSplit
from whytrain.data.lexicon import Lexicon
from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError
from whytrain.guidance.guidance_settings import GuidanceSettings
from whytrain.guidance.substitution import like_words, synonyms_of
from whytrain.guidance.target_words import (
    Pair,
    explained_pairs,
    explained_words,
    random_pairs,
    random_words,
    word_counts,
)
from whytrain.guidance.token_kinds import TokenKinds
from whytrain.guidance.word_occurrences import Occurrences, Substitutes, find_forms, word_forms
from whytrain.types import Batch

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Explained:
    """Words, pairs of words and sentences that an earlier run's explanations name: what guidance acts on.

    Attributes:
        words: size of their Shapley values, see `whytrain.attribution.tables.sure_size`.
        pairs: pairs of words by the sure size of their interaction, the largest first.
        disputed: ids of the training rows on which its two students disagree.
    """

    words: Mapping[str, float] = field(default_factory=dict)
    pairs: Sequence[Pair] = ()
    disputed: Sequence[str] = ()


class WordEdits(nn.Module):
    """What happens to some words in training: they are hidden, replaced, or neither."""

    def __init__(
        self, occurrences: Occurrences, mask: float, replace: float, substitutes: Substitutes | None
    ) -> None:
        """Store where the words stand, the share of each fate, and what may stand for them."""
        super().__init__()
        self.occurrences, self.substitutes = occurrences, substitutes
        self.mask, self.replace = mask, replace

    def forward(self, token_ids: Tensor, batch: Batch, mask_id: int | None) -> Tensor:
        """Return edited token ids (batch, n_tokens); a word that was edited before is left as it is.

        Draws from torch's global generator, once for each word.
        """
        marks = self.occurrences.marks(batch)
        edited = torch.zeros_like(token_ids).scatter_add(
            1, marks.start, (token_ids != batch.token_ids).long()
        )
        draw, free = marks.draw(), (marks.form >= 0) & (edited.gather(1, marks.start) == 0)
        if self.substitutes is not None:
            chosen = free & (draw >= self.mask) & (draw < self.mask + self.replace)
            token_ids = self.substitutes.put(token_ids, marks, chosen)
        return token_ids if mask_id is None else token_ids.masked_fill(free & (draw < self.mask), mask_id)


class Guidance(nn.Module):
    """Edits the words of training batches, and weighs their rows; see `GuidanceSettings`."""

    weights: Tensor | None

    def __init__(self, edits: Sequence[WordEdits], weights: Tensor | None) -> None:
        """Store the parts.

        Args:
            edits: applied one after another.
            weights: float32 (n_rows,) with mean 1, of the rows of the training split; None: all the same.
        """
        super().__init__()
        self.edits = nn.ModuleList(edits)
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, batch: Batch, kinds: TokenKinds) -> Tensor:
        """Return the batch's token ids (batch, n_tokens) with edited words."""
        token_ids = batch.token_ids
        for edit in self.edits:
            token_ids = edit(token_ids, batch, kinds.mask_id)
        return token_ids


def guide(
    settings: GuidanceSettings,
    explained: Explained,
    train: Split,
    encoded: EncodedSplit,
    tokenizer: Tokenizer,
    lexicon: Lexicon,
    seed: int,
) -> Guidance:
    """Find in the training data what a run's explanations name.

    Args:
        settings: what is done.
        explained: what the run named.
        train: the training sentences.
        encoded: the same, tokenized, possibly with further sentences behind them.
        tokenizer: what tokenized them.
        lexicon: parts of speech and synonyms.
        seed: of random targets.

    Raises:
        ConfigError: nothing of what the run named stands in the training data, or words shall be hidden and
            the tokenizer has nothing to hide them behind.
    """
    if settings.mask and tokenizer.mask_id is None:
        raise ConfigError(
            f"guidance.mask hides words behind a mask token, and the tokenizer {tokenizer.name} has none: "
            "set guidance.mask=0"
        )
    counts = word_counts(train.texts)
    generator = np.random.default_rng([seed, 0x6755])
    continuation = TokenKinds.of(tokenizer).continuation.numpy()
    is_random = settings.targets == "random"
    edits = []
    if settings.changes_words:
        words = _found(explained_words(explained.words, counts, lexicon, settings.top_words), "content words")
        words = random_words(words, counts, lexicon, generator) if is_random else words
        forms = word_forms(words, tokenizer)
        # They stand for each other: what one says can then not be relied on alone. Another word in its place
        # would only hide it.
        substitutes = like_words(forms, counts, lexicon, tokenizer, words) if settings.replace else None
        occurrences = find_forms(encoded, forms, continuation)
        edits.append(WordEdits(occurrences, settings.mask, settings.replace, substitutes))
    if settings.synonyms:
        pairs = _found(explained_pairs(explained.pairs, counts, settings.top_words), "pairs of words")
        pairs = random_pairs(pairs, train.texts, generator) if is_random else pairs
        forms = word_forms(sorted({word for pair in pairs for word in pair}), tokenizer)
        occurrences = _together(find_forms(encoded, forms, continuation), [f.word for f in forms], pairs)
        edits.append(WordEdits(occurrences, 0.0, settings.synonyms, synonyms_of(forms, lexicon, tokenizer)))
    weights = _weights(settings, explained.disputed, train.ids, len(encoded), generator)
    return Guidance(edits, weights)


def _found(targets: list[T], what: str) -> list[T]:
    if not targets:
        raise ConfigError(
            f"guidance.run names no {what} that stand in the training data: give a run of this data whose "
            "callbacks.explanations explained more sentences"
        )
    return targets


def _together(occurrences: Occurrences, words: Sequence[str], pairs: Sequence[Pair]) -> Occurrences:
    """Leave only the words that stand in a sentence with a partner."""
    form, offsets = occurrences.form.numpy(), occurrences.offsets.numpy()
    places = np.flatnonzero(form >= 0)
    row = np.searchsorted(offsets, places, side="right") - 1
    number = {word: i for i, word in enumerate(dict.fromkeys(words))}
    word = np.array([number[w] for w in words], dtype=np.int64)[form[places]]
    rows_of = [np.unique(row[word == i]) for i in range(len(number))]
    keep = np.zeros(len(places), dtype=bool)
    for a, b in pairs:
        if a in number and b in number:
            rows = np.intersect1d(rows_of[number[a]], rows_of[number[b]], assume_unique=True)
            keep |= np.isin(word, [number[a], number[b]]) & np.isin(row, rows)
    form[places[~keep]] = -1
    return occurrences


def _weights(
    settings: GuidanceSettings,
    disputed: Sequence[str],
    ids: Sequence[str],
    n_rows: int,
    generator: np.random.Generator,
) -> Tensor | None:
    """Weights with mean 1; None where all are the same."""
    if not settings.weighs_rows:
        return None
    row_of: Mapping[str, int] = {name: row for row, name in enumerate(ids)}
    rows = _found([row_of[name] for name in disputed if name in row_of], "rows")
    if settings.targets == "random":
        rows = generator.choice(len(ids), len(rows), replace=False).tolist()
    weights = torch.ones(n_rows)
    weights[rows] = settings.upweight
    return weights / weights.mean()
