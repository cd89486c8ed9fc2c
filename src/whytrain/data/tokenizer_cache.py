"""Tokenizers kept between runs: training one or asking a hub takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from whytrain.data.cache import cache_directory, remembered
from whytrain.data.tokenization import Tokenizer
from whytrain.errors import DataError


def cached_tokenizer(key: str, name: str, make: Callable[[], Tokenizer]) -> Tokenizer:
    """Return the tokenizer of this key from the cache folder, or make it and keep it.

    Args:
        key: file-name-safe string that decides what the tokenizer is.
        name: the tokenizer's name, for people.
        make: called where there is none, or a damaged one.
    """

    def read(folder: Path) -> Tokenizer | None:
        try:
            return Tokenizer.load(folder, name)
        except DataError:
            return None

    def write(folder: Path, tokenizer: Tokenizer) -> None:
        folder.mkdir()
        tokenizer.save(folder)

    return remembered(cache_directory() / "tokenizers" / key, read, make, write)
