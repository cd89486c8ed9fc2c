"""A user's own file: what is kept, what is refused, and what the message says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from whytrain.data.csv_file import CSVFile
from whytrain.data.splits import strata
from whytrain.diagnosis.gathering import given_away
from whytrain.errors import ConfigError, DataError
from whytrain.tasks import MultiLabel

MakeSource = Callable[..., CSVFile]
WriteReviews = Callable[..., Path]


def test_split_80_10_10_with_ids_classes_and_further_columns(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    frame = pd.DataFrame(
        {
            "body": [f"sentence {row}" for row in range(200)],
            "topic": [("news", "sport", "art", "law")[row % 4] for row in range(200)],
            "year": range(200),
        }
    )
    frame.to_csv(path, index=False)
    corpus = csv_source(path, text_column="body", label_column="topic").load()
    assert corpus.class_names == ("art", "law", "news", "sport")
    assert corpus.test is not None
    assert [len(split) for split in (corpus.train, corpus.validation, corpus.test)] == [160, 20, 20]
    for split in (corpus.train, corpus.validation, corpus.test):
        assert len(set(np.bincount(split.labels))) == 1  # stratified
        for row, identifier in enumerate(split.ids):
            number = int(identifier.removeprefix("row-")) - 2  # row 1 of a spreadsheet is the header
            assert split.texts[row] == f"sentence {number}"
            assert corpus.class_names[split.labels[row]] == ("news", "sport", "art", "law")[number % 4]
            assert split.columns["year"][row] == str(number)
    assert corpus.notices == ()


def test_the_positive_class(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"

    def positive(labels: tuple[object, ...], named: str | int | None) -> int:
        rows = [{"text": f"sentence {row}", "label": labels[row % len(labels)]} for row in range(60)]
        pd.DataFrame(rows).to_csv(path, index=False)
        return csv_source(path, positive_class=named).load().positive

    assert [positive(("spam", "ham"), named) for named in (None, "spam", "ham")] == [1, 1, 0]
    assert [positive((0, 1), named) for named in (0, "0", 1)] == [0, 0, 1]  # as the command line gives them
    with pytest.raises(ConfigError, match=r"data.positive_class=eggs: no such class; choices: ham, spam$"):
        positive(("spam", "ham"), "eggs")
    with pytest.raises(
        ConfigError, match=r"data.positive_class=a: the data has 3 classes, .* leave it null$"
    ):
        positive(("a", "b", "c"), "a")


def test_own_validation_and_test_files_and_ids(csv_source: MakeSource, tmp_path: Path) -> None:
    paths = {}
    for name, n_rows in (("train", 20), ("validation", 6), ("test", 4)):
        paths[name] = tmp_path / f"{name}.jsonl"
        rows = [
            {"text": f"{name} text {row}", "label": row % 2, "key": f"{name}{row}"} for row in range(n_rows)
        ]
        paths[name].write_text("\n".join(map(json.dumps, rows)))
    corpus = csv_source(
        paths["train"],
        validation_path=str(paths["validation"]),
        test_path=str(paths["test"]),
        id_column="key",
    ).load()
    assert corpus.class_names == ("0", "1")
    assert corpus.test is not None
    assert corpus.train.ids == [f"train{row}" for row in range(20)]
    assert corpus.validation.ids == [f"validation{row}" for row in range(6)]
    assert corpus.test.texts == [f"test text {row}" for row in range(4)]
    assert corpus.train.columns == {}


def test_test_file_without_validation_file_leaves_the_rest_to_train(
    csv_source: MakeSource, write_reviews: WriteReviews
) -> None:
    path, test = write_reviews("rows.csv"), write_reviews("test.csv", 6)
    corpus = csv_source(path, test_path=str(test)).load()
    assert corpus.test is not None
    assert (len(corpus.train), len(corpus.validation), len(corpus.test)) == (36, 4, 6)


def test_validation_file_without_test_file_means_no_test(
    csv_source: MakeSource, write_reviews: WriteReviews
) -> None:
    path, validation = write_reviews("rows.csv"), write_reviews("dev.csv", 6)
    corpus = csv_source(path, validation_path=str(validation)).load()
    assert corpus.test is None
    assert (len(corpus.train), len(corpus.validation)) == (40, 6)


def test_whole_numbers_are_sorted_as_numbers(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n" + "".join(f"sentence {row},{(2, 10, 1)[row % 3]}\n" for row in range(60)))
    assert csv_source(path).load().class_names == ("1", "2", "10")


def test_labels_of_a_column_with_gaps_are_whole_numbers_again(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pd.DataFrame(
        {"text": [f"sentence {row}" for row in range(41)], "label": [*([0, 1] * 20), None]}
    ).to_parquet(path)
    corpus = csv_source(path, on_bad_row="skip").load()
    assert corpus.class_names == ("0", "1")
    assert corpus.notices == (f"{path}: 1 row skipped: 1 with missing label (row 41).",)


def test_missing_file_names_the_setting(
    csv_source: MakeSource, write_reviews: WriteReviews, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"data\.path=.*nowhere\.csv does not exist"):
        csv_source(tmp_path / "nowhere.csv").load()
    with pytest.raises(DataError, match=r"data\.validation_path=no\.csv does not exist \(looked in"):
        csv_source(write_reviews("rows.csv"), validation_path="no.csv").load()


def test_missing_column_lists_those_that_exist(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("review,stars\nfine,5\n")
    with pytest.raises(
        DataError,
        match=r"^data\.text_column=text and data\.label_column=label: .*rows\.csv has no such columns; "
        r"choices: review, stars$",
    ):
        csv_source(path).load()
    with pytest.raises(
        DataError, match=r"^data\.id_column=key: .* has no such column; choices: review, stars$"
    ):
        csv_source(path, text_column="review", label_column="stars", id_column="key").load()


def test_header_without_rows(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n")
    with pytest.raises(DataError, match="has no usable row"):
        csv_source(path).load()


BAD_ROWS = {
    "blank text": "   ,good\n",
    "blank text ": "\u200b\ufeff,good\n",
    "missing label": "fine,\n",
    "a NUL byte in the text": "fi\0ne,good\n",
    "3 fields where the header has 2": "fine, really,good\n",
}


@pytest.mark.parametrize("reason", BAD_ROWS)
def test_bad_row_stops_or_is_skipped(
    csv_source: MakeSource, write_reviews: WriteReviews, reason: str
) -> None:
    path = write_reviews("rows.csv", extra=BAD_ROWS[reason])
    fault = f"1 with {reason.strip()} (line 42)"
    with pytest.raises(DataError) as raised:
        csv_source(path).load()
    assert str(raised.value) == (
        f"{path}: 1 row cannot be used: {fault}; mend them, or leave them out with data.on_bad_row=skip."
    )
    corpus = csv_source(path, on_bad_row="skip").load()
    assert corpus.notices == (f"{path}: 1 row skipped: {fault}.",)
    assert corpus.test is not None
    assert len(corpus.train) + len(corpus.validation) + len(corpus.test) == 40


def test_counts_and_first_lines_of_many_bad_rows(csv_source: MakeSource, write_reviews: WriteReviews) -> None:
    path = write_reviews("rows.csv", extra=" ,good\n" * 7 + "fine,\n")
    with pytest.raises(
        DataError,
        match=r"8 rows cannot be used: 7 with blank text \(line 42, 43, 44, 45, 46, …\); "
        r"1 with missing label \(line 49\)",
    ):
        csv_source(path).load()


def test_messages_and_notices_hold_no_text(csv_source: MakeSource, write_reviews: WriteReviews) -> None:
    path = write_reviews("rows.csv", extra="secret words\0,good\nsecret words,\n")
    corpus = csv_source(path, on_bad_row="skip").load()
    assert "secret" not in " ".join(corpus.notices)
    with pytest.raises(DataError) as raised:
        csv_source(path).load()
    assert "secret" not in str(raised.value)


def test_label_outside_the_known_classes(csv_source: MakeSource, write_reviews: WriteReviews) -> None:
    path = write_reviews("rows.csv")
    validation = write_reviews("dev.csv", 6, extra="fine,middling\n")
    with pytest.raises(DataError, match=r"1 with a label other than bad, good \(line 8\)"):
        csv_source(path, validation_path=str(validation)).load()
    corpus = csv_source(path, validation_path=str(validation), on_bad_row="skip").load()
    assert len(corpus.validation) == 6


def test_half_a_surrogate_pair_and_a_text_that_is_a_number(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    good = [json.dumps({"text": f"sentence {row}", "label": row % 2}) for row in range(40)]
    path.write_text("\n".join([*good, '{"text": "\\ud83d", "label": 1}', '{"text": 3, "label": 1}']))
    with pytest.raises(DataError, match=r"half of a surrogate pair\) \(line 41\).*not a string \(line 42\)"):
        csv_source(path).load()


def test_several_labels_are_no_label(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    good = [json.dumps({"text": f"sentence {row}", "label": row % 2}) for row in range(40)]
    path.write_text("\n".join([*good, '{"text": "a", "label": ["x", "y"]}', '{"text": "b", "label": {}}']))
    with pytest.raises(
        DataError, match=r"a list as label .task=multilabel.*line 41.*an object as label \(line 42\)"
    ):
        csv_source(path).load()


def test_id_that_stands_twice(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        "text,label,key\n" + "".join(f"sentence {row},{row % 2},{row % 30}\n" for row in range(31))
    )
    with pytest.raises(DataError, match=r"1 with an id that an earlier row has \(line 32\)"):
        csv_source(path, id_column="key").load()


def test_single_class(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n" + "".join(f"sentence {row},good\n" for row in range(30)))
    with pytest.raises(DataError, match="needs at least 2 classes; train has 1: good"):
        csv_source(path).load()


def test_class_with_one_row_stays_in_train_and_is_told(
    csv_source: MakeSource, write_reviews: WriteReviews
) -> None:
    path = write_reviews("rows.csv", extra="something else,rare\n")
    for seed in range(20):  # chance of never drawing it by luck: 0.8^20, 1%
        corpus = csv_source(path, split_seed=seed).load()
        assert corpus.class_names[2] == "rare"
        assert np.bincount(corpus.train.labels)[2] == 1
    assert corpus.notices == (
        "Only one row of train has the class rare.",
        "No row of validation has the class rare.",
        "No row of test has the class rare.",
    )


def test_too_few_rows_for_a_validation_split(csv_source: MakeSource, write_reviews: WriteReviews) -> None:
    with pytest.raises(DataError, match=r"No row is left for validation \(2 in train\)"):
        csv_source(write_reviews("rows.csv", 2)).load()


def test_emoji_alone_and_quotes_are_sentences(csv_source: MakeSource, write_reviews: WriteReviews) -> None:
    path = write_reviews("rows.csv", extra='🙂🙃,good\n"say ""no""",bad\n')
    corpus = csv_source(path).load()
    assert corpus.test is not None
    texts = corpus.train.texts + corpus.validation.texts + corpus.test.texts
    assert {"🙂🙃", 'say "no"'} <= set(texts)


