"""Every config composes, fits the constructor that it names, and explains its values."""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from small_runs import SMALL

from whytrain.commands import train
from whytrain.commands.command_line import trusted_targets
from whytrain.commands.job import compose_job
from whytrain.config.signatures import import_target
from whytrain.config.validation import check_config
from whytrain.lightning_modules.loader import TrainingLoader

CONF = train.CONF
FILES = sorted(CONF.rglob("*.yaml"))
GROUPS = sorted({(path.parent.name, path.stem) for path in FILES if path.parent != CONF})
MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
OTHER_COMMANDS = {"score": "score", "analysis": "inspect"}  # groups that training does not have
# What a choice needs besides itself.
NEEDS = {
    ("data", "csv"): ["data.path=reviews.csv"],
    ("data", "huggingface"): ["data.name=folder"],
    ("tokenizer", "huggingface"): ["tokenizer.name_or_path=bert"],
    ("model", "transformer"): ["model.name_or_path=bert", "data.max_tokens=40"],
    ("model", "bilstm_kd"): ["distillation.teacher=bert"],
}


def composed(*overrides: str, primary: str = "train") -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        plain = OmegaConf.to_container(compose(primary, list(overrides)), resolve=True, throw_on_missing=True)
    assert isinstance(plain, dict)
    return plain


def sections(node: Any) -> list[dict[str, Any]]:
    """All parts of a config that name a constructor."""
    if not isinstance(node, dict):
        return []
    return ([node] if "_target_" in node else []) + [s for value in node.values() for s in sections(value)]


@pytest.mark.parametrize(("group", "choice"), GROUPS, ids="/".join)
def test_every_choice_composes_and_fits_its_constructor(group: str, choice: str) -> None:
    if group in OTHER_COMMANDS:
        config = {group: composed(f"{group}={choice}", primary=OTHER_COMMANDS[group])[group]}
        check_config(config, {})
    else:
        config = composed(f"{group}={choice}", *NEEDS.get((group, choice), []))
        check_config(config, train.KEYS)
    for section in sections(config):
        parameters = inspect.signature(import_target(section["_target_"])).parameters
        given = {key for key in section if not key.startswith("_")}
        missing = [
            name for name, p in parameters.items() if p.default is p.empty and p.kind is not p.VAR_KEYWORD
        ]
        # A model's sizes come from the data.
        assert set(missing) - given <= {"vocabulary_size", "n_classes", "padding_id"}, section["_target_"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CONF)))
