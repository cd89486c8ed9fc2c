"""The sentences of a training, and what of them is acted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from whytrain.data.encoded import EncodedSplit, encode_texts
from whytrain.data.tokenization import Tokenizer
from whytrain.guidance.target_words import Pair
from whytrain.shortcuts.marks import Mark


@dataclass(frozen=True, kw_only=True)
class Named:
    """What guidance acts on: what an earlier run's explanations name, and what is marked.

    Attributes:
        words: size of their Shapley values, see `whytrain.attribution.tables.sure_size`.
        pairs: pairs of words by the sure size of their interaction, the largest first.
        disputed: ids of the training rows on which its two students disagree.
        mistaken: ids of the training rows that it gets wrong.
        marks: what must not decide.
    """

    words: Mapping[str, float] = field(default_factory=dict)
    pairs: Sequence[Pair] = ()
    disputed: Sequence[str] = ()
    mistaken: Sequence[str] = ()
    marks: Sequence[Mark] = ()


@dataclass(frozen=True, kw_only=True)
class TrainingRows:
    """The sentences of a training and their tokens.

    Attributes:
        ids: of the train split's rows; further rows behind them have none.
        texts: of all rows.
        encoded: the same, tokenized.
        tokenizer: what tokenized them.
        max_tokens: after which they are cut.
        n_classes: of their labels.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    encoded: EncodedSplit
    tokenizer: Tokenizer
    max_tokens: int
    n_classes: int

    @property
    def classes(self) -> NDArray[np.float64]:
        """float64 (n_rows, n_classes), 1 where a row has a class."""
        labels = self.encoded.labels
        if labels.ndim == 2:
            return labels.astype(np.float64)
        classes: NDArray[np.float64] = np.eye(self.n_classes)[labels]
        return classes

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    def joined(self, texts: Sequence[str], labels: NDArray[np.int64]) -> TrainingRows:
        """Return them with further rows behind: their texts, and labels in the task's form."""
        further = encode_texts(list(texts), labels, self.tokenizer, self.max_tokens)
        return replace(self, texts=[*self.texts, *texts], encoded=self.encoded.joined(further))
