"""What is logged is what MLflow then holds."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from tracking_processes import settings_in

from whytrain.errors import ConfigError, TrackingError
from whytrain.tracking.limits import NOTE_TAG
from whytrain.tracking.store import Store
from whytrain.tracking.tables import SCHEMA_KEY, SMALL_TABLE

if TYPE_CHECKING:
    from mlflow import MlflowClient


def drawing(color: str = "red") -> SimpleNamespace:
    """Something with `savefig`."""

    def savefig(path: Path, *, format: str) -> None:
        Image.new("RGB", (40, 30), color).save(path, format)

    return SimpleNamespace(savefig=savefig)


def artifacts(client: MlflowClient, run_id: str, folder: str | None = None) -> set[str]:
    found = set()
    for file in client.list_artifacts(run_id, folder):
        found |= artifacts(client, run_id, file.path) if file.is_dir else {file.path}
    return found


def test_a_run_has_its_name_tags_and_status(store: Store, client: MlflowClient) -> None:
    running = client.get_run(store.run_id)
    assert (running.info.run_name, running.info.status) == ("run", "RUNNING")
    assert running.data.tags["seed"] == "0"
    store.close("KILLED")
    ended = client.get_run(store.run_id)
    assert ended.info.status == "KILLED"
    assert ended.info.end_time >= ended.info.start_time
    assert store.summary() is None
    assert not store.offline


def test_the_experiment_opens_in_the_training_view(store: Store, client: MlflowClient, root: Path) -> None:
    experiment = client.get_experiment_by_name("tests")
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert experiment.artifact_location == (root / "mlruns" / "artifacts").as_uri()


def test_an_experiment_made_by_others_gets_the_tag(root: Path, client: MlflowClient) -> None:
    client.create_experiment("theirs")
    Store.start(settings_in(root, experiment="theirs"), run_name="run", tags={}).close("FINISHED")
    tags = client.get_experiment_by_name("theirs").tags
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    view = json.loads(tags["mlflow.sharedViewState.whytrain"])
    assert view["selectedColumns"][0] == "metrics.`best/accuracy`"


def test_metrics_wait_for_flush(store: Store, client: MlflowClient) -> None:
    store.log_metrics({"val/loss": 0.5, "val/accuracy": 0.75}, step=1)
    assert client.get_run(store.run_id).data.metrics == {}
    store.flush()
    assert client.get_run(store.run_id).data.metrics == {"val/loss": 0.5, "val/accuracy": 0.75}


def test_metrics_beyond_one_request(store: Store, history) -> None:
    for step in range(1, 2502):  # MLflow takes 1,000 at once
        store.log_metrics({"train/loss": 1 / step}, step)
    store.flush()
    assert history(store.run_id, "train/loss") == {step: [1 / step] for step in range(1, 2502)}


def test_values_that_are_no_numbers(store: Store, client: MlflowClient) -> None:
    store.log_metrics({"nan": math.nan, "high": math.inf, "low": -math.inf}, step=1)
    store.flush()
    metrics = client.get_run(store.run_id).data.metrics
    assert math.isnan(metrics["nan"])
    assert metrics["high"] > 1e308  # MLflow's databases keep the largest float for infinity
    assert metrics["low"] < -1e308


def test_one_value_per_key_and_step(store: Store, history) -> None:
    store.log_metrics({"a": 1.0}, step=1)
    store.log_metrics({"a": 2.0}, step=1)
    store.flush()
    store.log_metrics({"a": 3.0}, step=1)
    store.log_metrics({"a": 4.0}, step=2)
    store.flush()
    assert history(store.run_id, "a") == {1: [1.0], 2: [4.0]}


def test_keys_and_lengths_that_mlflow_refuses(store: Store, client: MlflowClient) -> None:
    store.log_metrics({"recall@5=x": 1.0}, step=1)
    store.log_params({"a=b": "x" * 7000, "none": None})
    store.set_tags({"long": "y" * 9000})
    store.flush()
    data = client.get_run(store.run_id).data
    assert data.metrics == {"recall_5_x": 1.0}
    assert data.params == {"a_b": "x" * 5999 + "…", "none": "None"}
    assert data.tags["long"] == "y" * 7999 + "…"


def test_more_params_than_one_request_takes(store: Store, client: MlflowClient) -> None:
    store.log_params({f"p{index}": index for index in range(250)})
    store.flush()
    assert client.get_run(store.run_id).data.params == {f"p{index}": str(index) for index in range(250)}


def test_tables_are_parquet_with_a_schema_version(store: Store, client: MlflowClient) -> None:
    frame = pd.DataFrame({"row": [3, 1], "text": ["fine film", "dull"]}, index=[7, 8])
    store.log_table(frame, "predictions", epoch=3)
    store.log_table(frame, "shapley", name="values")
    store.flush()
    paths = {"tables/predictions/predictions_epoch_003", "tables/shapley/values"}
    assert artifacts(client, store.run_id) == {
        f"{path}.{kind}" for path in paths for kind in ("parquet", "csv")
    }
    path = client.download_artifacts(store.run_id, "tables/predictions/predictions_epoch_003.parquet")
    assert pq.read_schema(path).metadata[SCHEMA_KEY] == b"1"
    pd.testing.assert_frame_equal(pd.read_parquet(path), frame.reset_index(drop=True))
    shown = client.download_artifacts(store.run_id, "tables/predictions/predictions_epoch_003.csv")
    assert Path(shown).read_text() == "row,text\n3,fine film\n1,dull\n"


def test_a_large_table_has_no_csv(store: Store, client: MlflowClient) -> None:
    store.log_table(pd.DataFrame({"row": range(SMALL_TABLE + 1)}), "predictions")
    store.flush()
    assert artifacts(client, store.run_id) == {"tables/predictions/predictions.parquet"}


def test_private_text_never_reaches_a_file(root: Path, client: MlflowClient) -> None:
    store = Store.start(settings_in(root, log_text=False), run_name="private", tags={})
    sentence = "the patient is Ms Smith"
    store.log_table(pd.DataFrame({"id": ["a"], "text": [sentence]}), "predictions", text_columns=["text"])
    store.close("FINISHED")
    path = client.download_artifacts(store.run_id, "tables/predictions/predictions.parquet")
    frame = pd.read_parquet(path)
    assert frame["id"].tolist() == ["a"]
    shown = client.download_artifacts(store.run_id, "tables/predictions/predictions.csv")
    pd.testing.assert_frame_equal(pd.read_csv(shown, dtype=str), frame, check_dtype=False)
    assert len(frame["text"][0]) == 16
    files = [path for path in (root / "mlruns").rglob("*") if path.is_file()]
    assert not any(b"Smith" in path.read_bytes() for path in files)


def test_figures_are_files_and_steps_of_a_slider(store: Store, client: MlflowClient) -> None:
    store.log_figure(drawing(), "shapley", epoch=2)
    store.log_figure(drawing(), "history", name="loss")
    store.flush()
    found = artifacts(client, store.run_id)
    images = {path for path in found if path.startswith("images/")}
    assert found - images == {"figures/shapley/shapley_epoch_002.png", "figures/history/loss.png"}
    assert len(images) == 2  # the image and its small copy
    assert all(path.startswith("images/shapley+step+2+") for path in images)
    assert client.get_run(store.run_id).data.tags["mlflow.loggedImages"] == "True"


def test_the_newest_drawings_stay_until_the_run_has_finished(store: Store, root: Path) -> None:
    for epoch, color in ((1, "red"), (2, "blue")):
        store.log_figure(drawing(color), "shapley", epoch=epoch)
        store.flush()
    store.close("KILLED")
    resumed = Store.start(store.settings, run_name="run", tags={}, run_id=store.run_id)
    resumed.log_figure(drawing("green"), "history", "training")
    found = {name: Image.open(io.BytesIO(drawn)) for name, drawn in resumed.drawings().items()}
    colors = {name: image.convert("RGB").getpixel((0, 0)) for name, image in found.items()}
    assert colors == {"history/training": (0, 128, 0), "shapley/shapley": (0, 0, 255)}
    resumed.close("FINISHED")
    assert resumed.drawings() == {}


def test_a_description_leads_to_the_run_and_to_the_table(store: Store, client: MlflowClient) -> None:
    store.describe("[page](RUN_ADDRESS/artifacts/reports/run.html) [all](TABLE_ADDRESS)")
    store.flush()
    run = client.get_run(store.run_id)
    experiment = run.info.experiment_id
    assert store.experiment_id == experiment
    assert run.data.tags[NOTE_TAG] == (
        f"[page](#/experiments/{experiment}/runs/{store.run_id}/artifacts/reports/run.html) "
        f"[all](#/experiments/{experiment}/runs?viewStateShareKey=whytrain)"
    )


def test_texts_yaml_files_and_folders(store: Store, client: MlflowClient, tmp_path: Path) -> None:
    config = {"model": {"hidden_size": 128}, "name": "žluť", "list": [1, 2]}
    store.log_yaml(config, "config/config.yaml")
    store.log_text("a\n", "config/overrides.txt")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("<p>")
    (tmp_path / "best.ckpt").write_bytes(b"\x00\x01")
    store.log_artifact(tmp_path / "report", "reports")
    store.log_artifact(tmp_path / "best.ckpt", "checkpoints")
    (tmp_path / "best.ckpt").write_bytes(b"later")
    store.flush()
    assert artifacts(client, store.run_id) == {
        "config/config.yaml",
        "config/overrides.txt",
        "reports/report/index.html",
        "checkpoints/best.ckpt",
    }
    path = Path(client.download_artifacts(store.run_id, "config/config.yaml"))
    assert yaml.safe_load(path.read_text("utf-8")) == config
    logged = Path(client.download_artifacts(store.run_id, "checkpoints/best.ckpt"))
    assert logged.read_bytes() == b"\x00\x01"  # as it was when it was logged
    assert not list((store.directory / "spool").iterdir())


def test_data_sets_are_inputs(store: Store, client: MlflowClient) -> None:
    store.log_dataset("sst2-train", "stanfordnlp/sst2", "f" * 40, 67349, "training", {"sentence": "string"})
    store.flush()
    (logged,) = client.get_run(store.run_id).inputs.dataset_inputs
    assert (logged.dataset.name, logged.dataset.digest) == ("sst2-train", "f" * 36)
    assert json.loads(logged.dataset.profile) == {"num_rows": 67349}
    assert json.loads(logged.dataset.source) == {"uri": "stanfordnlp/sst2"}
    assert [(tag.key, tag.value) for tag in logged.tags] == [("mlflow.data.context", "training")]


def test_a_sweep_is_a_parent_with_children(root: Path, client: MlflowClient) -> None:
    parent = Store.start(settings_in(root), run_name="sweep", tags={})
    child = Store.start(settings_in(root), run_name="job", tags={}, parent_run_id=parent.run_id)
    assert client.get_run(child.run_id).data.tags["mlflow.parentRunId"] == parent.run_id
    child.close("FINISHED")
    parent.close("FINISHED")


def test_resuming_continues_the_run(store: Store, client: MlflowClient, root: Path) -> None:
    store.log_params({"lr": 0.1, "seed": 0})
    store.log_metrics({"val/loss": 0.5}, step=1)
    store.close("KILLED")
    resumed = Store.start(settings_in(root), run_name="other", tags={"host": "b"}, run_id=store.run_id)
    assert client.get_run(store.run_id).info.status == "RUNNING"
    assert (resumed.run_id, resumed.run_name, resumed.directory) == (store.run_id, "run", store.directory)
    resumed.log_params({"lr": 0.2, "seed": 0, "new": 1})
    resumed.log_metrics({"val/loss": 0.4}, step=2)
    resumed.close("FINISHED")
    run = client.get_run(store.run_id)
    assert run.data.params == {"lr": "0.1", "seed": "0", "new": "1"}
    assert run.data.tags["resumed/lr"] == "0.2"
    assert "resumed/seed" not in run.data.tags
    assert run.data.tags["host"] == "b"
    assert run.info.status == "FINISHED"
    assert len(client.search_runs([run.info.experiment_id])) == 1


def test_an_image_of_a_repeated_epoch_stays_one(store: Store, client: MlflowClient, root: Path) -> None:
    store.log_figure(drawing(), "shapley", epoch=1)
    store.close("KILLED")
    resumed = Store.start(settings_in(root), run_name="run", tags={}, run_id=store.run_id)
    resumed.log_figure(drawing(), "shapley", epoch=1)
    resumed.log_figure(drawing(), "shapley", epoch=2)
    resumed.close("FINISHED")
    names = [path for path in artifacts(client, store.run_id) if path.endswith("+compressed.webp")]
    assert sorted(name.split("+")[2] for name in names) == ["1", "2"]


def test_only_one_process_writes_a_run(store: Store, root: Path) -> None:
    with pytest.raises(TrackingError, match="is being written by another process"):
        Store.start(settings_in(root), run_name="run", tags={}, run_id=store.run_id)


def test_resuming_an_unknown_run(root: Path) -> None:
    with pytest.raises(TrackingError, match="there is no run 0123"):
        Store.start(settings_in(root), run_name="run", tags={}, run_id="0123" * 8)
    with pytest.raises(TrackingError, match="there is no run local-1"):
        Store.start(settings_in(root), run_name="run", tags={}, run_id="local-1")


def test_resuming_a_deleted_run(store: Store, client: MlflowClient, root: Path) -> None:
    store.close("FINISHED")
    client.delete_run(store.run_id)
    with pytest.raises(TrackingError, match="mlflow runs restore --run-id"):
        Store.start(settings_in(root), run_name="run", tags={}, run_id=store.run_id)


def test_a_deleted_experiment_says_how_to_restore_it(root: Path, client: MlflowClient) -> None:
    identifier = client.create_experiment("tests")
    client.delete_experiment(identifier)
    with pytest.raises(
        TrackingError, match=f"mlflow experiments restore --experiment-id {identifier}"
    ) as raised:
        Store.start(settings_in(root), run_name="run", tags={})
    assert "\n" not in str(raised.value)
    client.restore_experiment(identifier)
    Store.start(settings_in(root), run_name="run", tags={}).close("FINISHED")


@pytest.mark.parametrize("uri", ["mlruns", "file:./mlruns", "/data/mlruns"])
def test_folders_are_no_longer_stores(uri: str) -> None:
    with pytest.raises(ConfigError, match="no longer writes plain folders"):
        settings_in(Path(), uri)


def test_an_experiment_needs_a_name() -> None:
    with pytest.raises(ConfigError, match="experiment is empty"):
        settings_in(Path(), experiment=" ")


def test_addresses_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings_in(Path(), "sqlite:///runs.db").address == f"sqlite:///{tmp_path}/runs.db"
    assert settings_in(Path()).address == f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    assert settings_in(Path(), "http://host:5000/").address == "http://host:5000"
    assert settings_in(Path(), "http://host:5000").artifact_location is None
