"""Files of rows, as people have them: delimited text, JSON, Parquet and Arrow, compressed or not."""

from whytrain.data.files.columnar import raw_table
from whytrain.data.files.read import kind_of, read_table, read_text_lines
from whytrain.data.files.table import BadRow, FileFormat, RawTable, joined

__all__ = [
    "BadRow",
    "FileFormat",
    "RawTable",
    "joined",
    "kind_of",
    "raw_table",
    "read_table",
    "read_text_lines",
]
