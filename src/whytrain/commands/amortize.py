"""Teach a network to predict a tracked run's Shapley values: whytrain amortize run=ID."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors, quiet_libraries
from whytrain.commands.explainers import chosen_methods
from whytrain.commands.hydra_command import CONF, HydraCommand


def hydra_main(config: DictConfig) -> None:
    """Make the network, and end with one line about what went wrong."""
    with job_errors(CONF / "amortize.yaml"):
        amortize(config)


def amortize(config: DictConfig) -> None:
    """Make the network of a run and say what it reaches on held-out sentences."""
    from whytrain.config.validation import check_config
    from whytrain.tracking.quick_look import known_run
    from whytrain.types import DeviceName

    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    plain["explainer"] = chosen_methods(plain.get("explainer"))
    check_config(plain, {"run": str, "device": DeviceName})
    tracking = instantiate(config.tracking)
    run_id = known_run(tracking.address, plain["run"])
    # Imported here: --help, --cfg and a wrong command line do without these seconds.
    from whytrain.models.device import device_named
    from whytrain.presentation.terminal import terminal, watched
    from whytrain.runs.amortized import amortize as make
    from whytrain.runs.model import kept_model
    from whytrain.tracking.reader import find_run
    from whytrain.typed_commands import typed

    quiet_libraries()
    console, started = terminal(), time.perf_counter()
    run = find_run(tracking.address, run_id)

    def progress(steps: Iterable[int], what: str, total: int) -> Iterable[int]:
        return watched(steps, what, total, console=console)

    trained = make(
        run,
        instantiate(config.training),
        plain["explainer"]["amortized"],
        kept=kept_model(tracking.root, tracking.address, run.run_id),
        device=device_named(plain["device"]),
        progress=progress,
    )
    found = trained.measured
    console.print(
        f"{run.name} has a network that predicts its Shapley values, made in "
        f"{time.perf_counter() - started:.0f} s from {found.n_train:,} training sentences "
        f"({trained.n_evaluations:,} evaluations).\n"
        f"On held-out sentences its values are off by {found.relative_error:.0%} of their sizes on average; "
        f"the words have the same order with a correlation of {found.rank_correlation:.2f}.",
        markup=False,
        highlight=False,
    )
    console.print(
        f'Ask it: {typed("explain")} run={run.name} explainer=amortized text="…", or file=… for many texts.',
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


COMMAND = HydraCommand(
    name="amortize", task=hydra_main, text_keys=("run",), positional="a run is given as run={text}"
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
