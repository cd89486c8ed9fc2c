"""Logged models of different code answer in one process, whatever package `whytrain` it has."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small import BILSTM, bilstm_arguments, small_bilstm, wordpiece_tokenizer

from whytrain.data.pretrained import PretrainedTokenizer
from whytrain.models.saved import SavedModel, load_model, save_model
from whytrain.models.transformer import Transformer
from whytrain.runs.model import as_pyfunc
from whytrain.tracking.models import code as model_code
from whytrain.tracking.models.package import package_model

TEXTS = ["splendid film", "dreadful"]
ARGUMENTS = bilstm_arguments(vocabulary_size=10, n_classes=2)

LOAD = """
import json, os, sys

sys.path = [path for path in sys.path if "whytrain" not in path and not path.endswith("/src")]
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in str(finder)]
import mlflow.pyfunc
import transformers.models.bert.modeling_bert

cases, texts, installed = json.loads(sys.argv[1])
for models in cases:  # in processes that have imported no whytrain
    if os.fork():
        os.wait()
        continue
    if models != cases[0]:
        sys.path.insert(0, installed)
        import whytrain
    loaded = [mlflow.pyfunc.load_model(model) for model in models]
    predictions = [model.predict(texts).to_dict("list") for model in loaded]
    present = [name for name in sys.modules if name == "whytrain" or name.startswith("whytrain.")]
    print(json.dumps({"predictions": predictions, "whytrain": present}), flush=True)
    os._exit(0)
"""


def packaged(folder: Path, saved: SavedModel, class_path: str, arguments: dict[str, Any]) -> Path:
    save_model(folder / "best", saved, class_path=class_path, arguments=arguments)
    package_model(as_pyfunc(folder / "best", saved), folder / "package")
    return folder / "package"


@pytest.fixture
def bilstm(tmp_path: Path) -> SavedModel:
    return SavedModel(
        model=small_bilstm(**ARGUMENTS).eval(),
        tokenizer=wordpiece_tokenizer(["splendid", "dreadful", "film"]),
        class_names=("neg", "pos"),
        max_tokens=8,
    )


def test_two_architectures(tmp_path: Path, bert_folder: Path, bilstm: SavedModel) -> None:
    """They load in either order, without whytrain and beside a version of it that has no modules."""
    tokenizer = PretrainedTokenizer(name_or_path=str(bert_folder)).build([])
    arguments: dict[str, Any] = {
        "vocabulary_size": tokenizer.vocabulary_size,
        "n_classes": 2,
        "padding_id": tokenizer.padding_id,
        "name_or_path": str(bert_folder),
    }
    bert = SavedModel(
        model=Transformer(**arguments).eval(), tokenizer=tokenizer, class_names=("no", "yes"), max_tokens=8
    )
    folders = {
        "bilstm": packaged(tmp_path / "bilstm", bilstm, BILSTM, ARGUMENTS),
        "bert": packaged(tmp_path / "bert", bert, "whytrain.models.transformer.Transformer", arguments),
    }
    (tmp_path / "site" / "whytrain").mkdir(parents=True)
    (tmp_path / "site" / "whytrain" / "__init__.py").touch()
    orders = [("bilstm", "bert"), ("bert", "bilstm")]
    cases = [[str(folders[name]) for name in names] for names in orders]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, json.dumps([cases, TEXTS, str(tmp_path / "site")])],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [case["whytrain"] for case in said] == [[], ["whytrain"]], done.stderr
    for names, case in zip(orders, said, strict=True):
        for name, predicted in zip(names, case["predictions"], strict=True):
            expected = load_model(folders[name].parent / "best").predict(TEXTS)
            assert predicted == expected.to_dict("list")  # floats go through JSON unchanged


def test_two_versions(tmp_path: Path, bilstm: SavedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each model runs its own code, beside this process's whytrain."""
    monkeypatch.setattr(sys, "path", list(sys.path))  # to which MLflow adds the models' code
    now = packaged(tmp_path / "now", bilstm, BILSTM, ARGUMENTS)
    source = tmp_path / "source"
    shutil.copytree(Path(model_code.__file__).parents[2], source / "whytrain", symlinks=True)
    served = source / "whytrain" / "attribution" / "served.py"
    before = "return answers.set_axis(column.index)"
    assert before in served.read_text("utf-8")
    served.write_text(
        served.read_text("utf-8").replace(before, f"{before}.assign(version='old')"), encoding="utf-8"
    )
    monkeypatch.setattr(model_code, "_SOURCE", source)
    old = packaged(tmp_path / "old", bilstm, BILSTM, ARGUMENTS)
    import mlflow.pyfunc  # after the above, which silences what MLflow warns of when it is imported

    models = [mlflow.pyfunc.load_model(str(folder)) for folder in (now, old, now)]
    columns = list(bilstm.predict(TEXTS))
    assert [list(model.predict(TEXTS)) for model in models] == [columns, [*columns, "version"], columns]
