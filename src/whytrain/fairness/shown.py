"""What was found as tables and charts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from whytrain.analyses.charts import Bars, Chart
from whytrain.fairness.groups import ACCURACY, Disparity, GroupRate
from whytrain.fairness.study import Study
from whytrain.fairness.swaps import SENTENCES, TEMPLATES
from whytrain.fairness.term_effects import FEWEST, Effect
from whytrain.fairness.wording import named
from whytrain.statistics.intervals import Interval

_EXAMPLES = 30  # sentences that change most
_BARS = 16  # words that are drawn


def tables(found: Study, gaps: Sequence[Disparity], class_names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return everything that was found, a table per kind of look."""
    shown = {
        "groups": [_group(rate, class_names) for rate in found.rates],
        "disparities": [vars(gap) | {"class": _name(gap.class_index, class_names)} for gap in gaps],
        "swaps": [
            {"kind": gap.kind, "where": gap.where, "n": gap.n}
            | _ends("moved", gap.moved)
            | _ends("flipped", gap.flipped)
            for gap in found.gaps
        ],
        "terms": [_term(one, class_names) for one in found.effects],
        "examples": _examples(found, class_names),
    }
    return {
        name: pd.DataFrame(rows).drop(columns="class_index", errors="ignore")
        for name, rows in shown.items()
        if rows
    }


def _group(rate: GroupRate, class_names: Sequence[str]) -> dict[str, object]:
    return {
        "column": rate.column,
        "group": rate.group,
        "metric": rate.metric,
        "class": _name(rate.class_index, class_names),
        "n_rows": rate.n_rows,
        **_ends("rate", rate.rate),
        "n_others": rate.n_others,
        **_ends("difference", rate.difference),
        **_ends("ratio", rate.ratio),
        "p_value": rate.p_value,
        "judged": rate.p_value is not None,
        "differs": rate.differs,
    }


def _term(one: Effect, class_names: Sequence[str]) -> dict[str, object]:
    return {
        "kind": one.kind,
        "group": one.group,
        "word": one.word or None,
        "against": one.against or None,
        "where": one.where,
        "class": class_names[one.class_index],
        "n": one.n,
        **_ends("effect", one.effect),
        "p_value": one.p_value,
        "is_sure": one.is_sure,
    }


def _examples(found: Study, class_names: Sequence[str]) -> list[dict[str, object]]:
    """Return the swaps in sentences of the data that move the probability most, one per sentence."""
    rows: list[dict[str, object]] = []
    for one in found.answers:
        swapped, own = one.swapped, one.swapped.own
        if own is None:
            continue
        moved = np.abs(one.probabilities - one.probabilities[own]).sum(axis=1) / 2
        to = int(moved.argmax())
        k = int(one.probabilities[own].argmax())
        rows.append(
            {
                "kind": swapped.terms.kind,
                "word": swapped.terms.words[own],
                "becomes": swapped.terms.words[to],
                "moved": float(moved[to]),
                "answer": class_names[k],
                "probability": float(one.probabilities[own, k]),
                "probability_after": float(one.probabilities[to, k]),
                "answer_after": class_names[int(one.probabilities[to].argmax())],
                "text": swapped.texts[own],
                "changed": swapped.texts[to],
            }
        )
    return sorted(rows, key=lambda row: -float(str(row["moved"])))[:_EXAMPLES]


def charts(found: Study, class_names: Sequence[str]) -> tuple[Chart, ...]:
    """Return how far swaps move, which words do, and the shares of each column's groups."""
    drawn: list[Chart] = [*_swaps(found), *_terms(found, class_names)]
    for column in dict.fromkeys(rate.column for rate in found.rates):
        drawn += _column([rate for rate in found.rates if rate.column == column], class_names)
    return tuple(drawn)


def _swaps(found: Study) -> list[Chart]:
    kinds = tuple(dict.fromkeys(gap.kind for gap in found.gaps))
    if not kinds:
        return []
    of = {(gap.kind, gap.where): gap.moved for gap in found.gaps if gap.n >= FEWEST}
    return [
        Bars(
            name="swaps",
            title="How far words that say who somebody is move the answer",
            subtitle="Mean change of the probability where one becomes another of its kind; 0: not at all",
            labels=kinds,
            series={
                f"in {where}": tuple(of.get((kind, where)) for kind in kinds)
                for where in (SENTENCES, TEMPLATES)
                if any((kind, where) in of for kind in kinds)
            },
            x="mean change of the probability per swap",
            reference=0.0,
        )
    ]


def _terms(found: Study, class_names: Sequence[str]) -> list[Chart]:
    """Draw the words and groups that are furthest from nothing, for the class where any is furthest."""
    first = {one.kind: one.group for one in reversed(found.effects)}
    # Of two groups the second does the opposite of the first.
    judged = [
        one
        for one in found.effects
        if one.p_value is not None and (not one.against or one.group == first[one.kind])
    ]
    if not judged:
        return []
    class_index = max(judged, key=lambda one: abs(one.effect.estimate)).class_index
    ranked = sorted(
        (one for one in judged if one.class_index == class_index), key=lambda one: -abs(one.effect.estimate)
    )
    labels = tuple(dict.fromkeys(_label(one) for one in ranked))[:_BARS]
    of = {(_label(one), one.where): one.effect for one in ranked}
    return [
        Bars(
            name="terms",
            title=f"Which words move it towards {class_names[class_index]}, and which away",
            subtitle="Probability with the word less that with the others of its kind in its place",
            labels=labels,
            series={
                f"in {where}": tuple(of.get((label, where)) for label in labels)
                for where in (SENTENCES, TEMPLATES)
                if any((label, where) in of for label in labels)
            },
            x=f"change of the probability of {class_names[class_index]}",
            reference=0.0,
        )
    ]


def _label(one: Effect) -> str:
    return named(one) if one.against else f"{named(one)} ({one.kind})"


def _column(rates: Sequence[GroupRate], class_names: Sequence[str]) -> list[Chart]:
    """Draw the shares of a column's groups that can be judged, where there are two."""
    judged = [rate for rate in rates if rate.p_value is not None]
    sizes = {rate.group: rate.n_rows for rate in judged if rate.metric == ACCURACY}
    if len(sizes) < 2:
        return []
    of = {(rate.group, _series(rate, class_names)): rate.rate for rate in judged}
    several = len(class_names) > 2
    series = dict.fromkeys(
        _series(rate, class_names) for rate in judged if not several or rate.metric == ACCURACY
    )
    column = rates[0].column
    return [
        Bars(
            name=f"groups_{re.sub(r'[^a-z0-9]+', '_', column.lower()).strip('_') or 'column'}",
            title=f"Shares by {column}",
            subtitle="Of each group's validation rows; groups with too few rows are left out",
            labels=tuple(f"{group} ({n:,} rows)" for group, n in sizes.items()),
            series={name: tuple(of.get((group, name)) for group in sizes) for name in series},
            x="share of the group's rows",
        )
    ]


def _series(rate: GroupRate, class_names: Sequence[str]) -> str:
    return rate.metric if rate.class_index is None else f"{rate.metric} of {class_names[rate.class_index]}"


def _name(class_index: int | None, class_names: Sequence[str]) -> str | None:
    return None if class_index is None else class_names[class_index]


def _ends(name: str, value: Interval | None) -> dict[str, float | None]:
    if value is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: value.estimate, f"{name}_low": value.low, f"{name}_high": value.high}
