"""What differs between runs besides their results: config, data, code, size and time."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from whytrain.comparison.recipes import Recipe, recipe_settings
from whytrain.comparison.runs import ComparedRun
from whytrain.runs.provenance import commit, data_fingerprint

_NOT_SET = "–"
_GOES_ON = "goes on from"
_OF_A_MODEL = ("model.", "objective.", "optimizer.", "distillation.")  # what a file of conf/model sets
_LAST = ("callbacks.", "explainer.", "trainer.")  # what says least of a recipe
_MOST_TOLD = 3  # keys in one line


def config_differences(recipes: Sequence[Recipe]) -> pd.DataFrame:
    """Return the config keys that differ, one per row, and a column of values per recipe.

    The first says from which runs they went on, if that differs. Where the recipes differ in nothing, but
    their runs in the seed, the seed is the one row.
    """
    values = {recipe.name: recipe_settings(recipe.shown) for recipe in recipes}
    for recipe in recipes:
        if recipe.origins:
            values[recipe.name][_GOES_ON] = ", ".join(recipe.origins)
    keys = sorted({key for of in values.values() for key in of}, key=lambda key: (key != _GOES_ON, key))
    differing = [key for key in keys if len({settings.get(key) for settings in values.values()}) > 1]
    if not differing and len({recipe.seeds for recipe in recipes}) > 1:
        differing, values = ["seed"], {recipe.name: recipe.shown.record.params for recipe in recipes}
    columns = {name: [settings.get(key, _NOT_SET) for key in differing] for name, settings in values.items()}
    return pd.DataFrame({"key": differing, **columns})


def legend(recipes: Sequence[Recipe]) -> dict[str, str]:
    """Return what each letter stands for: the name that a person gave, and the values that differ.

    "first (model=bilstm)", or "model=bilstm" where the run's name was made, and "goes on from first" of a run
    that did. A chosen model stands for all that its file sets. Where nothing differs it is the run's name.
    """
    table = config_differences(recipes).set_index("key")
    keys = _telling(table.index.tolist())
    told = {recipe.name: _told(recipe, table[recipe.name], keys) for recipe in recipes}
    alike = len(set(told.values())) < len(recipes)
    return {
        recipe.name: _entry(recipe.called if alike or recipe.is_named else "", told[recipe.name])
        for recipe in recipes
    }


def _entry(called: str, told: str) -> str:
    return f"{called} ({told})" if called and told else called or told


def _telling(keys: Sequence[str]) -> list[str]:
    """Return the keys that say most, first: choices of a file, and what these do not set."""
    chosen = [key for key in keys if "." not in key]
    covered = (*(f"{key}." for key in chosen), *(_OF_A_MODEL if "model" in chosen else ()))
    rest = [key for key in keys if "." in key and not key.startswith(covered)]
    return [*chosen, *sorted(rest, key=lambda key: key.startswith(_LAST))]


def _told(recipe: Recipe, values: pd.Series[str], keys: Sequence[str]) -> str:
    told = [
        f"{key} {values[key]}" if key == _GOES_ON else f"{key}={values[key]}"
        for key in keys[:_MOST_TOLD]
        if key != _GOES_ON or recipe.origins
    ]
    if len(keys) > _MOST_TOLD:
        told.append(f"{len(keys) - _MOST_TOLD} more")
    if len(recipe.runs) > 1:
        told.append(f"{len(recipe.runs)} seeds")
    return ", ".join(told)


def origin_table(recipes: Sequence[Recipe]) -> pd.DataFrame:
    """Return where the results come from, a fact per row and a column per recipe.

    Runs, seeds, the runs that they went on from, data, code commit, parameters, epochs and time; several runs
    of a recipe are listed where they differ.
    """
    facts = {
        "name": lambda run: run.name,
        "id": lambda run: run.record.run_id,
        "seed": lambda run: run.seed or _NOT_SET,
        _GOES_ON: lambda run: _NOT_SET if run.origin is None else run.origin.name,
        "data (fingerprint of all splits)": lambda run: (data_fingerprint(run.record) or _NOT_SET)[:12],
        "code commit": lambda run: commit(run.record) or _NOT_SET,
        "parameters": lambda run: _thousands(run.record.params.get("n_parameters")),
        "best epoch": _best_epoch,
        "time trained": _time_trained,
    }
    if not any(recipe.origins for recipe in recipes):
        del facts[_GOES_ON]
    columns = {
        recipe.name: [", ".join(dict.fromkeys(fact(run) for run in recipe.runs)) for fact in facts.values()]
        for recipe in recipes
    }
    return pd.DataFrame({"what": list(facts), **columns})


def _thousands(count: str | None) -> str:
    return f"{int(count):,}" if count is not None and count.isdigit() else _NOT_SET


def _best_epoch(run: ComparedRun) -> str:
    return f"{run.record.metrics['best/epoch']:.0f}"


def _time_trained(run: ComparedRun) -> str:
    """Return what the run itself says that it took: pauses of a resumed one do not count."""
    trained = run.record.metrics.get("time/fit_s")
    seconds = run.record.seconds if trained is None else trained
    if seconds is None:
        return _NOT_SET
    said = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
    return said if trained is not None else f"{said} from start to end, pauses included"
