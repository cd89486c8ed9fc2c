"""Keys that were renamed: who uses an old one is told the new one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from whytrain.errors import ConfigError

# Old key: new key, or None for one that is gone. A section's row moves all that lies under it.
MOVED: dict[str, str | None] = {
    "absences": "explainer.shapley.absences",
    "exact_words": "explainer.shapley.exact_words",
    "budget": "explainer.shapley.budget",
    "callbacks.shapley.absences": "explainer.shapley.absences",
    "callbacks.shapley": "callbacks.explanations",
    "trainer.mode": None,  # a metric knows in which direction it is better
}


def refuse_moved(keys: Iterable[str], source: str = "") -> None:
    """Raise ConfigError for the old keys among `keys`, naming the new ones.

    Args:
        keys: full names, such as `trainer.max_epochs`.
        source: where they stand, if not on the command line.
    """
    told = list(filter(None, map(_told, keys)))
    if told:
        raise ConfigError(f"{source}{': ' if source else ''}{'; '.join(told)}")


def keys_within(config: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the full names of all keys of a config, sections included.

    >>> list(keys_within({"trainer": {"max_epochs": 1}, "seed": 0}))
    ['trainer', 'trainer.max_epochs', 'seed']
    """
    for key, value in config.items():
        yield f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from keys_within(value, f"{prefix}{key}.")


def _told(key: str) -> str:
    """Return what became of an old key; nothing for any other."""
    for old, new in MOVED.items():
        if key == old or key.startswith(f"{old}."):
            now = None if new is None else new + key.removeprefix(old)
            return f"{key} is called {now} now" if now else f"{key} is gone: leave it out"
    return ""
