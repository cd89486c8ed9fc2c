"""Which spellings are one class: what a reader cannot tell apart, letters' case, and `1.0` for `1`."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whytrain.data.words import same_text

_SHOWN = 3
_LONGEST_NAME = 40  # characters of a name that is one of many
# What stands for a value that is not there, as `label_key` writes it.
_MISSING = frozenset(
    {"na", "n/a", "n.a.", "#n/a", "#na", "<na>", "nan", "null", "none", "nil", "-", "--", "–", "—", "?"}
)
# Invisible and never part of a name; joiners and variation selectors are part of emoji.
_BLANK = dict.fromkeys([0x200B, 0x200E, 0x200F, 0x00AD, 0x2060, 0xFEFF])


@dataclass(frozen=True)
class LabelNames:
    """The classes of a data set, and which of them a label stands for.

    Attributes:
        by_key: the class by what its spellings have in common.
        merges: whether spellings are brought together; otherwise a label is what stands in the file.
    """

    by_key: dict[str, str]
    merges: bool

    @classmethod
    def of(cls, labels: Iterable[tuple[str, ...]], *, merges: bool) -> tuple[LabelNames, tuple[str, ...]]:
        """Name the classes of all rows by their most frequent spelling, and say in a line what was merged.

        >>> LabelNames.of([("Spam",), ("spam",), ("spam",), ("1.0",)], merges=True)[0].names
        ('1.0', 'spam')
        """
        counts = Counter(name for names in labels for name in names)
        spellings: dict[str, list[str]] = defaultdict(list)
        for name in sorted(counts, key=lambda name: (-counts[name], name)):
            spellings[label_key(name) if merges else name].append(name)
        by_key = {key: _tidy(found[0]) if merges else found[0] for key, found in spellings.items()}
        several = {by_key[key]: found for key, found in spellings.items() if len(found) > 1}
        if not several:
            return cls(by_key, merges), ()
        shown = [f"{name} ({_others(name, found)})" for name, found in several.items()][:_SHOWN]
        more = "; …" if len(several) > _SHOWN else ""
        return cls(by_key, merges), (
            f"Spellings of one class were brought together: {'; '.join(shown)}{more}; "
            "data.merge_labels=false keeps them apart.",
        )

    @classmethod
    def numbered(cls, names: Sequence[str]) -> LabelNames:
        """Return classes that stand in files by their name or their number, from 0.

        >>> LabelNames.numbered(("ham", "spam")).read(("1",))
        ('spam',)
        """
        return cls({label_key(n): n for n in names} | {str(i): n for i, n in enumerate(names)}, merges=True)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, sorted: as numbers where all are numbers, else as strings."""
        distinct = set(self.by_key.values())
        try:
            return tuple(sorted(distinct, key=lambda name: (float(name), name)))
        except ValueError:
            return tuple(sorted(distinct))

    def read(self, labels: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the classes of a row's labels, each once; None where one is no class."""
        found = [self.by_key.get(label_key(name) if self.merges else name) for name in labels]
        known = [name for name in found if name is not None]
        return tuple(dict.fromkeys(known)) if len(known) == len(found) else None


def looking_missing(names: Sequence[str]) -> list[str]:
    """Return the classes whose names stand for values that are not there; signs among signs are classes.

    >>> looking_missing(["NA", "good", "-"]), looking_missing(["+", "-"])
    (['NA', '-'], [])
    """
    signs = {name for name in names if not any(map(str.isalnum, name))}
    are_classes = len(signs) == len(names) or any(label_key(sign) not in _MISSING for sign in signs)
    return [name for name in names if label_key(name) in _MISSING and not (name in signs and are_classes)]


def label_key(name: str) -> str:
    r"""Return what the spellings of a class have in common.

    >>> label_key("Not\u00a0Spam") == label_key("not spam"), label_key("1.0"), label_key("TRUE")
    (True, '1', 'true')
    """
    return re.sub(r"(?<=\d)\.0+$", "", same_text(name))


def same_classes(theirs: Sequence[str], ours: Sequence[str]) -> list[int] | None:
    """Return where `theirs` has each of `ours`, spellings aside; None where they are not the same classes.

    `LABEL_0`, `LABEL_1`, …, which a model has whose classes nobody named, are the classes 0, 1, … only.

    >>> same_classes(("POSITIVE", "NEGATIVE"), ("negative", "positive"))
    [1, 0]
    >>> unnamed = ("LABEL_0", "LABEL_1")
    >>> same_classes(unnamed, ("1", "0")), same_classes(unnamed, ("bad", "good"))
    ([1, 0], None)
    """
    if has_no_names(theirs):
        theirs = [str(position) for position in range(len(theirs))]
    for spelled in (str, label_key):
        found, wanted = [spelled(name) for name in theirs], [spelled(name) for name in ours]
        if len(set(found)) == len(found) and sorted(found) == sorted(wanted):
            return [found.index(name) for name in wanted]
    return None


def few_of(names: Sequence[str], most: int = 20) -> str:
    """Return names; of many the first ones, long ones cut, and how many there are besides.

    >>> few_of(["a", "b"]), few_of(["a", "b", "c", "d"], most=2)
    ('a, b', 'a, b, … and 2 more')
    """
    if len(names) <= most:
        return ", ".join(names)
    shown = [n if len(n) <= _LONGEST_NAME else f"{n[: _LONGEST_NAME - 1]}…" for n in names[:most]]
    return f"{', '.join(shown)}, … and {len(names) - most:,} more"


def has_no_names(class_names: Sequence[str]) -> bool:
    """Whether these are what the hub's library writes where nobody named the classes.

    >>> has_no_names(["LABEL_0", "LABEL_1"]), has_no_names(["bad", "good"])
    (True, False)
    """
    return [str(name) for name in class_names] == [f"LABEL_{i}" for i in range(len(class_names))]


def _tidy(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name.translate(_BLANK)).split())


def _others(name: str, spellings: Sequence[str]) -> str:
    """Name the other spellings, those that look the same by their number only."""
    seen = [other for other in dict.fromkeys(map(_tidy, spellings)) if other != name]
    alike = len(spellings) - len(seen) - 1
    parts = [f"also {', '.join(seen)}"] if seen else []
    if alike:
        parts.append(f"{alike} more that {'looks' if alike == 1 else 'look'} the same")
    return ", ".join(parts)
