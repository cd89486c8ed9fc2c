"""The view of rows: filtered, the worst first, with those whose label may be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.data.words import bare_word, split_words
from whytrain.runs.remarks import Opinion
from whytrain.slices.slice_columns import is_negated, number_ranges, with_groups

Which = Literal["validation", "training"]
Show = Literal["all", "wrong", "right", "sure", "unsure", "mislabeled", "runs", "methods", "corrected"]
_UNSURE = 0.75  # probability below which an answer is not sure
_SURE = 0.9  # probability from which on it is; of another class than the label, that one may be wrong
SHOWN: Mapping[str, str] = {
    "all": "all",
    "wrong": "wrong",
    "right": "right",
    "sure": f"sure ({_SURE:.0%} or more)",
    "unsure": f"not sure (below {_UNSURE:.0%})",
    "mislabeled": "label may be wrong",
    "runs": "runs disagree",
    "methods": "methods disagree",
    "corrected": "corrected by you",
}
PER_PAGE = 40
OTHER, AGREE = "other", "methods_agree"  # columns: what another run says; whether methods name the same word
_SUGGESTED, _DOUBT = (
    "suggested",
    "doubt",
)  # columns: what a doubted label should be; the larger the more doubtful
assert set(SHOWN) == set(get_args(Show))


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row.

    Attributes:
        id: of the row.
        text: its sentence.
        label: what the data say.
        prediction: what the model says.
        right: whether these agree.
        probability: of the prediction.
        loss: of the label, nats.
        corrected: what somebody says the label should be; empty where nobody did.
        kept: whether somebody says that the label is right.
        suggested: what it should be, where doubted labels are shown; else empty.
        other: what another run says; empty without one.
    """

    id: str
    text: str
    label: str
    prediction: str
    right: bool
    probability: float
    loss: float
    corrected: str
    kept: bool
    suggested: str
    other: str


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which rows are shown; all of it is in the address.

    Attributes:
        rows: of which split.
        show: which of them.
        label: of this label alone; empty: of any.
        word: with this word alone; empty: with any.
        group: `column:group`, of this slice alone; empty: of any.
    """

    rows: Which = "validation"
    show: Show = "wrong"
    label: str = ""
    word: str = ""
    group: str = ""

    @property
    def given(self) -> dict[str, str]:
        """Those that say something, as they stand in an address."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A page of rows.

    Attributes:
        rows: of this page.
        n: how many there are with these filters.
        n_right: how many of them are right.
        page: from 1.
        n_pages: at least 1.
        counts: rows per choice of `SHOWN` that can be made here, with the other filters; None where they are
            not counted yet.
        groups: the slices, by column.
    """

    rows: Sequence[Row]
    n: int
    n_right: int
    page: int
    n_pages: int
    counts: Mapping[str, int | None]
    groups: Mapping[str, Sequence[str]]


def filtered(
    table: pd.DataFrame,
    groups: Mapping[str, NDArray[np.str_]],
    opinion: Opinion,
    filters: Filters,
    page: int,
) -> Rows:
    """Return rows with filters, those with the largest loss first; right answers the least sure first.

    Args:
        table: of `with_suggestions`, where there is one with the columns `OTHER`, `AGREE`.
        groups: the group of each row, by column, see `groups_of`.
        opinion: what people said of labels.
        filters: which.
        page: from 1.
    """
    keep = np.ones(len(table), dtype=bool)
    if filters.label:
        keep &= (table["label"] == filters.label).to_numpy()
    if filters.word:
        wanted = bare_word(filters.word.strip())
        keep &= [wanted in map(bare_word, split_words(text)) for text in table["text"]]
    if filters.group:
        column, _, group = filters.group.partition(":")
        keep &= groups[column] == group if column in groups else False
    chosen = table[keep]
    masks = {name: _mask(chosen, name, opinion.labels) for name in SHOWN}
    by = _DOUBT if filters.show == "mislabeled" else "loss"
    found = chosen[masks[filters.show]].sort_values(by, ascending=False, kind="stable")
    n_pages = max(1, -(-len(found) // PER_PAGE))
    page = min(max(page, 1), n_pages)
    shown = found.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
    counts: dict[str, int | None] = {name: int(mask.sum()) for name, mask in masks.items()}
    if OTHER not in table:
        del counts["runs"]
    if AGREE not in table:
        counts["methods"] = None
    return Rows(
        rows=[_row(row, opinion, filters.show) for row in shown.to_dict("records")],
        n=len(found),
        n_right=int(found["right"].sum()),
        page=page,
        n_pages=n_pages,
        counts=counts,
        groups={column: sorted(set(names.tolist())) for column, names in groups.items()},
    )


def with_suggestions(table: pd.DataFrame, doubted: pd.DataFrame | None) -> pd.DataFrame:
    """Return rows with what their labels should be where these are doubted, and how doubtful they are.

    Args:
        table: as `whytrain.Run.validation` gives it.
        doubted: of `whytrain.runs.corrections.read_doubted`; None: where the model is sure of another class.
    """
    if doubted is None:
        is_doubted = ~table["right"] & (table["probability"] >= _SURE)
        return table.assign(**{_SUGGESTED: table["prediction"].where(is_doubted, ""), _DOUBT: table["loss"]})
    suggested = dict(zip(doubted["id"], doubted["suggested_label"], strict=True))
    places = {row_id: -place for place, row_id in enumerate(doubted["id"])}
    found = {_SUGGESTED: table["id"].map(suggested).fillna(""), _DOUBT: table["id"].map(places)}
    return table.assign(**found)


def groups_of(texts: Sequence[str], columns: Mapping[str, Sequence[Any]]) -> dict[str, NDArray[np.str_]]:
    """Return what rows are grouped by: words, negation, and the data's own columns that have few values.

    Args:
        texts: n of them.
        columns: further ones of the data, n values each.
    """
    own, _ = with_groups({name: np.array(values, dtype=object) for name, values in columns.items()})
    n_words = [len(split_words(text)) for text in texts]
    return {"words": number_ranges(n_words), "negation": is_negated(texts), **own}


def _mask(table: pd.DataFrame, show: str, corrections: Mapping[str, str]) -> pd.Series[bool]:
    nothing = pd.Series(False, index=table.index)
    masks: dict[str, pd.Series[bool]] = {
        "wrong": ~table["right"],
        "right": table["right"],
        "sure": table["probability"] >= _SURE,
        "unsure": table["probability"] < _UNSURE,
        "mislabeled": table[_SUGGESTED] != "",
        "runs": table["prediction"] != table[OTHER] if OTHER in table else nothing,
        "methods": ~table[AGREE] if AGREE in table else nothing,
        "corrected": table["id"].isin(list(corrections)),
    }
    return masks.get(show, ~nothing)


def _row(row: Mapping[Any, Any], opinion: Opinion, show: Show) -> Row:
    values = {name: row[name] for name in ("text", "label", "prediction", "right", "probability", "loss")}
    row_id = str(row["id"])
    return Row(
        id=row_id,
        corrected=opinion.labels.get(row_id, ""),
        kept=row_id in opinion.kept,
        suggested=row[_SUGGESTED] if show == "mislabeled" else "",
        other=str(row.get(OTHER, "")),
        **values,
    )
