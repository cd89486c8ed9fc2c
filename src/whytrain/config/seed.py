"""What a seed may be."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval

# The generators of torch, numpy and scikit-learn all take these.
Seed = Annotated[int, Interval(ge=0, lt=2**32)]
