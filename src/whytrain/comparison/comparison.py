"""The whole comparison: everything that the report shows, as plain results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from whytrain.attribution.explainer import Explainer
from whytrain.calibration.label_confidence import LabelConfidence
from whytrain.calibration.set_summary import SetSummary, summarize_sets
from whytrain.comparison.differences import config_differences, legend, origin_table
from whytrain.comparison.disagreement import chosen_rows, judgements
from whytrain.comparison.findings import FindingChange, finding_changes
from whytrain.comparison.measures import Measures, measure
from whytrain.comparison.outside import outside_changes
from whytrain.comparison.ranking import MOST_RESAMPLED, RunRanking, rank
from whytrain.comparison.recipes import Recipe, group_by_seed
from whytrain.comparison.runs import LoadedRuns, Progress, Sentences
from whytrain.comparison.sentences import ExplanationSettings, SentencePair, attention_notes, explain_rows
from whytrain.comparison.slices import SliceChange, slice_changes
from whytrain.errors import WhytrainError
from whytrain.metrics import ACCURACY
from whytrain.models.saved import SavedModel
from whytrain.runs.diagnosis import read_diagnosis
from whytrain.runs.model import read_model
from whytrain.tracking.reader import metric_history
from whytrain.types import Payoff

CURVES = ("train/loss", "val/loss", "val/accuracy", "val/f1")
MOST_EXPLAINED = 3  # recipes whose explanations stand beside the baseline's: of more the best ones


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """A recipe beside the baseline, sentence by sentence.

    Attributes:
        recipe: the other one.
        judgements: see `whytrain.comparison.disagreement.judgements`.
        explained: sentences explained by both models; empty where they are not.
        findings: of the diagnosis; None where a run holds none.
    """

    recipe: Recipe
    judgements: pd.DataFrame
    explained: list[SentencePair]
    findings: tuple[FindingChange, ...] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class SideBySide:
    """What a comparison found.

    Attributes:
        sentences: that all runs judged.
        recipes: what is compared, the baseline first.
        legend: what the letters of the recipes stand for.
        config: the config keys that differ.
        origin: data, code, size, time.
        measures: metrics and differences.
        ranking: every pair in accuracy; None for two recipes and for too many.
        histories: by recipe, one table per seed: `epoch` and the metrics of `CURVES` that were tracked.
        sets: by recipe, conformal sets of those whose models were loaded, and the share that may miss.
        slices: on which groups a recipe is better or worse.
        outside: the same on rows from elsewhere: the check sample and evaluation sets.
        pairs: every recipe but the baseline beside it.
        missing: what a reader should know is not there, one sentence each.
    """

    sentences: Sentences
    recipes: tuple[Recipe, ...]
    legend: dict[str, str]
    config: pd.DataFrame
    origin: pd.DataFrame
    measures: Measures
    ranking: RunRanking | None
    histories: dict[str, list[pd.DataFrame]]
    sets: tuple[dict[str, SetSummary], float]
    slices: tuple[SliceChange, ...]
    outside: tuple[SliceChange, ...]
    pairs: tuple[Pair, ...]
    missing: tuple[str, ...]

    @property
    def baseline(self) -> Recipe:
        """What the others are compared with."""
        return self.recipes[0]


def put_side_by_side(
    loaded: LoadedRuns,
    progress: Progress,
    *,
    level: float,
    resamples: int,
    seed: int,
    sentences: Sequence[str],
    changed_sentences: int,
    explainers: Sequence[Explainer],
    payoff: Payoff,
    device: torch.device,
) -> SideBySide:
    """Compare loaded runs in everything that they hold.

    Args:
        loaded: the runs.
        progress: shows how far it is.
        level: coverage of the intervals of differences.
        resamples: of the bootstrap, at least.
        seed: of the resampling and of explanations that draw.
        sentences: ids of sentences to explain.
        changed_sentences: how many of the most changed sentences are explained too.
        explainers: the methods that explain them.
        payoff: of the gold class.
        device: where the models compute.
    """
    recipes = group_by_seed(loaded.runs)
    baseline, *others = recipes
    measures = measure(recipes, loaded.sentences, progress, level=level, n_resamples=resamples, seed=seed)
    tables = {other.name: judgements(baseline, other, loaded.sentences) for other in others}
    chosen = {name: chosen_rows(table, sentences, changed_sentences) for name, table in tables.items()}
    models, unloaded = _models(recipes, measures, device)
    settings = ExplanationSettings(explainers=explainers, payoff=payoff, seed=seed)
    explained, unexplained = _explained(models, baseline.name, chosen, loaded.sentences, settings, progress)
    findings, undiagnosed = _findings(recipes)
    ranking = rank(recipes, loaded.sentences, progress, level=level, n_resamples=resamples, seed=seed)
    histories, unread = _histories(recipes, progress)
    sets, without_sets = _sets(recipes, models, loaded.sentences)
    unranked = _unranked(recipes) if ranking is None else []
    outside, apart = outside_changes(recipes, loaded.sentences, level=level, n_resamples=resamples, seed=seed)
    notes = [*apart, *unloaded, *unexplained, *undiagnosed, *unranked, *unread, *without_sets]
    return SideBySide(
        sentences=loaded.sentences,
        recipes=recipes,
        legend=legend(recipes),
        config=config_differences(recipes),
        origin=origin_table(recipes),
        measures=measures,
        ranking=ranking,
        histories=histories,
        sets=sets,
        slices=slice_changes(
            recipes, loaded.sentences, progress, level=level, n_resamples=resamples, seed=seed
        ),
        outside=outside,
        pairs=tuple(
            Pair(
                recipe=other,
                judgements=tables[other.name],
                explained=explained.get(other.name, []),
                findings=findings.get(other.name),
            )
            for other in others
        ),
        missing=tuple(dict.fromkeys((*loaded.missing, *notes))),
    )


def _unranked(recipes: Sequence[Recipe]) -> list[str]:
    """Say why not every pair was tested, where that needs a word."""
    if len(recipes) <= 2:
        return []
    return [
        f"the {len(recipes)} recipes are compared with {recipes[0].name} alone: with several seeds every "
        f"pair is tested for up to {MOST_RESAMPLED}"
    ]


def _models(
    recipes: Sequence[Recipe], measures: Measures, device: torch.device
) -> tuple[dict[str, SavedModel], list[str]]:
    """Load the models that explain, the baseline's and the best others', and say which are missing."""
    accuracy = {
        name: found.of(ACCURACY).measured.value_b for name, found in measures.against_baseline.items()
    }
    best = sorted(recipes[1:], key=lambda recipe: -accuracy[recipe.name])[:MOST_EXPLAINED]
    models, missing = {}, []
    if len(recipes) - 1 > MOST_EXPLAINED:
        missing.append(
            f"sentences are explained by the {MOST_EXPLAINED} most accurate of {len(recipes) - 1} others, "
            "and conformal sets are not drawn: compare fewer runs to see both of all"
        )
    for recipe in recipes:
        if recipe is not recipes[0] and recipe not in best:
            continue
        try:
            models[recipe.name] = read_model(recipe.shown.record, device=device)
        except WhytrainError as error:
            missing.append(f"{recipe.name} explains no sentence: {error}")
    return models, missing


def _explained(
    models: Mapping[str, SavedModel],
    baseline: str,
    chosen: Mapping[str, Sequence[int]],
    sentences: Sentences,
    settings: ExplanationSettings,
    progress: Progress,
) -> tuple[dict[str, list[SentencePair]], list[str]]:
    """Explain the rows chosen for each other recipe beside the baseline, and say what is not explained."""
    explained: dict[str, list[SentencePair]] = {}
    missing: list[str] = []
    for name, rows in chosen.items():
        if not rows or name not in models or baseline not in models:
            continue
        if sentences.texts is None:
            return {}, ["no sentence is explained: the sentences' texts are not there"]
        both, names = (models[baseline], models[name]), (baseline, name)
        explained[name], notes = explain_rows(both, names, rows, sentences, settings, progress)
        missing += notes
        if pairs := explained[name]:
            missing += attention_notes({baseline: pairs[0].before, name: pairs[0].after})
    return explained, missing


def _histories(
    recipes: Sequence[Recipe], progress: Progress
) -> tuple[dict[str, list[pd.DataFrame]], list[str]]:
    """Read the curves of every run, and say which are missing."""
    histories: dict[str, list[pd.DataFrame]] = {}
    missing = []
    runs = [(recipe, run) for recipe in recipes for run in recipe.runs]
    for recipe, run in progress(runs, "reading training curves"):
        columns = {}
        for key in CURVES:
            try:
                steps, values = metric_history(run.record, key)
                columns[key] = pd.Series(values, index=steps)
            except WhytrainError as error:
                missing.append(f"no curve of {key}: {error}")
        frame = pd.DataFrame(columns).rename_axis("epoch").reset_index()
        histories.setdefault(recipe.name, []).append(frame)
    return histories, missing


def _sets(
    recipes: Sequence[Recipe], models: Mapping[str, SavedModel], sentences: Sentences
) -> tuple[tuple[dict[str, SetSummary], float], list[str]]:
    """Summarize the conformal sets of the loaded models that promise what the first of them promises.

    Returns:
        The summaries with the share that may miss, and why others have none.
    """
    found: dict[str, SetSummary] = {}
    missing: list[str] = []
    alpha = np.nan
    for recipe in recipes:
        if recipe.name not in models:
            continue
        saved, predictions = models[recipe.name], recipe.shown.predictions
        if isinstance(saved.confidence, LabelConfidence):
            continue  # labels that do not exclude each other have no conformal sets
        if saved.confidence is None:
            missing.append(f"{recipe.name} has no conformal sets: it was trained without a calibration slice")
            continue
        alpha = saved.confidence.alpha if not found else alpha
        if saved.confidence.alpha != alpha:
            missing.append(
                f"the conformal sets of {recipe.name} are not shown: they may miss "
                f"{saved.confidence.alpha:g} of the labels, the others' {alpha:g}"
            )
            continue
        order = [sentences.class_names.index(name) for name in saved.class_names]
        held = np.empty(predictions.logits.shape, dtype=np.bool_)
        held[:, order] = saved.confidence.sets(predictions.logits[:, order])
        found[recipe.name] = summarize_sets(held, predictions.labels)
    return (found, alpha), missing


def _findings(recipes: Sequence[Recipe]) -> tuple[dict[str, tuple[FindingChange, ...]], list[str]]:
    """Return what each recipe's diagnosis closed and opened, where both runs hold one, and which do not."""
    read, missing = {}, []
    for recipe in recipes:
        try:
            read[recipe.name] = read_diagnosis(recipe.shown.record)
        except WhytrainError:
            missing.append(f"{recipe.name} holds no diagnosis: its findings are not compared")
    first = recipes[0].name
    changes = {
        recipe.name: finding_changes(read[first], read[recipe.name])
        for recipe in recipes[1:]
        if first in read and recipe.name in read
    }
    return changes, missing
