"""What the callbacks expect of the trainer, the module and the data module, and how they reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, cast

import numpy as np
import pytorch_lightning as pl
from numpy.typing import NDArray
from torch import nn

from whytrain.data.corpus import Corpus
from whytrain.data.encoded import EncodedSplit
from whytrain.data.tokenization import Tokenizer
from whytrain.data.unread import Unread
from whytrain.influence.row_history import RowHistory
from whytrain.lightning_modules.batch_history import BatchHistory
from whytrain.lightning_modules.continual import Earlier
from whytrain.models.batch_runner import predict_split
from whytrain.models.interface import ModelInterface
from whytrain.objectives.objective import Objective
from whytrain.tracking.recorder import Recorder
from whytrain.tracking.tables import text_hash
from whytrain.types import Predictions, Progress

T = TypeVar("T")


class Monitored(Protocol):
    """The part of the trainer's settings that says which metric decides."""

    monitor: str
    mode: Literal["max", "min"]


class ClassifierModule(Protocol):
    """The LightningModule: see `lightning_modules.classifier.Classifier`."""

    interface: ModelInterface
    model: nn.Module
    objective: Objective
    predictions: Predictions | None
    batch_history: BatchHistory
    row_history: RowHistory | None

    @property
    def epoch_seconds(self) -> float:
        """Seconds that the epoch took: training and validation, without what observes them.

        Every `time_share` is a share of this.
        """
        ...


class TextDataModule(Protocol):
    """The LightningDataModule: see `lightning_modules.data.TextData`."""

    corpus: Corpus
    tokenizer: Tokenizer
    earlier: Earlier | None

    def encoded(self, name: str) -> EncodedSplit:
        """The encoded split `train`, … or one of `Corpus.outside`; KeyError if there is none."""
        ...

    @property
    def unread(self) -> dict[str, Unread]:
        """What is not seen of each split."""
        ...

    def encode(self, texts: list[str], labels: NDArray[np.int64]) -> EncodedSplit:
        """Encode sentences that belong to no split; labels int64 (n,)."""
        ...


def store_of(trainer: pl.Trainer) -> Recorder | None:
    """The run's store; None where nothing is tracked, and on ranks other than 0."""
    return getattr(trainer.logger, "experiment", None) if trainer.is_global_zero else None


def classifier_of(pl_module: pl.LightningModule) -> ClassifierModule:
    """The module as the callbacks see it."""
    return cast(ClassifierModule, pl_module)


def data_of(trainer: pl.Trainer) -> TextDataModule:
    """The data module of the trainer."""
    return cast(TextDataModule, trainer.datamodule)  # type: ignore[attr-defined]  # set by Trainer.fit


def evidence_of(trainer: pl.Trainer, kind: type[T]) -> T | None:
    """What a callback publishes of this kind in its attribute `evidence`; None where none does."""
    published = (getattr(callback, "evidence", None) for callback in trainer.callbacks)  # type: ignore[attr-defined]  # Lightning leaves it untyped
    return next((evidence for evidence in published if isinstance(evidence, kind)), None)


class Counted(NamedTuple):
    """Where observers say how much of what they do is done.

    Attributes:
        show: how many, of how many and of what, in the plural; 0, None and "" where nothing is counted.
    """

    show: Callable[[int, int | None, str], None]


def counting(trainer: pl.Trainer, what: str) -> Progress:
    """Return what passes things on, and shows those who watch the run how many were passed.

    Args:
        trainer: of the run.
        what: the things, in the plural.
    """
    display = evidence_of(trainer, Counted)

    def passed_on(items: Sequence[Any]) -> Iterator[Any]:
        for done, item in enumerate(items):
            if display is not None:
                display.show(done, len(items), what)
            yield item
        if display is not None:
            display.show(0, None, "")

    return passed_on


class Answers:
    """What the best weights say of each split: each is asked once, when it is first needed."""

    def __init__(self, model: ModelInterface, data: TextDataModule) -> None:
        """Ask nothing yet; the model must keep these weights."""
        self._model, self._data = model, data
        self._known: dict[str, Predictions] = {}

    def __call__(self, split: str) -> Predictions:
        """Return the predictions on a split, see `TextDataModule.encoded`."""
        if split not in self._known:
            found = predict_split(self._model, self._data.encoded(split))
            self._known[split] = replace(found, positive=self._data.corpus.positive)
        return self._known[split]


def best_answers(trainer: pl.Trainer, pl_module: pl.LightningModule) -> Answers:
    """What the best weights say of each split, at the end of the fit, when the module holds them."""
    published = evidence_of(trainer, Answers)
    return published or Answers(classifier_of(pl_module).interface, data_of(trainer))


def shown_word(store: Recorder) -> Callable[[str], str]:
    """What stands for a word in figures, pages and names: itself, or its hash where text stays private."""
    return str if store.settings.log_text else text_hash
