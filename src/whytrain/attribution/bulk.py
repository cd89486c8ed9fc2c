"""Many texts, explained into a Parquet and a CSV file; an interrupted run goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from whytrain.attribution.attribution import Attribution
from whytrain.attribution.journal import Journal, Key, Row
from whytrain.attribution.plain import to_plain
from whytrain.attribution.target import LabelTarget
from whytrain.attribution.text import Answer, TextExplainer
from whytrain.data.cleaning import bad_rows_notice
from whytrain.data.files import FileFormat, kind_of, read_table, read_text_lines
from whytrain.data.files.columns import about_objects, found_text_column, object_columns
from whytrain.errors import ConfigError, DataError, MissingDataError

RowMaker: TypeAlias = Callable[[Sequence[str]], list[Row]]
# Batches of texts to numbered batches of rows, in any order.
Spread: TypeAlias = Callable[[Iterable[Sequence[str]]], Iterable[tuple[int, list[Row]]]]

AT_ONCE = 32  # texts that are explained together, and lost together where a process is killed
_ROWS_AT_ONCE = 1000  # of a file that is written
_OF_WORDS = ("score_", "standard_error_")  # columns of lists, a number per word
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet's formulas begin with


def read_texts(
    path: Path,
    text_column: str | None = None,
    form: FileFormat | None = None,
    on_bad_row: Literal["error", "skip"] = "error",
) -> tuple[list[str], tuple[str, ...]]:
    """Return the texts of a file, and what a person should know of how they were read.

    Args:
        path: the file: the lines of a .txt, or a column of any that `read_table` reads.
        text_column: name of the column; None: the only one, or the one that is called like a text.
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
        table = read_table(path, form, [text_column] if text_column else [], others=[".txt"])
        nested, column = object_columns(table), text_column or found_text_column(table)
        if column not in table.columns:
            told = [f"has no column {text_column!r}" if text_column else "names no column of texts"]
            choices = ", ".join(name for name in table.columns if name not in nested)
            told += [f"set text_column to one of {choices}"] if choices else []
            told += [about_objects(nested)] if nested else []
            raise MissingDataError(f"{path} {'; '.join(told)}.")
        if column in nested:
            raise ConfigError(f"{path}: {about_objects([column])}.")
        notices = (*table.notices, *bad_rows_notice(table, table.bad, on_bad_row, "on_bad_row"))
        texts = ["" if value is None else str(value) for value in table.columns[column]]
    if not texts:
        raise DataError(f"{path} has no rows to explain.")
    return texts, notices


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a file of explanations holds.

    Attributes:
        n_rows: its rows.
        n_new: those that were explained now; a text without an explanation is none of them.
        n_empty: those without an explanation.
    """

    n_rows: int
    n_new: int
    n_empty: int


def explain_texts(
    texts: Sequence[str],
    explain_rows: RowMaker,
    target: Path,
    *,
    spread: Spread | None = None,
    progress: Callable[[Iterable[int], int], Iterable[int]] = lambda rows, total: rows,
) -> Written:
    """Explain texts into `target`, except those that are in it or in its journal already.

    Finished rows are appended to `<target>.jsonl` at once; the journal is removed when the Parquet file is
    complete. A text without words has no label and says so in `note`. Beside the Parquet file stands
    `<target>.csv`, see `spreadsheet`. Only the texts and the places of finished rows are held in memory.

    Args:
        texts: one per row.
        explain_rows: explains some, one mapping of columns each.
        target: the Parquet file; its folder is made.
        spread: has batches explained elsewhere, several at a time, in any order; None: here, by
            `explain_rows`.
        progress: wraps the rows that are left, given with their number, to show how far they are.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    keys = [(number, _key(text)) for number, text in enumerate(texts, start=1)]
    with Journal(target.with_suffix(".jsonl")) as journal:
        journal.take_over(target, set(keys))
        left = [i for i, key in enumerate(keys) if key not in journal]
        batches = [left[start : start + AT_ONCE] for start in range(0, len(left), AT_ONCE)]
        given = ([texts[i] for i in batch] for batch in batches)
        made = enumerate(map(explain_rows, given)) if spread is None else spread(given)

        def explained() -> Iterator[int]:
            """Keep row after row, and say of each whether it has an explanation."""
            for number, rows in made:
                for i, row in zip(batches[number], rows, strict=True):
                    journal.add({"row": keys[i][0], "key": keys[i][1], **row})
                    yield int(row["label"] is not None)

        n_new = sum(progress(explained(), len(left)))
        n_empty = _write(journal, keys, target)
        journal.remove()
    return Written(n_rows=len(keys), n_new=n_new, n_empty=n_empty)


