"""Mistakes on every command: one clear line each, exit code 1 or 2, and no traceback."""

from __future__ import annotations

import importlib
import logging
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_runs import Tracked

CSV = "data=csv data.path=reviews.csv"
# Words by command, the exit code, and how the line goes on behind "error: ".
MISTAKES: dict[str, list[tuple[str, int, str]]] = {
    "train": [
        ("trainer.epochs=3", 2, "trainer.epochs: no such key; "),
        ("learning_rate=0.1", 2, "learning_rate: no such key; did you mean optimizer.learning_rate?"),
        ("lr=0.1", 2, "lr: no such key; did you mean optimizer.learning_rate?"),
        ("epochs=3", 2, "epochs: "),
        ("batch_size=8", 2, "batch_size: no such key; did you mean data.batch_size?"),
        (
            "data=reviews.csv",
            2,
            "data=reviews.csv: data is a kind of source; write data=csv data.path=reviews.csv",
        ),
        ("data=excel", 2, "data=excel: no such choice; "),
        ("reviews.csv", 2, "reviews.csv: no key=value; "),
        ("seed=[0", 2, "seed=[0: cannot be read; close all brackets and quotes"),
        ("~model", 2, "model: must be given; leave ~model out"),
        ("~run_name", 2, "run_name: has no value that could be left out; leave ~run_name out"),
        ("~trainer.max_epochs", 2, "trainer.max_epochs: has no value that could be left out"),
        (
            "seed=range(0,3)",
            2,
            "seed=range(0,3): several values where one is expected; write -m for a run of each",
        ),
        ("~modell", 2, "modell: no such key; did you mean model?"),
        (
            "seed=0,1",
            2,
            "seed=0,1: several values where one is expected; write -m for a run of each, or seed=[0,1]",
        ),
        ("--seed=1", 2, "--seed=1: no such option; write seed=1"),
        ("-seed=1", 2, "-seed=1: no such option; write seed=1"),
        (
            f"{CSV} data.label_column=stars",
            2,
            "data.label_column=stars: reviews.csv has no such column; choices: ",
        ),
        (f"{CSV} data.delimiter=;;", 2, "data.delimiter"),
        (f"{CSV} data.encoding=klingon", 2, "data.encoding=klingon"),
        (f"{CSV} data.positive_class=best", 2, "data.positive_class=best: no such class; choices: bad, good"),
        (f"{CSV} data.validation_path=gone.csv", 2, "data.validation_path=gone.csv does not exist"),
        ("data=csv data.path=empty.csv", 1, "empty.csv"),
        ("data=csv data.path=one_class.csv", 1, ""),
        ("data=csv data.path=.", 2, "data.path=. is a folder; give a file in it."),
        (
            f"{CSV} data.text_column=label data.label_column=label",
            2,
            "data.text_column and data.label_column",
        ),
        ("data=csv data.path=picture.csv", 1, "picture.csv is no text: "),
        (
            f"{CSV} tokenizer=huggingface",
            2,
            "model.name_or_path: must be given, tokenizer.name_or_path refers",
        ),
        (f"{CSV} tokenizer=huggingface tokenizer.name_or_path=./nowhere", 1, ""),
        (f"{CSV} model=transformer model.name_or_path=./nowhere tokenizer.name_or_path=./nowhere", 1, ""),
        (f"{CSV} model=bilstm_kd", 2, "distillation.teacher: a student learns from a teacher"),
        (f"{CSV} model=bilstm_kd distillation.teacher=nobody", 2, "there is no run 'nobody'"),
        (f"{CSV} guidance.run=nobody guidance.mask=0.5", 2, "there is no run 'nobody'"),
        ("from_diagnosis=nobody", 2, "there is no run 'nobody'"),
        ("from_diagnosis=stopped", 2, "from_diagnosis=stopped: run stopped (FINISHED) has no diagnosis"),
        ("resume=stopped", 2, "resume=stopped: this run is finished; trainer.max_epochs=N beside it"),
        ("resume=stopped trainer.max_epochs=0", 2, "trainer.max_epochs: "),
        ("resume=stopped trainer.max_epochs=2 model=bilstm", 2, "resume=stopped: a finished run is trained"),
        ("resume=stoped", 2, "resume=stoped: no run of this id or name"),
        (f"{CSV} tracking.directory=a?b", 2, "tracking.directory=a?b: no database's address may hold ?"),
        (f"{CSV} tracking.directory=reviews.csv", 1, "cannot write the run's files in "),
        (f"{CSV} tracking.uri=ftp", 2, "tracking.uri=ftp: expected null"),
        (f"{CSV} tracking.experiment=", 2, "tracking.experiment is empty"),
        (f"{CSV} callbacks.diagnosis.rules=gone.yaml", 2, ""),
        (f"{CSV} callbacks.explanations.max_words=0", 2, "callbacks.explanations.max_words: "),
        ("explainer=[shaply]", 2, "explainer=shaply: no such choice; did you mean shapley?"),
        ("-m seed=0..2", 2, "seed=0..2: no value; write -m 'seed=range(0,3)'"),
        ("launcher=slurmy", 2, "launcher=slurmy: no such choice; did you mean slurm?"),
    ],
    "explain": [
        ("", 2, "give either run=ID_OR_NAME or model=FOLDER_OR_HUB_NAME"),
        ("run=stopped", 2, 'give either text="…" or file=PATH'),
        ("run=stopped text=a file=reviews.csv", 2, 'give either text="…" or file=PATH'),
        ("run=stopped model=x text=a", 2, "give either run=ID_OR_NAME or model"),
        ("run=nobody text=a", 2, "there is no run 'nobody'"),
        ("run=stopped file=gone.csv", 2, "file=gone.csv does not exist"),
        (
            "run=stopped file=reviews.csv text_column=review",
            2,
            "reviews.csv has no column 'review'; set text_column to one of text, label",
        ),
        ("run=stopped text=film", 1, "run stopped has no logged model"),
        ("model=bert text=film label=best", 2, "label=best: "),
        ("model=bert text=film rather_than=best", 2, "rather_than=best: "),
        ("model=bert text=film label=good rather_than=good", 2, ""),
        (
            "run=stopped text=film payoff=odds",
            2,
            "payoff: input should be 'log_odds', 'probability' or 'logit'",
        ),
        ("run=stopped text=film device=gpu", 2, "device: input should be "),
        ("run=stopped text=film explainer=[]", 2, "explainer: expected at least one method"),
        ("run=stopped text=film explainer=[lime2]", 2, "explainer=lime2: no such choice"),
        ("run=stopped text=film explainer.shapley.exact_words=99", 2, "explainer.shapley.exact_words: "),
        ("model=./nowhere text=film", 2, "./nowhere: neither a folder"),
        ("a nice film", 2, "a nice film: no key=value; "),
        ("run=stopped text=film max_tokens=1", 2, "max_tokens: input should be greater than or equal to 3"),
        ("run=stopped file=picture.csv", 1, "picture.csv is no text: "),
    ],
    "score": [
        ("", 2, "run=ID_OR_NAME must be given"),
        ("stopped", 2, "stopped: no key=value; a run is given as run=stopped"),
        ("run=nobody", 2, "there is no run 'nobody'"),
        ("run=stopped", 1, "run stopped kept no validation sentences"),
        ("run=stopped file=reviews.csv", 1, "run stopped has no logged model"),
        ("run=stopped file=gone.csv", 2, "file=gone.csv does not exist"),
        ("run=stopped people=gone.txt", 2, "people=gone.txt does not exist"),
        ("run=stopped people=reviews.csv file=reviews.csv", 2, "give either people=FILE"),
        ("run=stopped marks=gone.yaml", 2, "marks=gone.yaml does not exist"),
        ("run=stopped max_words=40", 2, "max_words: input should be less than or equal to 14"),
        ("run=stopped sentences=1", 2, "sentences: input should be greater than or equal to 2"),
        ("run=stopped score=[faith]", 2, "score=faith: no such choice"),
        ("run=stopped explainer=[lime2]", 2, "explainer=lime2: no such choice"),
        ("run=stopped score=[randomized_weights] score.randomized_weights.draws=0", 2, ""),
    ],
    "compare": [
        ("runs=[stopped]", 1, "run stopped has no tables/predictions"),
        ("runs=[stopped,nobody]", 2, "there is no run 'nobody'"),
        ("stopped nobody", 2, "stopped nobody: no key=value; runs are given as runs=[stopped,nobody]"),
        ("runs=stopped", 2, "runs: "),
        ("runs=[stopped,stopped]", 2, "runs: stopped is given twice: give each run once"),
        ("runs=[stopped,stopped] level=1.5", 2, "level: input should be less than"),
        ("experiment=nobody", 2, "there is no experiment 'nobody'"),
        ("runs=[]", 2, ""),
    ],
    "diagnose": [
        ("", 2, "run must be given: add run=VALUE"),
        ("run=nobody", 2, "there is no run 'nobody'"),
        ("stopped", 2, "stopped: no key=value; a run is given as run=stopped"),
        ("run=stopped", 1, "run stopped "),
        ("run=stopped rules=gone.yaml", 1, "run stopped "),
        ("run=stopped colour=red", 2, "colour: no such key; "),
    ],
    "doctor": [
        ("stopped", 2, "stopped: no key=value; a run is given as run=stopped"),
        ("runs=stopped", 2, "runs: no such key; did you mean run?"),
        ("tracking=cloud", 2, "tracking=cloud: no such choice; choices: local, server"),
    ],
    "ui": [
        ("port=x", 2, "port: input should be a valid integer; got 'x'"),
        ("port=99999", 2, "port: input should be less than or equal to 65535"),
        ("5001", 2, "5001: no key=value; write key=value, such as port=5001"),
        ("tracking.directory=empty", 2, "there are no tracked runs at sqlite:///"),
        ("tracking.uri=http://127.0.0.1:9", 1, "cannot read from http://127.0.0.1:9: "),
    ],
    "export": [
        ("", 2, "run must be given: add run=VALUE"),
        ("stopped", 2, "stopped: no key=value; a run is given as run=stopped"),
        ("run=nobody", 2, "there is no run 'nobody'"),
        (
            "run=stopped format=tensorflow",
            2,
            "format: input should be 'huggingface' or 'onnx'; got 'tensorflow'",
        ),
        (
            "run=stopped format=onnx push_to_hub=me/it",
            2,
            "push_to_hub is for format=huggingface: leave it out",
        ),
        ("run=stopped private=perhaps", 2, "private: input should be a valid boolean; got 'perhaps'"),
        ("run=stopped format=huggingface", 1, "run stopped has no logged model"),
    ],
}


