"""Repeat a tracked run's diagnosis: whytrain diagnose run=ID [rules=FILE] [output=FOLDER]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, NoReturn

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors, quiet_libraries
from whytrain.commands.hydra_command import CONF, HydraCommand

LITERAL = ("run", "rules", "output")  # may hold what Hydra's grammar would not take


def hydra_main(config: DictConfig) -> None:
    """Diagnose, and end with one line about what went wrong."""
    with job_errors(CONF / "diagnose.yaml"):
        diagnose(config)


def diagnose(config: DictConfig) -> None:
    """Diagnose a run from its records; print findings and recommendations, and write page and overrides."""
    from whytrain.config.validation import check_config
    from whytrain.tracking.quick_look import known_run

    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    check_config(plain, {"run": str, "rules": str | None, "output": str | None})
    address = instantiate(config.tracking).address
    run_id = known_run(address, plain["run"])
    # Imported here: --help, --cfg and a wrong command line do without these seconds.
    from whytrain.diagnosis.conclusion import conclude
    from whytrain.diagnosis.detectors import DETECTORS
    from whytrain.diagnosis.rules import load_rules
    from whytrain.pages.diagnosis_files import told, write_diagnosis
    from whytrain.pages.shortcuts import ranked_list
    from whytrain.presentation.terminal import terminal
    from whytrain.runs.config import read_config
    from whytrain.runs.diagnosis import read_rules
    from whytrain.runs.evidence import absent_evidence, read_evidence
    from whytrain.tracking.reader import find_run

    quiet_libraries()
    run = find_run(address, run_id)
    evidence, trained = read_evidence(run), read_config(run)
    rules = Path(plain["rules"]).expanduser() if plain["rules"] else read_rules(run, trained)
    book = load_rules(rules, DETECTORS)
    diagnosis, plan = conclude(evidence, book, trained, run.run_id)
    folder = Path(plain["output"] or Path("diagnoses") / run.run_id)
    found = evidence.shortcuts
    suspects = "" if found is None else ranked_list(found, evidence.class_names, str)
    write_diagnosis(folder, diagnosis, plan, run.name, run.run_id, suspects)
    console = terminal()
    for line in told(diagnosis, plan, run.name, absent_evidence(evidence)):
        # Keys and values to copy stay whole where they are longer than a line.
        shown = fill(line, console.width, break_long_words=False, break_on_hyphens=False)
        console.print(shown, markup=False, highlight=False, soft_wrap=True)
    console.print(f"page, findings and overrides in {folder}", markup=False, highlight=False, soft_wrap=True)


COMMAND = HydraCommand(
    name="diagnose", task=hydra_main, text_keys=LITERAL, positional="a run is given as run={text}"
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
