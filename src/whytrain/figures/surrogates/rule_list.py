"""The rules of a tree surrogate as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from whytrain.figures.base.style import (
    FOOTNOTE,
    SMALL_SIZE,
    Margins,
    finish,
    fitted,
    footnote,
    grid,
    need,
    new_figure,
)
from whytrain.figures.base.table import draw_table, table_height
from whytrain.figures.base.text import shown_name
from whytrain.surrogates.evidence import RuleEvidence
from whytrain.surrogates.rules import ARROW

_MOST = 16
_TEXT = 5.6  # inches for a rule's words


def rule_list(rules: Sequence[RuleEvidence], note: str = "") -> Figure:
    """Draw the rules with the largest support: what they say, how sure, and how often they are right.

    Precision is that on validation sentences: the share of those that a rule covers which the network
    predicts as the rule does, and which have its class as gold label.

    Args:
        rules: by support, see `whytrain.surrogates.evidence.RuleEvidence`.
        note: what a rule's words mean.

    Raises:
        WhytrainError: no rules.
    """
    need(len(rules) > 0, "rule_list: expected at least one rule, came none")
    rows = rules[:_MOST]
    more = f"the {len(rows)} with most support of {len(rules)}; " if len(rows) < len(rules) else ""
    height = table_height(len(rows), 2)
    bottom = FOOTNOTE if note else 0.1
    figure = new_figure(
        0.85 + height + bottom,
        _title(rules),
        f"A line per leaf of the tree surrogate; {more}the last two columns: of validation sentences",
    )
    if note:
        footnote(figure, note)
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(left=0.2, right=0.2, top=0.8, bottom=bottom))[0])
    draw_table(
        ax,
        ["sentence", "class", "training\nsentences", "confidence", "agrees with\nnetwork", "right"],
        [
            [
                fitted(rule.text.rpartition(ARROW)[0], _TEXT, SMALL_SIZE),
                shown_name(rule.class_name, 18),
                f"{rule.n_train} ({rule.support:.0%})",
                f"{rule.confidence:.0%}",
                _share(rule.teacher_validation, rule.n_validation),
                _share(rule.right_validation, rule.n_validation),
            ]
            for rule in rows
        ],
    )
    return finish(figure)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%} of {whole}" if whole else "–"


def _title(rules: Sequence[RuleEvidence]) -> str:
    covered = np.array([rule.n_validation for rule in rules])
    agreeing = np.array([rule.teacher_validation for rule in rules])
    if not covered.sum():
        return f"{len(rules)} rules; no validation sentence is covered"
    kept = "rule predicts" if len(rules) == 1 else "rules predict"
    return f"{len(rules)} {kept} what the network does for {agreeing.sum() / covered.sum():.0%} of sentences"
