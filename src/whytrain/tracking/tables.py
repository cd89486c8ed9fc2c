"""Tables as Parquet files that say which schema they follow."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = "1"
SCHEMA_KEY = b"whytrain.schema_version"


def write_table(frame: pd.DataFrame, path: Path, hidden: Sequence[str]) -> None:
    """Write a table.

    Args:
        frame: The table; its index is left out.
        path: The file.
        hidden: Columns of text that are replaced by hashes under the same name.
    """
    shown = frame.assign(**{column: frame[column].map(text_hash) for column in hidden})
    table = pa.Table.from_pandas(shown, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), SCHEMA_KEY: SCHEMA_VERSION.encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def text_hash(text: object) -> str:
    """Return the 16 hexadecimal digits that stand for a text that must not be stored.

    >>> text_hash("a fine film")
    'bac6d0ff1e0a93ed'
    """
    return hashlib.sha256(str(text).encode()).hexdigest()[:16]
