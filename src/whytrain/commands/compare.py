"""Compare tracked runs: whytrain compare runs=[A,B,…] (or experiment=NAME) [key=value …]."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors, quiet_libraries
from whytrain.commands.explainers import chosen_methods, make_explainers
from whytrain.commands.hydra_command import CONF, HydraCommand


def hydra_main(config: DictConfig) -> None:
    """Compare, and end with one line about what went wrong."""
    with job_errors(CONF / "compare.yaml"):
        compare(config)


def compare(config: DictConfig) -> None:
    """Compare runs, write the report and track it."""
    # Imported here: --help and --cfg do without the first of them, a wrong command line without the rest.
    from whytrain.comparison.settings import SETTINGS, refuse_twice
    from whytrain.config.validation import check_config
    from whytrain.tracking.quick_look import known_run

    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    plain["explainer"] = chosen_methods(plain.get("explainer"))
    check_config(plain, SETTINGS | {"runs": list[str] | None, "output": str | None})
    tracking = instantiate(config.tracking)
    named = plain["runs"] or []
    refuse_twice(named, [known_run(tracking.address, run) for run in named])

    from whytrain.comparison.comparison import put_side_by_side
    from whytrain.comparison.runs import load_runs
    from whytrain.comparison.selection import select_runs
    from whytrain.models.device import device_named
    from whytrain.pages import comparison_files as files
    from whytrain.presentation.terminal import terminal, watched
    from whytrain.tracking.status import ending
    from whytrain.tracking.store import Store

    quiet_libraries()
    settings = {name: plain[name] for name in SETTINGS} | {"device": device_named(plain["device"])}
    console = terminal()
    progress = partial(watched, console=console)

    selection = select_runs(tracking.address, plain["runs"], tracking.experiment)
    loaded = load_runs(selection, progress, show_text=tracking.log_text)
    explainers = make_explainers(plain["explainer"])
    result = put_side_by_side(loaded, progress, explainers=explainers, **settings)
    tags = files.comparison_tags(result)
    store = Store.start(tracking, run_name=files.comparison_name(result), tags=tags)
    with ending(store):
        folder = Path(plain["output"] or Path("comparisons") / store.run_id)
        images = files.write_comparison(result, folder, progress, {"tracked as run": store.run_id})
        files.log_comparison(store, result, folder, images)
    for line in files.told(result):
        console.print(line, markup=False, highlight=False)
    console.print(f"\nreport: {folder / files.PAGE}", markup=False, highlight=False)
    console.print(store.summary() or f"run {store.run_id} in {tracking.address}", highlight=False)


def _mlflow_experiment(word: str) -> str:
    """Return a word with its key in full: conf/experiment is train's, here an experiment is MLflow's."""
    return f"tracking.{word}" if word.startswith("experiment=") else word


COMMAND = HydraCommand(
    name="compare",
    task=hydra_main,
    text_keys=("tracking.experiment", "output"),
    list_keys=("runs", "sentences"),
    renamed=_mlflow_experiment,
    positional="runs are given as runs=[{listed}]",
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
