"""Words that say who somebody is, in kinds whose words can stand for each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from whytrain.errors import ConfigError, MissingDataError

SLOT = "{}"


@dataclass(frozen=True, kw_only=True)
class TermSet:
    """Words that can stand for each other, one for each group of people.

    Attributes:
        kind: what they tell of somebody, such as gender.
        groups: of the kind.
        words: of the groups, in their order.
        form: which templates they fit.
        in_texts: whether they are exchanged in sentences of the data: they mean people there.
    """

    kind: str
    groups: tuple[str, ...]
    words: tuple[str, ...]
    form: str
    in_texts: bool = True


@dataclass(frozen=True, kw_only=True)
class IdentityTerms:
    """All that a file of identity terms says.

    Attributes:
        sets: the words.
        templates: sentences with a slot, by form.
        further: words in lower case that say who somebody is, and have no others beside them.
    """

    sets: tuple[TermSet, ...]
    templates: Mapping[str, tuple[str, ...]]
    further: frozenset[str] = frozenset()

    @property
    def words(self) -> frozenset[str]:
        """All words, in lower case."""
        return self.further | {word.lower() for terms in self.sets for word in terms.words}


@cache
def english_terms() -> IdentityTerms:
    """Return the packaged terms."""
    text = resources.files("whytrain.shortcuts").joinpath("identity_terms.yaml").read_text("utf-8")
    return parse_terms(text, "identity_terms.yaml")


def read_terms(path: str | Path) -> IdentityTerms:
    """Read a file of terms of the form of `identity_terms.yaml`.

    Raises:
        MissingDataError: there is no such file.
        ConfigError: it has another form.
    """
    file = Path(path).expanduser()
    try:
        return parse_terms(file.read_text("utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise MissingDataError(f"{file}: no readable file of terms ({type(error).__name__})") from error


def parse_terms(text: str, source: str) -> IdentityTerms:
    """Read terms from the text of a file; `source` is how errors call it."""
    try:
        content = yaml.load(text, yaml.BaseLoader)  # noqa: S506  (all values as they are written)
        templates = {form: tuple(map(str, lines)) for form, lines in content.get("templates", {}).items()}
        sets = [found for kind, entry in content["kinds"].items() for found in _sets(kind, entry)]
        further = frozenset(content.get("further", "").split())
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{source}: expected kinds with groups and rows of as many words, as in identity_terms.yaml "
            f"({type(error).__name__}: {' '.join(str(error).split())[:80]})"
        ) from error
    for form, lines in templates.items():
        for line in lines:
            if line.count(SLOT) != 1:
                raise ConfigError(f"{source}: templates.{form}: expected {SLOT} once in {line!r}")
    for terms in sets:
        if not 2 <= len(terms.groups) == len(set(terms.words)) == len(terms.words):
            raise ConfigError(
                f"{source}: kinds.{terms.kind}.{terms.form}: expected a word of its own for each group of "
                f"{', '.join(terms.groups)}, two at least; got {', '.join(terms.words)}"
            )
    _check_once(sets, source)
    return IdentityTerms(sets=tuple(sets), templates=templates, further=further)


def _sets(kind: str, entry: Mapping[str, Any]) -> list[TermSet]:
    groups, in_texts = tuple(entry["groups"]), entry.get("in_texts", "true") == "true"
    forms = {form: rows for form, rows in entry.items() if form not in ("groups", "in_texts")}
    return [
        TermSet(kind=kind, groups=groups, words=tuple(row), form=form, in_texts=in_texts)
        for form, rows in forms.items()
        for row in rows
    ]


def _check_once(sets: list[TermSet], source: str) -> None:
    """Refuse a word of which nobody could say what stands for it in a sentence."""
    seen: set[str] = set()
    for word in (word.lower() for terms in sets if terms.in_texts for word in terms.words):
        if word in seen or word.split() != [word]:
            raise ConfigError(f"{source}: expected single words, each in one row; got {word!r}")
        seen.add(word)
