"""One contract for every record of a run: what was logged to it is what it then holds."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import pytest
import yaml
from PIL import Image
from tracking_processes import settings_in

from whytrain.tracking.limits import NOTE_TAG
from whytrain.tracking.memory_store import MemoryStore
from whytrain.tracking.recorder import Recorder
from whytrain.tracking.store import Store
from whytrain.tracking.tables import text_hash

if TYPE_CHECKING:
    from mlflow import MlflowClient


class Held(NamedTuple):
    """What a record holds."""

    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[int, dict[str, float]]
    datasets: dict[str, str]
    tables: dict[str, pd.DataFrame]
    texts: dict[str, str]
    figures: set[str]


def of_memory(store: MemoryStore) -> Held:
    datasets = {context: name for context, (name, _) in store.datasets.items()}
    texts = store.texts | {path: file.read_text() for path, file in store.files.items()}
    return Held(store.params, store.tags, store.metrics, datasets, store.tables, texts, set(store.figures))


def of_mlflow(client: MlflowClient, run_id: str) -> Held:
    run = client.get_run(run_id)
    metrics: dict[int, dict[str, float]] = {}
    for name in run.data.metrics:
        for value in client.get_metric_history(run_id, name):
            metrics.setdefault(value.step, {})[name] = value.value
    tables, texts, figures = {}, {}, set()
    local = Path(client.download_artifacts(run_id, ""))
    for file in local.rglob("*"):
        path = file.relative_to(local).as_posix()
        if file.suffix == ".parquet":
            tables[path] = pd.read_parquet(file)
        elif path.startswith("figures/"):
            figures.add(path)
        elif file.is_file() and not path.startswith("images/"):
            texts[path] = file.read_text()
    datasets = {d.tags[0].value: d.dataset.name for d in run.inputs.dataset_inputs}
    return Held(run.data.params, run.data.tags, metrics, datasets, tables, texts, figures)


@pytest.fixture(params=["store", "memory"])
def open_record(
    request: pytest.FixtureRequest, root: Path, client: MlflowClient
) -> Callable[[bool], tuple[Recorder, Callable[[], Held]]]:
    """Open a record that may hold raw text or not; return it and what reads it back."""

    def open_it(log_text: bool) -> tuple[Recorder, Callable[[], Held]]:
        if request.param == "memory":
            memory = MemoryStore(root / "memory", run_name="run", log_text=log_text)
            return memory, lambda: of_memory(memory)
        store = Store.start(settings_in(root, log_text=log_text), run_name="run", tags={})
        request.addfinalizer(lambda: store.close("FINISHED"))
        return store, lambda: of_mlflow(client, store.run_id)

    return open_it


def drawing() -> SimpleNamespace:
    def savefig(path: Path | io.BytesIO, *, format: str) -> None:
        Image.new("RGB", (40, 30), "red").save(path, format)

    return SimpleNamespace(savefig=savefig)


def test_what_was_logged_is_held(open_record, tmp_path: Path) -> None:
    record, read = open_record(True)
    record.log_params({"seed": 3, "odd@name": None, "long": "x" * 7000})
    record.set_tags({"data": "abc", "dirty": False})
    record.log_metrics({"val/loss": 0.5, "val/f1@2": 1.0}, step=1)
    record.log_metrics({"val/loss": 0.25}, step=2)
    record.log_metrics({"val/loss": 9.0, "late": 1.0}, step=1)  # of a step the first value counts
    frame = pd.DataFrame({"id": ["a", "b"], "x": [1.5, 2.5]}, index=[7, 8])
    record.log_table(frame, "predictions", epoch=2)
    record.log_table(frame.head(1), "data", "validation", text_columns=["id"])
    frame["x"] = 0.0  # as it was when it was logged
    record.log_figure(drawing(), "shapley", epoch=1)
    record.log_figure(drawing(), "history", "training")
    record.log_text("žluť\n", "notes/a.txt")
    record.log_yaml({"model": {"size": 3}}, "config/config.yaml")
    (tmp_path / "plan.txt").write_text("one")
    record.log_artifact(tmp_path / "plan.txt", "plans")
    record.log_dataset("reviews-training", "reviews", "0" * 40, 20, "training", {"id": "string"})
    record.describe("**good**")
    record.flush()
    held = read()
    assert {name: held.params[name] for name in ("seed", "odd_name")} == {"seed": "3", "odd_name": "None"}
    assert len(held.params["long"]) == 6000
    assert held.tags.items() >= {"data": "abc", "dirty": "False", NOTE_TAG: "**good**"}.items()
    assert held.metrics == {1: {"val/loss": 0.5, "val/f1_2": 1.0, "late": 1.0}, 2: {"val/loss": 0.25}}
    assert held.datasets == {"training": "reviews-training"}
    assert set(held.tables) == {
        "tables/predictions/predictions_epoch_002.parquet",
        "tables/data/validation.parquet",
    }
    expected = pd.DataFrame({"id": ["a", "b"], "x": [1.5, 2.5]})
    pd.testing.assert_frame_equal(
        held.tables["tables/predictions/predictions_epoch_002.parquet"], expected, check_dtype=False
    )
    assert held.tables["tables/data/validation.parquet"]["id"].tolist() == ["a"]
    assert held.figures >= {"figures/shapley/shapley_epoch_001.png", "figures/history/training.png"}
    assert held.texts["notes/a.txt"] == "žluť\n"
    assert yaml.safe_load(held.texts["config/config.yaml"]) == {"model": {"size": 3}}
    assert held.texts["plans/plan.txt"] == "one"
    assert record.run_name == "run"
    assert record.seconds >= 0


def test_private_text_is_hashed(open_record) -> None:
    record, read = open_record(False)
    frame = pd.DataFrame({"id": ["a"], "text": ["the patient is Ms Smith"]})
    record.log_table(frame, "data", "validation", text_columns=["text"])
    record.flush()
    [held] = read().tables.values()
    assert held["text"].tolist() == [text_hash("the patient is Ms Smith")]
    assert held["id"].tolist() == ["a"]
    assert not record.settings.log_text
