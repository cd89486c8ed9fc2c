"""Rows from elsewhere that all compared runs judged: there a difference says more than on validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from whytrain.comparison.recipes import Recipe
from whytrain.comparison.runs import ComparedRun, Sentences, aligned, check_same_texts, text_hashes
from whytrain.comparison.slices import SliceChange, accuracy_change
from whytrain.errors import WhytrainError
from whytrain.runs.predictions import StoredPredictions, read_predictions
from whytrain.runs.sentences import read_sentences
from whytrain.statistics.comparison import enough_resamples
from whytrain.statistics.holm import holm_correction

_CHECK, _EVALUATION = "check", "evaluation/"


def outside_changes(
    recipes: Sequence[Recipe], sentences: Sentences, *, level: float, n_resamples: int, seed: int
) -> tuple[tuple[SliceChange, ...], list[str]]:
    """Compare every recipe with the first on the check sample and on each evaluation set that all runs have.

    Args:
        recipes: the baseline first.
        sentences: the validation sentences; their classes are everybody's.
        level: coverage of the intervals.
        n_resamples: of the bootstrap, at least.
        seed: of the resampling.

    Returns:
        One change per set of rows and recipe, whose tests are corrected together, and what could not be
        compared, one sentence each.
    """
    runs = [run for recipe in recipes for run in recipe.runs]
    changes: list[SliceChange] = []
    missing = []
    names = list(dict.fromkeys(name for run in runs for name in _judged(run)))
    n_enough = enough_resamples(max(len(names) * (len(recipes) - 1), 1), level, n_resamples)
    for name in names:
        without = [run.name for run in runs if name not in _judged(run)]
        if without:
            missing.append(f"{rows_called(name)} is not compared: {', '.join(without)} did not judge it")
            continue
        try:
            baseline, *others = _on(recipes, sentences, name)
        except WhytrainError as error:
            missing.append(f"{rows_called(name)} is not compared: {error}")
            continue
        labels = baseline.shown.predictions.labels
        every = np.arange(len(labels))
        changes += [
            accuracy_change(
                baseline, other, labels, every, (name, rows_called(name)), level=level, n=n_enough, seed=seed
            )
            for other in others
        ]
    adjusted = holm_correction([change.p_value for change in changes]).tolist() if changes else []
    return tuple(
        replace(change, adjusted_p_value=p) for change, p in zip(changes, adjusted, strict=True)
    ), missing


def rows_called(name: str) -> str:
    """Return what people call the rows.

    >>> rows_called("check"), rows_called("evaluation/later")
    ('the check sample', 'the evaluation set later')
    """
    return "the check sample" if name == _CHECK else f"the evaluation set {name.removeprefix(_EVALUATION)}"


def _judged(run: ComparedRun) -> list[str]:
    """Return the names of the rows from elsewhere that a run was measured on."""
    topics = dict.fromkeys(key.rpartition("/")[0] for key in run.record.metrics)
    return [topic for topic in topics if topic == _CHECK or topic.startswith(_EVALUATION)]


def _on(recipes: Sequence[Recipe], sentences: Sentences, name: str) -> list[Recipe]:
    """Return the recipes with what their runs say of other rows, in one order of rows and classes.

    Raises:
        TrackingError: a run did not keep its predictions of them.
        DataError: they are other rows, or other texts, under the same name.
    """
    runs = [run for recipe in recipes for run in recipe.runs]
    tables = [read_predictions(run.record, name) for run in runs]
    hashes = {run.record.run_id: text_hashes(read_sentences(run.record, name), run.record) for run in runs}
    for run in runs:
        check_same_texts(runs[0].record, run.record, hashes)
    first = _in_order(tables[0], sentences)
    judged = {
        (run.record.run_id, run.name): replace(
            run, predictions=aligned(table, first, (runs[0].name, run.name), sentences.positive)
        )
        for run, table in zip(runs, tables, strict=True)
    }
    return [
        replace(recipe, runs=tuple(judged[run.record.run_id, run.name] for run in recipe.runs))
        for recipe in recipes
    ]


def _in_order(table: StoredPredictions, sentences: Sentences) -> StoredPredictions:
    """Return predictions whose classes come in the order of the validation sentences'."""
    columns = [table.class_names.index(name) for name in sentences.class_names]
    return replace(
        table,
        class_names=sentences.class_names,
        labels=table.task.parse(table.shown, sentences.class_names),
        logits=table.logits[:, columns],
        probabilities=table.probabilities[:, columns],
    )
