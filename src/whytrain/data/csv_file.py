"""A user's own data: CSV, TSV, JSON, Parquet or Arrow, any number of classes or labels."""

from __future__ import annotations

from dataclasses import dataclass

from whytrain.config.known_file import known_file
from whytrain.config.validation import did_you_mean
from whytrain.data.corpus import Corpus
from whytrain.data.files import FileFormat, RawTable, read_table
from whytrain.data.files.table import Quoting
from whytrain.data.labeled_rows import labeled_corpus
from whytrain.data.source import Source
from whytrain.errors import MissingDataError
from whytrain.tasks import CLASSIFICATION, Task

_QUICKLY_READ = 5_000_000  # bytes


@dataclass(frozen=True, kw_only=True)
class CSVFile(Source):
    """Sentences and string labels from a file of rows.

    Classes are the labels of `path`, sorted: as numbers where all are numbers, else as strings.

    Attributes:
        path: the training data; also the source of validation (10%) where `validation_path` is None, and
            then of test (10%) where `test_path` is None too.
        validation_path: the validation data, or None.
        test_path: the test data, or None.
        text_column: name of the column of texts.
        label_column: name of the column of labels.
        id_column: name of the column of ids, or None for the number of the row.
        merge_labels: whether spellings of one class are brought together; see `LabelNames`.
        delimiter: as `quoting`, `encoding` and `header` how text files are written; see `FileFormat`.
    """

    path: str
    validation_path: str | None
    test_path: str | None
    text_column: str
    label_column: str
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
        for setting, path in (paths | self.outside_paths).items():
            if path is not None:
                file = known_file(path, setting)
                if file.stat().st_size <= _QUICKLY_READ:
                    self._check_columns(path, read_table(file, self._format, self._columns))

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
            stage: read_table(
                known_file(path, settings.get(stage, f"data.{stage}_path")), self._format, self._columns
            )
            for stage, path in paths.items()
            if path is not None
        }
        for stage, table in tables.items():
            self._check_columns(str(paths[stage]), table)
        return labeled_corpus(
            self,
            "csv",
            tables,
            text_column=self.text_column,
            label_column=self.label_column,
            id_column=self.id_column,
            merge_labels=self.merge_labels,
            task=task,
            file_format=self._format,
        )

    def _check_columns(self, path: str, table: RawTable) -> None:
        named = {key: getattr(self, key) for key in ("text_column", "label_column", "id_column")}
        gone = {key: name for key, name in named.items() if name is not None and name not in table.columns}
        if gone and table.columns:
            said = " and ".join(f"data.{key}={name}" for key, name in gone.items())
            choices = did_you_mean(next(iter(gone.values())), list(table.columns))
            such = "column" if len(gone) == 1 else "columns"
            raise MissingDataError(f"{said}: {path} has no such {such}; {choices}{table.hint}")

    @property
    def _format(self) -> FileFormat:
        return FileFormat(
            delimiter=self.delimiter,
            quoting=self.quoting,
            encoding=self.encoding,
            header=self.header,
            prefix="data.",
        )

    @property
    def _columns(self) -> list[str]:
        return [name for name in (self.text_column, self.label_column, self.id_column) if name is not None]
