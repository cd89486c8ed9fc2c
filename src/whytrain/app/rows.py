"""The view of rows: filtered, the worst first, with those whose label may be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.data.words import bare_word, split_words
from whytrain.slices.slice_columns import is_negated, number_ranges, with_groups

Which = Literal["validation", "training"]
Show = Literal["all", "wrong", "right", "sure", "unsure", "mislabeled", "runs", "methods", "corrected"]
SHOWN: Mapping[str, str] = {
    "all": "all",
    "wrong": "wrong",
    "right": "right",
    "sure": "sure",
    "unsure": "not sure",
    "mislabeled": "label may be wrong",
    "runs": "runs disagree",
    "methods": "methods disagree",
    "corrected": "corrected by you",
}
PER_PAGE = 40
_UNSURE = 0.75  # probability below which an answer is not sure
_SURE = 0.9  # probability from which on it is; of another class than the label, that one may be wrong
OTHER, AGREE = "other", "methods_agree"  # columns: what another run says; whether methods name the same word
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
    corrections: Mapping[str, str],
    filters: Filters,
    page: int,
) -> Rows:
    """Return rows with filters, those with the largest loss first; right answers the least sure first.

    Args:
        table: as `whytrain.Run.validation` gives it, where there is one with the columns `OTHER`, `AGREE`.
        groups: the group of each row, by column, see `groups_of`.
        corrections: labels that somebody corrected, by id.
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
    masks = {name: _mask(chosen, name, corrections) for name in SHOWN}
    found = chosen[masks[filters.show]].sort_values("loss", ascending=False, kind="stable")
    n_pages = max(1, -(-len(found) // PER_PAGE))
    page = min(max(page, 1), n_pages)
    shown = found.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
    counts: dict[str, int | None] = {name: int(mask.sum()) for name, mask in masks.items()}
    if OTHER not in table:
        del counts["runs"]
    if AGREE not in table:
        counts["methods"] = None
    return Rows(
        rows=[_row(row, corrections) for row in shown.to_dict("records")],
        n=len(found),
        n_right=int(found["right"].sum()),
        page=page,
        n_pages=n_pages,
        counts=counts,
        groups={column: sorted(set(names.tolist())) for column, names in groups.items()},
    )


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
        "mislabeled": ~table["right"] & (table["probability"] >= _SURE),
        "runs": table["prediction"] != table[OTHER] if OTHER in table else nothing,
        "methods": ~table[AGREE] if AGREE in table else nothing,
        "corrected": table["id"].isin(list(corrections)),
    }
    return masks.get(show, ~nothing)


def _row(row: Mapping[Any, Any], corrections: Mapping[str, str]) -> Row:
    values = {name: row[name] for name in ("text", "label", "prediction", "right", "probability", "loss")}
    corrected = corrections.get(str(row["id"]), "")
    return Row(id=str(row["id"]), corrected=corrected, other=str(row.get(OTHER, "")), **values)
