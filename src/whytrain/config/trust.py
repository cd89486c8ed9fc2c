"""Of whose classes a saved model may be: importing one runs code, and its folder may come from anybody."""

from __future__ import annotations

from collections.abc import Iterable

_PACKAGE = __name__.partition(".")[0]

_trusted: set[str] = set()


def trust(class_paths: Iterable[str]) -> None:
    """Let this process load saved models of these classes, such as `my_models.BagOfEmbeddings`."""
    _trusted.update(class_paths)


def trusted() -> frozenset[str]:
    """Return what this process was told of, for processes that it starts."""
    return frozenset(_trusted)


def is_trusted(class_path: str) -> bool:
    """Whether a class is this package's own or one that `trust` was told of."""
    return class_path.startswith(f"{_PACKAGE}.") or class_path in _trusted


def own_path(class_path: str) -> str:
    """Return a class's path by the name that this package has here.

    Files say `whytrain`; the code that travels with a logged model has another name.
    """
    package, _, rest = class_path.partition(".")
    return f"{_PACKAGE}.{rest}" if package == "whytrain" else class_path
