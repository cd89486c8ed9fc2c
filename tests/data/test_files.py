"""Every kind of file, and every way in which one can be broken."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from whytrain.attribution.bulk import read_texts
from whytrain.data.files import FileFormat, read_table
from whytrain.data.files.read import SUFFIXES
from whytrain.errors import DataError

ROWS = {"text": ['say "hi", you', "tab\there", "line\nbreak", "émoji 🙂"], "label": ["a", "b", "a", "b"]}


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_what_pandas_writes_is_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.{suffix}"
    frame = pd.DataFrame(ROWS)
    if suffix == "parquet":
        frame.to_parquet(path)
    elif suffix == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False, sep="," if suffix == "csv" else "\t")
    table = read_table(path)
    assert table.columns == ROWS
    assert table.bad == []
    # The third record of a delimited file spans two lines, so the fourth starts one further.
    assert table.lines == {"csv": [2, 3, 4, 6], "tsv": [2, 3, 4, 6]}.get(suffix, [1, 2, 3, 4])


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_and_empty_lines(tmp_path: Path, newline: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(newline.join(["text,label", "one,a", "", "two,b"]).encode())
    table = read_table(path)
    assert table.columns == {"text": ["one", "two"], "label": ["a", "b"]}
    assert table.lines == [2, 4]
    assert table.bad == []


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_byte_order_mark_is_dropped(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.{suffix}"
    content = "text,label\none,a\n" if suffix == "csv" else json.dumps({"text": "one", "label": "a"})
    path.write_text(content, encoding="utf-8-sig")
    assert read_table(path).columns == {"text": ["one"], "label": ["a"]}


def test_nul_bytes_stay_for_the_cleaning_to_find(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"text,label\nbro\0ken,a\n")
    assert read_table(path).columns["text"] == ["bro\0ken"]


def test_field_count_that_differs_is_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\none,a\nwith, a comma,b\nshort\ntwo,b\n")
    table = read_table(path)
    assert table.columns["text"] == ["one", "two"]
    assert [(row.line, row.reason) for row in table.bad] == [
        (3, "3 fields where the header has 2"),
        (4, "1 field where the header has 2"),
    ]


def test_unquoted_reading_keeps_quotation_marks(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text('sentence\tlabel\n" quoted " and "\t1\n')
    assert read_table(path, FileFormat(quoting="none")).columns["sentence"] == ['" quoted " and "']


def test_field_of_a_hundred_thousand_words_leaves_the_limit_of_csv_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    limit = csv.field_size_limit()
    path.write_text("text,label\n" + "word " * 100_000 + ",a\n")
    assert len(read_table(path).columns["text"][0]) == 500_000
    assert csv.field_size_limit() == limit


def test_json_lines_that_are_no_objects_are_bad_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "one", "label": 1}\n{"text": \n\n[1]\n{"text": "two", "more": true}\n')
    table = read_table(path)
    assert table.columns == {"text": ["one", "two"], "label": [1, None], "more": [None, True]}
    assert table.lines == [1, 5]
    assert [(row.line, row.reason) for row in table.bad] == [(2, "no JSON object"), (4, "no JSON object")]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_empty_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.{suffix}"
    path.touch()
    with pytest.raises(DataError, match="is empty"):
        read_table(path)


def test_folder_or_nothing_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("folder.csv", "nothing.csv"):
        with pytest.raises(DataError, match="is not a file"):
            read_table(tmp_path / name)


def test_other_kinds_of_files_are_refused_with_all_that_are_read(tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        read_table(tmp_path / "rows.docx")
    assert all(suffix in str(refused.value) for suffix in (*SUFFIXES, ".gz", ".bz2", ".xz"))
    assert str(refused.value).endswith("got .docx.")
    with pytest.raises(DataError, match=r"or \.txt, or one of them packed"):
        read_texts(tmp_path / "rows.docx")


@pytest.mark.parametrize("suffix", ["xlsx", "xls", "ods"])
def test_spreadsheets_are_to_be_saved_as_csv(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DataError, match=r"is a spreadsheet, which is not read: save its table as \.csv\.$"):
        read_table(tmp_path / f"rows.{suffix}")


def test_broken_parquet(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pd.DataFrame(ROWS).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_table(path)


def test_column_named_twice(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label,text\none,a,b\n")
    with pytest.raises(DataError, match="names text more than once"):
        read_table(path)
