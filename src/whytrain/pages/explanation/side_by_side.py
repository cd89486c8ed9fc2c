"""Several methods side by side: a colored cell per word and method, and how far they agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import Explanation
from whytrain.explanation_scores.agreement import same_order
from whytrain.pages.colored_sentence import colored_style
from whytrain.pages.explanation.bars import shown_words
from whytrain.pages.html import paragraph, visible
from whytrain.presentation.wording import MINUS, amount, score

_EXACT = 1e-4  # share of the way by which a sum may miss it: the arithmetic of float32


def methods_table(explanations: Sequence[Explanation], words: Sequence[str]) -> str:
    """Return the words as rows and the methods as columns, each colored by its own largest score.

    Below stand how well a method ranks the words as the exact values do, or the first method where there are
    none, and whether its scores add up to what they promise.

    Args:
        explanations: of one text and target, one of each method; two or more.
        words: of the text, as they may be shown.
    """
    found = [e.attribution for e in explanations]
    chosen, whose = shown_words(found[0]), reference(found)
    names = [a.method.replace("_", " ") for a in found]
    head = "".join(
        f"<th>{escape(name)}<br><small>{escape(a.quantity.symbol)}</small></th>"
        for name, a in zip(names, found, strict=True)
    )
    rows = [
        f'<tr><th scope="row"><bdi>{escape(visible(words[i]))}</bdi></th>'
        f"{''.join(_cell(a, i) for a in found)}</tr>"
        for i in chosen
    ]
    ranks = "".join(f"<td>{_ranks(a, whose)}</td>" for a in found)
    sums = "".join(f"<td>{_adds_up(a)}</td>" for a in found)
    kind = "exact values" if _is_exact(whose) else "numbers"
    said = (
        "Each method has numbers of its own kind: its largest one has the full color. Red speaks for "
        f"{found[0].target.name}, blue against it; purple is a size alone. “Same order” compares with the "
        f"{kind} of {names[found.index(whose)]}: 1 is the same order of words, 0 no relation, −1 the reverse"
    )
    said += "; sizes are compared with sizes." if any(not a.quantity.signed for a in found) else "."
    return (
        paragraph(said, "quiet") + '<div class="scroll"><table class="methods"><thead><tr><th></th>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody><tfoot>"
        f'<tr><th scope="row">same order</th>{ranks}</tr><tr><th scope="row">adds up</th>{sums}</tr>'
        "</tfoot></table></div>"
    )


def reference(found: Sequence[Attribution]) -> Attribution:
    """Return what others are compared with: exact values where there are some, else the first method's."""
    return next(filter(_is_exact, found), found[0])


def _is_exact(a: Attribution) -> bool:
    """Whether scores come from removing words, add up and are no estimates: Shapley values of a table."""
    return a.absence is not None and a.total is not None and a.standard_errors is None


def _cell(a: Attribution, i: int) -> str:
    scale = float(abs(a.scores).max()) or 1.0
    value = float(a.scores[i])
    style = colored_style(value, scale, a.quantity)
    return f'<td style="{style}">{score(value, a.quantity, scale)}</td>'


def _ranks(a: Attribution, whose: Attribution) -> str:
    if a is whose:
        return "–"
    rho = same_order(a, whose)
    return "–" if math.isnan(rho) else f"{rho:.2f}".replace("-", MINUS)


def _adds_up(a: Attribution) -> str:
    """Return by how much the sum of scores misses what it promises; a dash where nothing is promised."""
    if a.total is None:
        return "–"
    way = a.total[1] - a.total[0]
    missed = float(a.scores.sum()) - way
    return "yes" if abs(missed) <= _EXACT * max(1.0, abs(way)) else f"off by {amount(missed)}"
