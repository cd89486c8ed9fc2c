"""Commands of the tutorials: run when the site is built, each page in a folder of its own, their output below them.

In a page,

    ```{run}
    whytrain train run_name=first
    ```

is run by bash, after the blocks before it. A command that fails fails the build. What was run is kept until the
page's blocks or the program change. The notebooks are run at the same time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from making.loaded import whytrain_loaded
from making.notebooks import run_notebook

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```\{run\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAM = ("src/whytrain", "callbacks", "lightning_modules", "conf")
TUTORIALS, NOTEBOOKS = ROOT / "docs" / "tutorials", ROOT / "docs" / "notebooks"
AT_ONCE = 2  # pages, each one process
LONG = ("own_csv", "shortcut", "sweeps", "comparing")  # the longest first, so that both end together


class Run(SphinxDirective):
    """Commands, and what they print."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the commands as a block that can be copied, and what they printed."""
        commands = "\n".join(self.content)
        said = _outputs(self.env.app)[self.env.docname][commands]
        block = nodes.literal_block(commands, commands, language="bash")
        printed = nodes.literal_block(said, said, language="text", classes=["printed"])
        return [block, printed] if said else [block]


def run_pages(app: Sphinx) -> None:
    """Run the blocks of all pages that have some, and the notebooks, unless that was done."""
    pages = {path.stem: blocks for path in TUTORIALS.glob("*.md") if (blocks := blocks_of(path))}
    notebooks = {path.stem: path for path in NOTEBOOKS.glob("*.md")}
    kept = str(app.config.nb_execution_cache_path)
    prepare(TUTORIALS / "films")  # what the pages offer for download, and the notebooks read
    with whytrain_loaded(environment()) as environ, ThreadPoolExecutor(AT_ONCE) as pool:
        started: dict[str, Future[Any]] = {}
        for name in sorted(pages.keys() | notebooks.keys(), key=_place):
            if name in pages:
                started[name] = pool.submit(run_page, pages[name], folder_of(app, name), environ)
            else:
                started[name] = pool.submit(run_notebook, notebooks[name], kept)
        done = {name: work.result() for name, work in started.items()}
    outputs = {f"tutorials/{name}": done[name] for name in pages}
    (folder_of(app, "outputs").parent / "outputs.json").write_text(json.dumps(outputs), "utf-8")


def _place(name: str) -> tuple[int, str]:
    return (LONG.index(name) if name in LONG else len(LONG), name)


def folder_of(app: Sphinx, page: str) -> Path:
    """Return the folder in which a page's commands run."""
    return Path(app.srcdir) / "_build" / "runs" / page


def blocks_of(page: Path) -> list[str]:
    """Return the commands of a page, block by block."""
    return [match.rstrip("\n") for match in _BLOCK.findall(page.read_text("utf-8"))]


def run_page(blocks: Sequence[str], folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what each block prints, run one after the other in a folder; as kept there if nothing changed.

    Raises:
        ExtensionError: a block fails.
    """
    kept, key = folder / "outputs.json", _key(blocks)
    if kept.is_file() and (known := json.loads(kept.read_text("utf-8")))["key"] == key:
        return dict(known["outputs"])
    shutil.rmtree(folder, ignore_errors=True)
    prepare(folder)
    outputs = {block: _run(block, folder, environ) for block in blocks}
    kept.write_text(json.dumps({"key": key, "outputs": outputs}), "utf-8")
    return outputs


def prepare(folder: Path) -> None:
    """Make a folder with the files that the tutorials begin with."""
    from making.films import write_films

    folder.mkdir(parents=True, exist_ok=True)
    write_films(folder)


def _run(block: str, folder: Path, environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", block],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ExtensionError(f"{folder.name}: exit code {done.returncode} of\n{block}\n{done.stdout[-3000:]}")
    return _cleaned(done.stdout.replace(f":{environ['PORT']}", ":$PORT"), folder)


def environment() -> dict[str, str]:
    """Return the environment of a person who activated the one that builds the site."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "COLUMNS": "80",
        "OMP_NUM_THREADS": "1",  # two pages at once
        "PORT": str(_free_port()),  # of the page that starts a server
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _cleaned(text: str, folder: Path) -> str:
    """Return output without the paths and ends of lines of the machine that builds."""
    text = re.sub(r"\S+/bin/whytrain\b", "whytrain", text.replace(str(folder), "~/films"))
    lines = [line.rstrip() for line in text.splitlines() if "━ 100% " not in line]  # a bar's last state
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _key(blocks: Sequence[str]) -> str:
    return hashlib.sha256("\0".join([*blocks, program_key()]).encode()).hexdigest()


@cache
def program_key() -> str:
    """Return a key of the program and of the tutorials' data: what they say changes with it."""
    digest = hashlib.sha256()
    for part in _PROGRAM:
        for path in sorted((ROOT / part).rglob("*")):
            if path.suffix in {".py", ".yaml"} and path.is_file():
                digest.update(path.read_bytes())
    digest.update((Path(__file__).parent / "films.py").read_bytes())
    return digest.hexdigest()


def _outputs(app: Any) -> dict[str, dict[str, str]]:
    path = folder_of(app, "outputs").parent / "outputs.json"
    return dict(json.loads(path.read_text("utf-8")))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("run", Run)
    app.connect("builder-inited", run_pages, priority=100)
    return {"parallel_read_safe": True}
