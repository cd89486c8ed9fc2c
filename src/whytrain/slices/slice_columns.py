"""Columns by which sentences are grouped: classes, ranges of a number, negation."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import DataError

# More groups than this are no groups: an id, a free text.
MOST_CATEGORIES = 20
_MOST_NUMBERS = 8  # more different numbers than this are ranges
MISSING = "missing"

ENGLISH_NEGATIONS = (
    "not", "no", "never", "nor", "neither", "none", "nobody", "nothing", "nowhere", "cannot", "without",
    "hardly", "barely", "scarcely",
)  # fmt: skip


def is_negated(texts: Sequence[str], words: Sequence[str] = ENGLISH_NEGATIONS) -> NDArray[np.str_]:
    """Say for each text whether it holds a negation: one of the words, or a word that ends in n't.

    Args:
        texts: n texts.
        words: negations of the language; whole words where the language writes spaces, any occurrence for
            words in CJK script.

    Returns:
        (n,) of "yes" and "no".

    Example:
        >>> is_negated(["it is n't bad", "nothing new", "a notable film"]).tolist()
        ['yes', 'yes', 'no']
    """
    spaced = [re.escape(word) for word in words if not _is_cjk(word)]
    unspaced = [re.escape(word) for word in words if _is_cjk(word)]
    choices = [rf"\b(?:{'|'.join(spaced)})\b"] if spaced else []
    pattern = re.compile("|".join([*choices, *unspaced, r"n['’]t\b"]), re.IGNORECASE)
    return np.array(["yes" if pattern.search(text) else "no" for text in texts], dtype=np.str_)


def number_ranges(values: ArrayLike, n_ranges: int = 4) -> NDArray[np.str_]:
    """Group a number, such as a sentence's length, into ranges that hold about equally many rows.

    Args:
        values: numbers (n,); NaN joins the group "missing".
        n_ranges: number of ranges, fewer where equal values leave no cut.

    Returns:
        (n,) of names such as "5 to 12", both ends included.

    Example:
        >>> number_ranges([1, 2, 3, 4, 5, 6], n_ranges=2).tolist()
        ['1 to 3', '1 to 3', '1 to 3', '4 to 6', '4 to 6', '4 to 6']
    """
    numbers = np.asarray(values, dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    names = np.full(numbers.shape, MISSING, dtype=object)
    if known.size:
        cuts = np.unique(np.quantile(known, np.arange(1, n_ranges) / n_ranges, method="inverted_cdf"))
        group = np.where(np.isnan(numbers), -1, np.searchsorted(cuts, numbers, side="left"))
        members = [group == k for k in range(cuts.size + 1) if (group == k).any()]
        ends = [(numbers[rows].min(), numbers[rows].max()) for rows in members]
        for rows, name in zip(members, _span_names(ends), strict=True):
            names[rows] = name
    return names.astype(np.str_)


def group_names(name: str, values: ArrayLike) -> NDArray[np.str_]:
    """Return the group of each row of a user's column: its own values, or ranges of a number.

    Args:
        name: the column's, for messages.
        values: (n,); numbers, also written as text, with more than 8 different values are grouped by
            `number_ranges`.

    Returns:
        (n,) group names; None, NaN and empty text join the group "missing".

    Raises:
        DataError: if a column that is not a number has more than 20 different values.
    """
    column = np.asarray(values, dtype=object)
    if column.ndim != 1:
        raise DataError(f"Expected column {name!r} with one value per row, got shape {column.shape}.")
    numbers = _numbers(column)
    if numbers is not None and np.unique(numbers[~np.isnan(numbers)]).size > _MOST_NUMBERS:
        return number_ranges(numbers)
    names = np.array([MISSING if _is_missing(value) else str(value) for value in column], dtype=np.str_)
    n_names = np.unique(names).size
    if n_names > MOST_CATEGORIES:
        raise DataError(
            f"Column {name!r} has {n_names} different values, at most {MOST_CATEGORIES} can be told apart: "
            "group them first, or leave the column out."
        )
    return names


def with_groups(columns: Mapping[str, ArrayLike]) -> tuple[dict[str, NDArray[np.str_]], tuple[str, ...]]:
    """Return the groups of the columns that have some, and the names of the others: ids, free text.

    Example:
        >>> grouped, others = with_groups({"source": ["web"] * 30, "id": [f"row {i}" for i in range(30)]})
        >>> list(grouped), others
        (['source'], ('id',))
    """
    grouped: dict[str, NDArray[np.str_]] = {}
    for name, values in columns.items():
        with suppress(DataError):
            grouped[name] = group_names(name, values)
    return grouped, tuple(name for name in columns if name not in grouped)


def _span_names(ends: Sequence[tuple[float, float]]) -> list[str]:
    """Name ranges by both ends, with as many digits as tell the end of one from the next one's beginning."""
    texts: list[tuple[str, str]] = []
    least = 6 if any(abs(end) >= 1000 for pair in ends for end in pair) else 3
    for digits in (least, 6, 12, 17):
        texts = [(f"{low:.{digits}g}", f"{high:.{digits}g}") for low, high in ends]
        are_apart = all(high != low for (_, high), (low, _) in pairwise(texts))
        if are_apart and all(
            (a == b) == (low == high) for (a, b), (low, high) in zip(texts, ends, strict=True)
        ):
            break
    return [low if low == high else f"{low} to {high}" for low, high in texts]


def _numbers(column: NDArray[np.object_]) -> NDArray[np.float64] | None:
    """Return a column's numbers, NaN where they are missing; None where something is no number."""
    try:
        return np.array([np.nan if _is_missing(value) else float(value) for value in column])
    except (TypeError, ValueError):
        return None


def _is_missing(value: object) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, float) and math.isnan(value))


def _is_cjk(word: str) -> bool:
    return any("\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" for character in word)
