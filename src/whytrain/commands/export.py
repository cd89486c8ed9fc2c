"""Give a tracked run's model to other tools: whytrain export run=ID [format=huggingface|onnx]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors, quiet_libraries
from whytrain.commands.hydra_command import CONF, HydraCommand

if TYPE_CHECKING:
    from whytrain.models.saved import SavedModel
    from whytrain.tracking.reader import RunRecord

TEXT_KEYS = ("run", "output", "push_to_hub")  # may hold what Hydra's grammar would not take
Form = Literal["huggingface", "onnx"]


def hydra_main(config: DictConfig) -> None:
    """Export, and end with one line about what went wrong."""
    with job_errors(CONF / "export.yaml"):
        export(config)


def export(config: DictConfig) -> None:
    """Write a run's model into a folder, and upload it where that is asked for."""
    from whytrain.config.validation import check_config
    from whytrain.errors import ConfigError
    from whytrain.extras import require
    from whytrain.tracking.quick_look import known_run

    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    keys = {"run": str, "format": Form | None, "output": str | None, "push_to_hub": str | None}
    check_config(plain, keys | {"private": bool})
    form, repository = plain["format"], plain["push_to_hub"]
    if form == "onnx" and repository is not None:
        raise ConfigError("push_to_hub is for format=huggingface: leave it out")
    if form == "onnx":
        require("onnxruntime")
    quiet_libraries()
    address = instantiate(config.tracking).address
    run_id = known_run(address, plain["run"])

    from whytrain.models.interface import export_form_of
    from whytrain.runs.model import read_model
    from whytrain.tracking.reader import find_run

    run = find_run(address, run_id)
    saved = read_model(run)
    form = form or export_form_of(saved.model)
    folder = Path(plain["output"] or Path("exports") / run.name).expanduser()
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"output={folder}: there is something in it already; give a new folder")
    print(_written(run, saved, form, folder))
    if repository is not None:
        from whytrain.exports.huggingface import push

        print(push(folder, repository, private=plain["private"]))


def _written(run: RunRecord, saved: SavedModel, form: str, folder: Path) -> str:
    """Write the folder, and say what is in it."""
    from whytrain.exports.card import model_card
    from whytrain.extras import require

    card = model_card(run, saved, form)
    if form == "huggingface":
        from whytrain.exports.huggingface import save_huggingface

        save_huggingface(saved, folder, card)
        return f"{folder}: weights, tokenizer and card, as transformers reads them"
    require("onnxruntime")
    from whytrain.exports.onnx_file import FILE, save_onnx

    difference = save_onnx(saved, folder, card)
    return f"{folder}: {FILE}, tokenizer, config and card; its logits are the model's to {difference:.1g}"


COMMAND = HydraCommand(
    name="export", task=hydra_main, text_keys=TEXT_KEYS, positional="a run is given as run={text}"
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
