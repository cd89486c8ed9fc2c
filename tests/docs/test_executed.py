"""What the pages show was run: commands by one loaded process, notebooks once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from making import executed
from making.executed import environment, run_page
from making.loaded import whytrain_loaded
from making.notebooks import run_notebook
from sphinx.errors import ExtensionError

NOTEBOOK = """---
file_format: mystnb
kernelspec:
  name: python3
  display_name: Python 3
---

# One

```{code-cell} python
print("run", file=open("runs.txt", "a"))
```
"""


def test_a_loaded_command_is_as_one_that_is_started(tmp_path: Path) -> None:
    """Where it stands, what it is given, prints and returns: told apart from the real program by nothing."""

    def told(block: str, environ: dict[str, str]) -> tuple[int, str, str]:
        done = subprocess.run(
            ["bash", "-c", block], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    with whytrain_loaded(environment(), imported=()) as loaded:
        assert "/bin/whytrain" in told("command -v whytrain", loaded)[1]
        for block, code in (
            ("whytrain --version > v.txt; cat v.txt", 0),
            ("whytrain trian", 2),
            ("COLUMNS=40 whytrain explain run=first text='two  blanks'", 2),
        ):
            answer = told(block, loaded)
            assert answer == told(block, environment())
            assert answer[0] == code


def test_a_process_that_ended_keeps_nobody_waiting(tmp_path: Path) -> None:
    with whytrain_loaded(environment(), imported=("no_such_module",)) as loaded:
        done = subprocess.run(["whytrain", "--version"], env=loaded, capture_output=True, check=False)
    assert done.returncode == 1


def test_blocks_of_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executed, "prepare", lambda folder: folder.mkdir())
    blocks = ["echo a > a.txt; echo said; pwd", "cat a.txt; echo http://127.0.0.1:$PORT"]
    folder = tmp_path / "page"
    said = {blocks[0]: "said\n~/films", blocks[1]: "a\nhttp://127.0.0.1:$PORT"}
    assert run_page(blocks, folder, environment()) == said
    (folder / "a.txt").write_text("b", "utf-8")
    assert run_page(blocks, folder, environment()) == said  # kept
    with pytest.raises(ExtensionError, match=r"page: exit code 3 of\necho why; exit 3\nwhy"):
        run_page(["echo why; exit 3"], folder, environment())


def test_a_notebook_is_run_once(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text(NOTEBOOK, "utf-8")
    for _ in range(2):
        run_notebook(tmp_path / "one.md", str(tmp_path / "kept"))
    assert (tmp_path / "runs.txt").read_text("utf-8") == "run\n"
