"""A user's own data: CSV, TSV, JSON, Parquet or Arrow, any number of classes or labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from whytrain.config.known_file import known_file
from whytrain.config.validation import did_you_mean
from whytrain.data.corpus import Corpus
from whytrain.data.files import FileFormat, RawTable, read_table
from whytrain.data.files.columns import found_columns
from whytrain.data.files.table import Quoting
from whytrain.data.labeled_rows import labeled_corpus
from whytrain.data.source import Source
from whytrain.errors import MissingDataError
from whytrain.tasks import CLASSIFICATION, Task

_QUICKLY_READ = 5_000_000  # bytes
_USUAL = ("text", "label")


@dataclass(frozen=True, kw_only=True)
class CSVFile(Source):
    """Sentences and string labels from a file of rows.

    Classes are the labels of `path`, sorted: as numbers where all are numbers, else as strings.

    Attributes:
        path: the training data; also the source of validation (10%) where `validation_path` is None, and
            then of test (10%) where `test_path` is None too.
        validation_path: the validation data, or None.
        test_path: the test data, or None.
        text_column: as `label_column` the name of a column; None to find it in `path`.
        id_column: name of the column of ids, or None for the number of the row.
        merge_labels: whether spellings of one class are brought together; see `LabelNames`.
        delimiter: as `quoting`, `encoding` and `header` how text files are written; see `FileFormat`.
    """

    path: str
    validation_path: str | None
    test_path: str | None
    text_column: str | None
    label_column: str | None
    id_column: str | None
    merge_labels: bool
    delimiter: str | None
    quoting: Quoting | None
    encoding: str | None
    header: bool | None

    def look(self) -> None:
        """Refuse files and columns that are not there; the columns of a large file are checked later.

        Raises:
            MissingDataError: naming the key that is to be changed.
        """
        super().look()
        paths = {f"data.{stage}path": getattr(self, f"{stage}path") for stage in ("", "validation_", "test_")}
        text, label = self.text_column, self.label_column
        for setting, path in (paths | self.outside_paths).items():
            if path is not None:
                file = known_file(path, setting)
                if file.stat().st_size <= _QUICKLY_READ:
                    table = self._table(file)
                    if setting == "data.path":
                        text, label = self._columns(table)
                    self._check_columns(path, table, text, label)

    def prepare(self) -> None:
        """Do nothing: the files are the user's."""

    def load(self, task: Task = CLASSIFICATION) -> Corpus:
        """Return the corpus.

        Args:
            task: how the column of labels is read.

        Raises:
            DataError: if a file or column is missing, rows cannot be used, or classes are too few.
            ConfigError: if a setting cannot be what it says.
        """
        paths = {"train": self.path, "validation": self.validation_path, "test": self.test_path}
        settings = {"train": "data.path"}
        tables = {
            stage: self._table(known_file(path, settings.get(stage, f"data.{stage}_path")))
            for stage, path in paths.items()
            if path is not None
        }
        text, label = self._columns(tables["train"])
        for stage, table in tables.items():
            self._check_columns(str(paths[stage]), table, text, label)
        usual = (text, label) == _USUAL
        found = f"{Path(self.path).name}: the text is in column {text}, the {task.noun} in {label}."
        return labeled_corpus(
            self,
            "csv",
            tables,
            text_column=text,
            label_column=label,
            id_column=self.id_column,
            merge_labels=self.merge_labels,
            task=task,
            file_format=self._format,
            notices=() if usual or None not in (self.text_column, self.label_column) else (found,),
        )

    def _table(self, file: Path) -> RawTable:
        wanted = (self.text_column or _USUAL[0], self.label_column or _USUAL[1], self.id_column)
        return read_table(file, self._format, [name for name in wanted if name is not None])

    def _columns(self, train: RawTable) -> tuple[str, str]:
        """Return the columns of texts and labels, which all files share."""
        if not train.columns:
            return self.text_column or _USUAL[0], self.label_column or _USUAL[1]
        given = {"text": self.text_column, "label": self.label_column}
        self._check_columns(self.path, train, **given)
        return found_columns(train, **given, id_column=self.id_column)

    def _check_columns(self, path: str, table: RawTable, text: str | None, label: str | None) -> None:
        named = {"text_column": text, "label_column": label, "id_column": self.id_column}
        gone = {key: name for key, name in named.items() if name is not None and name not in table.columns}
        if gone and table.columns:
            said = " and ".join(f"data.{key}={name}" for key, name in gone.items())
            choices = did_you_mean(next(iter(gone.values())), list(table.columns))
            such = "column" if len(gone) == 1 else "columns"
            raise MissingDataError(f"{said}: {path} has no such {such}; {choices}{table.or_else}")

    @property
    def _format(self) -> FileFormat:
        return FileFormat(
            delimiter=self.delimiter,
            quoting=self.quoting,
            encoding=self.encoding,
            header=self.header,
            prefix="data.",
        )
