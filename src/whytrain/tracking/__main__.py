"""Upkeep of tracked runs: python -m whytrain.tracking list|replay|usage."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from whytrain.errors import WhytrainError
from whytrain.tracking.maintenance import replay, spooled_runs, usage


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 something could not be sent or found."""
    options = _parser().parse_args(arguments)
    root = Path(options.directory).resolve()
    try:
        code: int = options.command(root, options)
    except WhytrainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m whytrain.tracking", description="Upkeep of tracked runs."
    )
    parser.add_argument(
        "--directory",
        default="mlruns",
        help="the folder of this machine's runs, tracking.directory (%(default)s)",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    listing = commands.add_parser("list", help="runs of which something could not be sent yet")
    listing.set_defaults(command=_list)
    replaying = commands.add_parser("replay", help="send what could not be sent")
    replaying.add_argument("run", nargs="?", help="a run's id (all runs)")
    replaying.add_argument("--uri", help="the tracking address, if it has changed since")
    replaying.set_defaults(command=_replay)
    measuring = commands.add_parser("usage", help="how much room runs take on this machine")
    measuring.set_defaults(command=_usage)
    return parser


def _list(root: Path, _: argparse.Namespace) -> int:
    runs = spooled_runs(root)
    for run in runs:
        print(f"{run.info.run_id}  {run.info.run_name}: {run.backlog} for {run.info.uri}")
    if not runs:
        print(f"nothing waits in {root}")
    return 0


def _replay(root: Path, options: argparse.Namespace) -> int:
    results = replay(root, options.run, options.uri)
    for result in results:
        info = result.info
        name = f"{info.run_id}  {info.run_name}"
        if info.remote_id not in {None, info.run_id}:
            name += f" (now {info.remote_id})"
        print(f"{name}: sent {result.sent}" if result.error is None else f"{name}: not sent: {result.error}")
    if not results:
        print(f"nothing waits in {root}")
    return int(any(result.error is not None for result in results))


def _usage(root: Path, _: argparse.Namespace) -> int:
    sizes = usage(root)
    print(f"{'folder MB':>10} {'artifacts MB':>13}  run")
    for size in sizes:
        run = f"{size.info.run_id}  {size.info.run_name}"
        print(f"{_mb(size.folder_bytes)} {_mb(size.artifact_bytes, 13)}  {run}")
    folder_bytes = sum(size.folder_bytes for size in sizes)
    artifact_bytes = sum(size.artifact_bytes for size in sizes)
    print(f"{_mb(folder_bytes)} {_mb(artifact_bytes, 13)}  all {len(sizes)} runs in {root}")
    return 0


def _mb(n_bytes: int, width: int = 10) -> str:
    return f"{n_bytes / 1e6:{width}.1f}"


if __name__ == "__main__":
    sys.exit(main())
