"""Command lines as keys and values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def split(overrides: Iterable[str]) -> dict[str, str]:
    """Return the value of each key; the last of one key stands.

    >>> split(["seed=1", "+model.dropout=0.1", "a=b=c", "~callbacks.explanations"])
    {'seed': '1', 'model.dropout': '0.1', 'a': 'b=c', 'callbacks.explanations': ''}
    """
    parts = (override.lstrip("+~").partition("=") for override in overrides)
    return {key: value for key, _, value in parts}


def varied_keys(jobs: Sequence[Sequence[str]]) -> list[str]:
    """Return the keys whose values differ between jobs, in the order of the command line.

    >>> varied_keys([["a=1", "b=2"], ["a=1", "b=3"]]), varied_keys([["a=1"]])
    (['b'], [])
    """
    values = [split(job) for job in jobs]
    keys = dict.fromkeys(key for job in values for key in job)
    return [key for key in keys if len({job.get(key) for job in values}) > 1]
