"""Files of texts to explain: read as training data are, bad rows included."""

from __future__ import annotations

from pathlib import Path

import pytest

from whytrain.attribution.bulk import read_texts
from whytrain.data.files import FileFormat
from whytrain.errors import DataError


def test_a_bad_row_stops_or_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,text\n1,one\n2,two, with a comma\n3,three\n")
    fault = r"rows\.csv: 1 row cannot be used: 1 with 3 fields where the header has 2 \(line 3\)"
    with pytest.raises(DataError, match=rf"{fault}; mend them, or leave them out with on_bad_row=skip\.$"):
        read_texts(path, "text")
    texts, notices = read_texts(path, "text", on_bad_row="skip")
    assert texts == ["one", "three"]
    assert notices == (f"{path}: 1 row skipped: 1 with 3 fields where the header has 2 (line 3).",)


def test_the_reader_is_that_of_training(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("id;text\n1;“curly”\n2;a, b\n".encode("windows-1252"))
    texts, notices = read_texts(path, "text")
    assert texts == ["“curly”", "a, b"]
    assert notices == (
        "rows.csv: read as windows-1252 (encoding).",
        "rows.csv: fields are separated by semicolons (delimiter).",
    )
    lines = tmp_path / "lines.txt"
    lines.write_bytes("“curly”\r\nb\r".encode("windows-1252"))
    assert read_texts(lines, "text")[0] == ["“curly”", "b"]
    assert read_texts(lines, "text", FileFormat(encoding="latin-1"))[0] == ["\x93curly\x94", "b"]
