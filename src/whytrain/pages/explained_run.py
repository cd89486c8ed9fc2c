"""All figures and the page of a run's explained sentences, by one method."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from whytrain.attribution.explainer import Explanation
from whytrain.attribution.tables import ExplainedSentence, Name
from whytrain.attribution.trends import WordTrends
from whytrain.figures.explanations.word_trends import word_trends
from whytrain.pages.corpus import corpus_figures, vocabulary_figures
from whytrain.pages.explanation.figures import parts_figure, sentence_figures
from whytrain.types import Figure


def method_figures(
    sentences: Sequence[ExplainedSentence],
    ranked: tuple[pd.DataFrame, pd.DataFrame | None] | None,
    trends: WordTrends,
    name: Name,
) -> dict[str, Figure]:
    """Draw what a method says of the best weights, by name of the figure.

    Args:
        sentences: explained by the method, at least one; sentences and parts show its first variant.
        ranked: words, and pairs of words, over many sentences; None where none were ranked.
        trends: what the method said in every epoch.
        name: what stands for a word, itself or a hash.
    """
    first = sentences[0].explanation.attribution
    figures: dict[str, Figure] = {}
    shown = [
        s.explanation
        for s in sentences
        if s.split == "validation" and s.explanation.attribution.variant == first.variant
    ]
    for number, explanation in enumerate(shown, start=1):
        drawn = sentence_figures(explanation, name)
        figures |= {f"sentence_{number}_{kind}": figure for kind, figure in drawn.items()}
    trend = trends.of_method(first.method)
    if trend is not None and trend[0]["epoch"].nunique() > 1:
        figures["word_trends"] = word_trends(trend[0], quantity=first.quantity, class_name=trend[1])
    by_title: dict[str, list[Explanation]] = {}
    for s in sentences:
        if s.split == "train":
            by_title.setdefault(s.explanation.attribution.title, []).append(s.explanation)
    if by_title:
        figures |= corpus_figures(by_title)
        figures["parts"] = parts_figure(by_title[first.title], "the gold class", name)
    if ranked is not None:
        figures |= vocabulary_figures(*ranked, of=first, name=name)
    return figures
