"""What may be set in a comparison, known without the libraries that compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from annotated_types import Ge, Interval

from whytrain.errors import ConfigError
from whytrain.types import DeviceName, Payoff

# Types of the settings of a comparison, as a config gives them.
SETTINGS = {
    "level": Annotated[float, Interval(gt=0, lt=1)],
    "resamples": Annotated[int, Ge(100)],
    "seed": Annotated[int, Ge(0)],
    "sentences": list[str],
    "changed_sentences": Annotated[int, Ge(0)],
    "payoff": Payoff,
    "device": DeviceName,
}


def refuse_twice(said: Sequence[str], ids: Sequence[str]) -> None:
    """Refuse a run that is given twice: it differs from itself in nothing.

    Args:
        said: what was asked for.
        ids: of the runs that are meant, in the same order.

    Raises:
        ConfigError: two are the same run.
    """
    first: dict[str, str] = {}
    for name, run_id in zip(said, ids, strict=True):
        if run_id in first:
            what = f"{first[run_id]} and {name} are one run"
            if first[run_id] == name:
                what = f"{name} is given twice"
            raise ConfigError(f"runs: {what}: give each run once, and two at least")
        first[run_id] = name
