"""Runs that differ only in their seed are one recipe: its claims hold for seeds it has not seen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from whytrain.comparison.runs import ComparedRun
from whytrain.runs.predictions import POSITIVE_CLASS, TASK
from whytrain.sweeps.run_key import NO_PART
from whytrain.sweeps.run_name import MADE_NAME

# What does not make a recipe another one either: which run it was derived from, what follows.
_INCIDENTAL = {"continue_from", "from_diagnosis", "guidance.run", "n_parameters", POSITIVE_CLASS, TASK}


@dataclass(frozen=True, eq=False, kw_only=True)
class Recipe:
    """One config over one or several seeds.

    Attributes:
        name: the letter that stands for it: A is the baseline.
        called: the name of its only run, or what the names of its runs have in common.
        runs: one per seed, by seed.
    """

    name: str
    called: str
    runs: tuple[ComparedRun, ...]

    @property
    def shown(self) -> ComparedRun:
        """The run that stands for the recipe where only one model can be shown: the first seed's."""
        return self.runs[0]

    @property
    def seeds(self) -> tuple[str | None, ...]:
        """The seeds."""
        return tuple(run.seed for run in self.runs)

    @property
    def origins(self) -> tuple[str, ...]:
        """The names of the runs that its runs went on from."""
        return tuple(dict.fromkeys(run.origin.name for run in self.runs if run.origin is not None))

    @property
    def is_named(self) -> bool:
        """Whether a person gave its runs their names."""
        return not any(run.record.tags.get(MADE_NAME) == run.record.name for run in self.runs)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Float64 (n_seeds, n_sentences, n_classes)."""
        return np.stack([run.predictions.probabilities for run in self.runs])


def recipe_settings(run: ComparedRun) -> dict[str, str]:
    """Return the config values that make a run's recipe: no seeds (but those of the split), no names.

    A key that is null is as good as one that is not there: newer versions have more keys.
    """
    return _settings(run.record.params)


def _settings(params: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in params.items() if is_setting(key) and value != "None"}


def _recipe_key(run: ComparedRun) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]] | None]:
    """Return what seeds of a recipe have in common: settings, and those of the run that they went on from."""
    before = None if run.origin is None else frozenset(_settings(run.origin.params).items())
    return frozenset(recipe_settings(run).items()), before


def is_setting(key: str) -> bool:
    """Whether a param is a choice of the recipe.

    Seeds are not, nor what a run measured (`topic/name`), nor how it is called and where it is tracked.

    >>> [is_setting(key) for key in ("model.dropout", "seed", "callbacks.surrogate.seed", "data.split_seed")]
    [True, False, False, True]
    """
    is_seed = key.rpartition(".")[2] == "seed"
    is_bookkeeping = key.partition(".")[0] in NO_PART
    return not (is_seed or is_bookkeeping or key in _INCIDENTAL or "/" in key)


def group_by_seed(runs: Sequence[ComparedRun]) -> tuple[Recipe, ...]:
    """Join the runs that differ only in their seed, the order of first appearance kept, and letter them.

    Every run stays by itself where all are of one recipe (then the runs are what is compared), or where a
    recipe has a seed twice (then its runs do not differ in the seed).
    """
    groups: dict[object, list[ComparedRun]] = {}
    for run in runs:
        groups.setdefault(_recipe_key(run), []).append(run)
    distinct = all(len({run.seed for run in group}) == len(group) for group in groups.values())
    members = [[run] for run in runs] if len(groups) == 1 or not distinct else list(groups.values())
    return tuple(
        Recipe(name=letters(place), called=_common_name(group), runs=tuple(sorted(group, key=_seed_number)))
        for place, group in enumerate(members)
    )


def letters(place: int) -> str:
    """Return what stands for the recipe in a place, counted from 0, as spreadsheets name their columns.

    >>> [letters(place) for place in (0, 1, 25, 26, 27)]
    ['A', 'B', 'Z', 'AA', 'AB']
    """
    before, own = divmod(place, 26)
    return (letters(before - 1) if before else "") + chr(ord("A") + own)


def _seed_number(run: ComparedRun) -> int:
    return int(run.seed) if run.seed is not None and run.seed.isdigit() else -1


def _common_name(group: Sequence[ComparedRun]) -> str:
    """Return what names have in common: of `a-seed0` and `a-seed1`, of `a-001` and `a-002` it is `a`."""
    first, *others = (run.name for run in group)
    if not others:
        return first
    common = _common_beginning([first, *others])
    return re.sub(r"[\s\-_=.:]*(seed|s)?[\s\-_=.:]*0*$", "", common) or first


def _common_beginning(names: Sequence[str]) -> str:
    columns = zip(*names, strict=False)
    return "".join(letters[0] for letters in takewhile(lambda letters: len(set(letters)) == 1, columns))
