"""Wrong words are told in one line with the choices, and nothing is written."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra.errors import HydraException, InstantiationException
from small_runs import SMALL

from whytrain.commands import train
from whytrain.commands.command_line import run_command, tell
from whytrain.errors import (
    ConfigError,
    DataError,
    Interrupted,
    MissingDataError,
    MissingRunError,
    TrackingError,
    TrainingError,
)

CSV = ("data=csv", "data.path=reviews.csv")
WRONG = {
    "modl=bilstm": "modl: no such key; did you mean model? choices: callbacks, continue_from, data, ",
    "model=bilstmm": "model=bilstmm: no such choice; did you mean bilstm? choices: bilstm, bilstm_kd, bilstm_opt, tran",
    "callbacks=nonne": "callbacks=nonne: no such choice; did you mean none? choices: default, full, none",
    "experiment=unheard_of": "experiment=unheard_of: no such choice; ",
    "model.pool=last": "model.pool: no such key; did you mean pooling? choices: dropout, embedding, ",
    "task.separator=;": "task.separator: no such key here; it belongs to task=multilabel",
    "model.pooling=lst": "model.pooling: input should be 'last', 'mean', 'max' or 'attention'",
    "trainer.max_epochs=abc": "trainer.max_epochs: input should be a valid integer; got 'abc'",
    "trainer.max_epochs=1e1": "trainer.max_epochs: input should be a valid integer; got 10.0",
    "trainer.max_epochs=0": "trainer.max_epochs: input should be greater than or equal to 1; got 0",
    "trainer.monitor=val/acc": "trainer.monitor: input should be 'val/accuracy', 'val/f1', ",
    "data.positive_class=good": "data.positive_class=good: no such class; choices: negative, positive",
    "trainer.devices=two": "trainer.devices",
    "trainer.precision=16-mixed": "trainer.precision: input should be '32-true', 'bf16-mixed' or '64-true'",
    "seed=-1": "seed: input should be greater than or equal to 0; got -1",
    "seed=4294967296": "seed: input should be less than 4294967296; got 4294967296",
    "data=csv data.path=reviews.csv data.split_seed=1e30": "data.split_seed: input should be a valid integer",
    "data=csv data.path=reviews.csv data.split_seed=99999999999999999999": "data.split_seed: input should be less",
    "seed=[1": "",
    "seed": "",
    "~seed": "seed: must be given",
    "+sed=1": "sed: no such key; did you mean seed? choices: callbacks, continue_from, data, ",
    "+model.pool=last": "model.pool: no such key; did you mean pooling? choices: ",
    "objective.label_smoothing=2": "objective.label_smoothing: input should be less than or equal to 1",
    "objective.adversarial.weigth=1": "objective.adversarial.weigth: no such key; did you mean weight? ",
    "+objective.adversarial.length=1": "objective.adversarial.length: no such key; choices: epsilon, weight",
    "optimizer.schedule=cosine": "optimizer.schedule: input should be 'one_cycle' or 'constant'; ",
    "tracking.uri=file:./mlruns": "tracking.uri=file:./mlruns: expected null (SQLite under mlruns/), sqlite:///",
    "data=csv": "data.path must be given: add data.path=VALUE",
    "data.batch_size=0": "data.batch_size: input should be greater than or equal to 1; got 0",
    "+callbacks.mine._target_=nowhere.Mine": "_target_ 'nowhere.Mine' cannot be imported",
    "trainer=gpu": "trainer.accelerator=gpu, but torch sees no GPU here; use trainer=default",
    "data=csv data.path=gone.csv": "data.path=gone.csv does not exist",
    "data=csv data.path=reviews.csv data.text_column=review": "data.text_column=review: reviews.csv has no such column; "
    "choices: ",
    "resume=latest": "resume=latest: no run of this id or name under ",
    "-m seed=0..2": "seed=0..2: no value; write -m 'seed=range(0,3)'",
    "-m seed=0,x": "seed: input should be a valid integer; got 'x'",
    "resume=abc seed=3": "resume=RUN_ID goes on with that run's own config; leave out seed=3",
    " ".join(
        [*CSV, "model.self_attention_heads=3", "model.hidden_size=8"]
    ): "model.self_attention_heads=3 must",
    " ".join([*CSV, "model.embedding.pretrained=nowhere"]): "model.embedding.pretrained: no word embeddings",
    " ".join(
        [*CSV, "objective.attention_penalty.weight=0.1"]
    ): "objective.attention_penalty.weight is above 0",
}


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)


def test_wrong_words(
    tmp_path: Path,
    reviews: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_train: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    no_gpu: None,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews.csv").symlink_to(reviews)
    for words, message in WRONG.items():
        code = run_train(*words.split())
        out, err = capsys.readouterr()
        assert code == 2, (words, err)
        assert out == "", words
        [line] = err.splitlines()  # one readable line
        assert line.startswith(f"error: {message}"), (words, line)
        assert [path.name for path in tmp_path.iterdir()] == ["reviews.csv"], words


QUICK_COMMANDS = """
import sys
from whytrain.commands import compare, explain, train
codes = []
wrong = ["modl=1", "model=1", "seed=-1", "trainer.max_epochs=0", "trainer.accelerator=tpu", "model.hidden_size=x"]
wrong += ["callbacks.explanations.max_words=99", "trainer.monitor=val/acc", "resume=latest", "-m seed=0,x"]
wrong += ["data=csv data.path=gone.csv", "model.dropout=2 data.batch_size=0"]
given = [(train, words) for words in (["--help"], ["--cfg", "job"], *map(str.split, wrong))]
given += [(explain, ["run=x", "text=y", word]) for word in ("device=gpu", "payoff=odds", "colour=y")]
given += [(explain, ["run=x"]), (compare, ["runs=[a,b]", "level=2"]), (compare, ["runs=[a,b]", "device=gpu"])]
for command, words in given:
    sys.argv = ["main.py", *words]
    try:
        command.main()
    except SystemExit as end:
        codes.append(end.code)
