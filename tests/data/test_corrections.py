"""Labels that people corrected stand in place of those of the data, in every split that is learned from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from whytrain.data.corpus import Corpus, Split
from whytrain.data.csv_file import CSVFile
from whytrain.data.sst2 import SST2
from whytrain.errors import DataError, MissingDataError
from whytrain.tasks import MultiLabel

MakeSource = Callable[..., CSVFile]
WriteReviews = Callable[..., Path]
WriteCorrections = Callable[[str], Path]


@pytest.fixture
def write_corrections(tmp_path: Path) -> WriteCorrections:
    """Return a function that writes lines under the header `id,label`."""

    def write(rows: str, header: str = "id,label") -> Path:
        path = tmp_path / "fix.csv"
        path.write_text(f"{header}\n{rows}", encoding="utf-8")
        return path

    return write


def label_of(split: Split, row_id: str, corpus: Corpus) -> str:
    return corpus.class_names[split.labels[split.ids.index(row_id)]]


def splits_of(corpus: Corpus) -> dict[str, Split]:
    assert corpus.calibration is not None
    assert corpus.test is not None
    return {
        "train": corpus.train,
        "validation": corpus.validation,
        "calibration": corpus.calibration,
        "test": corpus.test,
    }


def test_labels_are_replaced_and_no_row_moves(
    csv_source: MakeSource, write_reviews: WriteReviews, write_corrections: WriteCorrections
) -> None:
    path = write_reviews("rows.csv")
    before = csv_source(path, calibration_size=5).load()
    chosen = {name: split.ids[0] for name, split in splits_of(before).items()}
    other = {"good": "bad", "bad": "GOOD "}  # a spelling of a class is read as in the data
    rows = {i: other[label_of(splits_of(before)[name], i, before)] for name, i in chosen.items()}
    same = before.train.ids[1]
    rows[same] = label_of(before.train, same, before)
    fix = write_corrections("".join(f"{i},{label}\n" for i, label in rows.items()))
    after = csv_source(path, calibration_size=5, corrections=str(fix)).load()
    for name, split in splits_of(after).items():
        was = splits_of(before)[name]
        assert split.ids == was.ids
        assert np.flatnonzero(split.labels != was.labels).tolist() == ([] if name == "test" else [0])
    assert after.corrections.keys() == {chosen[name] for name in ("train", "validation", "calibration")}
    assert after.fingerprint != before.fingerprint
    assert after.notices[-1] == (
        "fix.csv corrects 3 labels: 1 of train, 1 of validation, 1 of calibration; 1 has that label already; "
        "1 of test, or of no split, stays as it was."
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "row-9999,good\n",
            r"fix.csv: 1 row .* 1 with an id that no row has \(ids are such as row-\d+\) \(line 2\)",
        ),
        ("row-2,goood\n", r"1 with a label other than bad, good \(line 2\)"),
        ("row-2,\n", r"1 with missing label"),
        ("row-2,good\nrow-2,bad\n", r"1 with another label for the id of an earlier row \(line 3\)"),
    ],
)
def test_what_cannot_be_used_is_told(
    csv_source: MakeSource,
    write_reviews: WriteReviews,
    write_corrections: WriteCorrections,
    rows: str,
    message: str,
) -> None:
    source = csv_source(write_reviews("rows.csv"), corrections=str(write_corrections(rows)))
    with pytest.raises(DataError, match=message) as error:
        source.load()
    assert "data.on_bad_row=skip" in str(error.value)
    assert "\n" not in str(error.value)


def test_bad_rows_are_skipped_on_request(
    csv_source: MakeSource, write_reviews: WriteReviews, write_corrections: WriteCorrections
) -> None:
    path, fix = write_reviews("rows.csv"), write_corrections("nobody,good\n")
    corpus = csv_source(path, corrections=str(fix), on_bad_row="skip").load()
    assert corpus.corrections == {}
    assert "1 row skipped" in corpus.notices[-2]
    assert corpus.notices[-1] == "fix.csv corrects 0 labels."


def test_file_and_columns_must_be_there(
    csv_source: MakeSource, write_reviews: WriteReviews, write_corrections: WriteCorrections, tmp_path: Path
) -> None:
    path = write_reviews("rows.csv")
    with pytest.raises(MissingDataError, match=r"data\.corrections=nowhere\.csv does not exist"):
        csv_source(path, corrections="nowhere.csv").look()
    fix = tmp_path / "wrong.csv"
    fix.write_text("id,labels,text\nrow-2,good,a\n")
    with pytest.raises(MissingDataError, match=r"no column label, .* did you mean labels\?"):
        csv_source(path, corrections=str(fix)).load()


def test_an_id_of_two_splits_is_refused(csv_source: MakeSource, tmp_path: Path) -> None:
    for name in ("train", "dev"):
        rows = [{"key": row, "text": f"{name} text {row}", "label": row % 2} for row in range(10)]
        pd.DataFrame(rows).to_csv(tmp_path / f"{name}.csv", index=False)
    fix = tmp_path / "fix.csv"
    fix.write_text("id,label\n3,0\n")
    source = csv_source(
        tmp_path / "train.csv",
        validation_path=str(tmp_path / "dev.csv"),
        id_column="key",
        corrections=str(fix),
    )
    with pytest.raises(DataError, match=r"an id that rows of train and of validation have"):
        source.load()


def test_lists_of_labels_are_replaced(csv_source: MakeSource, tmp_path: Path) -> None:
    path, fix = tmp_path / "rows.csv", tmp_path / "fix.csv"
    rows = [{"text": f"sentence {row}", "label": ("a", "b", "a;b")[row % 3]} for row in range(60)]
    pd.DataFrame(rows).to_csv(path, index=False)
    task = MultiLabel(separator=";")
    corpus = csv_source(path).load(task)
    both = int(np.flatnonzero(corpus.train.labels.all(axis=1))[0])
    single = int(np.flatnonzero(corpus.train.labels[:, 1] == 0)[0])
    fix.write_text(f"id,label\n{corpus.train.ids[both]},b;a\n{corpus.train.ids[single]},a;b\n")
    corrected = csv_source(path, corrections=str(fix)).load(task)
    assert corrected.corrections == {corpus.train.ids[single]: ("a", "b")}
    assert corrected.train.labels[single].tolist() == [1, 1]


def test_sst2_takes_names_and_numbers(sst2_source: Callable[..., SST2], tmp_path: Path) -> None:
    folder = tmp_path / "sst2"
    folder.mkdir()
    for name in ("train", "dev"):
        lines = [f"{name} phrase {row}\t{row % 2}" for row in range(20)]
        (folder / f"{name}.tsv").write_text("\n".join(["sentence\tlabel", *lines]) + "\n")
    fix = tmp_path / "fix.csv"
    fix.write_text('id,label,text\ntrain-0,positive,"a, b"\nvalidation-1,0,c\n')
    corpus = sst2_source(folder, calibration_size=0, corrections=str(fix)).load()
    assert (corpus.train.labels[0], corpus.validation.labels[1]) == (1, 0)
