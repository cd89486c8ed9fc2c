"""A small run whose articles give the label away, and its app, asked without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from planted_articles import ORIGIN, TOKEN, WORDS, write_articles
from small import draw_nothing
from starlette.testclient import TestClient

import whytrain as wt
from whytrain.app.exploration import Exploration
from whytrain.app.explored import Explored
from whytrain.app.server import make_app
from whytrain.callbacks import describe_run
from whytrain.runs.remarks import REMARKS_PATH
from whytrain.tracking.artifacts import write_artifact


@pytest.fixture(scope="session")
def article_folder(tmp_path_factory: pytest.TempPathFactory, migrated_store: Path) -> Path:
    """A folder with the data and a store with the run `first`."""
    folder = tmp_path_factory.mktemp("articles")
    write_articles(folder)
    (folder / "mlruns").mkdir()
    (folder / "mlruns" / "mlflow.db").write_bytes(migrated_store.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        draw_nothing(patch)
        patch.setattr(describe_run, "_environment", lambda: "")
        wt.train(*WORDS)
    return folder


@pytest.fixture
def exploration(article_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Exploration:
    """The run, about which nothing is said yet."""
    monkeypatch.chdir(article_folder)
    run = wt.open_run("first")
    write_artifact(run.record, REMARKS_PATH, "")
    return Exploration([Explored(run.name, run.model, run)], root=article_folder / "mlruns")


@pytest.fixture
def client(exploration: Exploration) -> Iterator[TestClient]:
    """A browser that opened the address with the token."""
    with TestClient(make_app(exploration, token=TOKEN), base_url=ORIGIN) as browser:
        browser.headers["origin"] = ORIGIN
        assert browser.get(f"/?token={TOKEN}").status_code == 200
        yield browser
