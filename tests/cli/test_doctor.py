"""`whytrain doctor`: what is fit for use, what is not, and what to type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from whytrain.commands.__main__ import main
from whytrain.health import extras, machine
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store


def doctor(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *words])
    out, err = capsys.readouterr()
    assert err == ""
    assert [line for line in out.splitlines() if len(line) > 80] == []
    return int(ended.value.code or 0), " ".join(out.split())


def test_an_empty_folder_is_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    monkeypatch.setitem(extras.EXTRAS, "nobody-has-this", ("a test", ""))
    code, out = doctor(capsys)
    assert code == 0
    for told in (
        "torch ok",
        " 1 thread, ",
        "memory ok",
        "store missing",
        "→ whytrain train",
        "no run waits to be sent",
    ):
        assert told in out
    assert "nobody-has-this missing a test → pip install nobody-has-this" in out
    assert list(tmp_path.iterdir()) == []


def test_what_is_broken_is_told(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "LEAST_DISK_GB", 1e9)
    code, out = doctor(capsys, "run=unheard")
    assert code == 1
    assert "disk of runs problem" in out
    assert "→ make room: python -m whytrain.tracking usage" in out
    assert "run problem there is no run 'unheard'" in out
    (workspace / "mlruns" / "mlflow.db").write_bytes(b"no database")
    code, out = doctor(capsys)
    assert code == 1
    assert "store problem cannot read from sqlite:///" in out
    (folder := workspace / "mlruns" / "runs" / "odd").mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"foreign": 1}))
    code, out = doctor(capsys)
    assert code == 1
    assert "is no record of a run: move its folder away" in " ".join(out.split())
    assert "Traceback" not in out


def test_a_run_without_its_records(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = TrackingSettings(
        uri=None, experiment="whytrain", log_text=True, directory="mlruns", register=None
    )
    Store.start(settings, run_name="bare", tags={}).close("KILLED")
    code, out = doctor(capsys, "run=bare")
    assert code == 1
    assert "1 run of experiment whytrain" in out
    assert "bare is KILLED → whytrain train resume=" in out
    assert "model problem run bare has no logged model" in out
    assert "diagnosis missing none" in out
