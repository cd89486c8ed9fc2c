"""Which column of a file holds the texts, and which the labels, where nobody says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from whytrain.data.files.table import RawTable
from whytrain.data.words import split_words
from whytrain.errors import ConfigError, DataError

# How data sets call them, the first that is there counts.
TEXTS = ("text", "sentence", "content", "review", "body", "document", "comment", "tweet", "question", "query")
LABELS = (
    "label",
    "labels",
    "sentiment",
    "category",
    "class",
    "target",
    "emotion",
    "intent",
    "topic",
    "stars",
    "rating",
)
_SHOWN = 12
# A column is taken for labels by its values where it has at most so many, each in so many rows on average.
_MOST_CLASSES, _ROWS_OF_ONE = 20, 3


def found_columns(
    table: RawTable, *, text: str | None = None, label: str | None = None, id_column: str | None = None
) -> tuple[str, str]:
    """Return the columns of texts and of labels; a name that is given is taken as it is.

    Args:
        table: the rows.
        text: name of the column of texts; None to find it: by what the file says, by what data sets call it,
            because no other is left, or, of two columns, by their values.
        label: likewise of labels.
        id_column: a column that is neither.

    Raises:
        DataError: it cannot be told which is meant.
        ConfigError: both are the same, or one that is given holds objects.
    """
    nested = object_columns(table)
    if asked := [name for name in nested if name in (text, label)]:
        raise ConfigError(f"{table.source}: {about_objects(asked)}.")
    choices = [name for name in table.columns if name != id_column and name not in nested]
    if label is None:
        label = _label_column(table, choices, text)
    if text is None:
        text = _text_column(table, [name for name in choices if name != label], label)
    if text == label:
        raise ConfigError(
            f"data.text_column and data.label_column are both {text}: give one column of texts and another "
            "one of labels"
        )
    return text, label


def found_text_column(table: RawTable) -> str | None:
    """Return the column of texts of a file whose labels nobody asks for; None where it cannot be told."""
    nested = object_columns(table)
    choices = [name for name in table.columns if name.lower() not in LABELS and name not in nested]
    return choices[0] if len(choices) == 1 else _known(choices, TEXTS)


def object_columns(table: RawTable) -> list[str]:
    """Return the columns of objects or lists of them, as nested JSON has, by the first one."""
    return [name for name, values in table.columns.items() if _is_object(_first(values))]


def about_objects(names: Sequence[str]) -> str:
    """Say of columns that hold objects what is to be done."""
    hold = "holds" if len(names) == 1 else "hold"
    return f"{' and '.join(names)} {hold} objects, which are not read: flatten them to columns of their own"


def _first(values: Sequence[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and isinstance(_first(value), dict))


def _label_column(table: RawTable, choices: list[str], text: str | None) -> str:
    if len(table.class_columns) == 1:
        return table.class_columns[0]
    if table.class_columns:
        return _known(table.class_columns, LABELS) or _asked(table, table.class_columns, "label", text)
    text = text or _known(choices, TEXTS)
    others = [name for name in choices if name != text]
    only = others[0] if text is not None and len(others) == 1 else None
    found = _known(others, LABELS) or only or (_of_few_values(table, others) if text is None else None)
    return found or _asked(table, others, "label", text)


def _of_few_values(table: RawTable, choices: Sequence[str]) -> str | None:
    """Return of two columns the one whose few values recur, where most of the other's rows are texts.

    A text has several words, and stands there once.
    """
    if len(choices) != 2 or table.hint:
        return None
    counts = {name: Counter(map(str, table.columns[name])) for name in choices}
    few, many = sorted(choices, key=lambda name: len(counts[name]))
    n_texts = sum(n == 1 and len(split_words(value)) > 1 for value, n in counts[many].items())
    n_rows = len(table.lines)
    is_clear = len(counts[few]) <= min(_MOST_CLASSES, n_rows / _ROWS_OF_ONE) and n_texts > n_rows / 2
    return few if is_clear else None


def _text_column(table: RawTable, choices: list[str], label: str) -> str:
    without = None if table.lines else ""  # where there are no rows, any column may hold texts
    texts = [
        name
        for name in choices
        if isinstance(without if (first := _first(table.columns[name])) is None else first, str)
    ]
    return (texts[0] if len(texts) == 1 else _known(texts, TEXTS)) or _asked(table, texts, "text", label)


def _known(choices: Collection[str], names: Sequence[str]) -> str | None:
    by_name = {choice.lower(): choice for choice in choices}
    return next((by_name[name] for name in names if name in by_name), None)


def _asked(table: RawTable, choices: Collection[str], what: str, other: str | None) -> str:
    """Ask for a column; `other` is known to be something else."""
    if table.hint:
        raise DataError(f"{table.source}: {table.hint}; or data.header=true if it names the columns.")
    nested = object_columns(table)
    left = list(choices) or [name for name in table.columns if name not in (*nested, other)]
    advice = []
    if len(left) + (other is not None) > 1:  # else it can only be told what is missing
        advice.append(f"Set data.{what}_column to {_either(left[:_SHOWN])}")
    elif not nested:
        only = ", ".join(table.columns) or "none"
        advice.append(f"A column of texts and one of labels are needed, and there is only {only}")
    if nested:
        advice.append(about_objects(nested))
    raise DataError(f"{table.source}: which column is the {what}? {'; '.join(advice)}.")


def _either(names: Sequence[str]) -> str:
    """Return "a", "a or b", "a, b or c"."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
