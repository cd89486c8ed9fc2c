"""Going on with a run that was stopped: its config, its folder, and what says that it is finished."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from whytrain.checkpoints import best_checkpoint, remove_resumable, usable_checkpoint
from whytrain.config.moved_keys import keys_within, refuse_moved
from whytrain.config.override_words import key_of
from whytrain.config.validation import untrusted_targets
from whytrain.errors import ConfigError, MissingRunError, TrackingError
from whytrain.runs.config import KEPT_CONFIG
from whytrain.tracking.quick_look import begins
from whytrain.tracking.run_folder import FINISHED_FILE, run_folders, write_atomically

if TYPE_CHECKING:
    import pytorch_lightning as pl

_SHOWN = 5
MORE = ("trainer.max_epochs", "run_name", "optimizer.learning_rate")  # beside a finished run
_COMMAND_LINE = "command_line.yaml"  # in a run's folder
ALLOWED = ("resume", "tracking", "tracking.uri", "tracking.directory")


def stopped_run(
    root: Path, called: str, overrides: Sequence[str], trusted: frozenset[str]
) -> tuple[Path, dict[str, Any], Path | None]:
    """Return a run's folder, its config and its newest checkpoint; None if it has none yet.

    Args:
        root: the tracking folder of this machine.
        called: id or unique name of the run.
        overrides: the command line, which may give the run and where it is tracked.
        trusted: `_target_` values that may stand in the config: it is data, not a program.

    Raises:
        ConfigError: the command line gives more, the run is finished, or the config names a target that is
            not trusted.
        MissingRunError: no such run here, or several of this name.
        TrackingError: its checkpoints are damaged.
    """
    _check_only_resume(overrides)
    folder = _folder_of(root, called)
    if _is_finished(folder):
        raise ConfigError(
            f"resume={called}: this run is finished; trainer.max_epochs=N beside it trains N epochs more, "
            "from its best weights and as a run of its own"
        )
    return folder, _stored_config(folder, trusted), usable_checkpoint(folder)


def finished_run(root: Path, called: str, overrides: Sequence[str]) -> Path | None:
    """Return the folder of a finished run that is to be trained further; None where it only goes on.

    Args:
        root: the tracking folder of this machine.
        called: id or unique name of the run.
        overrides: the command line: with `trainer.max_epochs` it asks for more.

    Raises:
        ConfigError: the command line gives what such a run takes over.
        MissingRunError: no such run here, or several of this name.
    """
    keys = [key_of(text) for text in overrides]
    if MORE[0] not in keys:
        return None
    folder = _folder_of(root, called)
    if not _is_finished(folder):
        return None
    others = [text for text, key in zip(overrides, keys, strict=True) if key not in (*ALLOWED, *MORE)]
    if others:
        raise ConfigError(
            f"resume={called}: a finished run is trained further as it was; leave out {', '.join(others)}"
        )
    return folder


def start_from(module: pl.LightningModule, folder: Path) -> None:
    """Give a module that is to be trained the best weights of a finished run.

    Raises:
        TrackingError: they are no longer there.
    """
    import torch

    path = best_checkpoint(folder)
    if not path.is_file():
        raise TrackingError(f"{path} is not there any more: without it no run can start from {folder.name}")
    module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["state_dict"])


def _folder_of(root: Path, called: str) -> Path:
    known = {folder.path: info for folder, info in run_folders(root) if (folder.path / KEPT_CONFIG).is_file()}
    found = [path for path, info in known.items() if called in (path.name, info.remote_id, info.run_name)]
    if not found:
        of_id = {info.remote_id or path.name: path for path, info in known.items()}
        begun = begins(called, list(of_id))
        found = [] if begun is None else [of_id[begun]]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(path.name for path in found)
        raise MissingRunError(f"resume={called}: {len(found)} runs have this name; give the id of one: {ids}")
    stopped = [f"{info.run_name} ({path.name})" for path, info in known.items() if not _is_finished(path)]
    newest = ", ".join(reversed(stopped[-_SHOWN:]))
    choices = f"that can go on, the newest first: {newest}" if newest else "none can go on"
    raise MissingRunError(f"resume={called}: no run of this id or name under {root / 'runs'}; {choices}")


def _is_finished(folder: Path) -> bool:
    return (folder / FINISHED_FILE).exists()


def _check_only_resume(overrides: Sequence[str]) -> None:
    others = [text for text in overrides if key_of(text) not in ALLOWED]
    if others:
        raise ConfigError(
            f"resume=RUN_ID goes on with that run's own config; leave out {', '.join(others)}, or start a "
            "new run without resume"
        )


def _stored_config(folder: Path, trusted: frozenset[str]) -> dict[str, Any]:
    path = folder / KEPT_CONFIG
    config = _read_yaml(path)
    refuse_moved(keys_within(config), f"{path} was written by an older version")
    strangers = untrusted_targets(config, trusted)
    if strangers:
        raise ConfigError(
            f"{path} names {', '.join(strangers)}, which no file under conf/ does: it is of another version, "
            "or not of this program; start a new run without resume"
        )
    return config


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise TrackingError(f"{path} cannot be read ({error.__class__.__name__}): start a new run") from error
    if not isinstance(config, dict):
        raise TrackingError(f"{path} is no config of a run: start a new run without resume")
    return config


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Keep the resolved config beside the checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / KEPT_CONFIG, yaml.safe_dump(dict(config), sort_keys=False))


def write_command_line(folder: Path, words: Sequence[str], choices: Mapping[str, str]) -> None:
    """Keep what a run was called with, so that it can be logged by whoever goes on with it."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"overrides": list(words), "choices": dict(choices)}
    write_atomically(folder / _COMMAND_LINE, yaml.safe_dump(kept, sort_keys=False))


def read_command_line(folder: Path) -> tuple[list[str] | None, dict[str, str]]:
    """Return a run's overrides and choices; None and nothing of a run that kept none."""
    if not (folder / _COMMAND_LINE).is_file():
        return None, {}
    kept = _read_yaml(folder / _COMMAND_LINE)
    return list(kept["overrides"]), dict(kept["choices"])


def mark_finished(folder: Path, score: float | None) -> None:
    """Note the best score and that nothing is left to resume; remove what was kept for that."""
    write_atomically(folder / FINISHED_FILE, json.dumps(score))
    remove_resumable(folder)


def finished_score(folder: Path) -> float | None:
    """Return the best value of the monitor of a finished run, None for one that is not finished."""
    try:
        score: float | None = json.loads((folder / FINISHED_FILE).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return score
