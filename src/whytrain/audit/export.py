"""A record of answers as a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from whytrain.audit.verify import read_entries
from whytrain.errors import ConfigError

_FLAT = ("number", "time", "request", "asked_by", "text", "text_sha256", "salt", "hash")
_ANSWER = ("label", "probability", "calibrated_probability", "abstain")
_NESTED = ("probabilities", "calibrated_probabilities", "set", "explanation")


def export(folder: Path, target: Path) -> int:
    """Write all answers, one row each; what is nested stands as JSON.

    Args:
        folder: of the record.
        target: a `.parquet` or `.csv` file, which must not be there yet.

    Returns:
        How many there are.

    Raises:
        ConfigError: there is no record, or the target is there or of another kind.
    """
    if target.suffix not in {".parquet", ".csv"}:
        raise ConfigError(f"{target}: expected a file that ends with .parquet or .csv")
    if target.exists():
        raise ConfigError(f"{target}: is there already; give another name")
    rows = [_row(entry) for entry in read_entries(folder) if entry["kind"] == "answer"]
    names = [*_FLAT, "run", "version", "fingerprint", *_ANSWER, *_NESTED]
    table = pd.DataFrame(rows, columns=names)
    if target.suffix == ".csv":
        table.to_csv(target, index=False)
    else:
        table.to_parquet(target, index=False)
    return len(table)


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = entry["answer"]
    row: dict[str, Any] = (
        {name: entry.get(name) for name in _FLAT}
        | entry["model"]
        | {name: answer.get(name) for name in _ANSWER}
        | {
            name: json.dumps(answer[name], ensure_ascii=False)
            for name in _NESTED
            if answer.get(name) is not None
        }
    )
    return row
