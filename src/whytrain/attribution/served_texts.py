"""Which texts a request to a served model holds, in whatever form MLflow passes it on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from whytrain.errors import DataError

COLUMN = "text"


def text_column(request: Any) -> pd.Series:
    """Find the texts of a request.

    Args:
        request: a frame, or what makes one: a series, a list or an array of n texts, one text, a mapping of
            columns, a list of mappings.

    Returns:
        n texts, None where one is missing, with the request's index: the column `text`, or the only column.

    Raises:
        DataError: there are several columns and none, or more than one, is `text`; or a value is no text.
    """
    frame = _as_frame(request)
    names = list(frame.columns)
    if names.count(COLUMN) == 1:
        column = frame[COLUMN]
    elif len(names) == 1:
        column = frame.iloc[:, 0]
    elif not names and not len(frame):
        column = pd.Series(index=frame.index)
    else:
        came = ", ".join(map(str, names)) or "none"
        raise DataError(f"expected a column named {COLUMN}, or only one column; got the columns: {came}")
    values = pd.Series([_plain(value) for value in column], index=column.index, dtype=object)
    values = values.where(values.notna(), None)
    for row, value in enumerate(values):
        if not (value is None or isinstance(value, str)):
            raise DataError(
                f"expected a text in each row of the column {column.name}; got {value!r} in row {row}, "
                "counted from 0: pass a number that is a text as a string"
            )
    return values


def _as_frame(request: Any) -> pd.DataFrame:
    request = _plain(request)
    if isinstance(request, pd.DataFrame):
        return request
    if isinstance(request, Mapping):
        columns = {name: _plain(value) for name, value in request.items()}
        is_row = all(pd.api.types.is_scalar(value) for value in columns.values())
        return pd.DataFrame([columns] if is_row else columns)
    return pd.DataFrame([request] if isinstance(request, str) else request)


def _plain(value: Any) -> Any:
    """Take a single value out of the array without dimensions that MLflow's server makes of it."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
