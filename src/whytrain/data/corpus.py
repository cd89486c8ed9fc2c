"""Labeled sentences in their splits: what every source loads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whytrain.tasks import CLASSIFICATION, Task

HASHED_AT_ONCE = 10_000  # strings


@dataclass(frozen=True, eq=False, kw_only=True)
class Split:
    """The sentences of one split, row by row.

    Attributes:
        ids: one id per row, unique in the split.
        texts: the sentences.
        labels: int64 (n,), class indices; or 0 or 1, (n, n_labels), where they do not exclude each other.
        human: float64 (n, n_classes), the share of raters per class; None where nobody counted.
        columns: the further columns of the data, each with n values.
    """

    ids: list[str]
    texts: list[str]
    labels: NDArray[np.int64]
    human: NDArray[np.float64] | None
    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    def select(self, rows: NDArray[np.int64]) -> Split:
        """Return the given rows, int64 (n_chosen,), in the given order."""
        chosen = rows.tolist()
        return Split(
            ids=[self.ids[row] for row in chosen],
            texts=[self.texts[row] for row in chosen],
            labels=self.labels[rows],
            human=None if self.human is None else self.human[rows],
            columns={name: [values[row] for row in chosen] for name, values in self.columns.items()},
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Corpus:
    """A data set, ready to be tokenized.

    Attributes:
        name: the source, such as `snippets`.
        class_names: names of the classes 0, 1, ….
        train: what models learn from.
        validation: what the monitor looks at.
        calibration: held out of train for temperature and conformal sets; None where its size is 0.
        test: looked at once, at the end; None where there is none.
        notices: one-line facts to show, such as how many rows were skipped.
        fingerprint: a hash of the content of all splits but those from elsewhere, 32 hexadecimal digits.
        positive: of two classes the index of the one that F1, precision, recall and rankings are about.
        task: what the labels mean.
        check: labeled rows from where the model will be used, never trained on; None where there are none.
        evaluations: further labeled rows by name, on which the finished model is measured and nothing is
            decided.
        corrections: the names of labels that replaced others, by id of the row.
        uncorrected: the fingerprint of the labels as they were given; None where none was corrected.
    """

    name: str
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    calibration: Split | None
    test: Split | None
    notices: tuple[str, ...]
    fingerprint: str
    positive: int = 1
    task: Task = CLASSIFICATION
    check: Split | None = None
    evaluations: Mapping[str, Split] = field(default_factory=dict)
    corrections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uncorrected: str | None = None

    @property
    def given_fingerprint(self) -> str:
        """What two corpora share that differ in corrected labels alone."""
        return self.uncorrected or self.fingerprint

    @property
    def outside(self) -> dict[str, Split]:
        """The rows from elsewhere, by the name of their metrics: `check`, `evaluation/<name>`."""
        check = {} if self.check is None else {"check": self.check}
        return check | {f"evaluation/{name}": split for name, split in self.evaluations.items()}


def content_hash(*parts: list[str] | NDArray[Any]) -> str:
    """Return 32 hexadecimal digits that stand for lists of strings and arrays, in their order.

    Lengths are hashed too, so that moving a character from one string to the next changes the result.

    >>> content_hash(["ab", "c"]) == content_hash(["a", "bc"])
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            digest.update(np.array([len(part), *map(len, part)], dtype=np.int64).tobytes())
            for begin in range(0, len(part), HASHED_AT_ONCE):
                digest.update("".join(part[begin : begin + HASHED_AT_ONCE]).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def corpus_fingerprint(class_names: tuple[str, ...], *splits: Split | None) -> str:
    """Return the hash of class names and of ids, texts, labels and human shares of all splits."""
    parts: list[list[str] | NDArray[Any]] = [list(class_names)]
    for split in splits:
        if split is None:
            parts.append(["no split"])
            continue
        parts += [split.ids, split.texts, split.labels]
        if split.human is not None:
            parts.append(split.human)
    return content_hash(*parts)
