"""Which column is which, told of headers as people write them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from whytrain.attribution.bulk import read_texts
from whytrain.data.csv_file import CSVFile
from whytrain.data.files import read_table
from whytrain.data.files.columns import found_columns
from whytrain.errors import ConfigError, DataError, MissingDataError

ROWS = "\n".join(f"a good film {n},yes,{n}\na bad film {n},no,{n}" for n in range(20))


def table(folder: Path, header: str, rows: str = ROWS) -> Path:
    path = folder / "rows.csv"
    path.write_text(f"{header}\n{rows}\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "given", "expected"),
    [
        ("text,label,n", {}, ("text", "label")),
        ("Review,Sentiment,n", {}, ("Review", "Sentiment")),
        ("review,text,label", {}, ("text", "label")),  # the commonest name counts, not the first column
        ("what,label,text", {}, ("text", "label")),
        ("content,verdict,key", {"id_column": "key"}, ("content", "verdict")),  # the only one that is left
        ("words,label,key", {"id_column": "key"}, ("words", "label")),
        ("review,label,topic", {"label": "topic"}, ("review", "topic")),  # what is given is not looked for
        ("text,label,body", {"text": "body"}, ("body", "label")),
        ("a,b,c", {"text": "b", "label": "c"}, ("b", "c")),
    ],
)
def test_columns_are_found(
    tmp_path: Path, header: str, given: dict[str, str], expected: tuple[str, str]
) -> None:
    assert found_columns(read_table(table(tmp_path, header)), **given) == expected


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "one,two,three",
            r"rows\.csv: which column is the label\? Set data\.label_column to one, two or three\.$",
        ),
        ("one,label,three", r"which column is the text\? Set data\.text_column to one or three\.$"),
        (
            "good film,yes,7",
            r"rows\.csv: its first line looks like a row: set data\.header=false, columns .*column_3; or",
        ),
    ],
)
def test_what_cannot_be_told_is_asked(
    tmp_path: Path, csv_source: Callable[..., CSVFile], header: str, said: str
) -> None:
    source = csv_source(table(tmp_path, header), text_column=None, label_column=None)
    with pytest.raises(DataError, match=said):
        source.look()
    with pytest.raises(DataError, match=said):
        source.load()


def test_of_two_columns_the_values_tell_which_holds_labels(
    tmp_path: Path, csv_source: Callable[..., CSVFile]
) -> None:
    path = tmp_path / "rows.csv"
    rows = [f"{'yes' if n % 2 else 'no'},film number {n}" for n in range(20)]
    path.write_text("\n".join(rows), "utf-8")
    source = csv_source(path, text_column=None, label_column=None)
    with pytest.raises(DataError, match=r"rows\.csv: its first line looks like a row"):
        source.look()
    corpus = csv_source(path, text_column=None, label_column=None, header=False).load()
    assert corpus.class_names == ("no", "yes")
    assert "rows.csv: the text is in column column_2, the class in column_1." in corpus.notices
    path.write_text("\n".join(f"a film {n},{n}" for n in range(20)), "utf-8")  # two columns of rare values
    with pytest.raises(DataError, match=r"Set data\.label_column to column_1 or column_2\.$"):
        csv_source(path, text_column=None, label_column=None, header=False).look()


@pytest.mark.parametrize(
    "rows",
    [
        [f"u{n},{n % 5}" for n in range(60)],  # ids are no texts
        [f"a film {n // 2},{n % 2}" for n in range(60)],  # most texts stand there twice
    ],
)
def test_values_that_tell_nothing_are_asked_about(
    rows: list[str], tmp_path: Path, csv_source: Callable[..., CSVFile]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(rows), "utf-8")
    with pytest.raises(DataError, match=r"Set data\.label_column to column_1 or column_2\.$"):
        csv_source(path, text_column=None, label_column=None, header=False).look()


def test_columns_that_were_found_are_said_and_hold_for_all_files(
    tmp_path: Path, csv_source: Callable[..., CSVFile]
) -> None:
    path = table(tmp_path, "review,stars,n")
    other = tmp_path / "check.csv"
    other.write_text("stars,review\nyes,a very good one\nno,a very bad one\n", "utf-8")
    source = csv_source(path, text_column=None, label_column=None, check_path=str(other))
    source.look()
    corpus = source.load()
    assert corpus.class_names == ("no", "yes")
    assert corpus.check is not None
    assert corpus.check.texts == ["a very good one", "a very bad one"]
    assert "rows.csv: the text is in column review, the class in stars." in corpus.notices
    other.write_text("label,review\nyes,a very good one\n", "utf-8")
    with pytest.raises(MissingDataError, match=r"data\.label_column=stars: .*check\.csv has no such column"):
        source.look()


def test_usual_columns_need_no_word(tmp_path: Path, csv_source: Callable[..., CSVFile]) -> None:
    corpus = csv_source(table(tmp_path, "text,label,n"), text_column=None, label_column=None).load()
    assert not [notice for notice in corpus.notices if "column" in notice]


def nested(folder: Path, **further: object) -> Path:
    rows = [
        {"id": n, "review": {"body": f"film {n}"}, "meta": [{"stars": n % 2}], **further} for n in range(20)
    ]
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


@pytest.mark.parametrize(
    ("further", "given", "error", "said"),
    [
        ({}, {}, DataError, r"which column is the label\? review and meta hold objects, which are not read"),
        (
            {"verdict": "a", "words": "b"},
            {},
            DataError,
            r"Set data\.label_column to id, verdict or words; review and meta hold objects, .*: flatten them",
        ),
        (
            {"label": "a"},
            {},
            DataError,
            r"which column is the text\? Set data\.text_column to id; review and",
        ),
        (
            {"label": "a"},
            {"text": "review"},
            ConfigError,
            r"rows\.jsonl: review holds objects, which are not",
        ),
        (
            {"text": "a"},
            {"label": "meta"},
            ConfigError,
            r"rows\.jsonl: meta holds objects, which are not read",
        ),
    ],
)
def test_columns_of_objects_are_no_choice(
    tmp_path: Path, further: dict[str, str], given: dict[str, str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        found_columns(read_table(nested(tmp_path, **further)), **given)


def test_a_column_of_objects_is_never_explained(tmp_path: Path) -> None:
    path = nested(tmp_path, text="a good film", words="b")
    assert read_texts(path)[0] == ["a good film"] * 20
    with pytest.raises(ConfigError, match="review holds objects, which are not read: flatten them"):
        read_texts(path, "review")
    with pytest.raises(MissingDataError, match=r"text_column to one of id; review and meta hold objects"):
        read_texts(nested(tmp_path), "words")


def test_one_column_is_not_text_and_label(tmp_path: Path, csv_source: Callable[..., CSVFile]) -> None:
    source = csv_source(table(tmp_path, "words,class,n"), text_column="class", label_column="class")
    for read in (source.look, source.load):
        with pytest.raises(
            ConfigError, match=r"data\.text_column and data\.label_column are both class: give"
        ):
            read()
    path = table(tmp_path, "label", "yes\nno")
    with pytest.raises(DataError, match=r"A column of texts and one of labels are needed, .* only label\.$"):
        csv_source(path, text_column=None, label_column=None).look()


def test_texts_to_explain_are_found_alike(tmp_path: Path) -> None:
    expected = [line.split(",")[0] for line in ROWS.splitlines()]
    assert read_texts(table(tmp_path, "review,rating,n"))[0] == expected
    assert (
        read_texts(table(tmp_path, "words,label", ROWS.replace(",yes", "").replace(",no", "")))[0] == expected
    )
    with pytest.raises(MissingDataError, match=r"names no column of texts; set text_column to one of a, b"):
        read_texts(table(tmp_path, "a,b,c"))
