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
