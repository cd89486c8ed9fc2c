"""Bytes to text: compression, and the encoding, given or found out."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase, TextIOWrapper
from pathlib import Path
from typing import IO, Any, NamedTuple
from unicodedata import category

from whytrain.errors import DataError, MissingDataError

_BLOCK = 1 << 20  # bytes
_OPENERS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_OTHERS = {
    b"PK\x03\x04": "a zip archive or an Office file",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
}
# Files of other kinds are called .csv, too.
_NO_TEXT = {
    b"PAR1": "a Parquet file: call it .parquet",
    b"ARROW1": "an Arrow file: call it .arrow",
    b"%PDF": "a PDF document: save its table as .csv",
    b"\xd0\xcf\x11\xe0": "an Office file: save it as .csv",
    b"SQLite format 3": "a SQLite database: save its table as .csv",
}
_MOST_CONTROLS = 0.01  # share of a text's characters; of bytes that are no text it is 0.1
_A_FEW = 2  # of them say nothing, however short the file is
_MARKS = (  # the longer ones first: UTF-32's begins with UTF-16's
    *((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)
WESTERN = "windows-1252"  # a Latin-1 file is one, too: what differs are control characters that no text has
_MOST_FOREIGN = 0.25  # share of letters beyond ASCII in a Western European text; French has 4%
_MOST_ODD = 0.02  # share of characters beyond ASCII that stand where no Western European one does
# Between two letters: neither a letter nor an apostrophe, dash or ellipsis; or a capital among small ones.
_ODD = re.compile(
    r"(?<=[A-Za-z])[\xa1-\xac\xae-\xb6\xb8-\xbf\xd7\xf7†‡ˆ‰‹›˜™‚„•¦](?=[A-Za-z])|(?<=[a-z])[À-ÞŽŠŒŸ](?=[a-z])"
)


class Encoding(NamedTuple):
    """An encoding, and whether it is a guess that a person should see."""

    name: str
    is_guess: bool

    def notice(self, path: Path, prefix: str) -> tuple[str, ...]:
        """Say the guess; `prefix` is that of the setting."""
        return (f"{path.name}: read as {self.name} ({prefix}encoding).",) if self.is_guess else ()


def check_file(path: Path) -> None:
    """Raise DataError if there is no file, or an empty one."""
    if not path.is_file():
        raise MissingDataError(f"{path} is not a file; give an existing file.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty: expected rows with a text and a label.")


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, decompressed where it is gzip, bzip2 or xz, whatever it is called.

    Raises:
        DataError: the file is missing, empty, damaged, cannot be read or is another archive.
    """
    check_file(path)
    try:
        with path.open("rb") as file:
            head = file.read(8)
        for mark, name in _OTHERS.items():
            if head.startswith(mark):
                raise DataError(f"{path} is {name}; unpack it, or write it as .csv, .jsonl or .parquet.")
        openers = (found for mark, found in _OPENERS.items() if head.startswith(mark))
        opener: Callable[..., Any] = next(openers, open)
        with opener(path, "rb") as content:
            yield content
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path} cannot be read: {reason}.") from error


@contextmanager
def open_text(path: Path, encoding: str) -> Iterator[TextIOWrapper]:
    """Open a file as text, line ends as they are.

    Raises:
        DataError: see `open_bytes`, or the file is not in this encoding.
    """
    with open_bytes(path) as content:
        assert isinstance(content, BufferedIOBase)
        try:
            yield TextIOWrapper(content, encoding, newline="")
        except UnicodeError as error:
            raise DataError(f"{path} is not {encoding} ({error}); set another encoding.") from error


def encoding_of(path: Path, given: str | None, prefix: str) -> Encoding:
    """Return the encoding of a text file: as given, as its byte-order mark says, UTF-8, or Windows-1252.

    Args:
        path: the file.
        given: what a person says; None to find out.
        prefix: of the setting's name, for the message.

    Raises:
        DataError: it is none of them, or no text.
    """
    with open_bytes(path) as content:
        head = content.read(4096)
    for mark, kind in _NO_TEXT.items():
        if head.startswith(mark):
            raise DataError(f"{path} is {kind}.")
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if given is not None:
        # A mark belongs to no text, and UTF-16 may be given without saying in which order.
        return Encoding("utf-8-sig" if codecs.lookup(given).name == "utf-8" else given, False)
    if marked is not None:
        return Encoding(marked, marked not in ("utf-8", "utf-8-sig"))
    guess = "utf-8"
    if (zeros := head.count(b"\0")) > len(head) / 4:  # Western text in two bytes a character
        guess = "utf-16-le" if head[1::2].count(b"\0") > zeros / 2 else "utf-16-be"
    if not _looks_like_text(head, guess):
        raise DataError(
            f"{path} is no text: its first {len(head):,} bytes hold characters that no text has; expected "
            f"rows as .csv, .tsv or .jsonl, or, if it is text, {prefix}encoding."
        )
    if guess != "utf-8":
        return Encoding(guess, True)
    fault = _first_fault(path)
    if fault is None:
        return Encoding("utf-8", False)
    if _is_western(path):
        return Encoding(WESTERN, True)
    line, byte = fault
    raise DataError(
        f"{path}, line {line}: byte 0x{byte:02x} is not UTF-8, and the text does not look like Windows-1252; "
        f"set {prefix}encoding, for example windows-1251 (Cyrillic), windows-1250 (Central Europe), gb18030 "
        "(Chinese) or shift_jis (Japanese)."
    )


def _looks_like_text(head: bytes, encoding: str) -> bool:
    """Whether the first bytes of a file hold hardly any control characters, or others that no text has."""
    text = head.decode(encoding, "replace" if encoding == "utf-8" else "backslashreplace")
    odd = sum(category(c) in ("Cc", "Cn", "Co", "Cs") and c not in "\t\n\r\v\f\x1a\x85" for c in text)
    return odd <= max(_A_FEW, _MOST_CONTROLS * len(text))


def _first_fault(path: Path) -> tuple[int, int] | None:
    """Return line and byte of the first that is not UTF-8; None in a UTF-8 file."""
    decoder, line, left = codecs.getincrementaldecoder("utf-8")(), 1, b""
    with open_bytes(path) as content:
        while block := content.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:  # counts from the bytes that were left of the last block
                return line + (left + block).count(b"\n", 0, error.start), error.object[error.start]
            line += block.count(b"\n")
            left = decoder.getstate()[0]
    return None if not left else (line, left[0])


def _is_western(path: Path) -> bool:
    foreign = letters = 0
    odd = 0.0
    with open_bytes(path) as content:
        while block := content.read(_BLOCK):
            try:
                text = block.decode(WESTERN)
            except UnicodeDecodeError:
                return False
            beyond = [c for c in text if c > "\x7f"]
            foreign += sum(c.isalpha() for c in beyond)
            letters += sum(map(str.isalpha, text))
            odd += len(_ODD.findall(text)) - (_MOST_ODD * len(beyond))
    return foreign <= _MOST_FOREIGN * letters and odd <= 0
