"""The model that a run made: logged so that MLflow can serve it anywhere, and read back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whytrain.config.signatures import import_target
from whytrain.errors import TrackingError
from whytrain.models.interface import requirements_of_class
from whytrain.models.saved import DESCRIPTION, SavedModel, load_model, save_model
from whytrain.tracking.models.package import PyfuncModel
from whytrain.tracking.quick_look import ID
from whytrain.tracking.reader import RunRecord, saved_model
from whytrain.tracking.run_folder import FINISHED_FILE, RunFolder

if TYPE_CHECKING:
    import torch

    from whytrain.attribution.explainer import Explainer
    from whytrain.tracking.recorder import Recorder

_FOLDER = "model"
_LOADER = "whytrain.attribution.served"
# What it imports (a test compares).
_REQUIREMENTS = {
    "annotated-types",
    "filelock",
    "numpy",
    "pandas",
    "pydantic",
    "PyYAML",
    "safetensors",
    "scipy",
    "tokenizers",
    "torch",
    "typing_extensions",
}
# MLflow's types by those of pandas, of which older versions call texts objects.
_TYPES = {"object": "string", "str": "string", "float64": "double", "bool": "boolean", "boolean": "boolean"}


def log_model(
    store: Recorder, model: SavedModel, *, class_path: str, arguments: Mapping[str, Any], card: str = ""
) -> None:
    """Save a classifier in the run's folder and log it.

    Args:
        store: of the run.
        model: with the weights to keep.
        class_path: see `save_model`, as `arguments`.
        arguments: of the constructor.
        card: what people should know of it, see `Recorder.log_model`.
    """
    directory = store.directory / _FOLDER
    save_model(directory, model, class_path=class_path, arguments=arguments)
    store.log_model(as_pyfunc(directory, model), card=card)


def read_model(run: RunRecord, *, device: torch.device | str = "cpu") -> SavedModel:
    """Return the run's newest model.

    Args:
        run: the run.
        device: where the model computes.

    Raises:
        TrackingError: the run logged no model.
        WhytrainError: see `load_model`.
    """
    return load_model(saved_model(run), device=device)


def kept_model(root: Path, uri: str, run_id: str) -> Path | None:
    """Return the folder of a model that this machine trained, or None if MLflow must be asked for it.

    MLflow's import, database and download take longer than explaining a sentence.

    Args:
        root: of this machine's part of the tracking.
        uri: absolute tracking address.
        run_id: MLflow's id, see `known_run`; of anything else only MLflow knows whose it is.
    """
    if not ID.fullmatch(run_id):
        return None
    folder = RunFolder(root, run_id)
    model = folder.path / _FOLDER
    try:
        info = folder.read()
    except TrackingError:  # damaged here, and perhaps not in MLflow
        return None
    is_run = info is not None and (info.uri, info.remote_id) == (uri, run_id)
    is_whole = (folder.path / FINISHED_FILE).is_file() and (model / DESCRIPTION).is_file()
    return model if is_run and is_whole else None


def as_pyfunc(directory: Path, model: SavedModel) -> PyfuncModel:
    """Describe a saved classifier to MLflow.

    Args:
        directory: what `save_model` wrote.
        model: of which.
    """
    methods = [str(section["_target_"]) for section in model.explainers.values()]
    needed = [requirements_of_class(type(model.model)), *(_class_of(path).requirements for path in methods)]
    return PyfuncModel(
        directory=directory,
        loader=_LOADER,
        modules=(type(model.model).__module__, *(path.rpartition(".")[0] for path in methods)),
        requirements=tuple(sorted(_REQUIREMENTS.union(*needed))),
        outputs={str(name): _TYPES[str(dtype)] for name, dtype in model.predict(["a"]).dtypes.items()},
        params={"explain": "string"},
    )


def _class_of(path: str) -> type[Explainer]:
    found = import_target(path)
    assert isinstance(found, type)
    return found
