"""What may be set in a comparison, known without the libraries that compare."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Interval

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
