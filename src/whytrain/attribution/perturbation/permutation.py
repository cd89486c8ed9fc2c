"""What the answer loses when a word is exchanged for words of other texts: permutation importance."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution, Quantity
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.shapley.coalitions import Rows
from whytrain.attribution.shapley.direct import direct_logits
from whytrain.attribution.shapley.table import BATCH_TOKENS
from whytrain.attribution.target import Target
from whytrain.models.evaluation import evaluating
from whytrain.models.interface import ModelInterface
from whytrain.models.reference_words import TokenIds, reference_words


class Permutation(Explainer):
    """Score of word i: v(N) − the mean of v when a random word of other texts stands in its place.

    It asks what this word does that an ordinary one would not: every text that the model sees is full of
    words, as those are that it learned from. The words are drawn as often as they occur, so that many are
    “the” and “,”; standard errors are those of the drawing.

    References:
        Breiman (2001), Random forests: values are permuted between rows; here words between texts.
    """

    name = "permutation"
    effort = "draws"

    def __init__(self, *, draws: Annotated[int, Ge(2)], texts: str | None) -> None:
        """Store the settings.

        Args:
            draws: words that stand in each word's place, one after another.
            texts: file of texts whose words are drawn; None: those of training texts, which are kept with the
                model of a run.
        """
        self.draws, self.texts = draws, texts
        self._read: list[str] = []

    def missing(self, model: ModelInterface) -> str | None:
        """Say that there are no words of other texts."""
        if self._words(model):
            return None
        return (
            "permutation needs words of other texts, and none were kept with this model: name a file of "
            "texts with explainer.permutation.texts=FILE"
        )

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return the text itself, and the text with each word exchanged."""
        return n_words * self.draws + 1

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> list[Attribution]:
        """Exchange each word of a text."""
        model, units = ask.model, ask.units
        rows = _exchanged(ask, self._words(model), self.draws, seed)
        with evaluating(model):
            positions, logits = direct_logits(model, rows, BATCH_TOKENS, model.device)
        whole, *exchanged = target.values(logits[np.argsort(positions)])
        losses = whole - np.reshape(exchanged, (len(units), self.draws))
        return [
            Attribution(
                method=self.name,
                variant="",
                words=units.words,
                target=target,
                scores=losses.mean(axis=1),
                standard_errors=losses.std(axis=1, ddof=1) / np.sqrt(self.draws),
                quantity=Quantity(symbol="Δ", name="permutation effect", unit=target.unit, additive=False),
                total=None,
                n_evaluations=self.cost(model, len(units)),
            )
        ]

    def _words(self, model: ModelInterface) -> tuple[TokenIds, ...]:
        if self.texts is None:
            return model.reference_words
        if not self._read:
            # Imported here: reading tables takes half a second, which other sources of words do without.
            from whytrain.attribution.bulk import read_texts

            self._read, _ = read_texts(Path(self.texts), "text")
        return reference_words(self._read, model.tokenizer, model.max_tokens)


def _exchanged(ask: Ask, words: tuple[TokenIds, ...], draws: int, seed: int) -> Iterator[Rows]:
    """Yield the text, and then per player and draw the text with other words in its place.

    As many words as a player consists of; what would make the text longer than the model reads is cut.
    """
    units, owner = ask.units, ask.units.player_of_token
    text = zlib.crc32(" ".join(units.words).encode("utf-8", "surrogatepass"))
    generator = np.random.default_rng([seed, text])
    yield np.zeros(1, dtype=np.int64), units.token_ids[None]
    for player, n_words in enumerate(units.n_words):
        own = np.flatnonzero(owner == player)
        before, behind = units.token_ids[: own[0]], units.token_ids[own[-1] + 1 :]
        room = max(len(own), ask.model.max_tokens - len(before) - len(behind))
        rows: dict[int, list[tuple[int, NDArray[np.int64]]]] = {}
        for draw in range(draws):
            chosen = generator.integers(len(words), size=n_words)
            other = [token for word in chosen for token in words[word]][:room]
            row = np.concatenate([before, np.array(other, dtype=np.int64), behind])
            rows.setdefault(len(row), []).append((1 + player * draws + draw, row))
        for same_length in rows.values():
            positions, ids = zip(*same_length, strict=True)
            yield np.array(positions), np.stack(ids)
