"""Marks: words, pairs of words and patterns that must not decide, in a file that a person can write.

A file is a YAML list. Each entry has one of these keys, and if wanted a `reason` and `by`, who said so:

    - words: [the, a]  # must not decide, and stand for each other; one word alone is allowed
    - pair: [not, film]  # the two together must not decide, in whatever order
    - ordered_pair: [plot, actor]  # their order must not decide
    - pattern: "[0-9]+/10"  # whatever words this regular expression matches must not decide
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from whytrain.config.known_file import known_file
from whytrain.config.validation import did_you_mean
from whytrain.data.words import bare_word
from whytrain.errors import ConfigError, MissingDataError

Kind = Literal["words", "pair", "ordered_pair", "pattern"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_NOTES = ("reason", "by")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What must not decide.

    Attributes:
        words: as `whytrain.data.words.bare_word` writes them; for a pattern its regular expression alone.
        kind: `words`: each must not decide, and they stand for each other; `pair`: the two together must
            not; `ordered_pair`: their order must not; `pattern`: words that it matches as a whole must not.
        reason: why, in words for a person.
        by: who said so.

    Raises:
        ConfigError: so many words are not of this kind, or the pattern is no regular expression.
    """

    words: tuple[str, ...]
    kind: Kind = "words"
    reason: str = ""
    by: str = ""

    def __post_init__(self) -> None:
        """Write the words in one way and refuse what marks nothing."""
        if self.kind == "pattern":
            _check_pattern(self.words)
            return
        words = tuple(dict.fromkeys(bare_word(word.strip()) for word in self.words))
        object.__setattr__(self, "words", words)
        if not words or "" in words or any(word.split() != [word] for word in words):
            raise ConfigError(
                f"expected single words under {self.kind}; got {list(self.words)}: a pattern can "
                "span several words"
            )
        if self.kind != "words" and len(words) != 2:
            raise ConfigError(f"expected two different words under {self.kind}; got {list(words)}")


def _check_pattern(words: Sequence[str]) -> None:
    try:
        (pattern,) = words
        matches_nothing = re.compile(pattern).fullmatch("") is not None
    except (re.error, ValueError) as error:
        raise ConfigError(
            f"expected one regular expression under pattern; got {list(words)} ({error})"
        ) from error
    if matches_nothing:
        raise ConfigError(f"the pattern {pattern!r} matches the empty text: every text has it")


def read_marks(path: Path | str, setting: str = "guidance.marks") -> list[Mark]:
    """Read a file of marks; `setting` is what names it.

    Raises:
        MissingDataError: there is no such file.
        ConfigError: it has another form, or marks nothing; the message names the entry.
    """
    path = known_file(str(path), setting)
    try:
        return parse_marks(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise MissingDataError(f"{path}: no readable file of marks ({type(error).__name__})") from error


def parse_marks(text: str, source: str) -> list[Mark]:
    """Read marks from the text of a file; `source` is how errors call it."""
    try:
        entries = yaml.load(text, yaml.BaseLoader)  # noqa: S506  (all values as they are written: no, on, 1)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not YAML: {' '.join(str(error).split())[:160]}") from error
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"{source}: expected a list of marks, such as “- words: [the, a]”")
    return [_mark(entry, f"{source}, entry {number}") for number, entry in enumerate(entries, start=1)]


def _mark(entry: Any, where: str) -> Mark:
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{where}: expected one of {', '.join(KINDS)} with words behind it; got {entry!r}")
    for key in entry.keys() - {*KINDS, *_NOTES}:
        raise ConfigError(f"{where}: {key}: no such key; {did_you_mean(key, [*KINDS, *_NOTES])}")
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        raise ConfigError(f"{where}: expected one of {', '.join(KINDS)}; got {', '.join(kinds) or 'none'}")
    kind, value = kinds[0], entry[kinds[0]]
    words = [value] if isinstance(value, str) else value
    notes = {name: entry.get(name, "") for name in _NOTES}
    if not isinstance(words, list) or not all(isinstance(text, str) for text in [*words, *notes.values()]):
        raise ConfigError(f"{where}: expected words and plain text; got {dict(entry)}")
    try:
        return Mark(words=tuple(words), kind=kind, **notes)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def write_marks(marks: Sequence[Mark], path: Path | str) -> None:
    """Write a file that `read_marks` reads."""
    Path(path).write_text(marks_text(marks), "utf-8")


def marks_text(marks: Sequence[Mark]) -> str:
    """Return marks as the text of a file."""
    entries = [
        {mark.kind: mark.words[0] if mark.kind == "pattern" else list(mark.words)}
        | {name: value for name in _NOTES if (value := getattr(mark, name))}
        for mark in marks
    ]
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, default_flow_style=None, width=1000)
