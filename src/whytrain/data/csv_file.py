"""A user's own data: CSV, TSV, JSON lines or Parquet, any number of classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whytrain.data.assembly import assemble
from whytrain.data.cleaning import CleanRows, clean_rows, known_file
from whytrain.data.corpus import Corpus, Split
from whytrain.data.reading import read_table
from whytrain.data.source import Source
from whytrain.data.splits import stratified_parts

# Shares of the sentences that are held out where no file is given for them.
VALIDATION_SHARE = TEST_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class CSVFile(Source):
    """Sentences and string labels from a .csv, .tsv, .jsonl or .parquet file.

    Classes are the labels of `path`, sorted: as numbers where all are whole numbers, else as strings.

    Attributes:
        path: the training data; also the source of validation (10%) where `validation_path` is None, and
            then of test (10%) where `test_path` is None too.
        validation_path: the validation data, or None.
        test_path: the test data, or None.
        text_column: name of the column of texts.
        label_column: name of the column of labels.
        id_column: name of the column of ids, or None for the number of the row.
    """

    path: str
    validation_path: str | None
    test_path: str | None
    text_column: str
    label_column: str
    id_column: str | None

    def prepare(self) -> None:
        """Do nothing: the files are the user's."""

    def load(self) -> Corpus:
        """Return the corpus.

        Raises:
            DataError: if a file or column is missing, rows cannot be used, or classes are too few.
        """
        rows = self._rows("train" if self.validation_path else "row", self.path, "data.path", None)
        class_names = _sorted_labels(rows.labels)
        notices = rows.notices
        given: dict[str, Split | None] = {"validation": None, "test": None}
        for stage, path in (("validation", self.validation_path), ("test", self.test_path)):
            if path is not None:
                held_out = self._rows(stage, path, f"data.{stage}_path", class_names)
                notices += held_out.notices
                given[stage] = _split(held_out, class_names)
        train, validation, test = _split(rows, class_names), given["validation"], given["test"]
        if validation is None:
            shares = (VALIDATION_SHARE,) if test is not None else (VALIDATION_SHARE, TEST_SHARE)
            parts = [
                train.select(part)
                for part in stratified_parts(train.texts, train.labels, shares, self.split_seed)
            ]
            train, validation = parts[:2]
            test = parts[2] if test is None else test
        return assemble(
            self,
            "csv",
            class_names,
            train=train,
            validation=validation,
            test=test if test is not None and len(test) else None,
            notices=notices,
        )

    def _rows(self, stage: str, path: str, setting: str, known_labels: tuple[str, ...] | None) -> CleanRows:
        return clean_rows(
            read_table(known_file(path, setting)),
            text_column=self.text_column,
            label_column=self.label_column,
            make_id=f"{stage}-{{}}".format,
            id_column=self.id_column,
            known_labels=known_labels,
            on_bad_row=self.on_bad_row,
        )


def _sorted_labels(labels: list[str]) -> tuple[str, ...]:
    distinct = set(labels)
    try:
        return tuple(sorted(distinct, key=lambda label: (int(label), label)))
    except ValueError:
        return tuple(sorted(distinct))


def _split(rows: CleanRows, class_names: tuple[str, ...]) -> Split:
    numbers = {name: number for number, name in enumerate(class_names)}
    labels = np.array([numbers[label] for label in rows.labels], dtype=np.int64)
    return Split(ids=rows.ids, texts=rows.texts, labels=labels, human=None, columns=rows.columns)
