"""The view of the validation rows: filtered, the worst first, with those whose label may be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from whytrain.data.words import bare_word, split_words

Show = Literal["all", "wrong", "right", "unsure", "mislabeled", "corrected"]
SHOWN: Mapping[str, str] = {
    "all": "all",
    "wrong": "wrong",
    "right": "right",
    "unsure": "not sure",
    "mislabeled": "label may be wrong",
    "corrected": "corrected by you",
}
PER_PAGE = 40
_UNSURE = 0.75  # probability below which an answer is not sure
_SURE_OF_ANOTHER = 0.9  # probability of another class from which on a label may be wrong
assert set(SHOWN) == set(get_args(Show))


@dataclass(frozen=True, kw_only=True)
class Row:
    """A validation row.

    Attributes:
        id: of the row.
        text: its sentence.
        label: what the data say.
        prediction: what the model says.
        right: whether these agree.
        probability: of the prediction.
        loss: of the label, nats.
        corrected: what somebody says the label should be; empty where nobody did.
    """

    id: str
    text: str
    label: str
    prediction: str
    right: bool
    probability: float
    loss: float
    corrected: str


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A page of rows.

    Attributes:
        rows: of this page.
        n: how many there are with these filters.
        n_right: how many of them are right.
        page: from 1.
        n_pages: at least 1.
        counts: rows per choice of `SHOWN`, with the other filters.
    """

    rows: Sequence[Row]
    n: int
    n_right: int
    page: int
    n_pages: int
    counts: Mapping[str, int]


def filtered(
    table: pd.DataFrame, corrections: Mapping[str, str], *, show: Show, label: str, word: str, page: int
) -> Rows:
    """Return rows with filters, those with the largest loss first; right answers the least sure first.

    Args:
        table: of `whytrain.Run.validation`.
        corrections: labels that somebody corrected, by id.
        show: which.
        label: of this label alone; empty: of any.
        word: with this word alone; empty: with any.
        page: from 1.
    """
    chosen = table
    if label:
        chosen = chosen[chosen["label"] == label]
    if word:
        wanted = bare_word(word.strip())
        has = [wanted in map(bare_word, split_words(text)) for text in chosen["text"]]
        chosen = chosen[np.array(has, dtype=bool)]
    masks = {name: _mask(chosen, name, corrections) for name in SHOWN}
    found = chosen[masks[show]].sort_values("loss", ascending=False, kind="stable")
    n_pages = max(1, -(-len(found) // PER_PAGE))
    page = min(max(page, 1), n_pages)
    shown = found.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
    return Rows(
        rows=[_row(row, corrections) for row in shown.to_dict("records")],
        n=len(found),
        n_right=int(found["right"].sum()),
        page=page,
        n_pages=n_pages,
        counts={name: int(mask.sum()) for name, mask in masks.items()},
    )


def _mask(table: pd.DataFrame, show: str, corrections: Mapping[str, str]) -> pd.Series[bool]:
    if show == "wrong":
        return ~table["right"]
    if show == "right":
        return table["right"]
    if show == "unsure":
        return table["probability"] < _UNSURE
    if show == "mislabeled":
        return ~table["right"] & (table["probability"] >= _SURE_OF_ANOTHER)
    if show == "corrected":
        return table["id"].isin(list(corrections))
    return pd.Series(True, index=table.index)


def _row(row: Mapping[Any, Any], corrections: Mapping[str, str]) -> Row:
    values = {name: row[name] for name in ("text", "label", "prediction", "right", "probability", "loss")}
    return Row(id=str(row["id"]), corrected=corrections.get(str(row["id"]), ""), **values)
