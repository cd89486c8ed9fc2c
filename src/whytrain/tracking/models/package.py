"""A trained model as an MLflow model: its files, the code that loads them, its requirements; no pickle."""

from __future__ import annotations

import logging
import tempfile
import uuid
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from whytrain.errors import TrackingError
from whytrain.tracking.backoff import in_one_line
from whytrain.tracking.connection import connect, prepare_environment
from whytrain.tracking.limits import NOTE_TAG
from whytrain.tracking.models.code import copy_code
from whytrain.tracking.models.registry import OPERATION_TAG, addressed_card, link_metrics, register_model
from whytrain.tracking.spool import Operation

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.models import ModelSignature

    from whytrain.tracking.reader import RunRecord

# A made-up one, since a real sentence could be private.
_EXAMPLE = {"text": ["a short example sentence"]}


@dataclass(frozen=True, kw_only=True)
class PyfuncModel:
    """A model of texts as MLflow's `pyfunc` needs to know it; what it is about, only its caller knows.

    Attributes:
        directory: the model's files.
        loader: module whose `_load_pyfunc(folder)` reads them and returns an object with
            `predict(frame, params)`.
        modules: further modules that reading imports by names in those files. The code of this package in
            them, in the loader and in all that they import travels with the model.
        requirements: names of installed packages that this code imports.
        outputs: MLflow's types (string, double, boolean) of an answer's columns by their names.
        params: MLflow's types of what `params` of a prediction may hold.
    """

    directory: Path
    loader: str
    modules: Sequence[str]
    requirements: Sequence[str]
    outputs: Mapping[str, str]
    params: Mapping[str, str]


def package_model(model: PyfuncModel, target: Path) -> None:
    """Write a model, the code that reads it and its requirements into the folder `target`, which is made."""
    prepare_environment()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # MLflow warns of type hints of its own
        import mlflow.pyfunc

    logging.getLogger("mlflow.pyfunc").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="whytrain-code-") as code:
        package = copy_code((model.loader, *model.modules), Path(code))
        mlflow.pyfunc.save_model(
            path=str(target),
            loader_module=f"{package.name}.{model.loader.partition('.')[2]}",
            data_path=str(model.directory),
            code_paths=[str(package)],
            signature=_signature(model),
            input_example=_EXAMPLE,
            pip_requirements=[f"{name}=={version(name)}" for name in ("mlflow", *model.requirements)],
        )


def _signature(model: PyfuncModel) -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    # No schema of the input, which the loader reads; its example shows how. If a column had a name, MLflow
    # would refuse a list, a series and a frame of one column with another name, and make one row of
    # {"text": ["a", "b"]} and the text "None" of a null. Without a name it would pass on only the first.
    return ModelSignature(
        None,
        Schema([ColSpec(kind, name) for name, kind in model.outputs.items()]),
        ParamSchema([ParamSpec(name, kind, "") for name, kind in model.params.items()]),
    )


def send_model(client: MlflowClient, run_id: str, directory: Path, operation: Operation) -> None:
    """Make a packaged model one of the run's logged models, unless it is one, and register it if asked to.

    Args:
        client: The connection.
        run_id: MLflow's id of the run.
        directory: What `package_model` wrote.
        operation: The model's name, its card, the name in the registry (or None), and an id by which a
            model that was sent before is recognized.
    """
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model

    run = client.get_run(run_id)
    outputs = run.outputs.model_outputs if run.outputs else []
    model = _sent_before(client, run.info.experiment_id, operation["id"])
    if model is None:
        tags = {OPERATION_TAG: operation["id"]}
        model = client.create_logged_model(
            run.info.experiment_id, operation["name"], run_id, tags, dict(run.data.params)
        )
    if model.model_id not in {output.model_id for output in outputs}:
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    if str(model.status) != "READY":
        description = Model.load(str(directory))
        description.run_id = run_id
        description.model_id = model.model_id
        description.artifact_path = model.artifact_location
        description.save(str(directory / "MLmodel"))
        if operation["card"]:
            card = addressed_card(client, operation["card"], f"models:/{model.model_id}")
            (directory / "README.md").write_text(card, "utf-8")
            client.set_logged_model_tags(model.model_id, {NOTE_TAG: card})
        client.log_model_artifacts(model.model_id, str(directory))
        link_metrics(client, run, model.model_id)
        client.finalize_logged_model(model.model_id, "READY")
    if operation["register"] is not None:
        register_model(client, operation["register"], run_id, model, operation)


def add_model(run: RunRecord, model: PyfuncModel) -> None:
    """Log a model as the run's newest one, which all who read the run's model take from then on.

    Raises:
        TrackingError: the store does not take it.
    """
    operation = {"op": "model", "name": "model", "id": uuid.uuid4().hex, "card": "", "register": None}
    with tempfile.TemporaryDirectory(prefix="whytrain-added-") as folder:
        target = Path(folder) / "model"
        package_model(model, target)
        try:
            send_model(connect(run.uri), run.run_id, target, operation)
        except TrackingError:
            raise
        except Exception as error:  # MLflow, requests, SQLAlchemy and the operating system raise their own
            raise TrackingError(f"cannot log to {run.uri}: {in_one_line(error)}") from error


def _sent_before(client: MlflowClient, experiment_id: str, operation_id: str) -> LoggedModel | None:
    query = f"tags.`{OPERATION_TAG}` = '{operation_id}'"
    found = client.search_logged_models([experiment_id], query, max_results=1)
    return found[0] if found else None
