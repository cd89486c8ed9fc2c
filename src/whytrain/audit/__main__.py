"""The record of served answers: python -m whytrain.audit verify|export|reproduce|drift FOLDER."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from whytrain.audit.verify import read_entry, verify
from whytrain.errors import ConfigError, WhytrainError

DONE, FAILED, WRONG = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 the record does not hold, 2 wrong words."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except WhytrainError as error:
        print(f"error: {error}", file=sys.stderr)
        return WRONG if isinstance(error, ConfigError) else FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m whytrain.audit", description="The record of served answers."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    verifying = commands.add_parser("verify", help="check that nobody changed, removed or added an entry")
    verifying.add_argument("--head", help="a hash that was kept elsewhere: shows that no end was cut off")
    verifying.set_defaults(command=_verify)
    exporting = commands.add_parser("export", help="write all answers as a table")
    exporting.add_argument("output", type=Path, help="a .parquet or .csv file that is not there yet")
    exporting.set_defaults(command=_export)
    reproducing = commands.add_parser("reproduce", help="answer an entry's text again, and compare")
    reproducing.add_argument("number", type=int, help="of the entry")
    reproducing.add_argument("--text", help="the text, of which the record holds only a hash")
    reproducing.add_argument("--model", type=Path, help="folder of the model, if its run is not found")
    reproducing.set_defaults(command=_reproduce)
    drifting = commands.add_parser("drift", help="say whether served texts are still like the model's data")
    drifting.set_defaults(command=_drift)
    for command in (reproducing, drifting):
        command.add_argument("--directory", default="mlruns", type=Path, help="of runs (%(default)s)")
        command.add_argument("--uri", help="tracking address (SQLite in that folder)")
    for command in (verifying, exporting, reproducing, drifting):
        command.add_argument("folder", type=Path, help="of the record, such as served")
    return parser


def _verify(options: argparse.Namespace) -> int:
    found = verify(options.folder, options.head)
    if found.problem is not None:
        print(f"broken: {found.problem}\n{found.n_entries} entries before it hold", file=sys.stderr)
        return FAILED
    print(f"whole: {found.n_entries} entries, the last one {found.head}")
    if found.torn:
        print(
            f"its last line is cut: {found.torn} bytes of an entry whose process was killed while it wrote, "
            "before it answered, or that somebody cut"
        )
    if found.has_expected is False:
        print(f"broken: no entry has the hash {options.head}: an end was cut off", file=sys.stderr)
        return FAILED
    return DONE


def _export(options: argparse.Namespace) -> int:
    from whytrain.audit.export import export

    print(f"{export(options.folder, options.output)} answers in {options.output}")
    return DONE


def _reproduce(options: argparse.Namespace) -> int:
    from whytrain.audit.reproduce import reproduce

    entry = read_entry(options.folder, options.number)
    difference = reproduce(
        entry, text=options.text, folder=options.model, root=options.directory, uri=options.uri
    )
    if difference is not None:
        print(f"entry {options.number} is not reproduced: {difference}", file=sys.stderr)
        return FAILED
    print(f"entry {options.number} is reproduced: the same model gives the same answer")
    return DONE


def _drift(options: argparse.Namespace) -> int:
    from whytrain.audit.drift import drift, recorded_answers
    from whytrain.audit.drift_told import told
    from whytrain.audit.reproduce import address_of, model_folder
    from whytrain.models.saved import load_model
    from whytrain.runs.config import read_config
    from whytrain.runs.data import learned_corpus
    from whytrain.tracking.reader import find_run

    identity, served = recorded_answers(options.folder)
    run = find_run(address_of(options.directory, options.uri), identity["run"])
    model = load_model(model_folder(identity["run"], options.directory, options.uri))
    corpus = learned_corpus(run, read_config(run))
    print(told(drift(served, model, corpus), identity["version"] or run.name))
    return DONE


if __name__ == "__main__":
    sys.exit(main())
