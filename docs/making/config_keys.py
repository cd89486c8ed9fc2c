"""Every key of conf/ with its default, what may stand there, and its comment."""

from __future__ import annotations

import itertools
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import is_typeddict

from making.markdown import code, page, table
from whytrain.config.signatures import signature_of
from whytrain.errors import ConfigError

CONF = Path(__file__).parents[2] / "conf"
_LINE = re.compile(r"(?P<indent> *)(?P<key>[\w/@-]+):(?: (?P<value>.*?))??(?:\s*# (?P<comment>.*))?$")
_PLAIN = {bool: "true, false", int: "whole number", float: "number", str: "text", types.NoneType: "null"}
_SKIPPED = ("defaults", "hydra")


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key of a file in conf/.

    Attributes:
        name: with dots, as on the command line.
        default: its value in the file.
        allowed: what may stand there; empty where any value may.
        comment: behind it, or above a section.
    """

    name: str
    default: str
    allowed: str
    comment: str


def config_page() -> str:
    """Return the page of all keys, a section per file: the commands first, then group by group."""
    parts = [
        "Each table is a file of `conf/`. `key=value` on the command line changes a value; `group=choice` takes "
        "another file of a group. `null` means: nothing. A wrong value is told before anything heavy is loaded."
    ]
    commands = sorted(CONF.glob("*.yaml"), key=lambda path: (path.stem != "train", path.stem))
    parts += [_section(path, f"whytrain {path.stem}", "") for path in commands]
    groups = sorted(path for path in CONF.iterdir() if path.is_dir())
    for group in groups:
        parts.append(f"## {group.name}=…")
        parts += [
            _section(path, f"{group.name}={path.stem}", prefix_of(path), level=3)
            for path in sorted(group.glob("*.yaml"))
        ]
    return page("Config", *parts)


def keys_of(path: Path) -> list[Key]:
    """Return the keys of a file in the order in which they stand there."""
    return list(_keys(path.read_text("utf-8").splitlines(), prefix_of(path)))


def prefix_of(path: Path) -> str:
    """Return what stands before a file's keys on the command line.

    Files of commands and those marked as `@package _global_` begin at the root, others at their group; methods,
    scores and callbacks name their section themselves.
    """
    at_root = path.parent == CONF or "@package _global_" in path.read_text("utf-8")[:200]
    return "" if at_root else f"{path.parent.name}."


def _section(path: Path, title: str, prefix: str, level: int = 2) -> str:
    head = itertools.takewhile(lambda line: line.startswith("#"), path.read_text("utf-8").splitlines())
    said = [line.removeprefix("# ").strip() for line in head if "@package" not in line]
    rows = [(code(key.name), code(key.default), key.allowed, key.comment) for key in keys_of(path)]
    keys = table(["key", "default", "may be", "is"], rows) if rows else "It has no keys of its own."
    return "\n\n".join([f"{'#' * level} {title}", "\n".join(f"> {line}  " for line in said), keys])


def _keys(lines: Sequence[str], prefix: str) -> Iterator[Key]:
    """Yield the keys that hold values; sections lend theirs their name and their target."""
    path: list[tuple[int, str, str | None]] = []  # indent, key, target of the section
    for number, line in enumerate(lines):
        match = _LINE.match(line)
        if match is None or line.lstrip().startswith("#"):
            continue
        indent, key, value = len(match["indent"]), match["key"], (match["value"] or "").strip()
        while path and path[-1][0] >= indent:
            path.pop()
        if key == "_target_":
            _set_target(path, value)
        elif not value and _has_inner(lines, number, indent):
            path.append((indent, key, None))
        elif not any(name in _SKIPPED for _, name, _ in path) and key not in _SKIPPED and key != "_convert_":
            name = ".".join([*(name for _, name, _ in path if name), key])
            allowed = _allowed_at(path, key)
            yield Key(
                name=_unquoted(f"{prefix}{name}"),
                default=value,
                allowed=allowed,
                comment=match["comment"] or "",
            )


def _unquoted(name: str) -> str:
    return name.replace("override /", "")


def _has_inner(lines: Sequence[str], number: int, indent: int) -> bool:
    for line in lines[number + 1 :]:
        if line.strip() and not line.lstrip().startswith("#"):
            return len(line) - len(line.lstrip()) > indent or line.lstrip().startswith("- ")
    return False


def _set_target(path: list[tuple[int, str, str | None]], target: str) -> None:
    if path:
        path[-1] = (*path[-1][:2], target)
    else:
        path.append((-1, "", target))


def _allowed_at(path: Sequence[tuple[int, str, str | None]], key: str) -> str:
    """Return what the nearest target's annotation says of a key, through mappings between the two."""
    names = [*(name for _, name, _ in path), key]
    for depth in range(len(path) - 1, -1, -1):
        if (target := path[depth][2]) is None:
            continue
        try:
            signature = signature_of(target)
        except ConfigError:  # of a package that is not installed
            return ""
        if names[depth + 1] not in signature.parameters:
            return ""
        hint = signature.hint(names[depth + 1])
        for inner in names[depth + 2 :]:
            hint = _inner(hint, inner)
        return allowed(hint)
    return ""


def _inner(hint: Any, key: str) -> Any:
    for part in (hint, *typing.get_args(hint)):
        if is_typeddict(part):
            return typing.get_type_hints(part, include_extras=True).get(key, Any)
    return Any


def allowed(hint: Any) -> str:
    """Return in words what an annotation allows; empty where it allows anything, or objects.

    >>> from annotated_types import Gt, Interval
    >>> allowed(typing.Annotated[float, Interval(ge=0, le=1)] | None)
    'number, 0 to 1, or null'
    >>> allowed(typing.Annotated[int, Gt(2)])
    'whole number > 2'
    >>> allowed(typing.Literal["error", "skip"])
    'error, skip'
    """
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return f"{allowed(args[0])}{_bounds(args[1:])}"
    if origin is typing.Literal:
        return ", ".join(str(arg) for arg in args)
    if origin in (typing.Union, types.UnionType):
        members = [allowed(arg) for arg in args]
        return ", or ".join(dict.fromkeys(filter(None, members))) if all(members) else ""
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return "mapping"
    if origin is not None and isinstance(origin, type) and issubclass(origin, (Sequence, list, tuple)):
        inner = allowed(args[0]) if args else ""
        return f"list of {inner}" if inner else "list"
    return _PLAIN.get(hint, "")


def _bounds(metadata: Sequence[Any]) -> str:
    found: dict[str, Any] = {}
    for item in metadata:
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
            if (value := getattr(item, name, None)) is not None:
                found[sign] = value
    if found.keys() == {"≥", "≤"}:
        return f", {found['≥']} to {found['≤']}"
    return "".join(f" {sign} {value}" for sign, value in found.items())
