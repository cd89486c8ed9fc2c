"""Parquet and Arrow, with the names of classes that Hugging Face keeps in their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whytrain.data.files.delimited import check_names
from whytrain.data.files.table import RawTable
from whytrain.data.files.text_file import open_bytes
from whytrain.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def read_columnar(path: Path) -> RawTable:
    """Read a Parquet file, or an Arrow one (of `datasets`, or Feather).

    Raises:
        DataError: if the file is missing or broken.
    """
    import pyarrow as pa

    try:
        with open_bytes(path) as content:
            table = _read(content, is_parquet=".parquet" in path.suffixes)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        kind = "Parquet" if ".parquet" in path.suffixes else "Arrow"
        raise DataError(f"{path} cannot be read as {kind} ({reason}); write it again.") from error
    return raw_table(table, str(path))


def raw_table(table: pa.Table, source: str) -> RawTable:
    """Return an Arrow table's rows; numbers of classes become their names, −1 and nulls None."""
    check_names(Path(source), table.column_names)
    columns: dict[str, list[Any]] = table.to_pydict()
    classes = class_names_of(table.schema)
    for name, class_names in classes.items():
        columns[name] = [_named(value, class_names) for value in columns[name]]
    return RawTable(
        source=source,
        unit="row",
        columns=columns,
        lines=list(range(1, len(table) + 1)),
        bad=[],
        class_columns=tuple(classes),
    )


def class_names_of(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the names of the classes by column: of a `ClassLabel`, or of lists of them."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    found = {}
    for name, feature in features.items():
        classes = _innermost(feature)
        if classes.get("_type") == "ClassLabel" and "names" in classes and name in schema.names:
            found[name] = [str(label) for label in classes["names"]]
    return found


def _innermost(feature: Any) -> dict[str, Any]:
    """Return what a feature is a list of, or itself."""
    while inner := feature[0] if isinstance(feature, list) else feature.get("feature"):
        feature = inner
    return dict(feature)


def _named(value: Any, names: list[str]) -> Any:
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return names[value] if 0 <= value < len(names) else None
    return value


def _read(content: Any, *, is_parquet: bool) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = pa.BufferReader(content.read())
    if is_parquet:
        return pq.read_table(data)
    try:
        return pa.ipc.open_stream(data).read_all()
    except pa.ArrowInvalid:
        data.seek(0)
        return pa.ipc.open_file(data).read_all()
