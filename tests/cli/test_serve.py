"""The command `serve`: it answers where it says, keeps the record, and outlives a worker that is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from small_runs import SMALL, Tracked

from whytrain.audit import read_entries, verify
from whytrain.commands import serve

SAID = "said.txt"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def asked(port: int, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        told: dict[str, Any] = json.load(response)
        return told


@contextmanager
def server(folder: Path, port: int, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "whytrain", "serve", f"port={port}", *words]
    with (
        (folder / SAID).open("w") as said,
        subprocess.Popen(command, cwd=folder, text=True, stdout=said) as process,
    ):
        try:
            for _ in range(600):
                assert process.poll() is None
                try:
                    asked(port, "/health")
                    break
                except OSError:
                    time.sleep(0.1)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@pytest.fixture(scope="module")
def trained(make_workspace: Callable[[], Path]) -> Tracked:
    """A small run with its logged model."""
    folder = make_workspace()
    command = [sys.executable, "-m", "whytrain", "train", *SMALL, "callbacks=none", "trainer.max_epochs=1"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return Tracked(folder)


def workers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    is_worker = [b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children]
    return [int(child) for child, found in zip(children, is_worker, strict=True) if found]


def test_a_run_answers_with_reasons_until_it_is_told_to_end(trained: Tracked, tmp_path: Path) -> None:
    port, record = free_port(), tmp_path / "served"
    words = (f"run={trained.run_id()}", f"record={record}")
    with server(trained.folder, port, *words) as process:
        health = asked(port, "/health")
        assert health["model"]["run"] == trained.run_id()
        answer = asked(port, "/explain", {"texts": ["a lovely film"]})["answers"][0]
        assert answer["explanation"]["words"] == ["a", "lovely", "film"]
        assert answer["label"] in health["classes"]
    assert process.returncode == 128 + signal.SIGTERM  # as of every command of ours
    said = (trained.folder / SAID).read_text()
    assert f"will answer at http://127.0.0.1:{port}/" in said
    assert f"python -m whytrain.audit verify {record}" in said
    (entry,) = read_entries(record)
    assert (entry["text"], entry["hash"]) == ("a lovely film", answer["record"])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_worker_is_replaced_and_loses_no_recorded_answer(trained: Tracked, tmp_path: Path) -> None:
    port, record = free_port(), tmp_path / "served"
    words = (f"run={trained.run_id()}", f"record={record}", "workers=2")
    confirmed: list[str] = []
    with server(trained.folder, port, *words) as process:
        while len(workers := workers_of(process.pid)) < 2:
            time.sleep(0.1)
        while not confirmed or workers:
            try:
                told = asked(port, "/predict", {"texts": [f"text {len(confirmed)}"]})
                confirmed.append(told["answers"][0]["record"])
            except OSError:  # its worker was killed
                pass
            if workers and len(confirmed) >= 10:
                os.kill(workers.pop(), signal.SIGKILL)
                workers.clear()
        deadline = time.monotonic() + 60
        while len(workers_of(process.pid)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        confirmed.append(asked(port, "/predict", {"texts": ["after"]})["answers"][0]["record"])
    assert verify(record).problem is None
    assert set(confirmed) <= {entry["hash"] for entry in read_entries(record)}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "give either run=ID_OR_NAME or model=models:/NAME@ALIAS"),
        (("run=x", "model=models:/a@b"), "give either"),
        (("x",), "a run is given as run=x"),
        (("run=x", "port=0"), "port: "),
        (("run=x", "workers=0"), "workers: "),
        (("run=x", "timeout=0"), "timeout: "),
        (("run=x", "method=shaply"), "shaply: no such method; did you mean shapley"),
        (("run=x", "prot=8000"), "did you mean port"),
        (("run=nobody",), "there is no run 'nobody'"),
        (("model=models:/reviews",), "expected models:/NAME@ALIAS or models:/NAME/VERSION"),
        (("model=models:/reviews@best",), "there is no such registered model"),
    ],
)
def test_a_mistake_is_a_line(
    trained: Tracked,
    words: tuple[str, ...],
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(trained.folder)
    with pytest.raises(SystemExit) as end:
        serve.main(words)
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


def test_a_taken_port_is_a_line(
    trained: Tracked, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained.folder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as end:
            serve.main([f"run={trained.run_id()}", f"port={port}"])
    assert end.value.code == 2
    assert f"give another one, such as port={port + 1}" in capsys.readouterr().err
