"""Sentences of the data, explained for what they should be, and a ranking of the words in many of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.attribution.ask import Ask
from whytrain.attribution.evidence import attention_concentration
from whytrain.attribution.explainer import Explainer, check_explainers, explain
from whytrain.attribution.reference_sentences import Key, affordable, choose_rows, players_of_rows
from whytrain.attribution.tables import ExplainedSentence
from whytrain.attribution.target import Target, target_of
from whytrain.attribution.units import Units
from whytrain.attribution.word_ranking import AT_ONCE, rank_words
from whytrain.data.corpus import Corpus, Split
from whytrain.data.encoded import EncodedSplit
from whytrain.models.batch_runner import inspect_split, predict_split
from whytrain.models.interface import ModelInterface
from whytrain.types import Payoff, PlayerUnit, Progress

Ranked = tuple[pd.DataFrame, pd.DataFrame | None]


class DataExplainer:
    """Explains training and validation sentences by several methods.

    What is asked is the gold class; where classes do not exclude each other, a sentence's first gold label,
    or the most probable one where it has none.

    Attributes:
        model: the model, with the weights that it has when it is asked.
        explainers: the methods.
    """

    def __init__(
        self,
        model: ModelInterface,
        explainers: Sequence[Explainer],
        corpus: Corpus,
        encoded: Callable[[str], EncodedSplit],
        *,
        payoff: Payoff,
        max_words: int,
        seed: int,
        players: PlayerUnit = "word",
    ) -> None:
        """Store the parts.

        Args:
            model: the model.
            explainers: the methods.
            corpus: the data.
            encoded: from `train` or `validation` to the encoded split.
            payoff: what the scores are shares of.
            max_words: words of a sentence at most.
            seed: of the choice of sentences, and of methods that draw.
            players: what gets a score.

        Raises:
            ConfigError: a method needs what the model has not.
        """
        check_explainers(explainers, model)
        self.model, self.explainers = model, explainers
        self._corpus, self._encoded = corpus, encoded
        self._payoff, self._max_words, self._seed = payoff, max_words, seed
        self._unit = players

    def choose(self, name: str, n_sentences: int, purpose: str) -> list[int]:
        """Choose rows of a split, see `choose_rows`."""
        return choose_rows(self._split(name), n_sentences, self._max_words, self._seed, purpose)

    def players(self, name: str, rows: Sequence[int]) -> dict[int, Units]:
        """Return the players of rows of a split, see `players_of_rows`."""
        tokenizer, unit = self.model.tokenizer, self._unit
        return players_of_rows(self._split(name), self._encoded(name), rows, tokenizer, self._max_words, unit)

    def cost(self, n_words: int) -> int:
        """Return how many forward passes all methods take for a sentence of so many words."""
        return sum(explainer.cost(self.model, n_words) for explainer in self.explainers)

    def explain(
        self, sentences: Sequence[tuple[Key, Units]], progress: Progress = iter
    ) -> list[ExplainedSentence]:
        """Explain sentences by all methods; `progress` shows how far it is."""
        found: list[ExplainedSentence] = []
        waiting = iter(progress(sentences))
        while together := list(islice(waiting, AT_ONCE)):
            asks = [Ask(self.model, players) for _, players in together]
            asked = [self._target(name, row) for (name, row), _ in together]
            for explainer in self.explainers:
                explainer.prepare(asks, [target for target, _ in asked])
            for ((name, row), _), ask, (target, label) in zip(together, asks, asked, strict=True):
                identity = str(self._split(name).ids[row])
                found += [
                    ExplainedSentence(split=name, sentence_id=identity, label=label, explanation=explanation)
                    for explanation in explain(ask, self.explainers, target, seed=self._seed)
                ]
        return found

    def rank(
        self,
        method: str,
        n_sentences: int,
        budget: int,
        *,
        split: str = "train",
        progress: Progress = iter,
    ) -> Ranked | None:
        """Rank the words, and pairs of words, of a split's sentences by a method in its first variant.

        Of the sentences that are drawn the shortest come first: for the same evaluations that is ten times as
        many, and a word must be seen in several before its mean says anything.

        Args:
            method: name of an explainer.
            n_sentences: how many are drawn.
            budget: forward passes at most.
            split: `train` or `validation`.
            progress: shows how far it is.

        Returns:
            See `rank_words`; None where there is no sentence, or the budget allows none.
        """
        explainer = next(e for e in self.explainers if e.name == method).first_variant(self.model)
        sample = self.players(split, self.choose(split, n_sentences, "vocabulary"))
        by_length = sorted(sample.items(), key=lambda item: len(item[1]))
        n_affordable = affordable(
            [players for _, players in by_length], lambda n: explainer.cost(self.model, n), budget
        )
        chosen = dict(by_length[:n_affordable])
        if not chosen:
            return None
        return rank_words(
            self.model,
            explainer,
            list(chosen.values()),
            [self._target(split, row)[0] for row in chosen],
            class_names=self._corpus.class_names,
            exclusive=self._corpus.task.exclusive,
            seed=self._seed,
            progress=progress,
        )

    def attention(self, rows: Sequence[int]) -> NDArray[np.float64] | None:
        """Return how concentrated attention is on training sentences; None without attention or rows."""
        if self.model.capabilities.attention == "none" or not len(rows):
            return None
        weights: list[NDArray[np.float64]] = []
        chosen = self._encoded("train").select(np.array(rows, dtype=np.int64))
        for batch in inspect_split(self.model, chosen):
            assert batch.inspection.attention is not None
            pairs = zip(batch.inspection.attention.double(), batch.mask, strict=True)
            weights += [sentence[present].cpu().numpy() for sentence, present in pairs]
        return attention_concentration(weights)

    def _split(self, name: str) -> Split:
        return self._corpus.train if name == "train" else self._corpus.validation

    def _target(self, name: str, row: int) -> tuple[Target, int]:
        """Return what is asked about a row, and what the model should decide about it: an output or -1."""
        task, names = self._corpus.task, self._corpus.class_names
        asked = task.asked(self._encoded(name).labels[row])
        if asked is not None:
            return target_of(task, names, asked, self._payoff), asked
        logits = predict_split(self.model, self._encoded(name).select(np.array([row]))).logits[0]
        return target_of(task, names, int(logits.argmax()), self._payoff), -1
