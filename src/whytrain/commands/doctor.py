"""Say what of the machine, the extras, the store and a run is fit for use: whytrain doctor [run=ID]."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors, quiet_libraries
from whytrain.commands.hydra_command import CONF, HydraCommand

if TYPE_CHECKING:
    from rich.table import Table

    from whytrain.health.check import Check

WIDTH = 80
_COLORS = {"ok": "green", "missing": "yellow", "problem": "red"}


def hydra_main(config: DictConfig) -> None:
    """Look, print, and end with 1 where something is broken."""
    with job_errors(CONF / "doctor.yaml"):
        if any(check.status == "problem" for check in examine(config)):
            sys.exit(1)


def examine(config: DictConfig) -> list[Check]:
    """Print a table for each thing that is looked at, and return all that was found."""
    from whytrain.config.validation import check_config
    from whytrain.health.extras import extras_checks
    from whytrain.health.machine import machine_checks
    from whytrain.health.run import run_checks
    from whytrain.health.store import store_checks
    from whytrain.presentation.terminal import terminal

    quiet_libraries()
    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    check_config(plain, {"run": str | None})
    tracking = instantiate(config.tracking)
    looks: dict[str, Callable[[], list[Check]]] = {
        "machine": lambda: machine_checks(tracking.root),
        "extras": extras_checks,
        "store": lambda: store_checks(tracking),
    }
    if plain["run"] is not None:
        looks[f"run {plain['run']}"] = lambda: run_checks(tracking.address, plain["run"])
    console, found = terminal(WIDTH), []
    for title, look in looks.items():
        checks = _looked(title, look)
        console.print(_table(title, checks))
        found += checks
    return found


def _looked(title: str, look: Callable[[], list[Check]]) -> list[Check]:
    """Return what a look found; one that fails is a finding, too."""
    from whytrain.health.check import Check

    try:
        return look()
    except Exception as error:  # whatever is broken here is what the doctor was asked about
        line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return [Check(subject=title, status="problem", found=line)]


def _table(title: str, checks: Sequence[Check]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True, max_width=23)
    table.add_column(width=7)
    table.add_column(overflow="fold")
    for check in checks:
        said = Text(check.found)
        if check.advice:
            said.append(f"\n→ {check.advice}", style="bold")
        table.add_row(Text(check.subject), Text(check.status, style=_COLORS[check.status]), said)
    return table


COMMAND = HydraCommand(
    name="doctor",
    task=hydra_main,
    positional="a run is given as run={text}",
    text_keys=("run", "tracking.uri", "tracking.directory", "tracking.experiment"),
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
