"""Labeled rows from elsewhere, which are never trained on: the check sample and the evaluation sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from whytrain.config.known_file import known_file
from whytrain.config.validation import did_you_mean
from whytrain.counted import counted
from whytrain.data.cleaning import clean_rows
from whytrain.data.corpus import Split, content_hash
from whytrain.data.files import FileFormat, RawTable, read_table
from whytrain.data.label_names import LabelNames
from whytrain.data.source import Source
from whytrain.data.splits import shared_texts
from whytrain.errors import MissingDataError
from whytrain.tasks import CLASSIFICATION, Task

CHECK = "check"
FEW_ROWS = 50


@dataclass(frozen=True, kw_only=True)
class RowReader:
    """How labeled rows are read from a file: as those of the training data.

    Attributes:
        names: the classes, and which spellings stand for them.
        text_column: name of the column of texts.
        label_column: name of the column of labels.
        id_column: name of the column of ids; None to number the rows.
        format: how text files are written.
        task: what the labels mean.
    """

    names: LabelNames
    text_column: str = "text"
    label_column: str = "label"
    id_column: str | None = None
    format: FileFormat = field(default_factory=FileFormat)
    task: Task = CLASSIFICATION


class Outside(NamedTuple):
    """Rows from elsewhere.

    Attributes:
        check: labeled rows from where the model will be used; None where there are none.
        evaluations: further labeled rows by name, on which nothing is decided.
        notices: what is to be known of them, a line each.
    """

    check: Split | None
    evaluations: Mapping[str, Split]
    notices: tuple[str, ...]


def outside_rows(
    source: Source, reader: RowReader, class_names: tuple[str, ...], train_texts: list[str]
) -> Outside:
    """Read the files that a source names beside its training data.

    Args:
        source: names them, and says what to do with bad rows.
        reader: how they are read.
        class_names: of the training data.
        train_texts: sentences that the rows should not repeat.

    Raises:
        DataError: a file or column is missing, or rows cannot be used.
    """
    splits: dict[str, Split] = {}
    notices: tuple[str, ...] = ()
    for setting, path in source.outside_paths.items():
        name = setting.rpartition(".")[2].removesuffix("_path")
        table = read_table(known_file(path, setting), reader.format)
        _check_columns(table, path, reader)
        rows = clean_rows(
            table,
            text_column=reader.text_column,
            label_column=reader.label_column,
            make_id=f"{name}-{{}}".format,
            id_column=reader.id_column,
            task=reader.task,
            known=reader.names,
            on_bad_row=source.on_bad_row,
        )
        labels = reader.task.encode(rows.labels, class_names)
        splits[setting] = Split(
            ids=rows.ids, texts=rows.texts, labels=labels, human=None, columns=rows.columns
        )
        shared = shared_texts(train_texts, rows.texts)
        notices += rows.notices
        if shared:
            notices += (
                f"{shared:,} of {len(rows.texts):,} rows of {setting} stand in train too: "
                "their accuracy says little about new sentences.",
            )
    check = splits.pop(source.CHECK_SETTING, None)
    notices += _too_little(check, reader.task, class_names)
    evaluations = {setting.rpartition(".")[2]: split for setting, split in splits.items()}
    return Outside(check, evaluations, notices)


def _too_little(check: Split | None, task: Task, class_names: tuple[str, ...]) -> tuple[str, ...]:
    """Say where a check sample cannot tell much."""
    if check is None:
        return ()
    found = []
    if len(check) < FEW_ROWS:
        found.append(f"The check sample has {counted(len(check), 'row')}: 100 to 500 can tell what misleads.")
    if task.exclusive and len(np.unique(check.labels)) == 1:
        name = class_names[int(check.labels[0])]
        found.append(f"All rows of the check sample are {name}: give rows of each class.")
    return tuple(found)


def _check_columns(table: RawTable, path: str, reader: RowReader) -> None:
    for name in (reader.text_column, reader.label_column, reader.id_column):
        if name is not None and table.columns and name not in table.columns:
            choices = did_you_mean(name, list(table.columns))
            raise MissingDataError(
                f"{path} has no column {name}, as the training data has; {choices}{table.or_else}"
            )


def outside_fingerprint(split: Split) -> str:
    """Return the hash of the ids, texts and labels of rows from elsewhere, 32 hexadecimal digits."""
    return content_hash(split.ids, split.texts, split.labels)
