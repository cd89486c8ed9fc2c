"""The command `whytrain`: which commands there are, and what it says about words that newcomers try."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_runs import SMALL, Tracked

from whytrain.commands.__main__ import COMMANDS, main
from whytrain.commands.help import command_help
from whytrain.commands.hydra_command import CONF


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `whytrain WORDS`."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0), *capsys.readouterr()


def test_the_overview_and_the_help_of_each_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, overview, _ = said(capsys, "--help")
    assert code == 0
    assert all(f"  {name} " in overview and f"whytrain {name} " in overview for name in COMMANDS)
    texts = [overview]
    for name in COMMANDS:
        code, text, _ = said(capsys, name, "--help")
        assert code == 0
        assert f"whytrain {name}" in text
        texts.append(text)
    assert [line for text in texts for line in text.splitlines() if len(line) > 80] == []
    assert "model       bilstm*, bilstm_kd, bilstm_opt" in texts[1]
    assert "seed=0                whole number" in texts[1]
    assert list(tmp_path.iterdir()) == []


WRONG = {
    "trian": "trian: no such command; did you mean train? choices: train, explain, score, inspect, explore, amortize, compare, diagnose, export, serve, ui, doctor",
    "train epochs=10": "epochs: no such key; did you mean trainer.max_epochs? choices: callbacks, continue_from, data, ",
    "train lr=0.1": "lr: no such key; did you mean optimizer.learning_rate? choices: ",
    "train batch_size=8": "batch_size: no such key; did you mean data.batch_size? choices: ",
    "train dropout=0.1": "dropout: no such key; did you mean model.dropout? choices: ",
    "train data=/x.csv": "data=/x.csv: data is a kind of source; write data=csv data.path=/x.csv",
    "train 'data=my data.csv'": "data=my data.csv: data is a kind of source; write data=csv data.path=my data.csv",
    "train bilstm": "bilstm: no key=value; write key=value or group=choice, such as seed=1 or model=bilstm_opt",
    "train callbacks.shapley.max_words=5": "callbacks.shapley.max_words is called callbacks.explanations.max_words now",
    "train trainer.mode=max": "trainer.mode is gone: leave it out",
    "explain 'a fine film'": 'a fine film: no key=value; a text is given as text="a fine film"',
    "compare a b": "a b: no key=value; runs are given as runs=[a,b]",
    "ui 5001": "5001: no key=value; write key=value, such as port=5001",
    "ui port=70000": "port: input should be less than or equal to 65535; got 70000",
    "doctor first": "first: no key=value; a run is given as run=first",
    "doctor runs=x": "runs: no such key; did you mean run? choices: run, tracking",
}


@pytest.mark.parametrize(("words", "message"), WRONG.items(), ids=WRONG)
def test_what_newcomers_try(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = said(capsys, *shlex.split(words))
    assert (code, out) == (2, "")
    [line] = err.splitlines()
    assert line.startswith(f"error: {message}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick")
def test_peoples_words_are_taken_literally(
    workspace: Path, tracked: Tracked, run_train: Callable[..., int]
) -> None:
    folder = workspace / "my data (v2), café"
    folder.mkdir()
    text = (workspace / "reviews.csv").read_text().replace("text,label", "Wörter,Overall Rating (1-5)")
    for name in ("a.csv", "b {x}.csv"):
        (folder / name).write_text(text)
    words = [word for word in SMALL if not word.startswith(("data.path", "trainer.max_epochs"))]
    words += ["data.text_column=Wörter", "data.label_column=Overall Rating (1-5)", "trainer.max_epochs=1"]
    words += ["callbacks=none"]
    assert run_train(*words, f"data.path={folder}/b {{x}}.csv", "run_name=评论's ${1}") == 0
    assert list(tracked.runs().values()) == ["FINISHED"]
    # In a sweep, commas separate; what is quoted is one value.
    quoted = f"data.path='{folder}/a.csv','{folder}/b {{x}}.csv'"
    assert run_train("-m", *words, quoted, "sweep_name=two files") == 0
    assert list(tracked.runs().values()) == ["FINISHED"] * 4


def test_output_that_nobody_reads_ends_quietly(tmp_path: Path) -> None:
    command = f"{sys.executable} -m whytrain train --cfg job | true"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_the_help_shows_sections_as_such() -> None:
    lines = command_help(CONF / "explain.yaml").splitlines()
    assert [line for line in lines if line.startswith("  infill")] == [
        "  infill.…              how words are absent: filled in with words that a masked"
    ]


def test_the_help_lists_groups_of_which_several_may_be_chosen() -> None:
    told = command_help(CONF / "train.yaml")
    assert "  explainer   amortized, attention, attention_rollout, gradient," in told.splitlines()
