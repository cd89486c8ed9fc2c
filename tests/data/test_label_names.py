"""What is one class, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from whytrain.data.csv_file import CSVFile
from whytrain.data.label_names import LabelNames
from whytrain.errors import DataError
from whytrain.tasks import MultiLabel

MakeSource = Callable[..., CSVFile]
NFD, NFC = "e\u0301te\u0301", "été"
SAME = [NFC, NFD, f"{NFC}\u200b", f"\ufeff{NFC}", f"{NFC}\u00a0", "ÉTÉ"]


@pytest.mark.parametrize("other", SAME[1:])
def test_spellings_are_one_class_under_the_most_frequent(other: str) -> None:
    rows = [(NFC,), (NFC,), (other,), ("neg",)]
    found, notices = LabelNames.of(rows, merges=True)
    assert found.names == ("neg", NFC)
    assert [found.read(row) for row in rows] == [(NFC,), (NFC,), (NFC,), ("neg",)]
    also = "also ÉTÉ" if other == "ÉTÉ" else "1 more that looks the same"
    assert notices == (
        f"Spellings of one class were brought together: {NFC} ({also}); data.merge_labels=false keeps them apart.",
    )
    apart, notices = LabelNames.of(rows, merges=False)
    assert len(apart.names) == 3
    assert notices == ()


def test_numbers_and_truth_values_of_other_files(csv_source: MakeSource, tmp_path: Path) -> None:
    train, validation = tmp_path / "train.csv", tmp_path / "validation.jsonl"
    train.write_text("text,label\n" + "".join(f"text {row},{row % 2}\n" for row in range(20)))
    validation.write_text(
        "\n".join(json.dumps({"text": f"v{row}", "label": float(row % 2)}) for row in range(4))
    )
    corpus = csv_source(train, validation_path=str(validation)).load()
    assert corpus.class_names == ("0", "1")
    assert corpus.validation.labels.tolist() == [0, 1, 0, 1]
    train.write_text(
        "text,label\n" + "".join(f"text {row},{('true', 'false')[row % 2]}\n" for row in range(20))
    )
    validation.write_text(
        "\n".join(json.dumps({"text": f"v{row}", "label": row % 2 == 0}) for row in range(4))
    )
    corpus = csv_source(train, validation_path=str(validation)).load()
    assert corpus.class_names == ("false", "true")
    assert corpus.validation.labels.tolist() == [1, 0, 1, 0]


def test_versions_keep_their_points_and_their_order() -> None:
    found, notices = LabelNames.of([("10.0",), ("2.0",), ("1.1",)], merges=True)
    assert (found.names, notices) == (("1.1", "2.0", "10.0"), ())
    assert LabelNames.of([("v1",), ("v10",), ("v1.0",)], merges=True)[0].names == ("v1", "v10")


def test_joiners_stay_in_names_and_nothing_visible_is_no_label(
    csv_source: MakeSource, tmp_path: Path
) -> None:
    family = "👨\u200d👩\u200d👧"
    assert LabelNames.of([(family,), ("❤\ufe0f",)], merges=True)[0].names == ("❤\ufe0f", family)
    path = tmp_path / "rows.csv"
    rows = [f"text {row},{'ab'[row % 2]}" for row in range(20)]
    path.write_text("\n".join(["text,label", *rows, "odd,\u200b", "empty,"]))
    with pytest.raises(DataError, match=r"2 rows cannot be used: 2 with missing label \(line 22, 23\)"):
        csv_source(path).load()


def test_labels_of_a_row_that_are_one_label(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [f"text {row},{('Law|law', 'law|tax', 'tax')[row % 3]}" for row in range(60)]
    path.write_text("\n".join(["text,label", *rows]))
    corpus = csv_source(path).load(MultiLabel(separator="|"))
    assert corpus.class_names == ("law", "tax")
    assert set(np.unique(corpus.train.labels, axis=0).sum(axis=1)) == {1, 2}


@pytest.mark.parametrize("separator", ['"|"', ","])
def test_a_separator_that_stands_nowhere(csv_source: MakeSource, tmp_path: Path, separator: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        "\n".join(["text,label", *(f"text {row},{('law|tax', 'tax')[row % 2]}" for row in range(20))])
    )
    with pytest.raises(
        DataError, match=r"stands in no label of .*rows.csv, such as law\|tax; write task.separator=\|\.$"
    ):
        csv_source(path).load(MultiLabel(separator=separator))


def test_lists_that_nobody_takes_apart_are_told(csv_source: MakeSource, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    labels = ("law|tax", "tax", "law|art|tax", "art")
    path.write_text("\n".join(["text,label", *(f"text {row},{labels[row % 4]}" for row in range(40))]))
    [notice] = csv_source(path).load(MultiLabel(separator=None)).notices
    assert notice.startswith("2 of 4 labels look like lists of labels, such as law|art|tax")


def test_sentences_that_a_reader_takes_for_the_same_stay_together(
    csv_source: MakeSource, tmp_path: Path
) -> None:
    plain = [f"{'bad' if row % 2 else 'good'} film number {row} café" for row in range(40)]
    odd = [text.upper().replace("É", "E\u0301") for text in plain]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["text,label", *(f"{t},{'np'[t[0] in 'gG']}" for t in plain + odd)]))
    corpus = csv_source(path).load()
    assert [len(s) if s else 0 for s in (corpus.train, corpus.validation, corpus.test)] == [64, 8, 8]
    number = {int(text.split()[3]) for text in corpus.train.texts}
    assert not number & {int(text.split()[3]) for text in corpus.validation.texts}
    given = tmp_path / "validation.csv"
    given.write_text("\n".join(["text,label", f"{odd[0]},p", "new,n"]))
    told = csv_source(path, validation_path=str(given)).load().notices
    assert (
        "1 of 2 validation rows stand in train too: their accuracy says little about new sentences." in told
    )


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["good", "bad", "NA", "nan"], "classes NA, nan (20 rows) look like missing values and are kept"),
        (["good", "bad", "-"], "class - (13 rows) looks like a missing value and is kept"),
        (["good", "bad", "#N/A"], "class #N/A (13 rows) looks like a missing value and is kept"),
        (["+", "-"], None),
        (["+", "-", "neutral"], None),
        (["nano", "national", "naïve"], None),
    ],
)
def test_classes_called_like_missing_values_are_kept_and_told(
    csv_source: MakeSource, tmp_path: Path, labels: list[str], said: str | None
) -> None:
    path = tmp_path / "rows.csv"
    rows = [f"text {row},{labels[row % len(labels)]}" for row in range(40)]
    path.write_text("\n".join(["text,label", *rows]))
    corpus = csv_source(path).load()
    assert set(corpus.class_names) == set(labels)
    if said is None:
        assert corpus.notices == ()
        return
    mend = "take the rows out, or empty their cells, and data.on_bad_row=skip leaves them out"
    assert corpus.notices == (f"The {said}: if it was not meant so, {mend}.",)
    told = csv_source(path).load(MultiLabel(separator=None)).notices
    assert [notice.endswith("empty their cells.") for notice in told] == [True]
    emptied = (
        path.read_text().replace(",NA", ",").replace(",nan", ",").replace(",-", ",").replace(",#N/A", ",")
    )
    path.write_text(emptied)
    assert csv_source(path, on_bad_row="skip").load().class_names == ("bad", "good")


def test_a_column_with_a_value_for_nearly_every_row_is_doubted(
    csv_source: MakeSource, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"

    def written(n_rows: int, n_values: int) -> CSVFile:
        rows = [f"text number {row},day {row % n_values}" for row in range(n_rows)]
        path.write_text("\n".join(["text,created", *rows]))
        return csv_source(path, label_column="created")

    first, *_ = written(600, 365).load().notices  # before all others
    assert first == (
        "365 classes in 600 rows, 365 of them in fewer than 3: does column created really hold the classes "
        "(data.label_column)?"
    )
    assert [n for n in written(600, 200).load().notices if n.endswith("?")] == []  # three rows of each
    assert [n for n in written(12, 10).load().notices if n.endswith("?")] == []  # a small try
    with pytest.raises(
        DataError, match=r"No row is left for validation .*\. 60 classes in 60 rows.* does column created"
    ):
        written(60, 60).load()
