"""Many texts, explained one by one into a Parquet and a CSV file; an interrupted run goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from whytrain.attribution.plain import to_plain
from whytrain.attribution.target import LabelTarget
from whytrain.attribution.text import ExplainedText
from whytrain.data.cleaning import bad_rows_notice
from whytrain.data.files import FileFormat, kind_of, read_table, read_text_lines
from whytrain.errors import DataError, MissingDataError

Row = dict[str, Any]

_OF_WORDS = ("score_", "standard_error_")  # columns of lists, a number per word
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet's formulas begin with


def read_texts(
    path: Path,
    text_column: str,
    form: FileFormat | None = None,
    on_bad_row: Literal["error", "skip"] = "error",
) -> tuple[list[str], tuple[str, ...]]:
    """Return the texts of a file, and what a person should know of how they were read.

    Args:
        path: the file: the lines of a .txt, or a column of any that `read_table` reads.
        text_column: name of the column.
        form: how a text file is written; None to guess.
        on_bad_row: `error` raises at a row that cannot be read, `skip` leaves it out and says so.

    Raises:
        DataError: no such file or column, a row that cannot be read, or no rows.
    """
    form = form or FileFormat()
    path = path.expanduser()
    notices: tuple[str, ...] = ()
    if kind_of(path) == ".txt":
        texts = read_text_lines(path, form)
    else:
        table = read_table(path, form, [text_column])
        if text_column not in table.columns:
            raise MissingDataError(
                f"{path} has no column {text_column!r}; set text_column to one of {', '.join(table.columns)}."
            )
        notices = (*table.notices, *bad_rows_notice(table, table.bad, on_bad_row, "on_bad_row"))
        texts = ["" if value is None else str(value) for value in table.columns[text_column]]
    if not texts:
        raise DataError(f"{path} has no rows to explain.")
    return texts, notices


def explain_texts(
    texts: Sequence[str],
    explain_one: Callable[[str], ExplainedText],
    target: Path,
    *,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> tuple[pd.DataFrame, int]:
    """Explain texts into `target`, except those that are in it or in its journal already.

    Each finished row is appended to `<target>.jsonl` at once; the journal is removed when the Parquet file
    is complete. A text without words has no label and says so in `note`. Beside the Parquet file stands
    `<target>.csv`, see `spreadsheet`.

    Args:
        texts: one per row.
        explain_one: explains one.
        target: the Parquet file; its folder is made.
        progress: wraps the rows that are left, to show how far they are.

    Returns:
        The table, and how many rows were explained now.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    journal = target.with_suffix(".jsonl")
    done = {(row["row"], row["key"]): row for row in [*_rows_of(target), *_lines_of(journal)]}
    keys = [(number, _key(text)) for number, text in enumerate(texts, start=1)]
    left = [i for i, key in enumerate(keys) if key not in done]
    with journal.open("a", encoding="utf-8") as file:
        for i in progress(left):
            row = {"row": keys[i][0], "key": keys[i][1], **_row(texts[i], explain_one)}
            done[keys[i]] = row
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
    table = pd.DataFrame([done[key] for key in keys])
    partial = target.with_suffix(".part")
    table.to_parquet(partial, index=False)
    partial.replace(target)
    spreadsheet(table).to_csv(target.with_suffix(".csv"), index=False, encoding="utf-8-sig")
    journal.unlink()
    return table, len(left)


def spreadsheet(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table for spreadsheets: lists as text, scores beside their words and places, no JSON.

    A spreadsheet takes a cell that begins with = + - @, a tab or a line break for a formula, and would run
    what a stranger's text says: such texts get an apostrophe in front. The Parquet file has them as they are.

    References:
        OWASP, CSV injection.

    >>> spreadsheet(pd.DataFrame({"text": ["=1+1"], "words": [["=1+1"]], "score_random": [[-0.5]]}))
        text        score_random
    0  '=1+1  '=1+1 (1): -0.5000
    """
    columns: dict[str, list[object]] = {}
    for name in (name for name in table if name not in ("key", "words", "explanation")):
        if str(name).startswith(_OF_WORDS):
            cells: list[object] = [_scored(*pair) for pair in zip(table["words"], table[name], strict=True)]
        else:
            cells = [", ".join(map(str, value)) if _is_list(value) else value for value in table[name]]
        columns[str(name)] = [_no_formula(cell) for cell in cells]
    return pd.DataFrame(columns)


def _scored(words: Any, scores: Any) -> str | None:
    if not (_is_list(words) and _is_list(scores)):
        return None
    pairs = enumerate(zip(words, scores, strict=True), start=1)
    return "; ".join(f"{word} ({place}): {value:.4f}" for place, (word, value) in pairs)


def _is_list(value: object) -> bool:
    return isinstance(value, (list, tuple, np.ndarray))


def _no_formula(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _row(text: str, explain_one: Callable[[str], ExplainedText]) -> Row:
    try:
        explained = explain_one(text)
    except DataError as error:
        return {"text": text, "label": None, "note": str(error)}
    row: Row = {"text": text, "label": explained.label, "note": "; ".join(explained.notes)}
    row |= {f"probability_{name}": value for name, value in explained.probabilities.items()}
    if explained.calibrated is not None and not explained.exclusive:
        row |= {f"calibrated_probability_{name}": value for name, value in explained.calibrated.items()}
    elif explained.calibrated is not None:
        row["calibrated_probability"] = explained.calibrated[explained.label]
    if explained.verdict is not None:
        row["conformal_set"] = list(explained.verdict.labels)
        row["abstain"] = explained.verdict.abstain
    first = explained.explanations[0].attribution
    if isinstance(first.target, LabelTarget):  # of several labels the columns hold the first one's scores
        row["explained"] = first.target.name
    row["words"] = list(first.words)
    for e in (e for e in explained.explanations if e.attribution.target == first.target):
        a = e.attribution
        kind = "_".join(part for part in (a.method, a.variant) if part)
        row |= {
            f"score_{kind}": a.scores.tolist(),
            f"standard_error_{kind}": None if a.standard_errors is None else a.standard_errors.tolist(),
            f"empty_{kind}": e.deletion.empty,
            f"full_{kind}": e.deletion.full,
        }
    row["explanation"] = json.dumps([to_plain(e) for e in explained.explanations], ensure_ascii=False)
    return row


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _rows_of(target: Path) -> Iterator[Row]:
    if target.is_file():
        for row in pd.read_parquet(target).astype(object).to_dict("records"):
            yield {str(name): value for name, value in row.items()}


def _lines_of(journal: Path) -> Iterator[Row]:
    if journal.is_file():
        for line in journal.read_text("utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:  # the last line of a process that was killed while it wrote
                continue