def test_text_in_train_and_validation_is_reported(
    csv_source: MakeSource, write_reviews: WriteReviews, tmp_path: Path
) -> None:
    path = write_reviews("rows.csv")
    validation = tmp_path / "dev.csv"
    validation.write_text("text,label\nsentence  number 3,good\nnew,bad\nnewer,good\n")
    corpus = csv_source(path, validation_path=str(validation)).load()
    assert corpus.notices == (
        "1 of 3 validation rows stand in train too: their accuracy says little about new sentences.",
    )


def test_calibration_slice_of_a_small_file_is_a_fifth_of_train(
    csv_source: MakeSource, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    words = [f"{first}{second}" for first in "abcdefghij" for second in "klmnopqrst"]
    path.write_text("text,label\n" + "".join(f"{word},{row % 2}\n" for row, word in enumerate(words)))
    corpus = csv_source(path, calibration_size=1000).load()
    assert corpus.calibration is not None
    assert (len(corpus.train), len(corpus.calibration)) == (64, 16)
    assert corpus.notices == (
        "16 train rows, not 1,000, are held out to check its confidence (calibration): at most 20% of train, in "
        "whole sentences.",
    )


def test_fingerprint_follows_the_content(csv_source: MakeSource, write_reviews: WriteReviews) -> None:
    path = write_reviews("rows.csv")
    first = csv_source(path).load()
    assert csv_source(path).load().fingerprint == first.fingerprint
    assert csv_source(path, split_seed=1).load().fingerprint != first.fingerprint
    path.write_text(path.read_text().replace("sentence number 7,", "sentence number 77,"))
    assert csv_source(path).load().fingerprint != first.fingerprint


def ticket_rows(n_rows: int) -> list[dict[str, object]]:
    """Rows with the labels law (every second), tax (every third) and art (every tenth), some with none."""
    every = {"law": 2, "tax": 3, "art": 10}
    return [
        {"text": f"ticket {row}", "label": [name for name, n in every.items() if row % n == 0]}
        for row in range(n_rows)
    ]


@pytest.mark.parametrize("kind", ["lists", "separated"])
def test_label_sets_of_lists_and_of_separated_values(
    csv_source: MakeSource, tmp_path: Path, kind: str
) -> None:
    rows = ticket_rows(200)
    path = tmp_path / ("rows.jsonl" if kind == "lists" else "rows.csv")
    if kind == "lists":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        pd.DataFrame([{**row, "label": " | ".join(row["label"])} for row in rows]).to_csv(path, index=False)
    task = MultiLabel(separator="|" if kind == "separated" else None)
    corpus = csv_source(path).load(task)
    assert corpus.class_names == ("art", "law", "tax")
    assert corpus.task == task
    splits = [corpus.train, corpus.validation, corpus.test]
    assert [len(split) for split in splits] == [160, 20, 20]
    for split in splits:
        numbers = np.array([int(text.removeprefix("ticket ")) for text in split.texts])
        expected = np.stack([numbers % 10 == 0, numbers % 2 == 0, numbers % 3 == 0], axis=1)
        np.testing.assert_array_equal(split.labels, expected.astype(np.int64))
    # Rare labels are divided as the whole: 10% of the 20 rows with art, of which 7 have tax, too.
    assert [int(split.labels[:, 0].sum()) for split in splits] == [16, 2, 2]


def test_strata_are_the_rarest_labels() -> None:
    labels = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 1], [0, 1, 1]])
    # Counts 3, 2, 2: of equally rare labels the first.
    assert strata(labels).tolist() == [1, 0, 3, 2, 1]
    assert strata(labels[:, 0]).tolist() == labels[:, 0].tolist()


