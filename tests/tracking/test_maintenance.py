"""python -m whytrain.tracking lists, replays and measures."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracking_processes import free_port, settings_in

from whytrain.tracking.__main__ import main
from whytrain.tracking.reader import find_run
from whytrain.tracking.store import Store


@pytest.fixture
def spooled(root: Path) -> Store:
    """A run whose server was never there."""
    store = Store.start(settings_in(root, f"http://127.0.0.1:{free_port()}"), run_name="spooled", tags={})
    store.log_metrics({"a": 1.0, "b": 2.0}, step=1)
    store.close("FINISHED")
    return store


def test_list(spooled: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{spooled.run_id}  spooled: 2 metric values and 2 details for http://")


def test_replay(spooled: Store, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uri = settings_in(root).address
    assert main(["replay"]) == 1
    assert "not sent: [Errno 111] Connection refused" in capsys.readouterr().out
    assert main(["replay", spooled.run_id, "--uri", uri]) == 0
    run = find_run(uri, spooled.run_id)
    assert run.metrics == {"a": 1.0, "b": 2.0}
    assert run.status == "FINISHED"
    expected = f"{spooled.run_id}  spooled (now {run.run_id}): sent 2 metric values and 2 details"
    assert capsys.readouterr().out.strip() == expected
    assert main(["replay", "--uri", uri]) == 0
    assert "nothing waits" in capsys.readouterr().out
    assert main(["list"]) == 0
    assert "nothing waits" in capsys.readouterr().out


def test_replay_of_an_unknown_run(spooled: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "nobody"]) == 1
    assert capsys.readouterr().err.startswith("error: there is no run nobody in")


def test_usage(store: Store, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (store.directory / "last.ckpt").write_bytes(b"x" * 3_000_000)
    (root / "best.ckpt").write_bytes(b"x" * 1_500_000)
    store.log_artifact(root / "best.ckpt", "checkpoints")
    store.close("FINISHED")
    assert main(["--directory", str(root / "mlruns"), "usage"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["3.0", "1.5", store.run_id, "run"]
    assert lines[2].split()[:5] == ["3.0", "1.5", "all", "1", "runs"]


def test_no_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("list", "replay", "usage"):
        assert main([command]) == 0
    assert not list(tmp_path.iterdir())
    assert "all 0 runs" in capsys.readouterr().out
