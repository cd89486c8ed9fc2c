"""Where a run's code comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from whytrain.runs.provenance import git_tags


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "code.py").write_text("a = 1\n", "utf-8")
    git(folder, "init")
    git(folder, "add", "code.py")
    git(folder, "commit", "-m", "Begin")
    return folder


def test_the_commit_is_that_of_the_code_wherever_it_runs(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whytrain.runs.provenance.__file__", str(repository / "code.py"))
    monkeypatch.chdir(tmp_path)
    commit = git(repository, "rev-parse", "HEAD")
    assert git_tags() == {"git_commit": commit, "git_dirty": "false"}
    (repository / "code.py").write_text("a = 2\n", "utf-8")
    assert git_tags() == {"git_commit": commit, "git_dirty": "true"}


def test_installed_code_is_run_by_the_project_around_it(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whytrain.runs.provenance.__file__", str(tmp_path / "installed.py"))
    monkeypatch.chdir(tmp_path)
    assert git_tags() == {}
    monkeypatch.chdir(repository)
    assert git_tags()["git_commit"] == git(repository, "rev-parse", "HEAD")
