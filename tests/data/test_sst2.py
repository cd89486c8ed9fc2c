"""SST-2 from files and from the hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import datasets
import huggingface_hub
import numpy as np
import pytest

from whytrain.data.sst2 import SST2
from whytrain.errors import DataError

MakeSource = Callable[..., SST2]


@pytest.fixture
def glue(tmp_path: Path) -> Path:
    """Write a small folder of GLUE's form."""
    words = ["fine", "dull", "witty", "flat", "warm", "cold", "smart", "dumb", "great", "poor"]
    rows = [f"a {word} film {place}\t{1 - row % 2}" for place in "abcd" for row, word in enumerate(words)]
    for name, content in (("train", rows), ("dev", ["a new one\t1", '" quoted " it is\t0'])):
        (tmp_path / f"{name}.tsv").write_text("\n".join(["sentence\tlabel", *content]) + "\n")
    return tmp_path


def test_files(glue: Path, sst2_source: MakeSource) -> None:
    corpus = sst2_source(glue, calibration_size=5).load()
    assert corpus.class_names == ("negative", "positive")
    assert corpus.validation.texts == ["a new one", '" quoted " it is']
    assert corpus.validation.labels.tolist() == [1, 0]
    assert corpus.validation.ids == ["validation-0", "validation-1"]
    assert corpus.test is None
    assert corpus.calibration is not None
    assert (len(corpus.train), len(corpus.calibration)) == (35, 5)
    assert set(corpus.train.ids) | set(corpus.calibration.ids) == {f"train-{row}" for row in range(40)}


def test_labeled_test_file(glue: Path, sst2_source: MakeSource) -> None:
    (glue / "test.tsv").write_text("sentence\tlabel\nthe last\t1\n")
    corpus = sst2_source(glue, test_path=str(glue / "test.tsv")).load()
    assert corpus.test is not None
    assert (corpus.test.ids, corpus.test.labels.tolist()) == (["test-0"], [1])
    (glue / "test.tsv").write_text("index\tsentence\n0\tGLUE's own has no labels\n")
    with pytest.raises(DataError, match="no column label; its columns are index, sentence"):
        sst2_source(glue, test_path=str(glue / "test.tsv")).load()


def test_label_other_than_0_and_1(glue: Path, sst2_source: MakeSource) -> None:
    with (glue / "dev.tsv").open("a") as file:
        file.write("unlabeled\t-1\n")
    with pytest.raises(DataError, match=r"1 with a label other than 0, 1 \(line 4\)"):
        sst2_source(glue).load()
    assert len(sst2_source(glue, on_bad_row="skip").load().validation) == 2


def test_missing_folder_and_file(glue: Path, sst2_source: MakeSource) -> None:
    with pytest.raises(DataError, match=r"data\.path=.*nowhere does not exist"):
        sst2_source(glue / "nowhere").load()
    (glue / "dev.tsv").unlink()
    with pytest.raises(DataError, match=r"dev\.tsv is not a file"):
        sst2_source(glue).load()


def test_hub_out_of_reach_is_one_line_with_two_ways_out(
    cache: Path, monkeypatch: pytest.MonkeyPatch, sst2_source: MakeSource
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", unreachable)
    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(DataError) as raised:
        sst2_source(None).load()
    message = str(raised.value)
    assert "\n" not in message
    assert "data.path" in message
    assert "data=snippets" in message
    assert not list(cache.glob("sst2*/*"))
    assert datasets.config.HF_HUB_OFFLINE is False


def test_hub_is_asked_once(cache: Path, monkeypatch: pytest.MonkeyPatch, sst2_source: MakeSource) -> None:
    calls = []

    def hub(name: str) -> datasets.DatasetDict:
        calls.append(name)
        rows = {
            "idx": list(range(40)),
            "sentence": [f"sentence {row} {row}" for row in range(40)],
            "label": [row % 2 for row in range(40)],
        }
        return datasets.DatasetDict(
            train=datasets.Dataset.from_dict(rows),
            validation=datasets.Dataset.from_dict(rows).select(range(3)),
        )

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", lambda *_, **__: None)
    monkeypatch.setattr(datasets, "load_dataset", hub)
    first, second = (sst2_source(None, calibration_size=4).load() for _ in range(2))
    assert calls == ["stanfordnlp/sst2"]
    assert first.fingerprint == second.fingerprint
    assert first.validation.texts == ["sentence 0 0", "sentence 1 1", "sentence 2 2"]
    assert (len(first.train), first.train.columns) == (36, {})


def test_real_files(sst2_folder: Path, sst2_source: MakeSource) -> None:
    corpus = sst2_source(sst2_folder).load()
    assert corpus.calibration is not None
    assert (len(corpus.validation), len(corpus.calibration)) == (872, 1000)
    assert np.bincount(corpus.validation.labels).tolist() == [428, 444]  # as published
    joined = "\n".join(f" {text.strip()} " for text in corpus.calibration.texts)
    # An independent look: no train row stands in a sentence of the slice.
    assert not [text for text in corpus.train.texts[::20] if f" {text.strip()} " in joined]
    assert corpus.notices == (
        "10,202 of 67,349 train rows are left out: copies or parts of sentences that are held out.",
    )
    again = sst2_source(sst2_folder).load()  # the slice now comes from the cache
    assert again.fingerprint == corpus.fingerprint
