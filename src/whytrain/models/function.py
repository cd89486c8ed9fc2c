"""A classifier that is only a function from texts to probabilities: its words can be removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from whytrain.data.tokenization import Tokenizer, WordEncoding
from whytrain.data.words import word_spans
from whytrain.errors import DataError
from whytrain.models.interface import Capabilities, ModelInterface
from whytrain.models.saved import SavedModel

Probabilities = Callable[[list[str]], ArrayLike]

_PADDING = 0
_LONGEST = 1 << 20  # words: the function cuts its texts itself
_LEAST = 1e-12  # probability whose logarithm still counts: none is infinite


class Words(Tokenizer):
    """A tokenizer whose tokens are whole words, with the space that follows; new ones get the next number.

    It has no special tokens: of a text nothing stays but its words.
    """

    def __init__(self) -> None:
        """Start with the padding token alone, which is written as nothing."""
        self._written = [""]
        self._ids: dict[str, int] = {"": _PADDING}
        self._before, self._after = [], []

    @property
    def vocabulary_size(self) -> int:
        """Number of words seen so far."""
        return len(self._written)

    @property
    def padding_id(self) -> int:
        """Id of nothing."""
        return _PADDING

    @property
    def unknown_id(self) -> int | None:
        """Return None: a function knows no unknown token."""
        return None

    @property
    def mask_id(self) -> int | None:
        """Return None: a function knows no mask token."""
        return None

    def encode(self, texts: Sequence[str], max_tokens: int) -> list[NDArray[np.int32]]:
        """Return the ids of each text's words; a text without words is the padding token."""
        encoded = (self.encode_words(text, max_tokens).token_ids for text in texts)
        return [ids.astype(np.int32) if len(ids) else np.zeros(1, dtype=np.int32) for ids in encoded]

    def encode_words(self, text: str, max_tokens: int, *, characters: bool = False) -> WordEncoding:
        """Return the ids of a text's words (see `word_spans`), one token each."""
        spans = word_spans(text, characters=characters)[:max_tokens]
        ends = [*(begin for begin, _ in spans[1:]), spans[-1][1] if spans else 0]
        ids = [self._id(text[begin:end]) for (begin, _), end in zip(spans, ends, strict=False)]
        words = tuple(text[begin:end] for begin, end in spans)
        return WordEncoding(words, np.array(ids, dtype=np.int64), np.arange(len(ids)))

    def tokens(self, token_ids: Sequence[int]) -> list[str]:
        """Return the words, each with the space behind it."""
        return [self._written[token_id] for token_id in token_ids]

    def _id(self, written: str) -> int:
        if written not in self._ids:
            self._ids[written] = len(self._written)
            self._written.append(written)
        return self._ids[written]


class Function(nn.Module):
    """Writes token ids as texts and asks a function about them; logits are the logarithms of its answers."""

    def __init__(self, function: Probabilities, words: Words, n_classes: int) -> None:
        """Store the parts."""
        super().__init__()
        self._function, self._words, self._n_classes = function, words, n_classes

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        """Return log-probabilities (batch, n_classes).

        Raises:
            DataError: the function returned something else than a row of probabilities per text.
        """
        texts = ["".join(self._words.tokens(ids)).rstrip() for ids in token_ids.tolist()]
        answers = np.asarray(self._function(texts), dtype=np.float64)
        if answers.shape != (len(texts), self._n_classes):
            raise DataError(
                f"the function returned an array of shape {answers.shape} for {len(texts)} texts; expected "
                f"({len(texts)}, {self._n_classes}): a probability per text and class"
            )
        # 1e-3: what half precision loses in a sum of many classes.
        sums = answers.sum(axis=1)
        if not (np.isfinite(answers).all() and (answers >= 0).all() and (np.abs(sums - 1) < 1e-3).all()):
            raise DataError(
                "the function must return probabilities: at least 0, and summing to 1 for each text; the "
                f"first row came as {np.array2string(answers[0], precision=4)}"
            )
        return torch.from_numpy(np.log(np.maximum(answers, _LEAST)))


class FunctionClassifier(SavedModel):
    """A function as a classifier of texts."""

    def _asked(self) -> ModelInterface:
        """What it can do is known: nothing but answer texts, so that words can only be removed."""
        return ModelInterface(
            module=self.model,
            tokenizer=self.tokenizer,
            capabilities=Capabilities(
                embeddings=False,
                attention="none",
                recurrence=False,
                removals=("removed",),
                dropout=None,
                max_tokens=None,
            ),
            max_tokens=self.max_tokens,
        )


def function_classifier(function: Probabilities, class_names: Sequence[str]) -> FunctionClassifier:
    """Return a function from texts to probabilities as a classifier that can be explained.

    The function is also asked about texts without some, or all, of their words.

    Args:
        function: a list of n texts to probabilities (n, n_classes).
        class_names: in the order of the probabilities.

    Raises:
        DataError: fewer than two classes, or two of one name.
    """
    names = tuple(str(name) for name in class_names)
    if len(names) < 2 or len(set(names)) < len(names):
        raise DataError(f"expected the names of two or more classes, each once; got {list(names)}")
    words = Words()
    return FunctionClassifier(
        model=Function(function, words, len(names)),
        tokenizer=words,
        class_names=names,
        max_tokens=_LONGEST,
        confidence=None,
    )
