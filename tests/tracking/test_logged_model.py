"""A logged model loads in a fresh process without network, and predicts as the trained one did."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from small import BILSTM, bilstm_arguments, small_bilstm, wordpiece_tokenizer
from tracking_processes import Server, settings_in

from whytrain.api.explaining import made_methods
from whytrain.attribution.text import TextExplainer
from whytrain.errors import ConfigError
from whytrain.models.saved import SavedModel, load_model, save_model
from whytrain.runs.model import as_pyfunc
from whytrain.tracking.models.code import copy_code
from whytrain.tracking.models.package import add_model
from whytrain.tracking.reader import find_run, saved_model
from whytrain.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient

WORDS = ["a", "good", "bad", "film", "not"]
TEXTS = ["good film", "a bad film", "not a good film", "a a a a a a a"]
ARGUMENTS = bilstm_arguments(vocabulary_size=10, n_classes=2, dropout=0.1)

LOAD = """
import json, socket, sys

def refuse(*_):
    raise OSError("no network in this test")

socket.socket.connect = refuse
sys.path = [path for path in sys.path if "whytrain" not in path and not path.endswith("/src")]
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in str(finder)]
import mlflow.pyfunc
import pandas as pd

model = mlflow.pyfunc.load_model(sys.argv[1])
texts = json.loads(sys.argv[2])
inputs = [texts, pd.Series(texts), pd.DataFrame({"sentence": texts})]
print(json.dumps({
    "predictions": [model.predict(texts).to_dict("list") for texts in inputs],
    "explained": model.predict(texts, params={"explain": "shapley"}).to_dict("list"),
    "files": [module.__file__ for name, module in sys.modules.items() if name.startswith("whytrain")],
}))
"""


# As the run's config has them.
METHODS = {
    "shapley": {
        "_target_": "whytrain.attribution.shapley.explainer.Shapley",
        "absences": None,
        "exact_words": 6,
        "budget": 500,
    }
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    saved = SavedModel(
        model=small_bilstm(**ARGUMENTS),
        tokenizer=wordpiece_tokenizer(WORDS),
        class_names=("neg", "pos"),
        max_tokens=8,
        explainers=METHODS,
    )
    save_model(tmp_path / "best", saved, class_path=BILSTM, arguments=ARGUMENTS)
    return tmp_path / "best"


def imported_packages(file: Path) -> set[str]:
    """Return the top-level packages outside the standard library that a file imports when it is imported."""
    names = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names


def test_it_loads_in_a_fresh_process(store: Store, folder: Path, client: MlflowClient, root: Path) -> None:
    expected = load_model(folder).predict(TEXTS).to_dict("list")
    store.log_params({"lr": 0.1})
    store.log_model(as_pyfunc(folder, load_model(folder)))
    store.close("FINISHED")
    run = find_run(settings_in(root).address, store.run_id)
    (model_id,) = run.model_ids
    logged = client.get_logged_model(model_id)
    assert (logged.name, str(logged.status), logged.params) == ("model", "READY", {"lr": "0.1"})
    assert logged.source_run_id == store.run_id
    location = Path(logged.artifact_location.removeprefix("file://"))

    command = [sys.executable, "-c", LOAD, str(location), json.dumps(TEXTS)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    (package,) = (location / "code").iterdir()
    assert {Path(file).is_relative_to(package) for file in said["files"]} == {True}  # the model's own copy
    for prediction in said["predictions"]:  # floats go through JSON unchanged
        assert prediction == expected
    saved = load_model(folder)
    (method,) = made_methods({"shapley": {"exact_words": 6}})
    for text, label, words, scores in zip(
        TEXTS, *(said["explained"][name] for name in ("explained", "words", "scores")), strict=True
    ):
        why = TextExplainer(saved, [method], payoff="log_odds", seed=0)(text)
        assert label == why.label
        assert words == list(why.explanations[0].attribution.words)
        assert scores == pytest.approx(why.explanations[0].attribution.scores.tolist(), abs=1e-6)
    assert "Warning" not in done.stderr

    # Whatever its code imports is pinned.
    lines = (location / "requirements.txt").read_text().splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines}
    owners = packages_distributions()
    imported = {name for file in said["files"] for name in imported_packages(Path(file))}
    assert {owners[name][0].lower() for name in imported - {package.name}} <= pinned

    files = [path.name for path in location.rglob("*") if path.is_file()]
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".pt", ".pth", ".bin"))]
    again = load_model(saved_model(run)).predict(TEXTS)
    pd.testing.assert_frame_equal(again, load_model(folder).predict(TEXTS))


def test_the_newest_of_several_models_is_the_runs(store: Store, folder: Path, root: Path) -> None:
    store.log_model(as_pyfunc(folder, load_model(folder)))
    store.close("FINISHED")
    run = find_run(settings_in(root).address, store.run_id)
    for _ in range(4):  # MLflow names them at random, and lists them by that name
        (folder / "addition").write_text(str(len(run.model_ids)), "utf-8")
        add_model(run, as_pyfunc(folder, load_model(folder)))
        run = find_run(settings_in(root).address, store.run_id)
        newest = len(run.model_ids) - 1
        assert (saved_model(run) / "addition").read_text("utf-8") == str(newest)


def test_a_model_on_a_server(live_server: Server, folder: Path, root: Path) -> None:
    store = Store.start(settings_in(root, live_server.uri), run_name="served", tags={})
    store.log_model(as_pyfunc(folder, load_model(folder)))
    store.close("FINISHED")
    assert store.summary() is None
    read_back = saved_model(find_run(live_server.uri, store.run_id))
    pd.testing.assert_frame_equal(load_model(read_back).predict(TEXTS), load_model(folder).predict(TEXTS))


def test_only_the_code_that_is_needed_travels(tmp_path: Path) -> None:
    package = copy_code(["whytrain.attribution.served", "my_models"], tmp_path)
    assert package.parent == tmp_path
    copied = {str(path.relative_to(package)) for path in package.rglob("*.py")}
    assert {
        "__init__.py",
        "errors.py",
        "models/__init__.py",
        "models/saved.py",
        "data/tokenization.py",
    } <= copied
    assert not [
        name for name in copied if name.startswith(("tracking", "figures", "pages", "commands", "api"))
    ]


def test_sending_a_model_twice_leaves_one(
    store: Store, folder: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient as Client

    finalize = Client.finalize_logged_model

    def lost(*_: object) -> None:
        raise ConnectionResetError("the server died")

    store.log_model(as_pyfunc(folder, load_model(folder)))
    with monkeypatch.context() as patch:
        patch.setattr(Client, "finalize_logged_model", lost)
        store.flush()
    assert store.offline
    with monkeypatch.context() as patch:

        def answer_lost(*args: Any) -> None:
            finalize(*args)
            raise ConnectionResetError("the answer got lost")

        patch.setattr(Client, "finalize_logged_model", answer_lost)
        store._patience._next_attempt = 0.0
        store.flush()
    assert store.offline
    store.close("FINISHED")
    assert store.summary() is None
    run = client.get_run(store.run_id)
    assert len(run.outputs.model_outputs) == 1
    assert len(client.search_logged_models([run.info.experiment_id])) == 1


def test_the_ui_shows_signature_and_example(store: Store, folder: Path, client: MlflowClient) -> None:
    from mlflow.models import Model

    store.log_model(as_pyfunc(folder, load_model(folder)), "best")
    store.close("FINISHED")
    (output,) = client.get_run(store.run_id).outputs.model_outputs
    location = client.get_logged_model(output.model_id).artifact_location.removeprefix("file://")
    model = Model.load(location)
    assert (model.run_id, model.model_id) == (store.run_id, output.model_id)
    names = [column.name for column in model.signature.outputs]
    assert names == ["label", "probability", "probability_neg", "probability_pos"]
    assert model.load_input_example(location) is not None


CARD = """# A card

