r"""How the loss of single texts would move a layer: the gradients that influence is made of.

Two layers have gradients that need no pass per text. With e = ∂ℓ/∂z of the logits z and h the inputs of the
last layer (with a 1 for its bias), its gradient is e hᵀ, and two texts have the product (e·e')(h·h'). The
gradient of the word embeddings is the sum over a text's tokens of a gradient that only the token's own row
gets: two texts have the product Σ_w g_w·g'_w over the wordpieces that both have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from whytrain.data.batch_plan import evaluation_plan
from whytrain.data.encoded import EncodedSplit
from whytrain.models.batch_runner import BATCH_SIZE
from whytrain.models.evaluation import differentiable
from whytrain.models.interface import ModelInterface
from whytrain.models.last_layer import read_last_layer
from whytrain.tasks import Task

Layer = Literal["last", "words"]


class Gradients(Protocol):
    """The gradients of n texts with respect to a layer."""

    @property
    def squares(self) -> Tensor:
        """‖g‖² of each, (n,)."""
        ...

    def products(self, others: Gradients) -> Tensor:
        """g·g' with those of the same kind of n_others texts, (n, n_others)."""
        ...


class GradientBatch(NamedTuple):
    """Gradients of some rows.

    Attributes:
        rows: int64 (batch,), the position of each in its split.
        gradients: of them.
    """

    rows: Tensor
    gradients: Gradients


@dataclass(frozen=True, eq=False)
class LastLayerGradients:
    """Gradients e hᵀ of the last layer's weights.

    Attributes:
        errors: e, (n, n_classes).
        inputs: h, (n, size).
    """

    errors: Tensor
    inputs: Tensor

    @property
    def squares(self) -> Tensor:
        """‖g‖² of each, (n,)."""
        return self.errors.square().sum(dim=1) * self.inputs.square().sum(dim=1)

    def products(self, others: Gradients) -> Tensor:
        """g·g', (n, n_others)."""
        assert isinstance(others, LastLayerGradients)
        return (self.errors @ others.errors.T) * (self.inputs @ others.inputs.T)


@dataclass(frozen=True, eq=False)
class WordGradients:
    """Gradients of the word embeddings: a vector for each wordpiece of each text.

    Attributes:
        texts: int64 (m,), the text of a vector, 0 to n - 1.
        pieces: int64 (m,), its wordpiece; no text has one twice.
        vectors: g_w, (m, embedding_size).
        n: number of texts.
    """

    texts: Tensor
    pieces: Tensor
    vectors: Tensor
    n: int

    @property
    def squares(self) -> Tensor:
        """‖g‖² of each, (n,)."""
        return self.vectors.new_zeros(self.n).index_add(0, self.texts, self.vectors.square().sum(dim=1))

    def products(self, others: Gradients) -> Tensor:
        """g·g', (n, n_others)."""
        assert isinstance(others, WordGradients)
        found = self.vectors.new_zeros(self.n, others.n)
        for text in range(self.n):
            own = self.texts == text
            pieces, order = self.pieces[own].sort()
            if len(pieces) == 0:
                continue
            places = torch.searchsorted(pieces, others.pieces).clamp(max=len(pieces) - 1)
            shared = pieces[places] == others.pieces
            terms = (self.vectors[own][order][places[shared]] * others.vectors[shared]).sum(dim=1)
            found[text] = found[text].index_add(0, others.texts[shared], terms)
        return found


def read_gradients(
    model: ModelInterface, split: EncodedSplit, task: Task, layer: Layer
) -> Iterator[GradientBatch]:
    """Yield the gradients of every row's loss on its label once, without dropout and smoothing.

    Args:
        model: at some moment of its training.
        split: labeled texts.
        task: whose loss it is.
        layer: `last`, or `words`: the word embeddings.

    Raises:
        ConfigError: the model has no such layer.
    """
    return _of_last_layer(model, split, task) if layer == "last" else _of_words(model, split, task)


def _of_last_layer(model: ModelInterface, split: EncodedSplit, task: Task) -> Iterator[GradientBatch]:
    for batch in read_last_layer(model, split):
        with torch.enable_grad():
            logits = batch.logits.detach().cpu().requires_grad_()
            (errors,) = torch.autograd.grad(task.loss(logits, batch.labels.cpu(), 0.0).sum(), logits)
        yield GradientBatch(batch.rows, LastLayerGradients(errors, batch.inputs.cpu()))


def _of_words(model: ModelInterface, split: EncodedSplit, task: Task) -> Iterator[GradientBatch]:
    for rows in evaluation_plan(split.lengths, BATCH_SIZE):
        batch = split.batch(rows)
        with differentiable(model):
            embeddings = model.embed(batch.token_ids).detach().requires_grad_()
            logits = model.logits_of_embeddings(embeddings, batch.mask)
            loss = task.loss(logits, batch.labels.to(logits.device), 0.0).sum()
            (vectors,) = torch.autograd.grad(loss, embeddings)
        is_token = torch.ones_like(batch.token_ids, dtype=torch.bool) if batch.mask is None else batch.mask
        texts, places = is_token.nonzero(as_tuple=True)
        yield GradientBatch(
            batch.rows, _merged(texts, batch.token_ids[is_token], vectors.cpu()[texts, places], len(rows))
        )


def _merged(texts: Tensor, pieces: Tensor, vectors: Tensor, n: int) -> WordGradients:
    """Add the vectors of a wordpiece that stands in a text several times."""
    together = torch.stack([texts, pieces])
    pairs, place = together.unique(dim=1, return_inverse=True)  # type: ignore[no-untyped-call]
    summed = vectors.new_zeros(pairs.shape[1], vectors.shape[1]).index_add(0, place, vectors)
    return WordGradients(pairs[0].contiguous(), pairs[1].contiguous(), summed, n)
