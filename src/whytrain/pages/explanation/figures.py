"""The figures of an explained text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from whytrain.attribution.explainer import Explanation
from whytrain.attribution.tables import Name
from whytrain.figures.explanations.cumulative_path import cumulative_path
from whytrain.figures.explanations.interaction_network import interaction_network
from whytrain.figures.explanations.interaction_tree import interaction_tree
from whytrain.figures.explanations.position_contribution import position_contribution
from whytrain.figures.explanations.sentence_parts import sentence_parts
from whytrain.figures.explanations.token_importance import token_importance
from whytrain.pages.explanation.reasons import same
from whytrain.types import Figure

_LONGEST_NAME = 40  # characters of a label in a figure's name


def text_figures(explanations: Sequence[Explanation]) -> dict[str, Figure]:
    """Draw all figures of each method's first variant.

    Names of all methods but the first one begin with the method's, and before it those of all labels but the
    first one with the label, as far as a file may be called so.
    """
    drawn: dict[tuple[str, str], Explanation] = {}
    for explanation in explanations:
        a = explanation.attribution
        drawn.setdefault((a.target.name, a.method), explanation)
    labels, methods = ([*dict.fromkeys(column)] for column in zip(*drawn, strict=True))
    files = _file_names(labels)
    figures: dict[str, Figure] = {}
    for (label, method), explanation in drawn.items():
        prefix = f"{files[label]}_" if label != labels[0] else ""
        prefix += f"{method}_" if method != methods[0] else ""
        of_method = sentence_figures(explanation) | {
            "positions": position_figure(explanation),
            "parts": parts_figure([explanation], label),
        }
        figures |= {f"{prefix}{name}": figure for name, figure in of_method.items()}
    return figures


def _file_names(labels: Sequence[str]) -> dict[str, str]:
    """Return a label as files may be called, with its number where that would be another's or nothing."""
    files: dict[str, str] = {}
    for number, label in enumerate(labels, start=1):
        name = re.sub(r"\W+", "_", label).strip("_")[:_LONGEST_NAME]
        files[label] = name if name and name not in files.values() else f"{name}_{number}".lstrip("_")
    return files


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
