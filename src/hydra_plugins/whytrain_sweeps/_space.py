"""Hydra's words for what varies as Optuna's distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hydra.core.override_parser.types import IntervalSweep, Override, Sweep

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def distribution(override: Override) -> BaseDistribution:
    """Return the distribution of a sweep: whole numbers and intervals keep their order, all else is a choice.

    Args:
        override: choice(a,b) or a,b; range(first,end,step); interval(low,high), with tag(log,…) on a
            logarithmic scale.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    sweep = override.value()
    assert isinstance(sweep, Sweep)
    is_log = "log" in sweep.tags
    if isinstance(sweep, IntervalSweep):
        low, high = sweep.start, sweep.end
        assert low is not None
        assert high is not None
        if isinstance(low, int) and isinstance(high, int):
            return IntDistribution(low, high, log=is_log)
        return FloatDistribution(float(low), float(high), log=is_log)
    if override.is_range_sweep():
        values = list(override.sweep_iterator())
        numbers = [value for value in values if isinstance(value, int)]
        if 1 < len(numbers) == len(values):
            return IntDistribution(min(numbers), max(numbers), step=abs(numbers[1] - numbers[0]))
    return CategoricalDistribution(list(override.sweep_string_iterator()))