def test_every_file_says_what_it_is_for_and_every_value_what_is_allowed(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert lines[[line.startswith("# @package") for line in lines].index(False)].startswith("# ")
    in_hydra = in_defaults = False
    for line in lines:
        top_level = re.match(r"(\w+):", line)
        if top_level:
            in_hydra, in_defaults = top_level[1] == "hydra", top_level[1] == "defaults"
        key_and_value = re.match(r"\s*[\w.]+: +(?P<value>[^#\s].*)$", line)
        if key_and_value is None or in_hydra or in_defaults or "_target_:" in line:
            continue
        assert re.search(r" # \S.*", line), f"{path}: {line!r} has no comment"


def test_defaults_decide_everything() -> None:
    for section in sections(composed()):
        target = import_target(section["_target_"])
        defaults = [p.name for p in inspect.signature(target).parameters.values() if p.default is not p.empty]
        assert defaults == [], f"{section['_target_']} has defaults of its own"


def test_without_callbacks_an_experiment_sets_only_the_rest() -> None:
    """`experiment=quick` has settings of callbacks that `callbacks=none` and `=predictions` leave out."""
    job = compose_job(["experiment=quick", "callbacks=none"])
    assert job.resolved()["callbacks"] == {}
    assert job.config.trainer.max_epochs == 2
    assert compose_job(["experiment=quick", "callbacks=predictions"]).resolved()["callbacks"].keys() == {
        "predictions"
    }
    assert compose_job(["experiment=quick"]).config.callbacks.explanations.max_words == 7


def test_targets_of_the_tree_are_the_trusted_ones() -> None:
    trusted = trusted_targets(CONF)
    named = {section["_target_"] for path in FILES for section in sections(yaml.safe_load(path.read_text()))}
    assert trusted == named
    assert "whytrain.models.bilstm.BiLSTM" in trusted


def small(overrides: list[str], words: Sequence[str] = SMALL) -> tuple[Any, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return train.build(compose("train", [*words, *overrides]))


@pytest.mark.parametrize("choice", MODELS)
def test_every_recipe_trains_a_batch(choice: str, workspace: Path, bert_folder: Path) -> None:
    shutil.copytree(bert_folder, workspace / "bert")
    words = [word for word in SMALL if choice != "transformer" or not word.startswith(("model", "tokenizer"))]
    data, module = small([f"model={choice}", *NEEDS.get(("model", choice), [])], words)
    loader = data.train_dataloader()
    assert isinstance(loader, TrainingLoader)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    module.model.train()
    loss, logits = module.objective(module.interface, next(iter(loader)))
    loss.backward()
    optimizer.step()
    assert loss.isfinite()
    assert logits.shape[1] == 2
    # A bias of attention's keys adds the same to all scores: its gradient is 0.
    moving = [(name, p) for name, p in module.named_parameters() if not name.endswith("key.bias")]
    unmoved = [name for name, p in moving if torch.equal(p, before[name])]
    assert unmoved == []


def of_loader(overrides: list[str]) -> tuple[Any, Any, Any, torch.Tensor]:
    data, module = small(["model=bilstm", *overrides])
    batch = next(iter(data.train_dataloader()))
    torch.manual_seed(0)
    module.model.eval()
    loss, _ = module.objective(module.interface, batch)
    return data, module.model, module.objective, loss.detach()


def test_each_switch_alone_changes_what_it_says(workspace: Path) -> None:
    _, plain_model, plain_objective, plain_loss = of_loader([])
    assert (plain_model.pooling, plain_model.norm, plain_model.self_attention) == ("last", None, None)
    seen = {}
    for override in (
        "model.pooling=attention",
        "model.pooling=mean",
        "model.pooling=max",
        "model.layer_norm=true",
        "model.self_attention_heads=2",
        "model.n_layers=2",
        "model.hidden_size=6",
        "model.embedding.size=6",
        "model.dropout=0.1",
        "objective.label_smoothing=0.3",
        "objective.word_masking=0.9",
        "objective.adversarial.weight=0.5",
        "objective.dropout_end=0.4",
        "seed=1",
    ):
        seen[override] = of_loader([override])
    models = {override: model for override, (_, model, _, _) in seen.items()}
    assert [models[f"model.pooling={p}"].pooling for p in ("attention", "mean", "max")] == [
        "attention",
        "mean",
        "max",
    ]
    assert models["model.pooling=attention"].attention is not None
    assert models["model.layer_norm=true"].norm.normalized_shape == (16,)
    assert models["model.self_attention_heads=2"].self_attention.num_heads == 2
    assert models["model.n_layers=2"].lstm.num_layers == 2
    assert models["model.hidden_size=6"].lstm.hidden_size == 6
    assert models["model.embedding.size=6"].embedding.embedding_dim == 6
    assert models["model.dropout=0.1"].dropout.p == 0.1
    assert seen["objective.dropout_end=0.4"][2].settings.dropout_end == 0.4
    for override, (_, _, objective, loss) in seen.items():
        without_effect_here = {
            "model.dropout=0.1",
            "objective.dropout_end=0.4",
        }  # evaluation mode, first epoch
        assert torch.equal(loss, plain_loss) == (override in without_effect_here), override
        if not override.startswith("objective."):
            assert vars(objective.settings) == vars(plain_objective.settings)
    # The attention penalty has something to act on only with attention pooling.
    penalized = of_loader(["model.pooling=attention", "objective.attention_penalty.weight=0.5"])[3]
    assert penalized > seen["model.pooling=attention"][3]
