"""What a run left behind is data, whoever wrote it: nothing that it names is run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from small_runs import SMALL

from whytrain.commands.job import Job, compose_job
from whytrain.config.trust import trust
from whytrain.data.pretrained import PretrainedTokenizer
from whytrain.errors import ConfigError, DataError, TrackingError, WhytrainError
from whytrain.models.existing import existing_classifier
from whytrain.models.saved import load_model
from whytrain.models.transformer import Transformer
from whytrain.runs.config import read_config, read_inherited
from whytrain.tracking.reader import find_run
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store

LOAD = "+callbacks.mine={_target_:torch.hub.load,repo_or_dir:evil,source:local,model:run}"
HUBCONF = "from pathlib import Path\nPath('RAN').touch()\n\ndef run():\n    return Path('RAN').touch()\n"


@pytest.fixture
def evil(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a hubconf that leaves a file where it is run, also at the top of the imports."""
    (workspace / "evil").mkdir()
    for folder in (workspace / "evil", workspace):
        (folder / "hubconf.py").write_text(HUBCONF)
    monkeypatch.syspath_prepend(str(workspace))
    return workspace


def tracked(words: list[str], config: dict[str, object]) -> str:
    """Track a run with such records; return its id."""
    settings = TrackingSettings(
        uri=None, experiment="whytrain", log_text=True, directory="mlruns", register=None
    )
    store = Store.start(settings, run_name="foreign", tags={})
    store.log_yaml({"overrides": words}, "overrides.yaml")
    store.log_yaml(config, "config/config.yaml")
    store.close("FINISHED")
    return settings.address


@pytest.mark.parametrize(
    "word",
    [
        LOAD,
        "model._target_=torch.hub.load",
        "callbacks.diagnosis._target_=hubconf.run",
        "explainer.shapley._target_=hubconf.run",
        """+callbacks.mine='${oc.create:"{_target_: hubconf.run}"}'""",
        """+callbacks.mine='${oc.decode:"{_target_: torch.hub.load, repo_or_dir: evil}"}'""",
    ],
)
def test_words_of_another_run_name_no_target_of_their_own(evil: Path, word: str) -> None:
    job = compose_job(list(SMALL))
    with pytest.raises(ConfigError, match=r"^the overrides name (torch\.hub\.load|hubconf\.run), which no"):
        job.following([*SMALL, word], None)
    assert not (evil / "RAN").exists()


def test_words_that_compute_values_are_not_taken_over(workspace: Path) -> None:
    address = tracked(["seed=1", "+note=${oc.env:HOME}"], {})
    with pytest.raises(TrackingError, match=r"computes \+note=\$\{oc.env:HOME\}, which is not taken over"):
        read_inherited(find_run(address, "foreign"))


def test_a_runs_own_affairs_are_not_taken_over(workspace: Path) -> None:
    own = ["hydra/launcher=ray", "hydra.searchpath=[x]", "resume=y", "tracking=z", "run_name=foreign"]
    assert read_inherited(find_run(tracked(["seed=1", *own], {}), "foreign")) == ["seed=1"]


def test_a_kept_config_holds_no_interpolations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "do not tell")
    plain = {"run_name": "${oc.env:SECRET}", "callbacks": ['${oc.create:"{_target_: hubconf.run}"}']}
    assert Job.of_record(plain, {}).resolved() == plain


def test_a_config_of_another_run_is_not_looked_up(evil: Path) -> None:
    address = tracked(
        [], {"guidance": {"_target_": "hubconf.run"}, "model": {"_target_": "evil.hubconf.run"}}
    )
    with pytest.raises(
        TrackingError, match=r"names evil.hubconf.run, hubconf.run, which no file under conf/"
    ):
        read_config(find_run(address, "foreign"))
    assert not (evil / "RAN").exists()


def test_classes_that_the_user_trusts_are_read(evil: Path) -> None:
    trust(["trusted_models.Mine"])
    address = tracked([], {"model": {"_target_": "trusted_models.Mine"}})
    assert read_config(find_run(address, "foreign"))["model"] == {"_target_": "trusted_models.Mine"}


def with_code(bert_folder: Path, folder: Path, *, part: str) -> Path:
    """A copy of a classifier's folder whose config names code of its own."""
    shutil.copytree(bert_folder, folder)
    for name in ("modeling.py", "tokenization.py", "configuration.py"):
        (folder / name).write_text(HUBCONF)
    if part == "tokenizer":
        (folder / "tokenizer.json").unlink()
        own = {"tokenizer_class": "Mine", "auto_map": {"AutoTokenizer": ["tokenization.Mine", None]}}
        (folder / "tokenizer_config.json").write_text(json.dumps(own))
        return folder
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine"} if part == "config" else {}
    config["auto_map"] = {
        "AutoConfig": "configuration.Mine",
        "AutoModelForSequenceClassification": "modeling.Mine",
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a person would be asked whether to run code."""
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked to run code"))


@pytest.mark.parametrize("part", ["tokenizer", "config"])
def test_custom_code_of_a_folder_is_never_offered(
    bert_folder: Path, evil: Path, nobody_is_asked: None, part: str
) -> None:
    folder = with_code(bert_folder, evil / "custom", part=part)
    with pytest.raises(
        (ConfigError, DataError), match=r"it has code of its own \(auto_map\), which is never"
    ):
        existing_classifier(str(folder), 20)
    assert not (evil / "RAN").exists()


def test_a_known_architecture_is_read_without_the_code_beside_it(
    bert_folder: Path, evil: Path, nobody_is_asked: None
) -> None:
    saved = existing_classifier(str(with_code(bert_folder, evil / "custom", part="model")), 20)
    assert saved.predict(["a great film"])["label"].isin(["bad", "good"]).all()
    assert not (evil / "RAN").exists()


def test_a_saved_architecture_names_no_code(bert_folder: Path, nobody_is_asked: None) -> None:
    tokenizer = PretrainedTokenizer(name_or_path=str(bert_folder)).build([])
    sizes = {
        "vocabulary_size": tokenizer.vocabulary_size,
        "n_classes": 2,
        "padding_id": tokenizer.padding_id,
        "name_or_path": None,
    }
    architecture = json.loads((bert_folder / "config.json").read_text())
    architecture["auto_map"] = {"AutoModelForSequenceClassification": "someone/evil--modeling.Mine"}
    assert Transformer(**sizes, architecture=architecture).family == "BertForSequenceClassification"


def test_a_model_folder_names_only_trusted_classes(evil: Path) -> None:
    folder = evil / "model"
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "weights.safetensors").touch()
    description = {"format": 4, "class_path": "hubconf.run", "arguments": {}}
    (folder / "model.yaml").write_text(yaml.safe_dump(description))
    with pytest.raises(WhytrainError, match=r"^the model's class hubconf.run is neither whytrain's nor"):
        load_model(folder)
    assert not (evil / "RAN").exists()
