"""SST-2: movie-review phrases, positive or negative (Socher et al., 2013; GLUE's version)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from whytrain.config.known_file import known_file
from whytrain.data.assembly import assemble
from whytrain.data.cache import cache_directory, exclusive, staged
from whytrain.data.cleaning import clean_rows
from whytrain.data.corpus import Corpus, Split
from whytrain.data.files import FileFormat, RawTable, read_table
from whytrain.data.huggingface import hub_dataset
from whytrain.data.label_names import LabelNames
from whytrain.data.outside import RowReader
from whytrain.data.source import Source
from whytrain.errors import DataError
from whytrain.tasks import CLASSIFICATION, Task

HUB_NAME = "stanfordnlp/sst2"
CLASS_NAMES = ("negative", "positive")
# GLUE does not quote: a quotation mark is a token like any other.
_GLUE_FORMAT = FileFormat(delimiter="tab", quoting="none", header=True)


@dataclass(frozen=True, kw_only=True)
class SST2(Source):
    """67,349 train phrases and the 872 sentences of the official dev set, which is the validation set.

    Attributes:
        path: a folder with GLUE's `train.tsv` and `dev.tsv` (header `sentence<TAB>label`), or None for the
            hub and its cache.
        test_path: a labeled file of the same form, or None: then there is no test set.
    """

    path: str | None
    test_path: str | None

    one_class = True

    def prepare(self) -> None:
        """Fetch the hub's data into the cache folder, unless it is there or `path` is given.

        Raises:
            DataError: if the hub is out of reach and its cache is empty.
        """
        folder = cache_directory() / "sst2"
        if self.path is not None or folder.is_dir():
            return
        with exclusive(folder):
            if not folder.is_dir():
                with staged(folder) as staging:
                    _fetch(staging / folder.name)

    def load(self, task: Task = CLASSIFICATION) -> Corpus:
        """Return the corpus; the calibration slice comes out of train.

        Raises:
            DataError: if a file is missing or rows cannot be used.
            ConfigError: if the task is not classification.
        """
        self.check(task)
        self.prepare()
        train, train_notices = self._split("train", self._table("train"))
        validation, validation_notices = self._split("validation", self._table("dev"))
        test: Split | None = None
        test_notices: tuple[str, ...] = ()
        if self.test_path is not None:
            test, test_notices = self._split("test", _glue(known_file(self.test_path, "data.test_path")))
        return assemble(
            self,
            "sst2",
            CLASS_NAMES,
            train=train,
            validation=validation,
            test=test,
            notices=train_notices + validation_notices + test_notices,
            reader=RowReader(
                names=LabelNames.numbered(CLASS_NAMES), text_column="sentence", format=_GLUE_FORMAT
            ),
        )

    def _split(self, stage: str, table: RawTable) -> tuple[Split, tuple[str, ...]]:
        rows = clean_rows(
            table,
            text_column="sentence",
            label_column="label",
            make_id=f"{stage}-{{}}".format,
            id_column=None,
            task=CLASSIFICATION,
            known=LabelNames({"0": "0", "1": "1"}, merges=True),
            on_bad_row=self.on_bad_row,
        )
        labels = CLASSIFICATION.encode(rows.labels, ("0", "1"))
        return Split(ids=rows.ids, texts=rows.texts, labels=labels, human=None, columns={}), rows.notices

    def _table(self, name: str) -> RawTable:
        if self.path is None:
            return read_table(cache_directory() / "sst2" / f"{name}.parquet")
        return _glue(known_file(self.path, "data.path", folder=True) / f"{name}.tsv")


def _glue(path: Path) -> RawTable:
    return read_table(path, _GLUE_FORMAT)


def _fetch(folder: Path) -> None:
    """Write the hub's splits as `train.parquet` and `dev.parquet`."""
    try:
        hub = hub_dataset(HUB_NAME)
    except DataError as error:
        raise DataError(
            f"{HUB_NAME} is out of reach and not in the hub's cache ({type(error.__cause__).__name__}); set "
            "data.path to a folder with GLUE's train.tsv and dev.tsv, or use data=snippets."
        ) from error
    folder.mkdir()
    hub["train"].to_parquet(folder / "train.parquet")
    hub["validation"].to_parquet(folder / "dev.parquet")
