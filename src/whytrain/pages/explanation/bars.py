"""Tables with bars: how likely each class is, what each word did, and the way from no words to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from whytrain.attribution.attribution import Attribution, ranking
from whytrain.attribution.explainer import Explanation
from whytrain.attribution.text import ExplainedText
from whytrain.pages.html import visible
from whytrain.presentation.wording import amount, percent, score, shortened, signed

_ALL_WORDS = 40  # up to how many words a table shows them all
_SHOWN = 15  # of longer texts
_CLASSES = 6


def chances_table(explained: ExplainedText) -> str:
    """Return the probabilities of the classes, the most likely first, as trained and corrected."""
    order = sorted(explained.probabilities, key=explained.probabilities.__getitem__, reverse=True)
    corrected = explained.calibrated
    rows = []
    for name in order[:_CLASSES]:
        p = explained.probabilities[name]
        after = "" if corrected is None else f'<td class="number">{percent(corrected[name])}</td>'
        rail = _rail([_bar(0.0, p if corrected is None else corrected[name], "size")])
        cells = f'{rail}<td class="number">{percent(p)}</td>{after}'
        rows.append(f'<tr><th scope="row">{_isolated(name)}</th>{cells}</tr>')
    head = ["class" if explained.exclusive else "label", "", "as trained"]
    head += [] if corrected is None else ["corrected"]
    rest = len(order) - _CLASSES
    more = f'<p class="quiet">{rest} less likely ones are left out.</p>' if rest > 0 else ""
    return _table(head, rows) + more


def words_table(explanation: Explanation, words: Sequence[str]) -> str:
    """Return a bar for each word in the order of the text; where scores add up, from nothing to the whole.

    Of a long text the words of the largest scores; the others are folded below.
    """
    a = explanation.attribution
    words = [shortened(word) for word in words]
    chosen = shown_words(a)
    rows = [_word_row(a, words[i], i) for i in chosen]
    n_others = len(words) - len(chosen)
    if a.total is not None:
        rest = score(float(a.scores.sum() - a.scores[chosen].sum()), a.quantity)
        others = [_sum_row(f"the other {n_others} words", rest)] if n_others else []
        start, end = (_end(explanation, place) for place in (0, 1))
        rows = [_sum_row("no words", start), *rows, *others, _sum_row("the whole text", end)]
    sides = f"against {a.target.name} | for it" if a.quantity.signed else ""
    head = ["#", "word", sides, f"{a.quantity.symbol}, {a.quantity.unit}"]
    table = _table(head, rows)
    if not n_others:
        return table
    every = _table(head, [_word_row(a, word, i) for i, word in enumerate(words)])
    return f"{table}<details><summary>All {len(words)} words</summary>{every}</details>"


def shown_words(attribution: Attribution) -> list[int]:
    """Return which words a table shows: all, or of a long text those of the largest scores, in its order."""
    n_words = len(attribution.words)
    if n_words <= _ALL_WORDS:
        return list(range(n_words))
    return sorted(ranking(attribution.scores)[:_SHOWN].tolist())


def path_table(explanation: Explanation, words: Sequence[str]) -> str:
    """Return what the model says while the words come back, the largest scores first: true answers of its."""
    a, d = explanation.attribution, explanation.deletion
    chances = a.target.chances(d.path)
    low, high = float(d.path.min()), float(d.path.max())
    places = (d.path - low) / max(high - low, 1e-12) if chances is None else chances
    shown = len(words) if len(words) <= _ALL_WORDS else _SHOWN
    scale = float(np.abs(d.path).max())
    rows = []
    for step in [*range(shown + 1), *([] if shown == len(words) else [len(words)])]:
        before = max(step - 1, 0) if step <= shown else shown
        start, end = sorted((float(places[before]), float(places[step])))
        kind = "for" if d.path[step] >= d.path[before] else "against"
        half = [] if chances is None else [_mark(0.5, "half")]
        bars = [*half, *([_bar(start, end, kind)] if step else []), _mark(float(places[step]))]
        if step == 0:
            label = "no words"
        elif step <= shown:
            label = f"+ {_isolated(words[d.order[step - 1]])}"
        else:
            label = f"+ the other {len(words) - shown} words"
        chance = [] if chances is None else [percent(float(chances[step]))]
        told = [*chance, *([] if a.target.payoff == "probability" else [signed(float(d.path[step]), scale)])]
        cells = "".join(f'<td class="number">{cell}</td>' for cell in told)
        rows.append(f'<tr><th scope="row">{label}</th>{_rail(bars)}{cells}</tr>')
    axis = "" if chances is None else "0% | 50% | 100%"
    columns = [] if chances is None else ["probability"]
    columns += [] if a.target.payoff == "probability" else [a.target.unit]
    return _table(["words so far", axis, *columns], rows)


def _end(explanation: Explanation, place: int) -> str:
    a = explanation.attribution
    assert a.total is not None
    chances = a.target.chances(np.array(a.total))
    value = signed(a.total[place], max(map(abs, a.total)))
    if chances is None or a.target.payoff == "probability":
        return value if chances is None else percent(a.total[place])
    return f"{value} ({percent(float(chances[place]))})"


def _word_row(a: Attribution, word: str, i: int) -> str:
    scale = float(np.abs(a.scores).max()) or 1.0
    value, error = float(a.scores[i]), None if a.standard_errors is None else float(a.standard_errors[i])
    zero, length = (0.5, 0.5) if a.quantity.signed else (0.0, 1.0)
    kind = "size" if not a.quantity.signed else "for" if value >= 0 else "against"
    start, end = sorted((zero, zero + length * value / scale))
    bars = [_bar(start, end, kind), _mark(zero)]
    told = score(value, a.quantity, scale)
    if error is not None:
        middle, half = zero + length * value / scale, length * error / scale
        bars.append(_whisker(middle - half, middle + half))
        told += f" ± {amount(error, scale)}"
    return (
        f'<tr><td class="place">{i + 1}</td><th scope="row">{_isolated(word)}</th>{_rail(bars)}'
        f'<td class="number">{told}</td></tr>'
    )


def _sum_row(name: str, told: str) -> str:
    cells = f'<th scope="row" colspan="2">{name}</th><td class="number">{told}</td>'
    return f'<tr class="end"><td></td>{cells}</tr>'


def _table(head: Sequence[str], rows: Sequence[str]) -> str:
    cells = [_head(name, is_number=i > 1) for i, name in enumerate(head)]
    return (
        f'<table class="bars"><thead><tr>{"".join(cells)}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _head(name: str, *, is_number: bool) -> str:
    if " | " in name:  # ends of an axis
        ends = "".join(f"<span>{escape(visible(end))}</span>" for end in name.split(" | "))
        return f'<th><span style="display:flex;justify-content:space-between">{ends}</span></th>'
    kind = ' class="number"' if is_number else ""
    return f"<th{kind}>{escape(visible(name))}</th>"


def _rail(bars: Sequence[str]) -> str:
    return f'<td class="track"><span class="rail" aria-hidden="true">{"".join(bars)}</span></td>'


def _bar(start: float, end: float, kind: str) -> str:
    return f'<i class="{kind}" style="left:{100 * start:.2f}%;width:{100 * (end - start):.2f}%"></i>'


def _mark(place: float, kind: str = "") -> str:
    return f'<b class="{kind}" style="left:{100 * place:.2f}%"></b>'


def _whisker(start: float, end: float) -> str:
    start, end = max(start, 0.0), min(end, 1.0)
    return f'<u style="left:{100 * start:.2f}%;width:{100 * (end - start):.2f}%"></u>'


def _isolated(text: str) -> str:
    return f"<bdi>{escape(visible(text))}</bdi>"
