"""Named arrays with their shapes, and the protocols through which algorithms see models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

if TYPE_CHECKING:
    from torch import Tensor

# What stands where a word is absent: every wordpiece replaced in its place, the sentence made shorter, or
# words that a masked language model expects there.
RemovalName = Literal["padding", "mask", "unknown", "removed", "infilled"]
# Of which quantity of a class explanations are shares.
Payoff = Literal["log_odds", "probability", "logit"]
# What gets a score; `character`: words, but of scripts without spaces single characters, or syllables.
PlayerUnit = Literal["word", "character", "wordpiece"]
# Where a model computes; auto: the accelerator, if there is one.
DeviceName = Literal["auto", "cpu", "cuda", "mps"]
# Passes things on, and may show how many were passed.
Progress = Callable[[Sequence[Any]], Iterable[Any]]
# Texts to the probabilities of their classes, float64 (n_texts, n_classes).
Predict = Callable[[Sequence[str]], NDArray[np.float64]]


class Batch(NamedTuple):
    """Sentences that are processed together.

    Attributes:
        token_ids: int64 (batch, n_tokens), padded on the right with the tokenizer's padding id.
        mask: bool (batch, n_tokens), True where there is a token; None where nothing is padded.
        labels: int64 (batch,), class indices; or 0 or 1, (batch, n_labels).
        rows: int64 (batch,), the position of each sentence in its split.
        marked: bool (batch, n_tokens), True for tokens that must not decide; None where nobody marked any.
    """

    token_ids: Tensor
    mask: Tensor | None
    labels: Tensor
    rows: Tensor
    marked: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a model says about every row of a split.

    Attributes:
        logits: float64 (n, n_classes).
        labels: int64 (n,), the gold classes where they exclude each other; else 0 or 1, (n, n_labels).
        positive: of two classes the one that F1, precision, recall and rankings are about.
    """

    logits: NDArray[np.float64]
    labels: NDArray[np.int64]
    positive: int = 1

    @property
    def exclusive(self) -> bool:
        """Whether every row has exactly one class."""
        return self.labels.ndim == 1

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Softmax of the logits, or the sigmoid of each where classes do not exclude each other."""
        probabilities: NDArray[np.float64] = (
            softmax(self.logits, axis=1) if self.exclusive else expit(self.logits)
        )
        return probabilities

    @property
    def decided(self) -> NDArray[np.int64]:
        """What the model decides, in the form of labels: its first largest logit, or each logit above 0."""
        return self.logits.argmax(axis=1) if self.exclusive else (self.logits > 0).astype(np.int64)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether everything about a row is decided right, bool (n,)."""
        same = self.decided == self.labels
        right: NDArray[np.bool_] = same if self.exclusive else np.all(same, axis=1)
        return right


class PredictFn(Protocol):
    """Token ids to logits; never with temperature."""

    def __call__(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        """Return logits (batch, n_classes) for token ids (batch, n_tokens) and their mask (or None)."""
        ...


class Figure(Protocol):
    """A drawn figure, as those see it who only keep it: matplotlib's, or any with this method."""

    def savefig(self, fname: Path, *, format: str) -> None:
        """Write the figure to a file."""
        ...


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a model computed on the way to its logits.

    Attributes:
        logits: (batch, n_classes).
        hidden_states: (batch, n_tokens, hidden_size), the states that are pooled.
        attention: (batch, n_tokens), weights that sum to 1 over tokens, 0 on padding: those of the pooling,
            or what the token that is read pays to each in the last layer; None without attention.
        attention_scores: (batch, n_tokens), the same before the softmax; None where they are not shown.
        head_attention: per layer (batch, n_heads, n_tokens, n_tokens), what each token pays to each; None
            for a model without heads.
        reader: int64 (batch,), the place of the token whose last state is classified; None without heads.
    """

    logits: Tensor
    hidden_states: Tensor
    attention: Tensor | None
    attention_scores: Tensor | None
    head_attention: tuple[Tensor, ...] | None = None
    reader: Tensor | None = None


@runtime_checkable
class Inspectable(Protocol):
    """A model that shows its embeddings, hidden states and attention weights."""

    def embed(self, token_ids: Tensor) -> Tensor:
        """Return embeddings (batch, n_tokens, embedding_size) of token ids (batch, n_tokens)."""
        ...

    def inspect(self, embeddings: Tensor, mask: Tensor | None) -> Inspection:
        """Run the model from its embeddings on and return everything it computed."""
        ...


class Recurrence(Protocol):
    """The two recurrences of a bidirectional model as they stand now, run on many coalitions at once.

    A state is a tuple of tensors whose rows are coalitions of the words read so far. Direction 0 reads the
    sentence from the left, direction 1 from the right.
    """

    def inputs(self, token_ids: Tensor) -> Tensor:
        """Return the input projections (2, n_tokens, size), one per direction, of ids (n_tokens,)."""
        ...

    def initial(self) -> tuple[Tensor, ...]:
        """Return the state before the first token: one row."""
        ...

    def step(
        self, state: tuple[Tensor, ...], inputs: Tensor, direction: int, *, branch: bool, high: bool
    ) -> tuple[Tensor, ...]:
        """Read one token in its n_choices versions.

        Args:
            state: tensors of n_rows rows.
            inputs: (n_choices, size), the token's input projection per version.
            direction: 0 or 1.
            branch: every row is continued with every version, to n_choices * n_rows rows; otherwise the
                rows already differ in the version, and n_rows stay.
            high: the version is the most significant part of a row's index; otherwise the least.
        """
        ...

    def follow(
        self, state: tuple[Tensor, ...], rows: Tensor, inputs: Tensor, tokens: Tensor, direction: int
    ) -> tuple[Tensor, ...]:
        """Read a token behind each of some rows.

        Args:
            state: tensors of any number of rows.
            rows: int64 (n,), rows of the state.
            inputs: (n_tokens, size), input projections of the direction.
            tokens: int64 (n,), which of them is read behind each.
            direction: 0 or 1.
        """
        ...

    def positions(self, n_tokens: int) -> Sequence[int]:
        """Return the positions whose states the readout looks at."""
        ...

    def summarize(self, state: tuple[Tensor, ...], direction: int) -> Tensor:
        """Return what the readout needs of a direction's states: (n_rows, size)."""
        ...

    def combine(self, forward: Sequence[Tensor], backward: Sequence[Tensor], n_rows: int) -> Tensor:
        """Return logits (n_rows, n_classes) from the summaries of both directions.

        The index of a row of the result is a bit per word, the first word's the least significant.

        Args:
            forward: a summary per position of `positions`; its rows are the lowest bits of the index.
            backward: the same from the right; its rows are the highest bits.
            n_rows: number of coalitions, a power of two.
        """
        ...


@runtime_checkable
class PrefixModel(Protocol):
    """A predict function whose recurrence can be shared between sentences with equal beginnings or ends."""

    def __call__(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        """Return logits (batch, n_classes) for token ids (batch, n_tokens) and their mask (or None)."""
        ...

    def recurrence(self) -> Recurrence | None:
        """Return the recurrence with the weights of this moment; None where nothing can be shared."""
        ...