slow = {"torch", "mlflow", "pytorch_lightning", "matplotlib", "transformers"}
print(codes, sorted(slow & sys.modules.keys()))
"""


def test_help_config_and_wrong_words_do_without_torch(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", QUICK_COMMANDS], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert lines[-1] == f"{[0, 0] + (12 + 6) * [2]} []"
    help_text, _, config = done.stdout.partition("\nmodel:\n")
    assert max(map(len, help_text.partition("\nseed: 0")[0].splitlines())) <= 80
    assert "bilstm*, bilstm_kd, bilstm_opt" in help_text
    assert "  pooling: last\n" in config
    assert "\nobjective:\n" in done.stdout
    assert not list(tmp_path.iterdir())


def test_an_unexpected_error_is_one_line_with_a_log(
    workspace: Path,
    run_train: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def breaks(config: object) -> None:
        raise ValueError("something odd\nin two lines")

    monkeypatch.setattr(train, "build", breaks)
    assert run_train(*SMALL) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line == "error: ValueError: something odd in two lines (traceback in mlruns/last-error.log)"
    log = (workspace / "mlruns" / "last-error.log").read_text()
    assert "Traceback" in log
    assert "in breaks" in log


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ConfigError("wrong"), 2, "error: wrong"),
        (DataError("bad rows"), 1, "error: bad rows"),
        (MissingDataError("missing"), 2, "error: missing"),
        (MissingRunError("missing"), 2, "error: missing"),
        (TrackingError("out of reach"), 1, "error: out of reach"),
        (TrainingError("nan"), 1, "error: nan"),
        (Interrupted(signal.SIGTERM), 143, "stopped by SIGTERM"),
        (Interrupted(signal.SIGINT, "go on"), 130, "stopped by Ctrl-C; go on"),
        (KeyboardInterrupt(), 130, "stopped by Ctrl-C"),
        (HydraException("one\ntwo"), 2, "error: one two"),
    ],
)
def test_exit_codes(error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise error

    assert run_command(command, train.CONF / "train.yaml") == code
    assert capsys.readouterr().err == f"{line}\n"
    assert run_command(lambda: None, train.CONF / "train.yaml") == 0


def test_sigterm_before_training_unwinds(capsys: pytest.CaptureFixture[str]) -> None:
    unwound = []
    default = signal.getsignal(signal.SIGTERM)

    def command() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            unwound.append(True)

    assert run_command(command, train.CONF / "train.yaml") == 143
    assert unwound == [True]
    assert capsys.readouterr().err == "stopped by SIGTERM\n"
    assert signal.getsignal(signal.SIGTERM) is default


def test_an_error_of_a_constructor_is_told_as_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    wrapped = InstantiationException("Error in call to target 'x':\nConfigError('size is wrong')")
    wrapped.__cause__ = ConfigError("size is wrong")
    assert tell(wrapped, train.CONF / "train.yaml") == 2
    assert capsys.readouterr().err == "error: size is wrong\n"


@pytest.mark.parametrize(
    ("script", "words", "message"),
    [
        (
            "explain",
            ["run=x", "colour=y"],
            "colour: no such key; choices: classifier, delimiter, details, device, encoding, explainer, figures, file,",
        ),
        (
            "compare",
            ["run=x"],
            "run: no such key; did you mean runs? choices: changed_sentences, device, explainer, level,",
        ),
    ],
)
def test_each_command_lists_its_own_choices(
    tmp_path: Path, script: str, words: list[str], message: str
) -> None:
    command = [sys.executable, "-m", "whytrain", script, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith(f"error: {message}")
    assert "trainer" not in line
