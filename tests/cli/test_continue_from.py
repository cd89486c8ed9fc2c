"""Going on from a finished run with new data: `continue_from=RUN data=csv data.path=…`."""

from __future__ import annotations

import io
import logging
import random
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import torch
import yaml
from small import draw_nothing
from small_runs import SMALL

import whytrain as wt
from whytrain.commands import train as command
from whytrain.models.saved import load_model
from whytrain.runs.continued import read_continued
from whytrain.tracking.reader import find_run, saved_model

WORDS = {"good": ("superb", "lovely", "moving"), "bad": ("boring", "awful", "silly")}
FILLERS = ["film", "plot", "actor", "scene", "music", "story", "a", "the", "very", "quite"]


def train(folder: Path, *words: str) -> str:
    """Train in this process, without figures; return what it said, behind the exit code of a failure."""
    said, root_logger = io.StringIO(), logging.getLogger()
    handlers, level = list(root_logger.handlers), root_logger.level
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        draw_nothing(patch)
        patch.chdir(folder)
        with pytest.raises(SystemExit) as end:
            command.main(words)
    root_logger.handlers, root_logger.level = handlers, level  # Hydra configures them anew
    return said.getvalue() if not end.value.code else f"{end.value.code} {said.getvalue()}"


@pytest.fixture(scope="module")
def folder(make_workspace: Callable[[], Path]) -> Path:
    """A finished run named `first`, and new data with other words."""
    folder, draw = make_workspace(), random.Random(0)
    lines = ["text,label"]
    for row in range(120):
        label = ("good", "bad")[row % 2]
        text = " ".join([*draw.choices(FILLERS, k=draw.randint(3, 7)), draw.choice(WORDS[label])])
        lines.append(f"{text},{label}")
    (folder / "new.csv").write_text("\n".join(lines) + "\n", "utf-8")
    quick = [f"~callbacks.{name}" for name in ("calibration", "shortcuts", "surrogate", "diagnosis")]
    quick += ["callbacks.explanations.train_sentences=1", "callbacks.explanations.vocabulary_sentences=0"]
    said = train(folder, *SMALL, *quick, "callbacks.explanations.displayed_sentences=1", "run_name=first")
    assert "run " in said, said
    return folder


@pytest.fixture(scope="module")
def said(folder: Path) -> str:
    return train(
        folder,
        "continue_from=first",
        "data=csv",
        "data.path=new.csv",
        "data.calibration_size=0",
        "run_name=second",
        "replay=0.5",
    )


def uri(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}"


def test_it_says_what_it_kept_and_learned(folder: Path, said: str) -> None:
    assert "earlier validation rows accuracy went from" in said.replace("\n", " ").replace("  ", " ")
    found = read_continued(find_run(uri(folder), "second"))
    assert found["earlier"] == "first"
    metrics = find_run(uri(folder), "second").metrics
    for name in ("old", "new"):
        told = found["changes"][name]
        assert told["difference"]["estimate"] == pytest.approx(told["after"] - told["before"])
        assert metrics[f"continued/{name}_before"] == told["before"]
    first = find_run(uri(folder), "first").metrics
    assert found["changes"]["old"]["before"] == pytest.approx(first["best/accuracy"])
    second = find_run(uri(folder), "second").metrics
    assert found["changes"]["new"]["after"] == pytest.approx(second["best/accuracy"])
    assert found["changes"]["old"]["after"] == pytest.approx(second["evaluation/old/accuracy"])
    assert found["reasons"]["n_words"] >= 10
    page = next(folder.glob("mlruns/artifacts/*/artifacts/reports/run.html"))
    assert any(
        "What going on learning did" in page.read_text("utf-8")
        for page in folder.glob("mlruns/artifacts/*/artifacts/reports/run.html")
    ), page


def test_the_weights_and_the_tokenizer_are_the_earlier_ones(folder: Path, said: str) -> None:
    first, second = (load_model(saved_model(find_run(uri(folder), name))) for name in ("first", "second"))
    assert first.tokenizer.fingerprint == second.tokenizer.fingerprint
    unknown = torch.tensor([first.tokenizer.encode(["tedious"], 8)[0][0]])
    # A word that only few replayed rows have moves little from where the first run left it.
    ours, theirs = (saved.model.embed(unknown[None])[0, 0] for saved in (second, first))
    assert torch.cosine_similarity(ours, theirs, dim=0) > 0.5


def test_replayed_rows_are_counted(folder: Path, said: str) -> None:
    assert "earlier training rows are learned again" in said.replace("\n", " ")
    record = yaml.safe_load(
        next(
            path
            for path in folder.glob("mlruns/runs/*/config.yaml")
            if yaml.safe_load(path.read_text("utf-8"))["run_name"] == "second"
        ).read_text("utf-8")
    )
    assert record["replay"] == 0.5
    assert record["continue_from"] == find_run(uri(folder), "first").run_id
    assert record["model"]["hidden_size"] == 8


def test_what_it_learned_can_be_read_again(folder: Path, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    run = wt.open_run("second", uri(folder))
    replayed = [key for key in run.corpus.train.ids if key.startswith("replayed-")]
    assert 0 < len(replayed) == round(0.5 * (len(run.corpus.train) - len(replayed)))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("continue_from=first",), "on which new data?"),
        (("continue_from=first", "data=csv", "data.path=new.csv", "model=bilstm_opt"), "leave out model="),
        (("continue_from=nobody", "data=csv", "data.path=new.csv"), "there is no run 'nobody'"),
        (("continue_from=first", "data=csv", "data.path=new.csv", "replay=-1"), "replay: "),
        (("continue_from=first", "data=csv", "data.path=other.csv"), "other.csv"),
    ],
)
def test_a_mistake_is_a_line(folder: Path, words: tuple[str, ...], line: str) -> None:
    said = train(folder, *words)
    assert said.startswith("2 error: "), said
    assert line in said
    assert said.count("\n") == 1


def test_other_classes_and_changed_data_are_refused(folder: Path) -> None:
    lines = (folder / "new.csv").read_text("utf-8").replace(",good", ",fine")
    (folder / "renamed.csv").write_text(lines, "utf-8")
    said = train(folder, "continue_from=first", "data=csv", "data.path=renamed.csv")
    assert "the run knows the classes bad, good, the new data has bad, fine" in said
    kept = (folder / "reviews.csv").read_text("utf-8")
    (folder / "reviews.csv").write_text(kept + "one more,good\n", "utf-8")
    said = train(folder, "continue_from=first", "data=csv", "data.path=new.csv")
    (folder / "reviews.csv").write_text(kept, "utf-8")
    assert "the data of run first are not what they were when it was trained" in said
