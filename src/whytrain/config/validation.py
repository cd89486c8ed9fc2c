"""Config values against the signatures of what they configure: the annotation is the schema."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import is_typeddict

from whytrain.config.signatures import signature_of
from whytrain.errors import ConfigError


def check_config(config: Mapping[str, Any], keys: Mapping[str, Any]) -> None:
    """Check every `_target_` section of a resolved config against its target's signature.

    Every value must belong to such a section or to `keys`: what nothing reads is a mistake.

    Args:
        config: plain containers, interpolations resolved.
        keys: types of the keys that belong to no section.

    Raises:
        ConfigError: naming each wrong key or value by its full name, with what is allowed there.
    """
    problems = [f"{key}: must be given" for key in keys.keys() - config.keys()]
    for key in keys.keys() & config.keys():
        problems += _mismatches(key, config[key], keys[key])
    for where, section in _targets(config, ""):
        problems += _problems(where, section)
    choices = sorted({*keys, *(key for key, value in config.items() if isinstance(value, Mapping))})
    strays = [where for where in _leaves_outside(config, "") if where not in keys]
    if strays:
        problems.append(f"{', '.join(strays)}: no such key; {_hint(strays[0], config, choices)}")
    if problems:
        raise ConfigError("; ".join(_once(problems)))


def _hint(stray: str, config: Mapping[str, Any], choices: list[str]) -> str:
    """Say what may have been meant: a section beside it in its group, or another key at the top."""
    group, _, within = stray.partition(".")
    if not within:
        return did_you_mean(stray, choices)
    beside = config[group].items() if group in choices else ()
    sections = [
        f"{group}.{name}" for name, value in beside if isinstance(value, Mapping) and "_target_" in value
    ]
    named = ".".join(stray.split(".")[:2])
    if sections:
        return did_you_mean(named, sections)
    return did_you_mean("" if group in choices else group, choices)


def _once(problems: list[str]) -> list[str]:
    """Leave out what was told of a key at the top, from which others take their value.

    `callbacks.surrogate.epochs` has that of `observed_epochs`. Whether a value was taken cannot be seen any
    more: a mistake of one's own with the same value is told once the other is mended.
    """
    told = {what for key, _, what in (problem.partition(":") for problem in problems) if "." not in key}
    return [p for p in problems if "." not in p.partition(":")[0] or p.partition(":")[2] not in told]


def did_you_mean(key: str, choices: list[str]) -> str:
    """Say which choices there are, the closest one first if there is one."""
    close = difflib.get_close_matches(key, choices, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{hint}choices: {', '.join(sorted(choices))}"


def untrusted_targets(config: Mapping[str, Any], trusted: Collection[str]) -> list[str]:
    """Return what a plain config would run, at any depth, and is not trusted: sorted names."""
    return sorted({str(section["_target_"]) for _, section in _targets(config, "")} - set(trusted))


def _targets(node: Any, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(node, list):
        for index, value in enumerate(node):
            yield from _targets(value, f"{where}.{index}")
    if not isinstance(node, Mapping):
        return
    if "_target_" in node:
        yield where, node
    for key, value in node.items():
        yield from _targets(value, f"{where}.{key}" if where else str(key))


def _leaves_outside(node: Any, where: str) -> Iterator[str]:
    """Names of the values that lie in no `_target_` section."""
    if not isinstance(node, Mapping):
        yield where
    elif "_target_" not in node:
        for key, value in node.items():
            yield from _leaves_outside(value, f"{where}.{key}" if where else str(key))


def _problems(where: str, section: Mapping[str, Any]) -> Iterator[str]:
    signature = signature_of(section["_target_"])
    for key, value in section.items():
        if key.startswith("_"):
            continue
        name = f"{where}.{key}" if where else key
        if key in signature.parameters:
            yield from _mismatches(name, value, signature.hint(key))
        elif not signature.open_ended:
            yield f"{name}: no such key; {did_you_mean(key, list(signature.parameters))}"


def _mismatches(name: str, value: Any, hint: Any) -> Iterator[str]:
    if is_typeddict(hint) and isinstance(value, Mapping):  # pydantic ignores further keys of these
        for key in value.keys() - hint.__annotations__.keys():
            yield f"{name}.{key}: no such key; {did_you_mean(key, list(hint.__annotations__))}"
    try:
        # Strict: what would only fit after a conversion reaches its constructor as it came.
        TypeAdapter(hint, config=_config_for(hint)).validate_python(value, strict=True)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            # In a union the location also names the member that was tried; keys of mappings do not repeat.
            missing = [str(detail["loc"][-1])] if detail["type"] == "missing" else []
            keys = [str(part) for part in detail["loc"] if _is_key(part, value)]
            came = "" if missing else f"; got {detail['input']!r}"
            yield f"{'.'.join([name, *keys, *missing])}: {_lower_first(detail['msg'])}{came}"


def _config_for(hint: Any) -> ConfigDict | None:
    # pydantic refuses a config for types that carry their own.
    if inspect.isclass(hint) and (hasattr(hint, "__pydantic_config__") or hasattr(hint, "__annotations__")):
        return None
    return ConfigDict(arbitrary_types_allowed=True)


def _is_key(part: Any, value: Any) -> bool:
    return isinstance(part, int) or (isinstance(value, Mapping) and part in value)


def _lower_first(message: str) -> str:
    return message[:1].lower() + message[1:]
