"""What every source of data has in common."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from whytrain.config.known_file import known_file
from whytrain.config.seed import Seed
from whytrain.data.corpus import Corpus
from whytrain.errors import ConfigError
from whytrain.tasks import CLASSIFICATION, Task

_TAKEN = ("train", "validation", "calibration", "test", "check")


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """Where the sentences come from, and how they are split and batched.

    Attributes:
        split_seed: who is in which split; independent of the seed of the training.
        calibration_size: rows of the calibration slice, held out of train; 0 for none.
        batch_size: sentences per batch.
        max_tokens: longer sentences are cut to this many tokens, special tokens included.
        windows: tokens of the overlapping windows in which a longer text is read, see
            `whytrain.models.windowed`; None: every text is read at once.
        positive_class: of two classes the one that F1, precision, recall and rankings are about; None: the
            second.
        on_bad_row: `error` stops at rows that cannot be used, `skip` leaves them out and counts them.
        check_path: a file of labeled rows from where the model will be used, never trained on; None without.
        evaluation_paths: files of labeled rows by name, on which the finished model is measured and nothing
            is decided; None without.
        corrections: a file with columns `id` and `label`, whose labels replace those of rows of train,
            validation and calibration; None without.

    Raises:
        ConfigError: an evaluation set has a name that cannot be part of a metric's.
    """

    split_seed: Seed
    calibration_size: Annotated[int, Ge(0)]
    batch_size: Annotated[int, Ge(1)]
    max_tokens: Annotated[int, Ge(3)]
    windows: Annotated[int, Ge(3)] | None
    positive_class: str | int | None
    on_bad_row: Literal["error", "skip"]
    check_path: str | None
    evaluation_paths: Mapping[str, str] | None
    corrections: str | None

    CHECK_SETTING: ClassVar[str] = "data.check_path"
    CORRECTIONS_SETTING: ClassVar[str] = "data.corrections"
    one_class: ClassVar[bool] = False  # every sentence of this data has exactly one class

    def __post_init__(self) -> None:
        """Refuse names that could not be part of a metric's name."""
        for name in self.evaluation_paths or ():
            if not re.fullmatch(r"[A-Za-z0-9_-]+", str(name)) or name in _TAKEN:
                raise ConfigError(
                    f"data.evaluation_paths: {name}: expected a name of letters, digits, _ and -, such as "
                    f"clean, and none of {', '.join(_TAKEN)}"
                )

    @property
    def outside_paths(self) -> dict[str, str]:
        """Files of rows that are never trained on, by the setting that names them."""
        check = {} if self.check_path is None else {self.CHECK_SETTING: self.check_path}
        named = self.evaluation_paths or {}
        return check | {f"data.evaluation_paths.{name}": path for name, path in named.items()}

    def check(self, task: Task) -> None:
        """Raise ConfigError if the data is for another task."""
        if self.one_class and not task.exclusive:
            raise ConfigError(
                f"task={task.name}: every sentence of this data has exactly one class; use "
                "task=classification, or data=csv with your own data"
            )

    def look(self) -> None:
        """Raise MissingDataError where what the settings name is not there; reads as good as nothing."""
        for setting, path in self.outside_paths.items():
            known_file(path, setting)
        if self.corrections is not None:
            known_file(self.corrections, self.CORRECTIONS_SETTING)

    @abstractmethod
    def prepare(self) -> None:
        """Download what is missing. Does nothing where all is there; several processes may call it at once.

        Raises:
            DataError: if the data is out of reach or not what was expected.
        """

    @abstractmethod
    def load(self, task: Task = CLASSIFICATION) -> Corpus:
        """Return the cleaned and split corpus.

        Args:
            task: what its labels mean.

        Raises:
            DataError: if the data cannot be used as it is.
            ConfigError: if the data is for another task.
        """
