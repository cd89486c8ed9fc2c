"""Explained sentences for people: figures, an HTML page, tables in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from rich.table import Table
from rich.text import Text

from whytrain.attribution.attribution import Array, Attribution, Quantity, strongest_pairs
from whytrain.attribution.explainer import Explanation
from whytrain.attribution.tables import Name
from whytrain.attribution.target import decision_name
from whytrain.figures.explanations.cumulative_path import cumulative_path
from whytrain.figures.explanations.interaction_network import interaction_network
from whytrain.figures.explanations.interaction_tree import interaction_tree
from whytrain.figures.explanations.position_contribution import position_contribution
from whytrain.figures.explanations.sentence_parts import sentence_parts
from whytrain.figures.explanations.token_importance import token_importance
from whytrain.pages.colored_sentence import colored_sentence
from whytrain.presentation.wording import amount, score, signed
from whytrain.types import Figure

_PAIRS = 5  # interactions in the terminal
_ROUNDING = 1e-6  # of the largest score: a sum that misses its promise by no more keeps it


def same(word: str) -> str:
    """Return the word itself: the name of a word where text may be shown."""
    return word


def titles(explanations: Sequence[Explanation]) -> list[str]:
    """Return what tells explanations of a text apart: method and variant, and of several targets which."""
    several = len({e.attribution.target.name for e in explanations}) > 1
    return [
        f"{e.attribution.title}, {e.attribution.target.name}" if several else e.attribution.title
        for e in explanations
    ]


def sentence_figures(explanation: Explanation, name: Name = same) -> dict[str, Figure]:
    """Draw importance and cumulative path of a sentence, and network and tree where the method has them.

    Args:
        explanation: what is drawn.
        name: what stands for a word, itself or a hash.
    """
    a, d = explanation.attribution, explanation.deletion
    words, whose = [name(word) for word in a.words], a.target.name
    figures: dict[str, Figure] = {
        "importance": token_importance(
            words, a.scores, quantity=a.quantity, class_name=whose, standard_errors=a.standard_errors
        ),
        "path": cumulative_path(
            words, d.path, d.order, payoff=a.target.payoff, quantity=a.quantity, class_name=whose
        ),
    }
    if a.pairs is not None:
        figures["network"] = interaction_network(
            words,
            a.pairs.scores,
            quantity=a.pairs.quantity,
            class_name=whose,
            standard_errors=a.pairs.standard_errors,
        )
    if a.tree is not None:
        names = [name(word) for word in a.tree.words]
        figures["tree"] = interaction_tree(a.tree.tree, names, payoff=a.target.payoff, class_name=whose)
    return figures


def position_figure(explanation: Explanation, name: Name = same) -> Figure:
    """Draw the scores of a sentence's words by position."""
    a = explanation.attribution
    return position_contribution(
        [name(word) for word in a.words],
        a.scores,
        quantity=a.quantity,
        class_name=a.target.name,
        standard_errors=a.standard_errors,
    )


def parts_figure(explanations: Sequence[Explanation], class_name: str, name: Name = same) -> Figure:
    """Draw beginning, middle and end of one or several sentences, explained by one method."""
    first = explanations[0].attribution
    return sentence_parts(
        [" ".join(name(word) for word in e.attribution.words) for e in explanations],
        [e.deletion.parts for e in explanations],
        [e.attribution.scores for e in explanations],
        quantity=first.quantity,
        payoff=first.target.payoff,
        class_name=class_name,
    )


def page(
    title: str, explanations: Sequence[Explanation], class_names: Sequence[str], name: Name = same
) -> str:
    """Return an HTML page with each sentence colored by its scores; all text is escaped."""
    parts = []
    for e, title_of in zip(explanations, titles(explanations), strict=True):
        decided = decision_name(e.attribution.target, e.deletion.prediction, class_names)
        heading = f"{title_of}; predicted {decided}"
        parts.append(f'<h2 style="font-size:1em">{escape(heading)}</h2>{colored(e.attribution, name)}')
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title></head>"
        f'<body style="font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em">'
        f'<h1 style="font-size:1.3em">{escape(title)}</h1>{"".join(parts)}</body></html>\n'
    )


def colored(attribution: Attribution, name: Name = same) -> str:
    """Return the sentence of an attribution colored by its scores, as HTML."""
    return colored_sentence(
        [name(word) for word in attribution.words],
        attribution.scores,
        quantity=attribution.quantity,
        class_name=attribution.target.name,
        standard_errors=attribution.standard_errors,
    )


def scores_table(explanations: Sequence[Explanation]) -> Table:
    """The words of one sentence with their scores, a column per method and variant, ± standard errors.

    Where a method promises that its scores sum to a difference of payoffs, their sum stands below, and by
    how much it misses the promise.
    """
    attributions = [e.attribution for e in explanations]
    # As Text: brackets of data are no markup.
    table = Table(
        title=Text(f"Scores for {attributions[0].target.name}"), title_justify="left", pad_edge=False
    )
    table.add_column("#", justify="right")
    table.add_column("word", overflow="fold")
    for a in attributions:
        table.add_column(_heading(a), justify="right")
    for i, word in enumerate(attributions[0].words):
        cells = [_cell(a.scores, a.standard_errors, i, a.quantity) for a in attributions]
        table.add_row(str(i + 1), Text(word), *cells)
    if any(a.total is not None for a in attributions):
        table.add_section()
        table.add_row("", "Σ", *(_sum(a) for a in attributions))
        table.add_row("", "Σ − (v(N) − v(∅))", *(_missed(a) for a in attributions))
    return table


def interactions_table(attribution: Attribution) -> Table:
    """The strongest interactions of two words of a sentence, of a method that says it."""
    pairs = attribution.pairs
    assert pairs is not None
    title = Text(f"Strongest interactions, {attribution.title}")
    table = Table(title=title, title_justify="left", pad_edge=False)
    table.add_column("words", overflow="fold")
    table.add_column(f"{pairs.quantity.symbol}\n{pairs.quantity.unit}", justify="right")
    table.add_column("")
    for pair in strongest_pairs(pairs, _PAIRS):
        kind = {1.0: "synergy", -1.0: "antagonism"}.get(float(np.sign(pairs.scores[pair])), "")
        table.add_row(
            Text(" + ".join(attribution.words[i] for i in pair)),
            _cell(pairs.scores, pairs.standard_errors, pair, pairs.quantity),
            kind,
        )
    return table


def _heading(attribution: Attribution) -> Text:
    a = attribution
    variant = f"({a.variant})" if a.variant else ""
    names = f"{a.method}\n{variant}".replace("_", " ")  # which may be broken into lines
    return Text(f"{names}\n{a.quantity.symbol}, {a.quantity.unit}")


def _cell(scores: Array, errors: Array | None, place: int | tuple[int, int], quantity: Quantity) -> str:
    text = score(float(scores[place]), quantity, _scale(scores))
    return text if errors is None else f"{text} ± {amount(float(errors[place]))}"


def _sum(attribution: Attribution) -> str:
    a = attribution
    return "" if a.total is None else score(float(a.scores.sum()), a.quantity, _scale(a.scores))


def _missed(attribution: Attribution) -> str:
    """Return by how much the scores miss the difference that they promise to sum to."""
    if attribution.total is None:
        return ""
    start, end = attribution.total
    missed = float(attribution.scores.sum()) - (end - start)
    return "0" if abs(missed) <= _ROUNDING * max(1.0, _scale(attribution.scores)) else signed(missed)


def _scale(values: Array) -> float:
    return float(np.abs(values).max())
