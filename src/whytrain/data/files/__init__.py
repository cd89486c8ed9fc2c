"""Files of rows, as people have them: delimited text, JSON, Parquet and Arrow, compressed or not."""

from whytrain.data.files.read import kind_of, read_table, read_text_lines
from whytrain.data.files.table import BadRow, FileFormat, RawTable

__all__ = ["BadRow", "FileFormat", "RawTable", "kind_of", "read_table", "read_text_lines"]
