"""Rows from elsewhere: read as the training data, beside it, and never a part of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from whytrain.data.csv_file import CSVFile
from whytrain.data.sst2 import SST2
from whytrain.errors import ConfigError, DataError, MissingDataError

Write = Callable[..., Path]


def write(path: Path, *lines: str) -> str:
    """Write a file of lines, and return its path."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def training(tmp_path: Path) -> str:
    """Return a file of 40 rows of two classes."""
    rows = [f"sentence number {i},{'Spam' if i % 2 else 'ham'}" for i in range(40)]
    return write(tmp_path / "train.csv", "text,label", *rows)


def test_rows_from_elsewhere_stand_beside_the_splits(
    csv_source: Callable[..., CSVFile], training: str, tmp_path: Path
) -> None:
    check = write(tmp_path / "check.csv", "text,label", "free money,spam", "see you,HAM")
    clean = write(tmp_path / "clean.csv", "text,label", "see you soon,ham")
    alone = csv_source(training).load()
    corpus = csv_source(training, check_path=check, evaluation_paths={"clean": clean}).load()
    assert corpus.check is not None
    assert corpus.class_names == ("Spam", "ham")
    assert corpus.check.labels.tolist() == [0, 1]  # by name, whatever its case
    assert corpus.check.ids == ["check-0", "check-1"]
    assert list(corpus.outside) == ["check", "evaluation/clean"]
    assert corpus.outside["evaluation/clean"].texts == ["see you soon"]
    assert corpus.train.texts == alone.train.texts
    assert corpus.fingerprint == alone.fingerprint  # what is learned from is the same


def test_rows_that_stand_in_train_are_said(
    csv_source: Callable[..., CSVFile], training: str, tmp_path: Path
) -> None:
    texts = csv_source(training).load().train.texts
    check = write(tmp_path / "check.csv", "text,label", f"{texts[0].upper()},ham", "see you,ham")
    notices = csv_source(training, check_path=check).load().notices
    assert "1 of 2 rows of data.check_path stand in train too" in " ".join(notices)


def test_a_check_sample_that_can_tell_little_is_said(
    csv_source: Callable[..., CSVFile], training: str, tmp_path: Path
) -> None:
    one = write(tmp_path / "one.csv", "text,label", *(f"message {i},ham" for i in range(60)))
    assert csv_source(training, check_path=one).load().notices == (
        "All rows of the check sample are ham: give rows of each class.",
    )
    few = write(tmp_path / "few.csv", "text,label", "free money,spam", "see you,ham")
    assert csv_source(training, check_path=few).load().notices == (
        "The check sample has 2 rows: 100 to 500 can tell what misleads.",
    )


def test_faults_are_one_line_that_names_the_setting(
    csv_source: Callable[..., CSVFile], training: str, tmp_path: Path
) -> None:
    other = write(tmp_path / "other.csv", "text,label", "free money,offer")
    with pytest.raises(DataError, match=r"other\.csv: 1 row cannot be used: 1 with a label other than"):
        csv_source(training, check_path=other).load()
    renamed = write(tmp_path / "renamed.csv", "body,label", "free money,ham")
    with pytest.raises(MissingDataError, match="text"):
        csv_source(training, check_path=renamed).load()
    with pytest.raises(MissingDataError, match=r"data\.check_path=nowhere\.csv does not exist"):
        csv_source(training, check_path="nowhere.csv").look()
    with pytest.raises(MissingDataError, match=r"data\.evaluation_paths\.clean=nowhere"):
        csv_source(training, evaluation_paths={"clean": "nowhere.csv"}).look()
    with pytest.raises(ConfigError, match="my set: expected a name"):
        csv_source(training, evaluation_paths={"my set": other})
    with pytest.raises(ConfigError, match="check: expected a name"):
        csv_source(training, evaluation_paths={"check": other})


def test_sst2_reads_classes_by_number_or_name(sst2_source: Callable[..., SST2], tmp_path: Path) -> None:
    rows = [f"sentence number {i}\t{i % 2}" for i in range(30)]
    write(tmp_path / "train.tsv", "sentence\tlabel", *rows)
    write(tmp_path / "dev.tsv", "sentence\tlabel", "one more\t1", "another\t0")
    check = write(tmp_path / "check.tsv", "sentence\tlabel", 'a "fine film\tpositive', "dull\t0")
    corpus = sst2_source(tmp_path, check_path=check).load()
    assert corpus.check is not None
    assert corpus.check.labels.tolist() == [1, 0]
    assert corpus.check.texts[0] == 'a "fine film'