def test_there_are_eighty() -> None:
    assert sum(map(len, MISTAKES.values())) >= 80


@pytest.fixture(scope="module")
def prepared(uninterrupted: Tracked, bert_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run called stopped, which kept no predictions and no model, and one of BERT."""
    folder = tmp_path_factory.mktemp("mistakes") / "place"
    shutil.copytree(uninterrupted.folder, folder, symlinks=True)
    shutil.copytree(bert_folder, folder / "bert")
    (folder / "empty.csv").touch()
    rows = "".join(f"film {i},good\n" for i in range(50))
    (folder / "one_class.csv").write_text(f"text,label\n{rows}")
    (folder / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00" * 50)
    return folder


@pytest.fixture
def place(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same as the working directory; a mistake changes nothing in it."""
    monkeypatch.chdir(prepared)
    return prepared


@pytest.fixture
def run_command(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], int]]:
    """Run a command in this process, and return its exit code."""
    import huggingface_hub
    import torch

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no network in this test")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", unreachable)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    logger = logging.getLogger()
    handlers, level = list(logger.handlers), logger.level

    def run(name: str, words: str) -> int:
        given = [words] if name == "explain" and "=" not in words and words else words.split()
        with pytest.raises(SystemExit) as ended:
            importlib.import_module(f"whytrain.commands.{name}").main(given)
        return int(ended.value.code or 0)

    yield run
    logger.handlers, logger.level = handlers, level  # Hydra configures them anew


@pytest.mark.parametrize(
    ("name", "words", "code", "message"),
    [(name, *mistake) for name, mistakes in MISTAKES.items() for mistake in mistakes],
)
def test_a_mistake_is_one_line(
    place: Path,
    run_command: Callable[[str, str], int],
    capfd: pytest.CaptureFixture[str],
    name: str,
    words: str,
    code: int,
    message: str,
) -> None:
    assert run_command(name, words) == code
    lines = capfd.readouterr().err.splitlines()
    told = [line for line in lines if line.startswith("error: ")]
    assert len(told) == 1, lines
    assert told[0] == lines[-1]
    assert told[0].startswith(f"error: {message}")
    assert "traceback" not in "".join(lines).lower()


def test_a_port_that_is_taken(
    place: Path, run_command: Callable[[str, str], int], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run_command("ui", f"port={port}") == 1
    assert (
        capsys.readouterr().err == f"error: port {port} is taken: give another one, such as port={port + 1}\n"
    )
