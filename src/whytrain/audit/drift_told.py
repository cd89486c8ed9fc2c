"""Drift in words: a verdict, then a line for each look."""

from __future__ import annotations

from textwrap import fill

from whytrain.audit.drift import Drift, Look
from whytrain.counted import counted
from whytrain.presentation.wording import MINUS, listed

_NAMED = 3  # differences in the verdict
_COLUMNS = 80


def told(drift: Drift, model: str) -> str:
    """Return what a person reads of a drift.

    Args:
        drift: what was found.
        model: name of the model that answered.
    """
    texts = counted(drift.n_served, "text")
    rows = counted(drift.n_held_out, "validation row")
    width = max(len(look.what) for look in drift.looks)
    about = (
        f"{texts} that “{model}” answered, against {rows} of its data: means of the rows and of the texts, "
        "the difference with its 95% interval; * is beyond chance, all looks counted."
    )
    lines = [
        *(fill(sentence, _COLUMNS) + "\n" for sentence in (_verdict(drift), about)),
        *(_line(look, width, is_found=look in drift.found) for look in drift.looks),
    ]
    return "\n".join([*lines, *(fill(sentence, _COLUMNS) for sentence in drift.missing)])


def _verdict(drift: Drift) -> str:
    found = drift.found
    if not found:
        return f"No drift is seen: {counted(len(drift.looks), 'look')} found no difference beyond chance."
    shown = [
        f"{look.what} {_value(look, look.served)} instead of {_value(look, look.held_out)}"
        for look in found[:_NAMED]
    ]
    more = f", and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"The served texts are not like the data that the model learned from: {listed(shown)}{more}."


def _line(look: Look, width: int, *, is_found: bool) -> str:
    change, low, high = (
        _value(look, value, sign=True)
        for value in (look.difference.estimate, look.difference.low, look.difference.high)
    )
    p = "< 0.001" if look.p_value < 0.001 else f"= {look.p_value:.3f}"
    means = f"{_value(look, look.held_out):>6} → {_value(look, look.served):>5}"
    return f"{'*' if is_found else ' '} {look.what:<{width}} {means}  {change:>5} [{low}, {high}] p {p}"


def _value(look: Look, value: float, *, sign: bool = False) -> str:
    style = "+.1f" if sign else ".1f"
    if look.unit != "share":
        return format(value, style).replace("-", MINUS)
    return format(100 * value, style).replace("-", MINUS) + ("" if sign else "%")
