"""Files as people have them: how they are written is found out and said, or is an error that says what to set."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from whytrain.data.files import FileFormat, RawTable, read_table
from whytrain.errors import ConfigError, DataError

WANTED = ("text", "label")


def read(path: Path, content: str | bytes, **form: Any) -> RawTable:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, FileFormat(**form, prefix="data."), WANTED)


def rows(n_rows: int, separator: str = ",") -> list[str]:
    return [f"film number {row}{separator}{'neg' if row % 2 else 'pos'}" for row in range(n_rows)]


def test_quotation_marks_that_swallow_rows_are_text(tmp_path: Path) -> None:
    # GLUE's files: the first mark would open a field that ends eleven lines further.
    lines = rows(20, "\t")
    lines[4:4], lines[15:15] = ['"A triumph, says the Times\tpos'], ['what a mess"\tneg']
    content = "\n".join(["text\tlabel", *lines]) + "\n"
    table = read(tmp_path / "rows.tsv", content)
    assert len(table.lines) == 22
    assert table.columns["text"][4] == '"A triumph, says the Times'
    assert set(table.columns["label"]) == {"pos", "neg"}
    assert table.notices == ("rows.tsv: quotation marks are read as text (data.quoting=none).",)
    assert read(tmp_path / "rows.tsv", content, quoting="none").notices == ()
    assert len(read(tmp_path / "rows.tsv", content, quoting="minimal").lines) == 11


@pytest.mark.parametrize("odd", ['"never closed', '"closed" too early'])
def test_marks_that_are_no_quoting_are_text_where_every_line_is_a_row(tmp_path: Path, odd: str) -> None:
    table = read(tmp_path / "rows.csv", "\n".join(["text,label", f"{odd},neg", *rows(5)]))
    assert table.columns["text"][0] == odd
    assert "data.quoting=none" in table.notices[0]


def test_a_guess_that_would_lose_rows_is_an_error(tmp_path: Path) -> None:
    # Neither reading fits: one field is quoted for its comma, another one has a lonely mark.
    content = "\n".join(["text,label", '"quoted, with a comma",pos', '"lonely,neg', *rows(5)])
    with pytest.raises(DataError, match=r"line 3: a quoted field is not closed .* or set data\.quoting=none"):
        read(tmp_path / "rows.csv", content)
    swallows = content.replace(*['"lonely,neg', '"lonely,neg\nfilm,pos\nanother",neg'])
    with pytest.raises(
        DataError, match=r"line 3: a quotation mark swallows the 2 lines that follow.*data\.quoting=none"
    ):
        read(tmp_path / "rows.csv", swallows)
    assert len(read(tmp_path / "rows.csv", swallows, quoting="minimal").lines) == 7


def test_lines_within_a_quoted_text_stay_one_text(tmp_path: Path) -> None:
    text = "Hello, world\nfoo bar"  # by themselves both lines have two fields, but no label
    path = tmp_path / "rows.csv"
    pd.DataFrame({"text": [text, "a", "b"], "label": ["pos", "neg", "pos"]}).to_csv(path, index=False)
    table = read_table(path, FileFormat(), WANTED)
    assert table.columns["text"] == [text, "a", "b"]
    assert table.notices == ()


@pytest.mark.parametrize(
    ("delimiter", "called"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
def test_other_delimiters_in_a_csv(tmp_path: Path, delimiter: str, called: str) -> None:
    content = "\r\n".join(
        [f"text{delimiter}label", *(r.replace("film", "a film, a") for r in rows(9, delimiter))]
    )
    table = read(tmp_path / "rows.csv", content)
    assert table.columns["text"][0] == "a film, a number 0"
    assert table.notices == (f"rows.csv: fields are separated by {called} (data.delimiter).",)
    name = {"\t": "tab", ";": '";"'}.get(delimiter, delimiter)
    assert read(tmp_path / "rows.csv", content, delimiter=name).columns == table.columns


def test_commas_in_a_tsv_and_the_line_of_excel(tmp_path: Path) -> None:
    assert read(tmp_path / "rows.tsv", "\n".join(["text,label", *rows(3)])).columns["label"][0] == "pos"
    excel = read(tmp_path / "rows.csv", "\n".join(["sep=;", "text;label", *rows(3, ";")]))
    assert excel.columns["label"] == ["pos", "neg", "pos"]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("windows-1252", "windows-1252"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_encodings_are_found_out(tmp_path: Path, encoding: str, said: str | None, suffix: str) -> None:
    text = "“a naïve café” – it’s 5\u00a0€"
    path = tmp_path / f"rows.{suffix}"
    row = json.dumps({"text": text, "label": "a"}, ensure_ascii=False)
    content = (f"text,label\n{text},a\nplain,b\n" if suffix == "csv" else row).encode(encoding)
    table = read(path, content)
    assert table.columns["text"][0] == text
    assert list(table.columns) == ["text", "label"]
    assert table.notices == ((f"rows.{suffix}: read as {said} (data.encoding).",) if said else ())


LATIN = "été à l’école, naïve, Straße, señor, coração"


def test_latin_1_is_read_as_windows_1252(tmp_path: Path) -> None:
    text = LATIN.replace("’", "'").replace(",", "")
    assert read(tmp_path / "a.csv", f"text,label\n{text},b\n".encode("latin-1")).columns["text"] == [text]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("windows-1251", "фильм очень хороший"),
        ("windows-1250", "bardzo miłe i piękne życie"),
        ("shift_jis", "この映画はとても良い"),
        ("gb18030", "这部电影很好看"),
        ("euc_kr", "영화가 아주 좋다"),
        ("mac_roman", "un café très déjà vu"),
        ("cp437", "un café très déjà vu"),
    ],
)
def test_what_is_not_western_must_be_named(tmp_path: Path, encoding: str, text: str) -> None:
    content = f"text,label\nfine,a\n{text},b\n".encode(encoding)
    with pytest.raises(DataError, match=r"line 3: byte 0x.. is not UTF-8, .*set data\.encoding, for example"):
        read(tmp_path / "rows.csv", content)
    assert read(tmp_path / "rows.csv", content, encoding=encoding).columns["text"] == ["fine", text]


def test_wrong_settings_are_told(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"data\.encoding=utf-9: no encoding that Python knows; for example"
    ):
        FileFormat(encoding="utf-9", prefix="data.")
    with pytest.raises(ConfigError, match=r"^delimiter=::: expected one character, or tab; null to guess$"):
        FileFormat(delimiter="::")
    with pytest.raises(DataError, match=r"rows\.csv is not ascii .* set another encoding"):
        read(tmp_path / "rows.csv", "text,label\ncafé,b\n", encoding="ascii")


@pytest.mark.parametrize("opener", [gzip.open, bz2.open, lzma.open])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
def test_packed_files(tmp_path: Path, opener: Any, kind: str) -> None:
    frame = pd.DataFrame({"text": ["one", "zwei"], "label": ["a", "b"]})
    suffix = {gzip.open: "gz", bz2.open: "bz2", lzma.open: "xz"}[opener]
    plain = tmp_path / f"rows.{kind}"
    if kind == "parquet":
        frame.to_parquet(plain)
    elif kind == "csv":
        frame.to_csv(plain, index=False)
    else:
        frame.to_json(plain, orient="records", lines=kind == "jsonl")
    path = tmp_path / f"packed.{kind}.{suffix}"
    with opener(path, "wb") as file:
        file.write(plain.read_bytes())
    assert read_table(path).columns == frame.to_dict("list")


def test_damaged_and_other_archives(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b"text,label\n" + b"one,a\n" * 999)[:-20])
    with pytest.raises(DataError, match=r"rows\.csv\.gz cannot be read: "):
        read_table(path)
    (tmp_path / "rows.csv").write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(DataError, match="is a zip archive or an Office file; unpack it"):
        read_table(tmp_path / "rows.csv")


RECORDS = [{"text": "one", "label": 1}, {"text": "two", "label": None}]
COLUMNS = {"text": ["one", "two"], "label": [1, None]}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2),
        json.dumps(COLUMNS),
        json.dumps({"data": RECORDS}),
        json.dumps({name: dict(enumerate(values)) for name, values in COLUMNS.items()}),  # as pandas writes
        "\n".join(map(json.dumps, RECORDS)),
    ],
)
def test_forms_of_json(tmp_path: Path, content: str) -> None:
    assert read(tmp_path / "rows.json", content).columns == COLUMNS


def test_json_that_holds_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    for content, message in (
        ("[1, {}]", None),
        ("3", "expected a list of objects"),
        ("{", "cannot be read as JSON"),
    ):
        if message is None:
            assert [(b.line, b.reason) for b in read(path, content).bad] == [(1, "no JSON object")]
        else:
            with pytest.raises(DataError, match=message):
                read(path, content)


@pytest.mark.parametrize("kind", ["parquet", "feather", "arrow"])
def test_names_of_classes_in_the_schema(tmp_path: Path, kind: str) -> None:
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["ham", "spam"]),
            "tags": datasets.Sequence(datasets.ClassLabel(names=["x", "y"])),
        }
    )
    values = {"text": ["a", "b", "c"], "label": [1, 0, -1], "tags": [[0, 1], [], [1]]}
    table = pa.table(values).cast(features.arrow_schema)
    path = tmp_path / f"rows.{kind}"
    if kind == "parquet":
        pyarrow.parquet.write_table(table, path)
    elif kind == "feather":
        pyarrow.feather.write_feather(table, str(path))
    else:
        with pa.ipc.new_stream(str(path), table.schema) as writer:
            writer.write_table(table)
    found = read_table(path)
    assert found.columns["label"] == ["spam", "ham", None]
    assert found.columns["tags"] == [["x", "y"], [], ["y"]]
    assert found.class_columns == ("label", "tags")


def test_blank_lines_spaces_and_missing_names_in_the_header(tmp_path: Path) -> None:
    content = "\n  \n,,,\n text , label,,\none,a,,\n"
    table = read(tmp_path / "rows.csv", content)
    assert table.columns == {"text": ["one"], "label": ["a"], "column_3": [""], "column_4": [""]}
    assert table.lines == [5]
    assert table.notices == ("rows.csv: 2 columns without a name are called column_3, column_4.",)


def test_files_without_a_header(tmp_path: Path) -> None:
    path, content = tmp_path / "rows.csv", "\n".join(rows(4))
    table = read(path, content, header=False)
    assert list(table.columns) == ["column_1", "column_2"]
    assert (table.columns["column_1"][0], table.lines, table.notices) == ("film number 0", [1, 2, 3, 4], ())
    path.write_text(content)
    guessed = read_table(path, FileFormat(), ("column_1", "column_2"))
    assert guessed.columns == table.columns
    assert guessed.notices == ("rows.csv: no header; columns are called column_1 to column_2.",)
    taken = read_table(path, FileFormat(prefix="data."), WANTED)
    assert "set data.header=false, columns are then called column_1, column_2" in taken.hint
    assert read(path, "text,label\none,a\n").hint == ""


def test_an_empty_text_in_the_only_column_is_a_row_and_a_blank_line_is_not(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('text\none\n""\n\ntwo\n')
    assert read_table(path, FileFormat(), ("text",)).columns == {"text": ["one", "", "two"]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00" * 50,
            "is no text: its first 900 bytes hold characters",
        ),
        (np.random.default_rng(0).bytes(5000), "is no text: its first 4,096 bytes .* data\\.encoding"),
        (np.arange(4000, dtype="<i4").tobytes(), "is no text"),  # every second byte is 0, as in UTF-16
        (b"PAR1\x15\x04\x15", "is a Parquet file: call it \\.parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an Office file: save it as \\.csv"),
        (b"SQLite format 3\x00", "is a SQLite database"),
    ],
    ids=["picture", "random", "numbers", "parquet", "office", "database"],
)
def test_what_is_no_text_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(DataError, match=rf"^[^\n]*rows\.csv {told}[^\n]*\.$"):
        read(tmp_path / "rows.csv", content)


def test_a_stray_control_character_is_no_sign_of_another_file(tmp_path: Path) -> None:
    content = "\n".join(["text,label", "a\x0cform feed\x07 and a bell,pos", *rows(9)]) + "\x1a"
    assert len(read(tmp_path / "rows.csv", content).columns["text"]) >= 10
