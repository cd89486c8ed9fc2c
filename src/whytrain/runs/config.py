"""What a run was asked for: its resolved config, and its command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from whytrain.config.override_words import key_of
from whytrain.config.trust import is_trusted
from whytrain.config.validation import untrusted_targets
from whytrain.errors import TrackingError
from whytrain.tracking.reader import RunRecord, download
from whytrain.tracking.run_folder import RunFolder

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

KEPT_CONFIG = "config.yaml"  # in a run's folder
CONFIG_PATH = "config/config.yaml"
COMMAND_LINE_PATH = "overrides.yaml"
# What a run's command line says of itself and of no other run.
_OWN_AFFAIRS = ("from_diagnosis", "run_name", "resume", "tracking", "hydra")


def log_config(store: Recorder, config: Mapping[str, Any], overrides: Sequence[str] | None) -> None:
    """Log a run's resolved config, flat as params and as a file, and its command line.

    Args:
        store: of the run.
        config: resolved, as plain containers.
        overrides: the command line's words; None if they are not known.
    """
    store.log_params(_flat(config))
    store.log_yaml(config, CONFIG_PATH)
    if overrides is not None:
        store.log_yaml({"overrides": list(overrides)}, COMMAND_LINE_PATH)


def read_config(run: RunRecord) -> dict[str, Any]:
    """Return the resolved config.

    It is data: what it names is looked up, and may be imported for that.

    Raises:
        TrackingError: the run logged none, or it names what is neither ours nor trusted.
    """
    config = dict(yaml.safe_load(download(run, CONFIG_PATH).read_text("utf-8")))
    strangers = [target for target in untrusted_targets(config, ()) if not is_trusted(target)]
    if strangers:
        raise TrackingError(
            f"the config of run {run.name} names {', '.join(strangers)}, which no file under conf/ does: if "
            "you trust it, give the folder of its configs with --config-dir"
        )
    return config


def kept_config(root: Path, run_id: str) -> dict[str, Any]:
    """Return the resolved config of a run that this machine trained.

    Args:
        root: of this machine's part of the tracking.
        run_id: of the run.
    """
    return dict(yaml.safe_load((RunFolder(root, run_id).path / KEPT_CONFIG).read_text("utf-8")))


def read_command_line(run: RunRecord) -> tuple[str, ...]:
    """Return the words of the command line.

    Raises:
        TrackingError: the run logged none.
    """
    content = yaml.safe_load(download(run, COMMAND_LINE_PATH).read_text("utf-8"))
    return tuple(map(str, content["overrides"]))


def read_inherited(run: RunRecord) -> list[str]:
    """Return the words of the command line that a run made from this one takes over.

    Raises:
        TrackingError: the run logged none, or it computes values, such as `${oc.env:HOME}`: it may come from
            anybody, and is data here.
    """
    words = read_command_line(run)
    if computed := [word for word in words if re.search(r"\$\{[^}]*:", word)]:
        raise TrackingError(
            f"the command line of run {run.name} computes {', '.join(computed)}, which is not taken over"
        )
    return [word for word in words if re.split(r"[./]", key_of(word))[0] not in _OWN_AFFAIRS]


def is_private(run: RunRecord) -> bool:
    """Return whether the run keeps its text private: its tables then hold hashes of sentences and words."""
    return run.params.get("tracking.log_text") == "False"


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{name}.")
        elif key != "_target_":
            flat[name] = value
    return flat
