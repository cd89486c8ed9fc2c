"""What is inspected: a model, the rows that it learned from and was judged by, and what else is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whytrain.data.corpus import Split
    from whytrain.data.treebank import LabelledTree
    from whytrain.models.saved import SavedModel


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """A trained model, with everything that an analysis may ask about it.

    Attributes:
        saved: the model of the best epoch.
        train: what it learned from.
        validation: what it was judged by.
        seed: of whatever is drawn.
        level: of the intervals.
        text: what somebody asks about; None: sentences of the validation rows are chosen.
        other: a second text, to be compared with the first.
        trees: people's labels of phrases; empty: nobody gave any.
        checkpoints: weights of the training by name, in the order of their epochs, each a file of tensors.
    """

    saved: SavedModel
    train: Split
    validation: Split
    seed: int
    level: float
    text: str | None = None
    other: str | None = None
    trees: tuple[LabelledTree, ...] = ()
    checkpoints: Mapping[str, Path] = field(default_factory=dict)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of the logits."""
        return self.saved.class_names