def test_classes_that_look_like_lists_are_said(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    kinds = ("law;tax", "law;art", "tax;art", "law", "tax")
    frame = pd.DataFrame({"text": [f"t{i}" for i in range(50)], "label": [kinds[i % 5] for i in range(50)]})
    frame.to_csv(path, index=False)
    notices = csv_source(path).load().notices
    assert any("3 of 5 classes look like lists" in n and 'task.separator=";"' in n for n in notices)
    assert not csv_source(path).load(MultiLabel(separator=";")).notices
    frame.assign(label=["yes, please" if i % 2 else "no, thanks" for i in range(50)]).to_csv(
        path, index=False
    )
    assert not any("look like lists" in notice for notice in csv_source(path).load().notices)


def test_labels_have_no_positive_class_and_need_two_names(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, ticket_rows(60))))
    with pytest.raises(ConfigError, match="3 labels, whose metrics are means over labels"):
        csv_source(path, positive_class="law").load(MultiLabel(separator=None))
    path.write_text("\n".join(json.dumps(row | {"label": row["label"][:1]}) for row in ticket_rows(2)))
    with pytest.raises(DataError, match="Multi-label classification needs at least 2 labels"):
        csv_source(path).load(MultiLabel(separator=None))


def test_a_text_beyond_all_bounds_is_refused_in_one_line(
    csv_source: MakeSource, write_reviews: WriteReviews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whytrain.data.cleaning.LONGEST_TEXT", 1000)
    path = write_reviews("rows.csv", extra="word " * 201 + ",good\n")
    with pytest.raises(DataError, match=r"1 with a text of more than 1,000 characters \(line 42\)"):
        csv_source(path).load()


def test_a_first_line_that_is_a_row_is_told(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("".join(f"sentence {row},{row % 2}\n" for row in range(40)))
    with pytest.raises(
        DataError, match=r"looks like a row: set data\.header=false, columns are .* column_1, column_2$"
    ):
        csv_source(path).load()
    corpus = csv_source(path, text_column="column_1", label_column="column_2").load()
    assert corpus.class_names == ("0", "1")
    assert corpus.notices == ("rows.csv: no header; columns are called column_1 to column_2.",)


def test_ids_are_the_rows_of_a_spreadsheet(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = ['"two\nlines",a', "", *(f"text {i},{'ab'[i % 2]}" for i in range(30))]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    corpus = csv_source(path, calibration_size=0).load()
    splits = [split for split in (corpus.train, corpus.validation, corpus.test) if split is not None]
    texts = {key: text for split in splits for key, text in zip(split.ids, split.texts, strict=True)}
    # The header is row 1, the text of two lines row 2, the blank one row 3.
    assert texts["row-2"] == "two\nlines"
    assert texts["row-4"] == "text 0"
    assert texts["row-33"] == "text 29"


def test_the_own_split_keeps_near_duplicates_together(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    texts = [f"plot number {i} is fine{end}" for i in range(100) for end in ("", " really", " to me")]
    pd.DataFrame({"text": texts, "label": ["a", "b"] * 150}).to_csv(path, index=False)
    corpus = csv_source(path).load()
    assert len(corpus.validation) == 30
    kind, by = given_away(corpus.validation.texts, corpus.train.texts)
    assert not kind.any()
    assert (by == -1).all()


def test_texts_that_stand_there_twice_are_counted(csv_source: MakeSource, tmp_path: Path) -> None:
    rows = [f"a good film {n},yes\na bad film {n},no" for n in range(20)]
    path = tmp_path / "rows.csv"

    def notices(further: list[str]) -> tuple[str, ...]:
        path.write_text("\n".join(["text,label", *rows, *further, ""]), "utf-8")
        return tuple(said for said in csv_source(path).load().notices if "more than once" in said)

    assert notices([]) == ()
    assert notices(["A good  film 0,yes"]) == (f"{path}: 1 text stands there more than once.",)
    assert notices([rows[0], rows[1], "a bad film 3,yes"]) == (
        f"{path}: 5 texts stand there more than once, 1 of them with different labels.",
    )
