"""Training that acts on what must not decide: what an earlier run rests on, and what is marked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from whytrain.data.encoded import EncodedSplit
from whytrain.data.lexicon import Lexicon
from whytrain.errors import ConfigError
from whytrain.guidance.editing import Edit, edited
from whytrain.guidance.explained_edits import edits_of_explained
from whytrain.guidance.guidance_settings import GuidanceSettings
from whytrain.guidance.mark_edits import order_swaps, rare_swaps, removals, swaps
from whytrain.guidance.marked_words import MarkedWords, Spans, Words
from whytrain.guidance.row_weights import row_weights
from whytrain.guidance.target_words import random_marks
from whytrain.guidance.training_rows import Named, TrainingRows
from whytrain.guidance.typing_errors import TypingErrors
from whytrain.shortcuts.marks import Mark

_LOG = logging.getLogger(__name__)
_NAME = 0x6755  # of the random numbers that are drawn here


class Guidance:
    """What guides a training: its sentences, edited anew in every epoch, and what they weigh.

    Attributes:
        rows: the sentences as they are, with the counterfactual copies behind them.
        weights: float32 (n_rows,) with mean 1; None: all the same.
        input_gradient: weight of the penalty on what the model makes of marked tokens.
    """

    def __init__(
        self,
        rows: TrainingRows,
        edits: Sequence[Edit],
        *,
        weights: Tensor | None,
        spans: Callable[[Sequence[str]], Spans] | None,
        input_gradient: float,
        seed: int,
    ) -> None:
        """Store the parts.

        Args:
            rows: the sentences.
            edits: those that come first are not touched by others.
            weights: of the rows.
            spans: finds what is marked in texts; None: the tokens need not tell.
            input_gradient: see above.
            seed: of what is drawn.
        """
        self.rows, self.weights, self.input_gradient = rows, weights, input_gradient
        self._edits, self._spans, self._seed = edits, spans, seed
        self._touched = sorted(set(chain.from_iterable(edit.targets for edit in edits)))
        self._as_they_are = self._marked(rows.encoded, rows.texts)
        self._last: tuple[int, EncodedSplit] | None = None

    def epoch(self, number: int) -> EncodedSplit:
        """Return the sentences of an epoch, counted from 0: a function of the seed and the epoch alone."""
        if not self._edits:
            return self._as_they_are
        if self._last is None or self._last[0] != number:
            self._last = number, self._edited(np.random.default_rng([self._seed, number, _NAME]))
        return self._last[1]

    def _edited(self, generator: np.random.Generator) -> EncodedSplit:
        texts = list(self.rows.texts)
        for row in self._touched:
            texts[row] = edited(texts[row], row, self._edits, generator)
        changed = [row for row in self._touched if texts[row] != self.rows.texts[row]]
        sentences = self.rows.tokenizer.encode([texts[row] for row in changed], self.rows.max_tokens)
        split = self.rows.encoded.replaced(np.array(changed, dtype=np.int64), sentences)
        return self._marked(split, texts)

    def _marked(self, split: EncodedSplit, texts: Sequence[str]) -> EncodedSplit:
        """Return sentences that tell which of their tokens are marked."""
        if self._spans is None:
            return split
        marked = np.zeros(len(split.token_ids), dtype=bool)
        for row, spans in self._spans(texts).items():
            begin, end = split.offsets[row : row + 2]
            marked[begin:end] = self.rows.tokenizer.tokens_inside(texts[row], spans, self.rows.max_tokens)
        return replace(split, marked=marked)


def guide(
    settings: GuidanceSettings, named: Named, rows: TrainingRows, lexicon: Lexicon, seed: int
) -> Guidance:
    """Find in the training data what is named.

    Args:
        settings: what is done.
        named: what it is done to.
        rows: the training sentences.
        lexicon: parts of speech and synonyms.
        seed: of random targets, copies and edits.

    Raises:
        ConfigError: nothing of what the run named, or of a mark, stands in the training data, or words shall
            be hidden and the tokenizer has nothing to hide them behind.
    """
    if settings.mask and rows.tokenizer.mask_id is None:
        raise ConfigError(
            f"guidance.mask hides words behind a mask token, and the tokenizer {rows.tokenizer.name} has "
            "none: set guidance.mask=0"
        )
    generator = np.random.default_rng([seed, _NAME])
    marks = _marks(settings, named.marks, rows, generator)
    marked = MarkedWords(marks, Words(rows.texts))
    marked.check()
    if settings.counterfactuals:
        rows = _with_copies(rows, marked, settings.counterfactuals, lexicon, generator)
        marked = MarkedWords(marks, Words(rows.texts))
    edits = edits_of_explained(settings, named, rows, marked.words, lexicon, generator)
    edits += _edits_of_marks(settings, marked, rows.classes, lexicon)
    if settings.rare_words:
        edits.append(Edit(probability=1.0, targets=rare_swaps(marked.words, settings.rare_words)))
    edits.append(Edit(probability=settings.typos, targets=TypingErrors(rows.texts)))
    _say_what_stays(settings, marks)
    return Guidance(
        rows,
        [edit for edit in edits if edit.probability > 0],
        weights=row_weights(settings, named, rows, marked, generator),
        spans=(lambda texts: MarkedWords(marks, Words(texts)).spans()) if settings.input_gradient else None,
        input_gradient=settings.input_gradient,
        seed=seed,
    )


def _marks(
    settings: GuidanceSettings, marks: Sequence[Mark], rows: TrainingRows, generator: np.random.Generator
) -> Sequence[Mark]:
    """Return the marks that are acted on, or as many random ones."""
    if not settings.acts_on_marks or not marks or settings.targets == "explained":
        return marks if settings.acts_on_marks else ()
    given = MarkedWords(marks, Words(rows.texts))
    given.check()
    return random_marks(given, generator)


def _with_copies(
    rows: TrainingRows, marked: MarkedWords, copies: int, lexicon: Lexicon, generator: np.random.Generator
) -> TrainingRows:
    edits = [
        Edit(probability=1.0, targets=swaps(marked, rows.classes, lexicon), to_others=True),
        Edit(probability=1.0, targets=order_swaps(marked)),
    ]
    touched = sorted(set(chain.from_iterable(edit.targets for edit in edits)))
    of_rows = [row for row in touched for _ in range(copies)]
    copies_made = [edited(rows.texts[row], row, edits, generator) for row in of_rows]
    return rows.joined(copies_made, rows.encoded.labels[of_rows])


def _edits_of_marks(
    settings: GuidanceSettings, marked: MarkedWords, classes: NDArray[np.float64], lexicon: Lexicon
) -> list[Edit]:
    edits = []
    if settings.swap_order:
        edits.append(Edit(probability=settings.swap_order, targets=order_swaps(marked)))
        _check_any(edits[-1], "swap_order", "no ordered_pair is marked; use guidance.swap=1.0")
    if settings.delete:
        edits.append(Edit(probability=settings.delete, targets=removals(marked)))
    if settings.swap:
        edits.append(Edit(probability=settings.swap, targets=swaps(marked, classes, lexicon)))
        _check_any(edits[-1], "swap", "only orders are marked; use guidance.swap_order=0.5")
    return edits


def _say_what_stays(settings: GuidanceSettings, marks: Sequence[Mark]) -> None:
    """Say which marks nothing is done to, where something is done to others."""
    if any((settings.delete, settings.counterfactuals, settings.input_gradient, settings.reweight)):
        return  # to all of them
    ordered = {mark.kind == "ordered_pair" for mark in marks}
    if settings.swap and not settings.swap_order and True in ordered:
        _LOG.warning("guidance.swap leaves marked orders as they are: give guidance.swap_order=0.5, too")
    if settings.swap_order and not settings.swap and False in ordered:
        _LOG.warning("guidance.swap_order leaves marked words as they are: give guidance.swap=1.0, too")


def _check_any(edit: Edit, key: str, why: str) -> None:
    if not edit.targets:
        raise ConfigError(f"guidance.{key} has nothing to act on: {why}")
