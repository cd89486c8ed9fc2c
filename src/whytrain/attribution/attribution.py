"""What every explanation method returns: a score per word of a text, for one target, and what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.interaction_tree import InteractionTree
from whytrain.attribution.target import Target
from whytrain.types import RemovalName

Array = NDArray[np.float64]
_NOTHING = 1e-6  # share of the largest |score| up to which a score has no sign


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What a score is: figures, tables and pages write it beside the number.

    Attributes:
        symbol: for axes and columns, such as `φ`.
        name: in words, such as `Shapley value`; plural with an s.
        unit: of the number, such as `log-odds`.
        signed: whether scores below zero speak against the target; else a score is a size alone.
        additive: whether the scores of a text sum to something, so that their sum is worth telling.
    """

    symbol: str
    name: str
    unit: str
    signed: bool = True
    additive: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Pairs:
    """What two units do together, beyond what each does alone.

    Attributes:
        scores: float64 (n, n), symmetric.
        standard_errors: float64 (n, n); None where the scores are exact.
        quantity: what the scores are.
    """

    scores: Array
    standard_errors: Array | None
    quantity: Quantity


@dataclass(frozen=True, eq=False, kw_only=True)
class PhraseTree:
    """How units join to phrases.

    Attributes:
        tree: over `words`.
        words: the units, or chunks of neighboring ones where a tree of all is out of reach.
    """

    tree: InteractionTree
    words: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class HeadAttention:
    """The attention of a transformer while it reads a text.

    Attributes:
        tokens: the text's n tokens, special ones included.
        reader: place of the token whose last state the classifier reads.
        weights: float32 (n_layers, n_heads, n, n); row i is what token i reads from, and sums to 1.
    """

    tokens: tuple[str, ...]
    reader: int
    weights: NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class Attribution:
    """One text explained by one method for one target.

    Attributes:
        method: name of the explainer, such as `shapley`.
        variant: what else the scores depend on and a reader must know, such as `padding` (what stands where a
            word is absent); metric names and tables tell attributions of one method apart by it.
        words: the n units as written.
        target: which output is explained.
        scores: float64 (n,).
        standard_errors: float64 (n,); None where the scores are exact or the method gives none.
        quantity: what the scores are.
        total: the target's value with nothing and with everything there, where the method promises that the
            scores sum to the difference (completeness); else None.
        absence: what stood where a word was absent; None for a method that removes none.
        note: what a reader must know of these scores, a sentence without its end; empty for nothing.
        relative_error: of predicted scores: what Σ|error| / Σ|score| is expected to stay below; else None.
        n_evaluations: forward passes that it took; a backward pass counts as one.
        make_pairs: finds what two units do together when it is asked for; None where the method does not say.
        make_tree: builds the tree of phrases when it is asked for; None where the method has none.
        heads: attention by layer and head; None of methods that do not read it, and models without heads.
    """

    method: str
    variant: str
    words: tuple[str, ...]
    target: Target
    scores: Array
    standard_errors: Array | None
    quantity: Quantity
    total: tuple[float, float] | None
    n_evaluations: int
    absence: RemovalName | None = None
    relative_error: float | None = None
    note: str = ""
    make_pairs: Callable[[], Pairs] | None = None
    make_tree: Callable[[], PhraseTree] | None = None
    heads: HeadAttention | None = None

    @cached_property
    def pairs(self) -> Pairs | None:
        """What two units do together; None where the method does not say."""
        return None if self.make_pairs is None else self.make_pairs()

    @cached_property
    def tree(self) -> PhraseTree | None:
        """The tree of phrases; None where the method has none."""
        return None if self.make_tree is None else self.make_tree()

    @property
    def title(self) -> str:
        """Method and variant, for columns and legends."""
        return f"{self.method} ({self.variant})" if self.variant else self.method


def signs(scores: Array) -> Array:
    """Return the signs of scores (n,): −1, 0 or 1; what is next to nothing beside the largest has none.

    >>> signs(np.array([1.0, -2.0, 1e-9])).tolist()
    [1.0, -1.0, 0.0]
    """
    return np.where(np.abs(scores) > _NOTHING * np.abs(scores).max(), np.sign(scores), 0.0)


def ranking(scores: Array) -> NDArray[np.int64]:
    """Return the units from the largest |score| to the smallest, ties in the order of the text.

    >>> ranking(np.array([1.0, -3.0, 3.0])).tolist()
    [1, 2, 0]
    """
    return np.argsort(-np.abs(scores), kind="stable")


def strongest_pairs(pairs: Pairs, n_pairs: int | None = None) -> list[tuple[int, int]]:
    """Return the pairs of units, first before second, from the largest |score| on; None: all."""
    first, second = np.triu_indices(len(pairs.scores), 1)
    order = ranking(pairs.scores[first, second])[:n_pairs]
    return [(int(first[k]), int(second[k])) for k in order]


def sure_pairs(pairs: Pairs, n_pairs: int) -> list[tuple[int, int]]:
    """Return the strongest pairs, without those whose score is within two standard errors of 0."""
    errors = np.zeros_like(pairs.scores) if pairs.standard_errors is None else pairs.standard_errors
    sure = np.abs(pairs.scores) > 2 * errors
    return [pair for pair in strongest_pairs(pairs) if sure[pair]][:n_pairs]
