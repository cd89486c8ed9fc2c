"""A server follows an alias of the registry, without losing a request."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from served_models import ARGUMENTS, settings_of, small_model
from small import BILSTM
from tracking_processes import settings_in

from whytrain.errors import ConfigError, TrackingError
from whytrain.models.saved import load_model, save_model
from whytrain.runs.model import as_pyfunc
from whytrain.serving.app import create_app
from whytrain.serving.settings import ServeSettings
from whytrain.tracking.connection import connect
from whytrain.tracking.models.versions import registered_version, version_folder
from whytrain.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient

ADDRESS = "models:/reviews@champion"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, MlflowClient, list[Path]]:
    """Two versions of a registered model, of two runs; the alias names the first."""
    root = tmp_path_factory.mktemp("registry")
    settings = settings_in(root, register="reviews")
    folders = []
    for seed in (0, 1):
        folder = root / f"model-{seed}"
        save_model(folder, small_model(seed), class_path=BILSTM, arguments=ARGUMENTS)
        store = Store.start(settings, run_name=f"run-{seed}", tags={})
        store.log_model(as_pyfunc(folder, load_model(folder)), card="")
        store.close("FINISHED")
        folders.append(folder)
    client = connect(settings.address)
    client.set_registered_model_alias("reviews", "champion", "1")
    return settings.address, client, folders


@pytest.fixture
def settings(registry: tuple[str, MlflowClient, list[Path]]) -> ServeSettings:
    uri, client, _ = registry
    client.set_registered_model_alias("reviews", "champion", "1")
    found = registered_version(uri, ADDRESS)
    folder = version_folder(uri, found)
    told = settings_of(folder, None, address=ADDRESS, tracking_uri=uri, check_every=0.2)
    return replace(told, identity=told.identity | {"run": found.run_id, "version": "reviews/1"})


def test_an_alias_and_a_number_name_versions(registry: tuple[str, MlflowClient, list[Path]]) -> None:
    uri, _, folders = registry
    first, second = registered_version(uri, "models:/reviews/1"), registered_version(uri, "models:/reviews/2")
    assert (first.version, second.version) == ("1", "2")
    assert first.run_id != second.run_id
    for version, folder in zip((first, second), folders, strict=True):
        texts = ["good film", "bad"]
        served, own = load_model(version_folder(uri, version)), load_model(folder)
        assert (served.logits(texts) == own.logits(texts)).all()


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("models:/reviews", "expected models:/NAME@ALIAS or models:/NAME/VERSION"),
        ("models:/reviews@nobody", "there is no such registered model"),
        ("models:/reviews/7", "there is no such registered model"),
        ("models:/views@champion", "there is no such registered model"),
    ],
)
def test_what_names_no_version_is_a_line(
    registry: tuple[str, MlflowClient, list[Path]], address: str, line: str
) -> None:
    with pytest.raises((ConfigError, TrackingError), match=line):
        registered_version(registry[0], address)


def test_the_alias_moves_while_people_ask(
    registry: tuple[str, MlflowClient, list[Path]], settings: ServeSettings
) -> None:
    _, client, folders = registry
    expected = {
        f"reviews/{n}": float(load_model(folder).probabilities(["good film"])[0, 1])
        for n, folder in enumerate(folders, 1)
    }
    told: list[tuple[str, float]] = []
    ended = threading.Event()
    with TestClient(create_app(settings)) as server:

        def ask() -> None:
            while not ended.is_set():
                response = server.post("/predict", json={"texts": ["good film"]})
                (answer,) = response.json()["answers"]
                told.append((answer["model"]["version"], answer["probabilities"]["pos"]))

        asking = threading.Thread(target=ask)
        asking.start()
        while len(told) < 5:
            time.sleep(0.01)
        client.set_registered_model_alias("reviews", "champion", "2")
        while told[-1][0] != "reviews/2":
            time.sleep(0.01)
        ended.set()
        asking.join()
    assert told[0][0] == "reviews/1"
    assert [version for version, _ in told] == sorted(version for version, _ in told)
    for version, probability in told:
        assert probability == pytest.approx(expected[version], abs=1e-6)


def test_a_registry_out_of_reach_leaves_the_model(settings: ServeSettings) -> None:
    with TestClient(create_app(replace(settings, tracking_uri="sqlite:////nowhere/none.db"))) as server:
        time.sleep(0.5)
        assert server.get("/health").json()["model"]["version"] == "reviews/1"
