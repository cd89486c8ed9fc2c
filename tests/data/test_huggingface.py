"""Data sets of the hub's kind, from folders on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import pytest

from whytrain.data.corpus import Corpus
from whytrain.data.huggingface import HuggingFace
from whytrain.errors import DataError
from whytrain.tasks import MultiLabel

NAMES = ["business", "sport"]
FEATURES = datasets.Features({"content": datasets.Value("string"), "topic": datasets.ClassLabel(names=NAMES)})


def load(name: Path | str, task: Any = None, **changed: Any) -> Corpus:
    settings: dict[str, Any] = dict.fromkeys(
        (
            "config",
            "train_split",
            "validation_split",
            "test_split",
            "text_column",
            "label_column",
            "id_column",
        )
    )
    settings |= {
        "merge_labels": True,
        "split_seed": 0,
        "calibration_size": 0,
        "batch_size": 8,
        "max_tokens": 32,
        "windows": None,
    }
    settings |= {"positive_class": None, "on_bad_row": "error", "name": str(name)}
    settings |= {"check_path": None, "evaluation_paths": None, "corrections": None}
    source = HuggingFace(**settings | changed)
    source.prepare()
    return source.load() if task is None else source.load(task)


def rows(n_rows: int, kind: str = "text") -> dict[str, list[Any]]:
    return {
        "content": [f"{kind} {row}" for row in range(n_rows)],
        "topic": [row % 2 for row in range(n_rows)],
    }


def test_saved_with_named_classes_and_a_test_split_without_labels(tmp_path: Path) -> None:
    unlabeled = {"content": ["x", "y"], "topic": [-1, -1]}
    parts = {"train": rows(20), "dev": rows(6, "held out"), "test": unlabeled}
    made = {split: datasets.Dataset.from_dict(values, features=FEATURES) for split, values in parts.items()}
    datasets.DatasetDict(made).save_to_disk(tmp_path / "news")
    corpus = load(tmp_path / "news")
    assert corpus.class_names == ("business", "sport")
    assert (len(corpus.train), len(corpus.validation), corpus.test) == (20, 6, None)
    assert [corpus.class_names[label] for label in corpus.train.labels[:2]] == ["business", "sport"]
    assert corpus.notices == (
        f"{tmp_path}/news: the text is in column content, the class in topic; train is split train, "
        "validation is split dev, test is split test.",
        f"{tmp_path}/news: split test has no labels and is left out.",
    )


def test_one_saved_split_is_divided(tmp_path: Path) -> None:
    datasets.Dataset.from_dict(rows(40), features=FEATURES).save_to_disk(tmp_path / "news")
    corpus = load(tmp_path / "news")
    assert corpus.test is not None
    assert (len(corpus.train), len(corpus.validation), len(corpus.test)) == (32, 4, 4)


Write = Callable[[pd.DataFrame, Path], None]
WRITERS: dict[str, Write] = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path),
    "json": lambda frame, path: frame.to_json(path, orient="records"),
    "jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
}


@pytest.mark.parametrize("suffix", WRITERS)
def test_folders_of_files_with_shards(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "data").mkdir()
    names = ("train-00000-of-00002", "train-00001-of-00002", "validation-00000-of-00001", "test")
    for name in names:
        WRITERS[suffix](pd.DataFrame(rows(10, name)), tmp_path / "data" / f"{name}.{suffix}")
    (tmp_path / "README.md").write_text("# a data set")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "train.csv").write_text("x\n1\n")
    corpus = load(tmp_path, text_column="content", label_column="topic")
    assert corpus.test is not None
    assert [len(split) for split in (corpus.train, corpus.validation, corpus.test)] == [20, 10, 10]
    assert corpus.class_names == ("0", "1")
    assert corpus.train.texts[10] == "train-00001-of-00002 0"


def test_configs_in_folders_of_their_own(tmp_path: Path) -> None:
    for config in ("en", "de"):
        (tmp_path / config).mkdir()
        pd.DataFrame(rows(20, config)).to_parquet(tmp_path / config / "train.parquet")
    with pytest.raises(DataError, match=r"has several configs; set data\.config to one of de, en\.$"):
        load(tmp_path)
    assert load(tmp_path, config="de", label_column="topic").train.texts[0].startswith("de")


def test_columns_that_cannot_be_told_are_asked_for(tmp_path: Path) -> None:
    frame = pd.DataFrame({"premise": ["a b"] * 20, "hypothesis": ["c d"] * 20, "label": [0, 1] * 10})
    frame.to_csv(tmp_path / "train.csv", index=False)
    with pytest.raises(
        DataError, match=r"which column is the text\? Set data\.text_column to premise or hypothesis"
    ):
        load(tmp_path)
    frame.rename(columns={"label": "gold"}).to_csv(tmp_path / "train.csv", index=False)
    with pytest.raises(DataError, match=r"Set data\.label_column to premise, hypothesis or gold\.$"):
        load(tmp_path)


def test_lists_of_labels_are_for_multilabel(tmp_path: Path) -> None:
    lists = [["joy"], ["joy", "love"], [], ["anger"]] * 10
    written = [json.dumps({"text": f"text {n}", "labels": value}) for n, value in enumerate(lists)]
    (tmp_path / "train.jsonl").write_text("\n".join(written))
    with pytest.raises(DataError, match=r"40 with a list as label \(task=multilabel reads lists\)") as raised:
        load(tmp_path)
    assert "\n" not in str(raised.value)
    assert load(tmp_path, MultiLabel(separator=None)).class_names == ("anger", "joy", "love")


def test_what_is_no_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"has no .*\.csv.* file; give a folder with files of rows"):
        load(tmp_path)
    (tmp_path / "train.csv").write_text("text,label\na,b\n")
    with pytest.raises(DataError, match=r"is a file; use data=csv data\.path="):
        load(tmp_path / "train.csv")
    with pytest.raises(
        DataError, match=r"data\.validation_split=held: .* has the splits train; name one of them"
    ):
        load(tmp_path, validation_split="held")

    def unreachable(*args: object, **settings: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", unreachable)
    monkeypatch.setattr("datasets.load_dataset", unreachable)
    with pytest.raises(DataError, match=r"^nobody/nothing is no folder, out of reach on the hub .*data=csv"):
        load("nobody/nothing")
