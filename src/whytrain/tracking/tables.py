"""Where tables and figures lie among a run's artifacts; tables as Parquet files that say their version."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import pandas as pd

SMALL_TABLE = 2000  # rows up to which a table is also kept as CSV, for people
SCHEMA_KEY = b"whytrain.schema_version"


def artifact_path(kind: str, topic: str, name: str | None, epoch: int | None, extension: str) -> str:
    """Return where a table or figure lies; epochs count from 1.

    >>> artifact_path("tables", "shapley", None, 3, "parquet")
    'tables/shapley/shapley_epoch_003.parquet'
    >>> artifact_path("figures", "shapley", "trend", None, "png")
    'figures/shapley/trend.png'
    """
    ending = "" if epoch is None else f"_epoch_{epoch:03d}"
    return f"{kind}/{topic}/{name or topic}{ending}.{extension}"


def table_files(
    frame: pd.DataFrame,
    topic: str,
    name: str | None,
    epoch: int | None,
    hidden: Sequence[str],
    version: int,
) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Yield the files of a table, where each lies and what writes it; a small one is also a CSV file.

    Args:
        frame: The table; its index is left out.
        topic: Its folder.
        name: The file's name where a topic has several tables.
        epoch: From 1; None for a table of the whole run.
        hidden: Columns of text that are replaced by hashes under the same name.
        version: Of its schema.
    """
    place = partial(artifact_path, "tables", topic, name, epoch)
    yield place("parquet"), lambda target: write_table(frame, target, hidden, version)
    if len(frame) <= SMALL_TABLE:
        yield place("csv"), lambda target: hide(frame, hidden).to_csv(target, index=False)


def write_table(frame: pd.DataFrame, path: Path, hidden: Sequence[str], version: int) -> None:
    """Write a table.

    Args:
        frame: The table; its index is left out.
        path: The file.
        hidden: Columns of text that are replaced by hashes under the same name.
        version: Of its schema.
    """
    table = pa.Table.from_pandas(hide(frame, hidden), preserve_index=False)
    metadata = {**(table.schema.metadata or {}), SCHEMA_KEY: str(version).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def hide(frame: pd.DataFrame, hidden: Sequence[str]) -> pd.DataFrame:
    """Return a copy of a table whose hidden columns hold hashes."""
    return frame.assign(**{column: frame[column].map(text_hash) for column in hidden})


def stored_table(path: Path) -> pd.DataFrame:
    """Read a table; its `attrs["version"]` is that of its schema, 1 where the file says none."""
    table = pq.read_table(path)
    frame: pd.DataFrame = table.to_pandas()
    frame.attrs["version"] = int((table.schema.metadata or {}).get(SCHEMA_KEY, b"1"))
    return frame


def text_hash(text: object) -> str:
    """Return the 16 hexadecimal digits that stand for a text that must not be stored.

    >>> text_hash("a fine film")
    'bac6d0ff1e0a93ed'
    """
    return hashlib.sha256(str(text).encode()).hexdigest()[:16]