```python
import mlflow

mlflow.set_tracking_uri("TRACKING_URI")
model = mlflow.pyfunc.load_model("MODEL_URI")
print(model.predict(["good film"]).to_json())
```
"""


def run_card(card: str, folder: Path) -> dict[str, Any]:
    """Do what a card says, in a fresh process."""
    code = card.partition("```python\n")[2].partition("```")[0]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_a_registered_model_loads_as_its_card_says(
    root: Path, folder: Path, client: MlflowClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = settings_in(root, register="reviews")
    for number in (1, 2):
        store = Store.start(settings, run_name=f"run-{number}", tags={})
        store.log_dataset("films-validation", "films", "abc", 4, "validation")
        store.log_metrics({"best/accuracy": 0.75, "val/accuracy": 0.5}, 3)
        store.log_model(as_pyfunc(folder, load_model(folder)), card=CARD)
        store.close("FINISHED")
        assert store.summary() is None
    first, second = sorted(client.search_model_versions("name = 'reviews'"), key=lambda v: int(v.version))
    assert (int(second.version), second.run_id, str(second.status)) == (2, store.run_id, "READY")
    assert first.run_id != second.run_id
    assert f"models:/reviews/{second.version}" in second.description
    expected = load_model(folder).predict(["good film"]).to_json()
    assert run_card(second.description, tmp_path_factory.mktemp("fresh")) == json.loads(expected)

    # The logged model says the same of itself, and has the metrics of the best epoch with their data set.
    (output,) = client.get_run(store.run_id).outputs.model_outputs
    logged = client.get_logged_model(output.model_id)
    location = Path(logged.artifact_location.removeprefix("file://"))
    assert f"models:/{output.model_id}" in (location / "README.md").read_text()
    assert logged.tags["mlflow.note.content"] == (location / "README.md").read_text()
    assert [(m.key, m.value, m.step, m.dataset_name) for m in logged.metrics] == [
        ("best/accuracy", 0.75, 3, "films-validation")
    ]
    assert len(client.get_metric_history(store.run_id, "best/accuracy")) == 1


def test_registering_twice_makes_one_version(
    root: Path, folder: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient as Client

    store = Store.start(settings_in(root, register="reviews"), run_name="run", tags={})
    store.log_model(as_pyfunc(folder, load_model(folder)), card=CARD)
    with monkeypatch.context() as patch:
        update = Client.update_model_version

        def answer_lost(*args: Any) -> None:
            update(*args)
            raise ConnectionResetError("the answer got lost")

        patch.setattr(Client, "update_model_version", answer_lost)
        store.flush()
    assert store.offline
    store.close("FINISHED")
    assert store.summary() is None
    assert len(client.search_model_versions("name = 'reviews'")) == 1


@pytest.mark.parametrize("name", ["", "a/b", "a:b"])
def test_a_name_that_the_registry_refuses(root: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"tracking\.register=.*: expected null or a name without / and :"):
        settings_in(root, register=name)
