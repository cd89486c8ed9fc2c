"""Look inside a tracked run's model, and at what taught it: whytrain inspect run=ID [analysis=[…]]."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from annotated_types import Interval
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors, quiet_libraries
from whytrain.commands.hydra_command import CONF, HydraCommand
from whytrain.config.choices import every_section

if TYPE_CHECKING:
    from rich.console import Console

    from whytrain.analyses.analysis import Analysis, AnalysisResult
    from whytrain.analyses.subject import Subject

LITERAL = ("run", "text", "other", "people", "output")


def hydra_main(config: DictConfig) -> None:
    """Inspect, and end with one line about what went wrong."""
    with job_errors(CONF / "inspect.yaml"):
        inspect(config)


def inspect(config: DictConfig) -> None:
    """Ask the questions; print the answers, write the page, keep both with the run."""
    from whytrain.tracking.quick_look import known_run

    plain = checked(config)
    tracking = instantiate(config.tracking)
    run_id = known_run(tracking.address, plain["run"])
    # Imported here: --help, --cfg and a wrong command line do without these seconds.
    from whytrain.data.treebank import read_treebank
    from whytrain.models.device import device_named
    from whytrain.pages.analyses.files import write_analyses
    from whytrain.pages.beside import FOLDER, link_pages
    from whytrain.presentation.terminal import terminal
    from whytrain.runs.inspected import log_analyses, subject_of
    from whytrain.tracking.finished_run import FinishedRun
    from whytrain.tracking.reader import find_run

    quiet_libraries()
    console = terminal()
    people = plain["people"]
    trees = () if people is None else tuple(read_treebank(people))
    run = find_run(tracking.address, run_id)
    given = {key: plain[key] for key in ("text", "other", "seed", "level")}
    subject = subject_of(run, device=device_named(plain["device"]), trees=trees, **given)
    analyses, left_out = chosen(plain, subject, was_chosen=bool(config.get("analysis")))
    titles = {analysis.name: analysis.title for analysis in analyses}
    results = {analysis.name: _answer(analysis, subject, console) for analysis in analyses}
    folder = Path(plain["output"] or Path("inspections") / run.run_id)
    written = write_analyses(folder, run.name, titles, results, left_out)
    kept = FinishedRun(run, log_text=tracking.log_text)
    log_analyses(kept, results)
    kept.log_artifact(written.page, FOLDER)
    link_pages(run)
    for path in written.figures:
        kept.log_artifact(path, "figures/inspect")
    for line in left_out:
        console.print(line, markup=False, highlight=False)
    page = f"page: {written.page} (tables and figures beside it; kept with the run)"
    console.print(page, markup=False, highlight=False, soft_wrap=True)


def _answer(analysis: Analysis, subject: Subject, console: Console) -> AnalysisResult:
    """Ask a question, and print its answer and how long that took."""
    from whytrain.presentation.terminal import watched

    started = time.perf_counter()
    found = analysis.analyze(subject, partial(watched, console=console))
    console.print(f"{analysis.title} ({analysis.name})", style="bold", markup=False, highlight=False)
    for line in (found.verdict, *found.remarks):
        console.print(line, markup=False, highlight=False)
    console.print(f"{time.perf_counter() - started:.0f} s\n", style="dim", highlight=False)
    return found


def checked(config: DictConfig) -> dict[str, Any]:
    """Return the config as plain containers; all analyses where none is chosen.

    Raises:
        ConfigError: a key or value is wrong.
        MissingDataError: the file of people's labels is not there.
    """
    from whytrain.config.known_file import known_file
    from whytrain.config.seed import Seed
    from whytrain.config.validation import check_config
    from whytrain.errors import ConfigError
    from whytrain.types import DeviceName

    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    plain["analysis"] = plain.get("analysis") or every_section("analysis")
    if plain["run"] is None:
        raise ConfigError("run=ID_OR_NAME must be given: whose model shall be inspected?")
    keys: dict[str, Any] = dict.fromkeys(LITERAL, str | None) | {"run": str, "seed": Seed}
    keys |= {"level": Annotated[float, Interval(gt=0, lt=1)], "device": DeviceName}
    check_config(plain, keys)
    if plain["people"] is not None:
        plain["people"] = str(known_file(plain["people"], "people"))
    return dict(plain)


def chosen(plain: dict[str, Any], subject: Subject, *, was_chosen: bool) -> tuple[list[Analysis], list[str]]:
    """Return the analyses asked for, or the usual ones that can be asked and why others cannot.

    Raises:
        ConfigError: one that was asked for needs what is not there.
    """
    from whytrain.analyses.analysis import askable, check_analyses, make_analysis

    analyses = [make_analysis(section) for section in plain["analysis"].values()]
    if was_chosen:
        check_analyses(analyses, subject)
        return analyses, []
    possible, reasons = askable(analyses, subject)
    return possible, [f"left out: {reason}" for reason in reasons]


COMMAND = HydraCommand(
    name="inspect",
    task=hydra_main,
    text_keys=(*LITERAL, "tracking.uri", "tracking.directory"),
    positional="a run is given as run={text}",
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
