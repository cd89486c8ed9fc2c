"""A trained model as an MLflow model: from code, with safetensors, nothing pickled."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from whytrain.attribution.served import needed_by
from whytrain.models.saved import DESCRIPTION, requirements_of
from whytrain.tasks import TASKS
from whytrain.tracking.connection import prepare_environment
from whytrain.tracking.limits import NOTE_TAG
from whytrain.tracking.model_code import copy_code
from whytrain.tracking.model_registry import OPERATION_TAG, addressed_card, link_metrics, register_model
from whytrain.tracking.spool import Operation

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.models import ModelSignature

# What loading and predicting imports (a test compares); the package itself travels as code.
_REQUIREMENTS = (
    "annotated-types",
    "filelock",
    "mlflow",
    "numpy",
    "pandas",
    "pydantic",
    "PyYAML",
    "safetensors",
    "scipy",
    "tokenizers",
    "torch",
    "typing_extensions",
)
_EXPLAINING = "whytrain.attribution.served"  # it imports all that loading and predicting does
# A made-up one, since a real sentence could be private.
_EXAMPLE = ["a short example sentence"]


def package_model(directory: Path, target: Path) -> None:
    """Turn the folder of a saved model into an MLflow model in the folder `target`, which is made."""
    prepare_environment()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # MLflow warns of type hints of its own
        import mlflow.pyfunc

    description = yaml.safe_load((directory / DESCRIPTION).read_text("utf-8"))
    logging.getLogger("mlflow.pyfunc").setLevel(logging.WARNING)
    served = Path(__file__).with_name("logged_model.py")
    with tempfile.TemporaryDirectory(prefix="whytrain-code-") as code:
        methods = [section["_target_"] for section in description["explainers"].values()]
        for module in (
            _EXPLAINING,
            *(path.rpartition(".")[0] for path in (description["class_path"], *methods)),
        ):
            package = copy_code(module, Path(code))
        mlflow.pyfunc.save_model(
            path=str(target),
            python_model=str(served),
            artifacts={"model": str(directory)},
            code_paths=[str(package)],
            signature=_signature(description),
            input_example=_EXAMPLE,
            pip_requirements=[
                f"{name}=={version(name)}"
                for name in sorted({*_REQUIREMENTS, *requirements_of(directory), *needed_by(methods)})
            ],
        )


def _signature(description: Mapping[str, Any]) -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec

    task, class_names = TASKS[description["task"]], description["class_names"]
    # The input has no name, so that a list, a series and a frame of one column with any name will do.
    outputs: list[ColSpec | TensorSpec] = [ColSpec("string", "label")]
    if task.exclusive:
        outputs.append(ColSpec("double", "probability"))
    outputs += [ColSpec("double", f"probability_{name}") for name in class_names]
    has_confidence = description["confidence"] is not None
    if has_confidence and not task.exclusive:
        outputs += [ColSpec("double", f"calibrated_probability_{name}") for name in class_names]
    elif has_confidence:
        outputs.append(ColSpec("double", "calibrated_probability"))
        outputs += [ColSpec("boolean", f"in_set_{name}") for name in class_names]
        outputs.append(ColSpec("boolean", "abstain"))
    params = ParamSchema([ParamSpec("explain", "string", "")])
    return ModelSignature(Schema([ColSpec("string")]), Schema(outputs), params)


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
    model = _sent_before(client, [output.model_id for output in outputs], operation["id"])
    if model is None:
        tags = {OPERATION_TAG: operation["id"]}
        model = client.create_logged_model(
            run.info.experiment_id, operation["name"], run_id, tags, dict(run.data.params)
        )
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


def _sent_before(client: MlflowClient, model_ids: list[str], operation_id: str) -> LoggedModel | None:
    models = (client.get_logged_model(model_id) for model_id in model_ids)
    return next((model for model in models if model.tags.get(OPERATION_TAG) == operation_id), None)