def _write(journal: Journal, keys: Sequence[Key], target: Path) -> int:
    """Write the rows in order, some at a time, and return how many have no label."""

    def parts() -> Iterator[list[Row]]:
        for start in range(0, len(keys), _ROWS_AT_ONCE):
            yield [journal[key] for key in keys[start : start + _ROWS_AT_ONCE]]

    schema = pa.unify_schemas([_arrow(rows, None).schema for rows in parts()], promote_options="permissive")
    partial, n_empty = target.with_suffix(".part"), 0
    with pq.ParquetWriter(partial, schema) as writer:
        for number, rows in enumerate(parts()):
            table = _arrow(rows, schema)
            writer.write_table(table)
            spreadsheet(table.to_pandas()).to_csv(
                target.with_suffix(".csv"),
                index=False,
                mode="a" if number else "w",
                header=not number,
                encoding="utf-8" if number else "utf-8-sig",
            )
            n_empty += sum(row["label"] is None for row in rows)
    partial.replace(target)
    return n_empty


def _arrow(rows: Sequence[Row], schema: pa.Schema | None) -> pa.Table:
    """Return rows as a table; what a row has not is null."""
    names = dict.fromkeys(name for row in rows for name in row) if schema is None else schema.names
    types = {} if schema is None else {field.name: field.type for field in schema}
    return pa.table({name: pa.array([row.get(name) for row in rows], types.get(name)) for name in names})


def scored_rows(explainer: TextExplainer, texts: Sequence[str]) -> list[Row]:
    """Return texts as rows: the answer, the words and their scores."""
    return [
        _unexplained(text, found) if isinstance(found, DataError) else _row(found, found.attributions)
        for text, found in zip(texts, explainer.score(texts), strict=True)
    ]


def detailed_rows(explainer: TextExplainer, texts: Sequence[str]) -> list[Row]:
    """Return texts as rows with interactions, trees and deletions in the column explanation."""
    rows = []
    for text in texts:
        try:
            found = explainer(text)
        except DataError as error:
            rows.append(_unexplained(text, error))
            continue
        details = json.dumps([to_plain(e) for e in found.explanations], ensure_ascii=False)
        rows.append(_row(found, [e.attribution for e in found.explanations]) | {"explanation": details})
    return rows


def _unexplained(text: str, error: DataError) -> Row:
    return {"text": text, "label": None, "note": str(error)}


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


def _row(answer: Answer, attributions: Sequence[Attribution]) -> Row:
    row: Row = {"text": answer.text, "label": answer.label, "note": "; ".join(answer.notes)}
    row |= {f"probability_{name}": value for name, value in answer.probabilities.items()}
    if answer.calibrated is not None and not answer.exclusive:
        row |= {f"calibrated_probability_{name}": value for name, value in answer.calibrated.items()}
    elif answer.calibrated is not None:
        row["calibrated_probability"] = answer.calibrated[answer.label]
    if answer.verdict is not None:
        row["conformal_set"] = list(answer.verdict.labels)
        row["abstain"] = answer.verdict.abstain
    first = attributions[0]
    if isinstance(first.target, LabelTarget):  # of several labels the columns hold the first one's scores
        row["explained"] = first.target.name
    row["words"] = list(first.words)
    for a in (a for a in attributions if a.target == first.target):
        kind = "_".join(part for part in (a.method, a.variant) if part)
        row |= {
            f"score_{kind}": a.scores.tolist(),
            f"standard_error_{kind}": None if a.standard_errors is None else a.standard_errors.tolist(),
        }
        if a.relative_error is not None:
            row[f"relative_error_{kind}"] = a.relative_error
        if a.total is not None:
            row |= {f"empty_{kind}": a.total[0], f"full_{kind}": a.total[1]}
    return row


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
