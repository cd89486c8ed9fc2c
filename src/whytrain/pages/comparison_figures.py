"""All figures of a comparison by name, each drawn when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from whytrain.attribution.explainer import Explanation
from whytrain.comparison.comparison import Pair, SideBySide
from whytrain.comparison.sentences import SentencePair
from whytrain.figures.comparison.attention_change import attention_change
from whytrain.figures.comparison.before_after import TwoRuns
from whytrain.figures.comparison.difference_forest import difference_forest
from whytrain.figures.comparison.interaction_change import interaction_change
from whytrain.figures.comparison.metric_bars import metric_bars
from whytrain.figures.comparison.metric_radar import metric_radar
from whytrain.figures.comparison.value_change import value_change
from whytrain.figures.confidence.confidence_by_outcome import confidence_by_outcome
from whytrain.figures.confidence.confidence_distribution import confidence_distribution
from whytrain.figures.confidence.conformal_sets import conformal_sets
from whytrain.figures.confidence.reliability_diagram import reliability_diagram
from whytrain.figures.confidence.risk_coverage_curve import risk_coverage_curve
from whytrain.figures.training.training_curves import training_curves
from whytrain.metrics import ACCURACY, metrics_for
from whytrain.presentation.palette import run_colors
from whytrain.types import Figure

MOST_DRAWN = 12  # runs in one figure: the baseline and the most accurate others

Draw = Callable[[], Figure]


def drawn_names(result: SideBySide) -> list[str]:
    """Return the recipes that figures show, in the order of the comparison."""
    accuracy = {
        name: found.of(ACCURACY).measured.value_b for name, found in result.measures.against_baseline.items()
    }
    best = set(sorted(accuracy, key=lambda name: -accuracy[name])[: MOST_DRAWN - 1])
    return [recipe.name for recipe in result.recipes if recipe is result.baseline or recipe.name in best]


def comparison_figures(result: SideBySide) -> dict[str, Draw]:
    """Return a function per figure that draws it."""
    names = drawn_names(result)
    scores = {name: result.measures.scores[name] for name in names}
    floors = {name: result.measures.floors[name] for name in names}
    classes = result.sentences.class_names
    labels = result.sentences.labels
    exclusive = labels.ndim == 1
    positive = classes[result.sentences.positive] if exclusive and len(classes) == 2 else None
    legend = {name: result.legend[name] for name in names}
    found = {name: result.measures.against_baseline[name].metrics for name in names[1:]}
    predictions = {recipe.name: recipe.shown.predictions for recipe in result.recipes}
    runs = {name: (predictions[name].probabilities, predictions[name].labels) for name in names}
    confidences = {name: probabilities for name, (probabilities, _) in runs.items()}
    histories = {name: result.histories[name] for name in names}
    figures: dict[str, Draw] = {
        "metric_bars": partial(metric_bars, scores, floors, positive, metrics_for(labels), legend),
        "metric_radar": partial(metric_radar, scores, floors, metrics_for(labels), legend),
        "differences": partial(difference_forest, found, result.baseline.name, legend),
        "training": partial(training_curves, histories, floors, legend),
    }
    if exclusive:  # these show the confidence in one predicted class
        figures |= {
            "reliability": partial(reliability_diagram, runs, legend=legend),
            "confidence": partial(confidence_distribution, confidences, legend),
            "confidence_by_outcome": partial(confidence_by_outcome, runs, legend),
            "risk_coverage": partial(risk_coverage_curve, runs, legend),
        }
    sets, alpha = result.sets
    if list(sets) == names:  # of fewer runs the colors would be others than in all other figures
        figures["conformal_sets"] = partial(conformal_sets, sets, alpha, classes, legend=legend)
    for number, pair in enumerate(result.pairs, start=1):
        for sentence in pair.explained:
            figures |= _sentence_figures(result, pair, sentence, names, figure_prefix(number, sentence.row))
    return figures


def figure_prefix(pair_number: int, row: int) -> str:
    """Return how the names of a sentence's figures begin: pairs count from 1, rows from 0."""
    return f"pair_{pair_number}_sentence_{row}"


def method_prefix(prefix: str, sentence: SentencePair, method: str) -> str:
    """Return how the names of a method's figures of a sentence begin: those of the first do not name it."""
    return prefix if method == next(iter(sentence.by_method)) else f"{prefix}_{method}"


def _sentence_figures(
    result: SideBySide, pair: Pair, sentence: SentencePair, names: list[str], prefix: str
) -> dict[str, Draw]:
    colors = run_colors(names)
    both = (result.baseline.name, pair.recipe.name)
    runs = TwoRuns(both, (colors[both[0]], colors[both[1]]), result.legend)
    figures: dict[str, Draw] = {}
    for method, variants in sentence.by_method.items():
        figures |= _method_figures(*variants[0], runs, method_prefix(prefix, sentence, method))
    first, second = sentence.before.attention, sentence.after.attention
    if first is not None and second is not None:  # else there is nothing to compare
        # Two tokenizers may frame a sentence in other special tokens: then the words alone are compared.
        is_whole = first.words == second.words
        figures[f"{prefix}_attention"] = partial(
            attention_change,
            first.words if is_whole else sentence.before.explanations[0].attribution.words,
            first.weights if is_whole else first.of_words,
            second.weights if is_whole else second.of_words,
            runs,
            special=np.flatnonzero(first.special).tolist() if is_whole else (),
        )
    return figures


def _method_figures(
    before_side: Explanation, after_side: Explanation, runs: TwoRuns, prefix: str
) -> dict[str, Draw]:
    before, after = before_side.attribution, after_side.attribution
    figures: dict[str, Draw] = {
        f"{prefix}_values": partial(
            value_change,
            before.words,
            before.scores,
            after.scores,
            runs,
            standard_errors=(before.standard_errors, after.standard_errors),
            quantity=before.quantity,
            class_name=before.target.name,
        )
    }
    if before.pairs is not None and after.pairs is not None and len(before.words) > 1:
        figures[f"{prefix}_interactions"] = partial(
            interaction_change,
            before.words,
            before.pairs.scores,
            after.pairs.scores,
            runs,
            standard_errors=(before.pairs.standard_errors, after.pairs.standard_errors),
            quantity=before.pairs.quantity,
            class_name=before.target.name,
        )
    return figures
