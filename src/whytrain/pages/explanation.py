"""Explained sentences for people: figures, an HTML page, a table in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import numpy as np
from rich.table import Table
from rich.text import Text

from whytrain.attribution.plain import strongest_pairs
from whytrain.attribution.shapley.deletion_path import ranking
from whytrain.attribution.shapley.explanation import Array, Explanation
from whytrain.figures.explanations.cumulative_path import cumulative_path
from whytrain.figures.explanations.interaction_network import interaction_network
from whytrain.figures.explanations.interaction_tree import interaction_tree
from whytrain.figures.explanations.position_contribution import position_contribution
from whytrain.figures.explanations.sentence_parts import sentence_parts
from whytrain.figures.explanations.token_importance import token_importance
from whytrain.pages.colored_sentence import colored_sentence
from whytrain.presentation.wording import UNITS, amount, signed
from whytrain.types import Figure

_PAIRS = 5  # interactions in the terminal


def same(word: str) -> str:
    """Return the word itself: the name of a word where text may be shown."""
    return word


def sentence_figures(
    explanation: Explanation, class_name: str, name: Callable[[str], str] = same
) -> dict[str, Figure]:
    """Draw importance, interactions, cumulative path and tree of a sentence, by name.

    Args:
        explanation: what is drawn.
        class_name: of its class.
        name: what stands for a word, itself or a hash.
    """
    e = explanation
    words = [name(word) for word in e.words]
    return {
        "importance": token_importance(
            words, e.values, payoff=e.payoff, class_name=class_name, standard_errors=e.values_se
        ),
        "network": interaction_network(
            words,
            e.interactions,
            payoff=e.payoff,
            class_name=class_name,
            standard_errors=e.interactions_se,
        ),
        "path": cumulative_path(words, e.path, ranking(e.values), payoff=e.payoff, class_name=class_name),
        "tree": interaction_tree(
            e.tree, [name(word) for word in e.tree_words], payoff=e.payoff, class_name=class_name
        ),
    }


def position_figure(explanation: Explanation, class_name: str, name: Callable[[str], str] = same) -> Figure:
    """Draw the values of a sentence's words by position."""
    e = explanation
    return position_contribution(
        [name(word) for word in e.words],
        e.values,
        payoff=e.payoff,
        class_name=class_name,
        standard_errors=e.values_se,
    )


def parts_figure(
    explanations: Sequence[Explanation], class_name: str, name: Callable[[str], str] = same
) -> Figure:
    """Draw beginning, middle and end of one or several sentences."""
    return sentence_parts(
        [" ".join(name(word) for word in e.words) for e in explanations],
        [e.parts for e in explanations],
        [e.values for e in explanations],
        payoff=explanations[0].payoff,
        class_name=class_name,
    )


def page(
    title: str,
    explanations: Sequence[Explanation],
    class_names: Sequence[str],
    name: Callable[[str], str] = same,
) -> str:
    """Return an HTML page with each sentence colored by its values; all text is escaped."""
    parts = []
    for e in explanations:
        colored = colored_sentence(
            [name(word) for word in e.words],
            e.values,
            payoff=e.payoff,
            class_name=class_names[e.class_index],
            standard_errors=e.values_se,
        )
        heading = f"Absent words: {e.absence.name}; predicted {class_names[e.prediction]}"
        parts.append(f'<h2 style="font-size:1em">{escape(heading)}</h2>{colored}')
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title></head>"
        f'<body style="font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em">'
        f'<h1 style="font-size:1.3em">{escape(title)}</h1>{"".join(parts)}</body></html>\n'
    )


def values_table(explanations: Sequence[Explanation], class_name: str) -> Table:
    """The words of one sentence with φ under each absence, ± its standard error where it is estimated."""
    first = explanations[0]
    title = Text(f"Shapley values, {UNITS[first.payoff]} of {class_name}")  # brackets are no markup
    table = Table(title=title, title_justify="left", pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("word", overflow="fold")
    for e in explanations:
        table.add_column(f"φ, absent: {e.absence.name}", justify="right")
    for i, word in enumerate(first.words):
        cells = [_cell(e.values, e.values_se, i) for e in explanations]
        table.add_row(str(i + 1), Text(word), *cells)
    table.add_section()
    sums = [signed(e.full - e.empty, _scale(e.values)) for e in explanations]
    table.add_row("", "all: v(N) − v(∅)", *sums)
    return table


def interactions_table(explanation: Explanation) -> Table:
    """The strongest pairwise interactions of a sentence."""
    e = explanation
    table = Table(
        title=f"Strongest interactions, absent: {e.absence.name}", title_justify="left", pad_edge=False
    )
    table.add_column("words", overflow="fold")
    table.add_column("interaction", justify="right")
    table.add_column("")
    for pair in strongest_pairs(e, _PAIRS):
        kind = "synergy" if e.interactions[pair] > 0 else "antagonism"
        table.add_row(
            Text(" + ".join(e.words[i] for i in pair)), _cell(e.interactions, e.interactions_se, pair), kind
        )
    return table


def _cell(values: Array, errors: Array | None, place: int | tuple[int, int]) -> str:
    text = signed(float(values[place]), _scale(values))
    return text if errors is None else f"{text} ± {amount(float(errors[place]))}"


def _scale(values: Array) -> float:
    return float(np.abs(values).max())
