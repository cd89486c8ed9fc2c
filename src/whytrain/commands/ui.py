"""Show tracked runs in MLflow's UI, served on this machine: whytrain ui [port=5001] [tracking.uri=…]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

from annotated_types import Interval
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors
from whytrain.commands.hydra_command import CONF, HydraCommand

Port = Annotated[int, Interval(ge=1, le=65535)]


def hydra_main(config: DictConfig) -> None:
    """Serve the runs until somebody ends it."""
    with job_errors(CONF / "ui.yaml"):
        from whytrain.config.validation import check_config
        from whytrain.tracking.reader import experiment_number
        from whytrain.tracking.ui import serve, table_address

        plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
        check_config(plain, {"port": Port})
        tracking = instantiate(config.tracking)
        number = experiment_number(tracking.address, tracking.experiment)
        serve(tracking.address, plain["port"], "" if number is None else table_address(number))


COMMAND = HydraCommand(
    name="ui",
    task=hydra_main,
    positional="write key=value, such as port=5001",
    text_keys=("tracking.uri", "tracking.directory", "tracking.experiment"),
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
