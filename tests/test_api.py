"""The Python door: training, opening and asking runs, any number of them in one process."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from small_runs import SMALL, Tracked

import whytrain as wt
from whytrain.errors import ConfigError, DataError, TrackingError

QUICK = {
    "data__batch_size": 16,
    "data__calibration_size": 20,
    "tokenizer__vocabulary_size": 200,
    "model__hidden_size": 16,
    "model__embedding__size": 16,
    "trainer__max_epochs": 5,
    "optimizer__learning_rate": 0.03,
    "callbacks": "none",
}
LAZY = (
    "",
    "calibration",
    "statistics",
    "surrogates",
    "diagnosis",
    "comparison",
    "data",
    "tracking",
    "sweeps",
)
LAZY += ("objectives", "guidance")


@pytest.mark.usefixtures("quiet_figures")
def test_runs_from_texts_and_labels(workspace: Path, reviews: Path) -> None:
    rows = pd.read_csv(reviews)
    before = (dict(HydraConfig.instance().__dict__), GlobalHydra.instance().hydra)
    run = wt.fit(rows["text"], rows["label"], run_name="my first (1)", **QUICK)
    again = wt.fit(rows["text"].tolist(), rows["label"].tolist(), run_name="again", **QUICK)
    assert (dict(HydraConfig.instance().__dict__), GlobalHydra.instance().hydra) == before
    assert run.id != again.id
    exact = [name for name in run.metrics if not name.startswith("time/")]
    assert {n: run.metrics[n] for n in exact} == {n: again.metrics[n] for n in exact}
    assert run.metrics["best/accuracy"] > 0.9  # one word decides the class
    assert run.config["data"]["path"] == again.config["data"]["path"]
    assert run.config["trainer"]["max_epochs"] == 5
    assert wt.open_run("my first (1)").id == wt.open_run(run.id).id == run.id
    assert repr(run) == f"Run('my first (1)', id={run.id}, FINISHED)"
    assert sorted(path.name for path in workspace.iterdir()) == ["mlruns", "reviews.csv"]

    asked = pd.Series(["a great film", None, "a dull plot", np.nan, pd.NA], index=list("abcde"))
    told = run.predict(asked)
    assert told.index.tolist() == list("abcde")
    assert told["label"].isna().tolist() == [False, True, False, True, True]
    assert told.loc[["a", "c"], "label"].tolist() == ["good", "bad"]
    assert told["probability"].isna().tolist() == [False, True, False, True, True]
    known = told.loc[["a", "c"]]
    assert np.allclose(known["probability_good"] + known["probability_bad"], 1)
    assert (known["probability"] == known[["probability_good", "probability_bad"]].max(axis=1)).all()
    assert run.predict(asked.to_frame()).equals(told)
    assert run.predict(["a great film"])["probability"].item() == pytest.approx(told["probability"]["a"])
    assert run.predict("a great film")["label"].tolist() == ["good"]
    for nothing in ([], [None]):
        assert run.predict(nothing).shape == (len(nothing), told.shape[1])
    with pytest.raises(DataError, match="expected texts as strings; got 3"):
        run.predict([3])
    with pytest.raises(DataError, match="expected one column of texts; got a, b"):
        run.predict(pd.DataFrame({"a": ["x"], "b": ["y"]}))


@pytest.mark.usefixtures("quiet_figures")
def test_the_words_of_the_command(workspace: Path) -> None:
    (workspace / "reviews.csv").rename(workspace / "my reviews (v2), é.csv")
    words = [word for word in SMALL if not word.startswith("data.path")]
    run = wt.train(*words, "data.path=my reviews (v2), é.csv", "callbacks=none", "run_name=评论", "seed=1")
    assert run.name == "评论"
    assert run.config["data"]["path"] == "my reviews (v2), é.csv"
    assert run.config["seed"] == 1
    assert not run.predict(["great"]).filter(like="in_set").isna().any(axis=None)
    assert Tracked(workspace).runs() == {run.id: "FINISHED"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["epochs=3"], r"^epochs: no such key; did you mean trainer.max_epochs\?"),
        (["model=bilstmm"], r"^model=bilstmm: no such choice; did you mean bilstm\?"),
        (["data=csv"], r"^data.path must be given"),
        (["seed"], r"^seed: no key=value; write key=value"),
        (["experiment=closed_loop"], r"^the closed loop trains many runs"),
        (["trainer=ddp"], r"^trainer.devices=2: from Python"),
    ],
)
def test_what_is_wrong_is_told_as_by_the_command(workspace: Path, words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        wt.train(*words)


def test_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrackingError, match="there are no tracked runs"):
        wt.open_run("nothing")
    with pytest.raises(TrackingError, match=r"there are no tracked runs at sqlite:///.*/elsewhere.db"):
        wt.open_run("nothing", "sqlite:///elsewhere.db")
    with pytest.raises(DataError, match="got 1 labels and 2 texts"):
        wt.fit(["a", "b"], ["x"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", LAZY)
def test_public_names(folder: str) -> None:
    package = importlib.import_module(f"whytrain.{folder}" if folder else "whytrain")
    assert package.__all__ == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        package.no_such_name  # noqa: B018


def test_importing_the_package_imports_nothing_slow() -> None:
    code = "import sys, whytrain, whytrain.calibration, whytrain.tracking; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "pandas", "numpy", "hydra", "mlflow"} & set(done.stdout.split())
