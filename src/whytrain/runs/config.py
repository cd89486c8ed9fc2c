"""What a run was asked for: its resolved config, and its command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from whytrain.tracking.reader import RunRecord, download

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

CONFIG_PATH = "config/config.yaml"
COMMAND_LINE_PATH = "overrides.yaml"


def log_config(store: Recorder, config: Mapping[str, Any], overrides: Sequence[str] | None) -> None:
    """Log a run's resolved config, flat as params and as a file, and its command line.

    Args:
        store: of the run.
        config: resolved, as plain containers.
        overrides: the command line's words; None for a resumed run, which logged them before.
    """
    store.log_params(_flat(config))
    store.log_yaml(config, CONFIG_PATH)
    if overrides is not None:
        store.log_yaml({"overrides": list(overrides)}, COMMAND_LINE_PATH)


def read_config(run: RunRecord) -> dict[str, Any]:
    """Return the resolved config.

    Raises:
        TrackingError: the run logged none.
    """
    return dict(yaml.safe_load(download(run, CONFIG_PATH).read_text("utf-8")))


def read_command_line(run: RunRecord) -> tuple[str, ...]:
    """Return the words of the command line.

    Raises:
        TrackingError: the run logged none.
    """
    content = yaml.safe_load(download(run, COMMAND_LINE_PATH).read_text("utf-8"))
    return tuple(map(str, content["overrides"]))


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
