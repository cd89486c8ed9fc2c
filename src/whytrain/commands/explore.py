"""Explore tracked runs, or a classifier from elsewhere, in the browser: whytrain explore run=NAME."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from annotated_types import Ge, Interval
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors, quiet_libraries
from whytrain.commands.hydra_command import CONF, HydraCommand

if TYPE_CHECKING:
    from whytrain.app.explored import Explored

Port = Annotated[int, Interval(ge=0, le=65535)]


def hydra_main(config: DictConfig) -> None:
    """Serve the page until somebody ends it."""
    from whytrain.tracking.quick_look import known_run

    with job_errors(CONF / "explore.yaml"):
        plain = checked(config)
        tracking = instantiate(config.tracking)
        for name in plain["runs"] or filter(None, [plain["run"]]):
            known_run(tracking.address, name)
        quiet_libraries()
        from whytrain.app.exploration import Exploration
        from whytrain.app.serving import serve

        serve(Exploration(explored(config, plain), root=tracking.root), plain["port"])


def checked(config: DictConfig) -> dict[str, Any]:
    """Return the config as plain containers.

    Raises:
        ConfigError: a key or value is wrong, or it is not said what is explored.
    """
    from whytrain.config.validation import check_config
    from whytrain.errors import ConfigError
    from whytrain.types import DeviceName

    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    keys: dict[str, Any] = {"run": str | None, "runs": list[str] | None, "classifier": str | None}
    keys |= {"max_tokens": Annotated[int, Ge(3)], "port": Port, "device": DeviceName}
    check_config(plain, keys)
    if sum(plain[key] is not None for key in ("run", "runs", "classifier")) != 1 or plain["runs"] == []:
        raise ConfigError("give one of run=ID_OR_NAME, runs=[ID_OR_NAME,…] and model=FOLDER_OR_HUB_NAME")
    return dict(plain)


def explored(config: DictConfig, plain: Mapping[str, Any]) -> list[Explored]:
    """Return the models that are explored."""
    import whytrain as wt
    from whytrain.app.explored import Explored
    from whytrain.models.device import device_named
    from whytrain.models.existing import existing_classifier

    if plain["classifier"] is not None:
        name, device = str(plain["classifier"]), device_named(plain["device"])
        return [Explored(Path(name).name, existing_classifier(name, plain["max_tokens"], device=device))]
    address = instantiate(config.tracking).address
    names = plain["runs"] or [plain["run"]]
    runs = [wt.open_run(name, address, device=plain["device"]) for name in names]
    return [Explored(run.name, run.model, run) for run in runs]


def _classifier_key(word: str) -> str:
    """Return a word with the key behind it: conf/model is train's, here a model is a classifier."""
    return f"classifier={word.removeprefix('model=')}" if word.startswith("model=") else word


COMMAND = HydraCommand(
    name="explore",
    task=hydra_main,
    renamed=_classifier_key,
    text_keys=("run", "classifier", "tracking.uri", "tracking.directory", "tracking.experiment"),
    list_keys=("runs",),
    positional="a run is given as run={text}, several as runs=[{listed}]",
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
