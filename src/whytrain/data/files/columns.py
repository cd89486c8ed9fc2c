"""Which column of a file holds the texts, and which the labels, where nobody says."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from whytrain.data.files.table import RawTable
from whytrain.errors import DataError

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


def found_columns(
    table: RawTable, *, text: str | None = None, label: str | None = None, id_column: str | None = None
) -> tuple[str, str]:
    """Return the columns of texts and of labels; a name that is given is taken as it is.

    Args:
        table: the rows.
        text: name of the column of texts; None to find it: by what the file says, by what data sets call it,
            or because no other is left.
        label: likewise of labels.
        id_column: a column that is neither.

    Raises:
        DataError: it cannot be told which is meant.
    """
    choices = [name for name in table.columns if name != id_column]
    if label is None:
        label = _label_column(table, choices, text)
    if text is None:
        text = _text_column(table, [name for name in choices if name != label])
    return text, label


def found_text_column(table: RawTable) -> str | None:
    """Return the column of texts of a file whose labels nobody asks for; None where it cannot be told."""
    choices = [name for name in table.columns if name.lower() not in LABELS]
    return choices[0] if len(choices) == 1 else _known(choices, TEXTS)


def _label_column(table: RawTable, choices: list[str], text: str | None) -> str:
    if len(table.class_columns) == 1:
        return table.class_columns[0]
    if table.class_columns:
        return _known(table.class_columns, LABELS) or _asked(table, table.class_columns, "label")
    text = text or _known(choices, TEXTS)
    others = [name for name in choices if name != text]
    only = others[0] if text is not None and len(others) == 1 else None
    return _known(others, LABELS) or only or _asked(table, choices, "label")


def _text_column(table: RawTable, choices: list[str]) -> str:
    without = None if table.lines else ""  # where there are no rows, any column may hold texts
    texts = [
        name
        for name in choices
        if isinstance(next((value for value in table.columns[name] if value is not None), without), str)
    ]
    return (texts[0] if len(texts) == 1 else _known(texts, TEXTS)) or _asked(table, texts, "text")


def _known(choices: Collection[str], names: Sequence[str]) -> str | None:
    by_name = {choice.lower(): choice for choice in choices}
    return next((by_name[name] for name in names if name in by_name), None)


def _asked(table: RawTable, choices: Collection[str], what: str) -> str:
    shown = ", ".join(list(choices or table.columns)[:_SHOWN])
    raise DataError(
        f"{table.source}: which column is the {what}? Set data.{what}_column to {shown}{table.hint}."
    )
