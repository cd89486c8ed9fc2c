"""An explained text in the terminal: the verdict, the scores, the strongest interactions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from whytrain.attribution.attribution import Array, Attribution, Quantity, sure_pairs
from whytrain.attribution.explainer import Explanation
from whytrain.attribution.text import ExplainedText
from whytrain.pages.explanation.bars import shown_words
from whytrain.pages.explanation.page import group
from whytrain.pages.explanation.verdict import deciding_words, told_apart, verdict_sentences
from whytrain.presentation.wording import amount, score, shortened, signed

_PAIRS = 5  # interactions
_ROUNDING = 1e-6  # of the largest score: a sum that misses its promise by no more keeps it


def terminal(explained: ExplainedText, width: int) -> Group:
    """What a person reads first: the verdict, which words decide, notes, the scores, the interactions.

    Args:
        explained: the text.
        width: of the terminal, in characters.
    """
    parts: list[Text | Table] = [Text(" ".join(verdict_sentences(explained)))]
    parts += [Text(f"note: {note}") for note in explained.notes]
    for of_target in group(explained.explanations):
        a, *others = (e.attribution for e in of_target)
        parts += [Text(deciding_words(a, told_apart(a.words), others)), *scores_tables(of_target, width)]
        parts += [
            interactions_table(e.attribution)
            for e in of_target
            if e.attribution.pairs is not None and len(e.attribution.words) > 1
        ]
    return Group(*parts)


def scores_tables(explanations: Sequence[Explanation], width: int) -> list[Table]:
    """Return one table, or as many as it takes so that none is wider than the terminal."""
    tables, start = [], 0
    for end in range(2, len(explanations) + 1):
        if Console(width=1000).measure(scores_table(explanations[start:end])).maximum > width:
            tables.append(scores_table(explanations[start : end - 1]))
            start = end - 1
    return [*tables, scores_table(explanations[start:])]


def scores_table(explanations: Sequence[Explanation]) -> Table:
    """The words of one sentence with their scores, a column per method and variant, ± standard errors.

    Of a long text the words of the first method's largest scores. Where a method promises that its scores sum
    to a difference of payoffs, their sum stands below, and by how much it misses the promise,
    Σ − (v(N) − v(∅)).
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
    words, shown = attributions[0].words, shown_words(attributions[0])
    for i in shown:
        cells = [_cell(a.scores, a.standard_errors, i, a.quantity) for a in attributions]
        table.add_row(str(i + 1), Text(shortened(words[i])), *cells)
    if len(shown) < len(words):
        rest = [float(np.delete(a.scores, shown).sum()) for a in attributions]
        cells = [score(x, a.quantity, _scale(a.scores)) for x, a in zip(rest, attributions, strict=True)]
        table.add_row("", f"the other {len(words) - len(shown)}", *cells)
    if any(a.total is not None for a in attributions):
        table.add_section()
        table.add_row("", "all together", *(_sum(a) for a in attributions))
        table.add_row("", "unexplained", *(_missed(a) for a in attributions))
    return table


def interactions_table(attribution: Attribution) -> Table | Text:
    """The strongest interactions of two words of a sentence, of a method that says it."""
    pairs = attribution.pairs
    assert pairs is not None
    chosen = sure_pairs(pairs, _PAIRS)
    if not chosen:
        return Text(f"no two words surely do something together ({attribution.title})")
    title = Text(f"Strongest interactions, {attribution.title}")
    table = Table(title=title, title_justify="left", pad_edge=False)
    table.add_column("words and their places", overflow="fold")
    table.add_column(f"{pairs.quantity.symbol}\n{pairs.quantity.unit}", justify="right")
    table.add_column("")
    for pair in chosen:
        kind = {1.0: "synergy", -1.0: "antagonism"}.get(float(np.sign(pairs.scores[pair])), "")
        table.add_row(
            Text(" + ".join(f"{shortened(attribution.words[i])} ({i + 1})" for i in pair)),
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
    return text if errors is None else f"{text} ± {amount(float(errors[place]), _scale(scores))}"


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
