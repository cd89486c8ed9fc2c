"""What stands in a sentence where a player is absent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, get_args

from whytrain.errors import ConfigError
from whytrain.types import RemovalName


class SpecialIds(Protocol):
    """The part of a tokenizer that removals need."""

    @property
    def padding_id(self) -> int | None:
        """Id of the padding token."""
        ...

    @property
    def mask_id(self) -> int | None:
        """Id of the mask token."""
        ...

    @property
    def unknown_id(self) -> int | None:
        """Id of the unknown token."""
        ...


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A way to remove units (players) from a text: what stands in their place.

    Attributes:
        name: `padding`, `mask`, `unknown`: every wordpiece is replaced and keeps its place and attention;
            `removed`: the sentence gets shorter, special tokens remain.
        replacement_id: the id that replaces wordpieces; None for `removed`.
        empty_id: what stands alone where `removed` leaves nothing of a sentence without special tokens.
    """

    name: RemovalName
    replacement_id: int | None
    empty_id: int | None = field(default=None, compare=False)


def removal_of(name: RemovalName, tokenizer: SpecialIds) -> Removal:
    """Return the removal of that name for sentences of a tokenizer.

    Raises:
        ConfigError: an unknown name, or a tokenizer without such a token.
    """
    names = get_args(RemovalName)
    if name not in names:
        raise ConfigError(f"absence: expected one of {', '.join(names)}, got {name!r}")
    if name == "removed":
        return Removal(name=name, replacement_id=None, empty_id=tokenizer.padding_id)
    replacement = {
        "padding": tokenizer.padding_id,
        "mask": tokenizer.mask_id,
        "unknown": tokenizer.unknown_id,
    }[name]
    if replacement is None:
        raise ConfigError(f"absence={name}: the tokenizer has no {name} token; choose another absence")
    return Removal(name=name, replacement_id=int(replacement))
