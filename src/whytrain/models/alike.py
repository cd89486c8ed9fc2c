"""What is alike for a model: words by their embeddings, sentences by the states that it reads off."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from whytrain.data.words import bare_word, split_words
from whytrain.models.batch_runner import inspect_split, split_of
from whytrain.models.evaluation import evaluating
from whytrain.models.interface import ModelInterface

MOST_WORDS = 4000  # of the corpus, the most frequent
LEAST_ROWS = 3  # a rarer word's embedding is still where it was drawn
MOST_SENTENCES = 20_000  # whose states are kept: 15 MB of a small BiLSTM
_CHUNK = 256

Vectors = NDArray[np.float32]


def frequent_words(texts: Sequence[str], most: int = MOST_WORDS) -> list[str]:
    """Return the words that stand in most texts, in lower case and bare, the most frequent first."""
    counts = Counter(word for text in texts for word in {bare_word(word) for word in split_words(text)})
    return [word for word, n in counts.most_common(most) if n >= LEAST_ROWS and any(map(str.isalpha, word))]


class AlikeWords:
    """Words of a corpus by their embeddings, the mean over their wordpieces."""

    def __init__(self, model: ModelInterface, words: Sequence[str]) -> None:
        """Embed the words."""
        self.words, self._model = list(words), model
        self._vectors = np.concatenate([self._embedded(chunk) for chunk in _chunks(self.words)])

    def nearest(self, word: str, n: int) -> list[str]:
        """Return the n words of the most similar direction, without the word itself."""
        bare = bare_word(word)
        order = np.argsort(-(self._vectors @ self._embedded([bare])[0]), kind="stable")
        return [self.words[i] for i in order[: n + 1].tolist() if self.words[i] != bare][:n]

    def _embedded(self, words: Sequence[str]) -> Vectors:
        split, model = split_of(words, self._model), self._model
        special = torch.tensor(sorted(model.tokenizer.special_ids | {model.tokenizer.padding_id}))
        batch = split.batch(np.arange(len(words)))
        with evaluating(model):
            embeddings = model.embed(batch.token_ids).float().cpu()
        return _means(embeddings, ~torch.isin(batch.token_ids, special))


@dataclass(frozen=True, kw_only=True)
class Alike:
    """A sentence that is like another one.

    Attributes:
        row: its place.
        similarity: cosine of the mean states, -1 to 1.
    """

    row: int
    similarity: float


class AlikeSentences:
    """Sentences by the mean of the states that the model reads off, computed in a thread of its own."""

    def __init__(self, model: ModelInterface, texts: Sequence[str]) -> None:
        """Begin."""
        self._model, self._texts = model, list(texts[:MOST_SENTENCES])
        self._found: list[Vectors] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def progress(self) -> float:
        """The share of the sentences that is read, 0 to 1."""
        return min(1.0, len(self._found) * _CHUNK / max(1, len(self._texts)))

    def wait(self) -> None:
        """Wait until all are read."""
        self._thread.join()

    def nearest(self, text: str, n: int) -> list[Alike]:
        """Return the n sentences, of those read so far, that are most like a text."""
        found = self._found.copy()
        if not found:
            return []
        similarities = np.concatenate(found) @ mean_states(self._model, [text])[0]
        order = np.argsort(-similarities, kind="stable")[:n].tolist()
        return [Alike(row=row, similarity=float(similarities[row])) for row in order]

    def _run(self) -> None:
        for chunk in _chunks(self._texts):
            self._found.append(mean_states(self._model, chunk))


def mean_states(model: ModelInterface, texts: Sequence[str]) -> Vectors:
    """Return the mean of the states that the model reads off, of length 1: float32 (n_texts, size).

    The product of two of them is the cosine by which sentences are alike for the model.

    Raises:
        ConfigError: the model shows no states.
    """
    states, rows = [], []
    for batch in inspect_split(model, split_of(texts, model)):
        states.append(_means(batch.inspection.hidden_states.float().cpu(), batch.mask.cpu()))
        rows.append(batch.rows.numpy())
    return np.concatenate(states)[np.argsort(np.concatenate(rows))]


def _means(vectors: torch.Tensor, inside: torch.Tensor) -> Vectors:
    """Return the mean of the tokens inside, of length 1: (n, n_tokens, size) to float32 (n, size)."""
    weights = inside.float().unsqueeze(2)
    mean = (vectors * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
    found: Vectors = torch.nn.functional.normalize(mean, dim=1).numpy()
    return found


def _chunks(items: Sequence[str]) -> list[Sequence[str]]:
    return [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)] or [[]]
