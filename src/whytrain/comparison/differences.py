"""What differs between runs besides their results: config, data, code, size and time."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from whytrain.comparison.recipes import Recipe, recipe_settings
from whytrain.comparison.runs import ComparedRun
from whytrain.runs.provenance import commit, data_fingerprint

_NOT_SET = "–"


def config_differences(recipes: Sequence[Recipe]) -> pd.DataFrame:
    """Return the config keys that differ, one per row, and a column of values per recipe.

    Where the recipes differ in nothing, but their runs in the seed, the seed is the one row.
    """
    values = {recipe.name: recipe_settings(recipe.shown) for recipe in recipes}
    keys = sorted({key for settings in values.values() for key in settings})
    differing = [key for key in keys if len({settings.get(key) for settings in values.values()}) > 1]
    if not differing and len({recipe.seeds for recipe in recipes}) > 1:
        differing, values = ["seed"], {recipe.name: recipe.shown.record.params for recipe in recipes}
    columns = {name: [settings.get(key, _NOT_SET) for key in differing] for name, settings in values.items()}
    return pd.DataFrame({"key": differing, **columns})


def origin_table(recipes: Sequence[Recipe]) -> pd.DataFrame:
    """Return where the results come from, a fact per row and a column per recipe.

    Seeds, data, code commit, parameters, epochs and duration; several runs of a recipe are listed where they
    differ.
    """
    facts = {
        "seed": lambda run: run.seed or _NOT_SET,
        "data (fingerprint of all splits)": lambda run: (data_fingerprint(run.record) or _NOT_SET)[:12],
        "code commit": lambda run: commit(run.record) or _NOT_SET,
        "parameters": lambda run: _thousands(run.record.params.get("n_parameters")),
        "best epoch": _best_epoch,
        "duration": _duration,
    }
    columns = {
        recipe.name: [", ".join(dict.fromkeys(fact(run) for run in recipe.runs)) for fact in facts.values()]
        for recipe in recipes
    }
    return pd.DataFrame({"what": list(facts), **columns})


def _thousands(count: str | None) -> str:
    return f"{int(count):,}" if count is not None and count.isdigit() else _NOT_SET


def _best_epoch(run: ComparedRun) -> str:
    return f"{run.record.metrics['best/epoch']:.0f}"


def _duration(run: ComparedRun) -> str:
    seconds = run.record.seconds
    if seconds is None:
        return _NOT_SET
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
