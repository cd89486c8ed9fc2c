"""Arguments of the command line that hold people's words instead of config values."""

from __future__ import annotations

import re
from collections.abc import Collection


def literal(argument: str, keys: Collection[str]) -> str:
    r"""Quote the value of `key=value`, so that Hydra's and OmegaConf's grammars take it as it is.

    Arguments with other keys, and a value of `null`, stay as they are.

    >>> literal("text=It's fine, ${really}!", ["text"])
    "text='It\\'s fine, \\${really}!'"
    """
    key, equals, value = argument.partition("=")
    if not equals or key not in keys or value == "null":
        return argument
    # OmegaConf: a backslash keeps an interpolation from being one. Hydra: backslashes count only before a
    # quote, so those there, and at the end, are doubled.
    value = re.sub(r"(\\*)\$\{", r"\1\1\\${", value)
    value = re.sub(r"(\\*)'", r"\1\1\\'", value)
    value = re.sub(r"(\\+)$", r"\1\1", value)
    return f"{key}='{value}'"


def literal_list(argument: str, keys: Collection[str]) -> str:
    """Quote the members of `key=[a,b]`, so that names of digits stay names; quoted ones stay as they are.

    >>> literal_list("runs=[123, 4e5f]", ["runs"])
    "runs=['123','4e5f']"
    """
    key, equals, value = argument.partition("=")
    if not equals or key not in keys or not re.fullmatch(r"\[[^\[\]'\"]+\]", value):
        return argument
    members = (literal(f"{key}={member.strip()}", keys) for member in value[1:-1].split(","))
    return f"{key}=[{','.join(member.partition('=')[2] for member in members)}]"
