"""Packages that only some features need."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from whytrain.errors import ConfigError
from whytrain.extras import EXTRAS, how_to_install
from whytrain.health.check import Check


def extras_checks() -> list[Check]:
    """Look at each package, and at WordNet's data, which nltk loads apart."""
    return [check for name in EXTRAS for check in (_package(name), *_wordnet(name))]


def _package(name: str) -> Check:
    purpose, _ = EXTRAS[name]
    try:
        found = f"{version(name)}: {purpose}"
    except PackageNotFoundError:
        return Check(subject=name, status="missing", found=purpose, advice=how_to_install(name))
    return Check(subject=name, status="ok", found=found)


def _wordnet(name: str) -> list[Check]:
    if name != "nltk":
        return []
    from whytrain.data.lexicon import DOWNLOAD_WORDNET, WordNet

    try:
        WordNet()
    except ConfigError:
        return [
            Check(subject="WordNet", status="missing", found="its data are not here", advice=DOWNLOAD_WORDNET)
        ]
    return [Check(subject="WordNet", status="ok", found="its data are there")]
