"""A user's own data: CSV, TSV, JSON lines or Parquet, any number of classes or labels."""

from __future__ import annotations

from dataclasses import dataclass

from whytrain.data.assembly import assemble
from whytrain.data.cleaning import CleanRows, clean_rows, known_file
from whytrain.data.corpus import Corpus, Split
from whytrain.data.reading import read_table
from whytrain.data.source import Source
from whytrain.data.splits import stratified_parts
from whytrain.tasks import CLASSIFICATION, Task

# Shares of the sentences that are held out where no file is given for them.
VALIDATION_SHARE = TEST_SHARE = 0.1
SEPARATORS = ";|,"  # of lists of labels


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

    def load(self, task: Task = CLASSIFICATION) -> Corpus:
        """Return the corpus.

        Args:
            task: how the column of labels is read.

        Raises:
            DataError: if a file or column is missing, rows cannot be used, or classes are too few.
        """
        rows = self._rows("train" if self.validation_path else "row", self.path, "data.path", task, None)
        class_names = _sorted_labels({name for names in rows.labels for name in names})
        notices = rows.notices
        if task.exclusive:
            notices += _like_lists(class_names)
        given: dict[str, Split | None] = {"validation": None, "test": None}
        for stage, path in (("validation", self.validation_path), ("test", self.test_path)):
            if path is not None:
                held_out = self._rows(stage, path, f"data.{stage}_path", task, class_names)
                notices += held_out.notices
                given[stage] = _split(held_out, class_names, task)
        train, validation, test = _split(rows, class_names, task), given["validation"], given["test"]
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
            task=task,
        )

    def _rows(
        self, stage: str, path: str, setting: str, task: Task, known_labels: tuple[str, ...] | None
    ) -> CleanRows:
        return clean_rows(
            read_table(known_file(path, setting)),
            text_column=self.text_column,
            label_column=self.label_column,
            make_id=f"{stage}-{{}}".format,
            id_column=self.id_column,
            task=task,
            known_labels=known_labels,
            on_bad_row=self.on_bad_row,
        )


def _sorted_labels(distinct: set[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(distinct, key=lambda label: (int(label), label)))
    except ValueError:
        return tuple(sorted(distinct))


def _like_lists(class_names: tuple[str, ...]) -> tuple[str, ...]:
    """Say so where classes look like lists of labels: fewer names than classes, once they are split."""
    for separator in SEPARATORS:
        joined = [name for name in class_names if separator in name]
        parts = {part.strip() for name in class_names for part in name.split(separator)}
        if len(joined) > 1 and len(parts) < len(class_names):
            return (
                f"{len(joined)} of {len(class_names)} classes look like lists of labels, such as "
                f'{joined[0]}: task=multilabel task.separator="{separator}" would read {len(parts)} labels.',
            )
    return ()


def _split(rows: CleanRows, class_names: tuple[str, ...], task: Task) -> Split:
    labels = task.encode(rows.labels, class_names)
    return Split(ids=rows.ids, texts=rows.texts, labels=labels, human=None, columns=rows.columns)
