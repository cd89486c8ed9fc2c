"""From cleaned splits to a corpus: the calibration slice, and what a person should know of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from whytrain.data.cache import cache_directory, remembered
from whytrain.data.corpus import Corpus, Split, content_hash, corpus_fingerprint
from whytrain.data.corrections import corrected
from whytrain.data.label_names import few_of
from whytrain.data.outside import RowReader, outside_rows
from whytrain.data.source import Source
from whytrain.data.splits import (
    CalibrationSlice,
    calibration_slice,
    sentence_groups,
    shared_texts,
    stratified_parts,
)
from whytrain.errors import ConfigError, DataError
from whytrain.tasks import CLASSIFICATION, Task

# The slice may not eat a small data set: at most this share of train is held out.
LARGEST_SLICE = 0.2
SHOWN_CLASSES = 5
# A column of labels is doubted where it has as many values, and at least half of them in fewer rows.
MANY_CLASSES, FEW_ROWS = 20, 3
# Parts of cache keys: raise one when the slice, or the parts of a data set, are chosen in another way.
SLICE_FORMAT, PARTS_FORMAT = "2", "1"


def assemble(
    source: Source,
    name: str,
    class_names: tuple[str, ...],
    *,
    train: Split,
    validation: Split,
    test: Split | None,
    notices: tuple[str, ...],
    reader: RowReader,
) -> Corpus:
    """Cut the calibration slice out of train, correct labels, check the classes, add rows from elsewhere.

    Raises:
        DataError: if there are fewer than two classes in train, or no row in train or validation.
        ConfigError: if the positive class is none of the two classes, or there are more.
    """
    task = reader.task
    doubts = _about_many_classes(class_names, [train, validation, *filter(None, [test])], reader)
    _check_classes(class_names, train, validation, task, doubts)
    positive = positive_index(class_names, source.positive_class, task)
    notices += _about_shared_rows(train, validation, test)
    outside = outside_rows(source, reader, class_names, train.texts)
    parts, about_slice = _hold_out(train, source)
    given = {"train": train, "validation": validation} | parts
    in_no_split = set(train.ids).difference(*(split.ids for split in given.values()))
    fixed = [*in_no_split, *(() if test is None else test.ids)]
    found = corrected(source, given, fixed=fixed, reader=reader, class_names=class_names)
    splits = found.splits
    _check_classes(class_names, splits["train"], splits["validation"], task, doubts)
    about_classes = _about_rare_classes(class_names, splits["train"], splits["validation"], test, task)
    return Corpus(
        name=name,
        class_names=class_names,
        train=splits["train"],
        validation=splits["validation"],
        calibration=splits.get("calibration"),
        test=test,
        notices=(*doubts, *notices, *outside.notices, *about_slice, *found.notices, *about_classes),
        fingerprint=_fingerprint(class_names, splits, test),
        positive=positive,
        task=task,
        check=outside.check,
        evaluations=outside.evaluations,
        corrections=found.labels,
        uncorrected=_fingerprint(class_names, given, test) if found.labels else None,
    )


def positive_index(
    class_names: tuple[str, ...], positive_class: str | int | None, task: Task = CLASSIFICATION
) -> int:
    """Return the index of the positive class, the second where none is named.

    >>> positive_index(("ham", "spam"), None), positive_index(("0", "1"), 0)
    (1, 0)

    Raises:
        ConfigError: it is not one of the classes, or there are more than two, or they are labels.
    """
    if positive_class is None:
        return 1
    if len(class_names) > 2 or not task.exclusive:
        raise ConfigError(
            f"data.positive_class={positive_class}: the data has {len(class_names)} {task.nouns}, whose "
            f"metrics are means over {task.nouns}; a positive one is for two classes, leave it null"
        )
    if str(positive_class) not in class_names:
        raise ConfigError(
            f"data.positive_class={positive_class}: no such class; choices: {few_of(class_names)}"
        )
    return class_names.index(str(positive_class))


def parts_of(rows: Split, shares: tuple[float, ...], seed: int) -> list[NDArray[np.int64]]:
    """Hold parts out of rows, from the cache folder where it was done before: see `stratified_parts`.

    Rows that contain one another stay together (`sentence_groups`).

    Args:
        rows: all of them.
        shares: of each part that is held out.
        seed: `data.split_seed`.
    """

    def read(path: Path) -> list[NDArray[np.int64]] | None:
        try:
            with np.load(path) as stored:
                return [np.flatnonzero(stored["part"] == part) for part in range(len(shares) + 1)]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def write(path: Path, parts: list[NDArray[np.int64]]) -> None:
        part_of_row = np.empty(len(rows), dtype=np.int64)
        for number, part in enumerate(parts):
            part_of_row[part] = number
        np.savez(path, part=part_of_row)

    key = content_hash(rows.texts, rows.labels, [str(shares), str(seed), PARTS_FORMAT])
    return remembered(
        cache_directory() / "parts" / f"{key}.npz",
        read,
        make=lambda: stratified_parts(
            rows.texts, rows.labels, shares, seed, groups=sentence_groups(rows.texts)
        ),
        write=write,
    )


def _about_shared_rows(train: Split, validation: Split, test: Split | None) -> tuple[str, ...]:
    return tuple(
        f"{shared:,} of {len(split):,} {stage} rows stand in train too: "
        f"their accuracy says little about new sentences."
        for stage, split in (("validation", validation), ("test", test))
        if split is not None and (shared := shared_texts(train.texts, split.texts))
    )


def _hold_out(train: Split, source: Source) -> tuple[dict[str, Split], tuple[str, ...]]:
    """Return the splits that a calibration slice makes of train, none where its size is 0, and notices."""
    size = min(source.calibration_size, int(len(train) * LARGEST_SLICE))
    if not size:
        return {}, ()
    parts = _remembered_slice(train, size, source.split_seed)
    notices: list[str] = []
    if len(parts.calibration) < source.calibration_size:
        notices.append(
            f"{len(parts.calibration):,} train rows, not {source.calibration_size:,}, are held out to check "
            f"its confidence (calibration): at most {LARGEST_SLICE:.0%} of train, in whole sentences."
        )
    if n := parts.n_dropped:
        notices.append(
            f"{n:,} of {len(train):,} train rows {'is' if n == 1 else 'are'} left out: copies or parts of "
            "sentences that are held out."
        )
    selected = {"train": train.select(parts.train), "calibration": train.select(parts.calibration)}
    return selected, tuple(notices)


def _remembered_slice(train: Split, size: int, seed: int) -> CalibrationSlice:
    """Return the slice from the cache folder, or find it: half a second for SST-2."""

    def read(path: Path) -> CalibrationSlice | None:
        try:
            with np.load(path) as stored:
                return CalibrationSlice(stored["train"], stored["calibration"], int(stored["n_dropped"]))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    key = content_hash(train.texts, train.labels, [str(size), str(seed), SLICE_FORMAT])
    return remembered(
        cache_directory() / "slices" / f"{key}.npz",
        read,
        make=lambda: calibration_slice(train.texts, train.labels, size, seed),
        write=lambda path, parts: np.savez(path, **parts._asdict()),
    )


def _fingerprint(class_names: tuple[str, ...], splits: Mapping[str, Split], test: Split | None) -> str:
    return corpus_fingerprint(
        class_names, splits["train"], splits["validation"], splits.get("calibration"), test
    )


def _n_rows_of_classes(split: Split, n_classes: int) -> NDArray[np.int64]:
    """Return how many rows have each class or label, int64 (n_classes,)."""
    counts: NDArray[np.int64] = (
        np.bincount(split.labels, minlength=n_classes) if split.labels.ndim == 1 else split.labels.sum(axis=0)
    )
    return counts


def _about_many_classes(
    class_names: tuple[str, ...], splits: Sequence[Split], reader: RowReader
) -> tuple[str, ...]:
    """Ask whether the column of labels is the right one where nearly every row has a value of its own.

    A date, a number or a name has so many values that hardly any of them can be learned; so would classes.
    """
    counts = np.sum([_n_rows_of_classes(split, len(class_names)) for split in splits], axis=0)
    if len(class_names) < MANY_CLASSES or np.median(counts) >= FEW_ROWS:
        return ()
    nouns, n_rows, n_rare = reader.task.nouns, sum(map(len, splits)), int((counts < FEW_ROWS).sum())
    return (
        f"{len(class_names):,} {nouns} in {n_rows:,} rows, {n_rare:,} of them in fewer than {FEW_ROWS}: does "
        f"column {reader.label_column} really hold the {nouns} (data.label_column)?",
    )


def _check_classes(
    class_names: tuple[str, ...], train: Split, validation: Split, task: Task, doubts: tuple[str, ...]
) -> None:
    present = np.flatnonzero(_n_rows_of_classes(train, len(class_names)))
    if len(present) < 2:  # two classes are what classification means
        found = ", ".join(class_names[label] for label in present) or "none"
        raise DataError(f"{task.title} needs at least 2 {task.nouns}; train has {len(present)}: {found}.")
    if not len(validation):
        mend = doubts or ("Give more data, or data.validation_path.",)
        raise DataError(
            f"No row is left for validation ({len(train):,} in train): equal sentences stay on one side, "
            f"and the last one of a class in train. {mend[0]}"
        )


def _about_rare_classes(
    class_names: tuple[str, ...], train: Split, validation: Split, test: Split | None, task: Task
) -> tuple[str, ...]:
    notices: list[str] = []
    for stage, split in (("train", train), ("validation", validation), ("test", test)):
        if split is None:
            continue
        counts = _n_rows_of_classes(split, len(class_names))
        for found, times in (("No", 0), ("Only one", 1)):
            rare = [class_names[label] for label in np.flatnonzero(counts == times)]
            if rare and (times == 0 or split is train):
                shown = ", ".join(rare[:SHOWN_CLASSES]) + (", …" if len(rare) > SHOWN_CLASSES else "")
                notices.append(f"{found} row of {stage} has the {task.noun} {shown}.")
    return tuple(notices)
