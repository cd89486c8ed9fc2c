"""What stands in a sentence where a player is absent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from whytrain.attribution.shapley.coalitions import Rows
from whytrain.attribution.shapley.infilling import infilled_rows
from whytrain.attribution.units import Units
from whytrain.errors import ConfigError
from whytrain.models.interface import ModelInterface
from whytrain.types import RemovalName


class Infilled(Protocol):
    """What writes texts whose absent words are filled in."""

    def __call__(self, units: Units, present: NDArray[np.bool_]) -> Iterator[Rows]:
        """Yield texts of one length: whose they are (n,), a row of `present`, and token ids (n, n_tokens)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Removal:
    """A way to remove units (players) from a text: what stands in their place.

    Attributes:
        name: `padding`, `mask`, `unknown`: every wordpiece is replaced and keeps its place and attention;
            `removed`: the sentence gets shorter, special tokens remain; `infilled`: other words stand there.
        replacement_id: the id that replaces wordpieces; None for `removed` and `infilled`.
        empty_id: what stands alone where `removed` leaves nothing of a sentence without special tokens.
        fill: for `infilled`: writes several texts for each set of present words; the model's answer is the
            mean of its logits for them.
    """

    name: RemovalName
    replacement_id: int | None
    empty_id: int | None = field(default=None, compare=False)
    fill: Infilled | None = field(default=None, compare=False)


def removal_of(name: RemovalName, model: ModelInterface) -> Removal:
    """Return the removal of that name for texts of a model.

    Raises:
        ConfigError: an unknown name, a tokenizer without such a token, or nothing that fills words in.
    """
    names = get_args(RemovalName)
    if name not in names:
        raise ConfigError(f"absence: expected one of {', '.join(names)}, got {name!r}")
    tokenizer = model.tokenizer
    if name == "removed":
        return Removal(name=name, replacement_id=None, empty_id=tokenizer.padding_id)
    if name == "infilled":
        if model.infill is None:
            raise ConfigError(
                "absence=infilled: a masked language model fills absent words in, and none is named: "
                "whytrain explain infill.name_or_path=FOLDER_OR_HUB_NAME does"
            )
        return Removal(name=name, replacement_id=None, fill=partial(infilled_rows, model))
    replacement = {
        "padding": tokenizer.padding_id,
        "mask": tokenizer.mask_id,
        "unknown": tokenizer.unknown_id,
    }[name]
    if replacement is None:
        raise ConfigError(f"absence={name}: the tokenizer has no {name} token; choose another absence")
    return Removal(name=name, replacement_id=int(replacement))
