"""Answering a record's text again with the same model, and comparing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whytrain.audit.answers import Reasons, answers_of, fingerprint, salted_hash
from whytrain.errors import ConfigError, WhytrainError
from whytrain.models.saved import load_model
from whytrain.runs.model import kept_model
from whytrain.tracking.reader import find_run, saved_model

# Batches of other sizes add in another order: about 1e-6 of a float32 logit per layer.
_TOLERANCE = 1e-4


def reproduce(
    entry: Mapping[str, Any], *, text: str | None, folder: Path | None, root: Path, uri: str | None
) -> str | None:
    """Return the first difference between a recorded answer and the one that its model gives now; None: none.

    Args:
        entry: of the record.
        text: what was asked, where the record holds only its hash.
        folder: of the saved model; None: that of the run that the entry names.
        root: folder of this machine's runs.
        uri: tracking address; None: SQLite in that folder.

    Raises:
        ConfigError: the entry is no answer, its text is not given, or not the one that was asked.
        WhytrainError: the model is not the one that answered.
    """
    if entry["kind"] != "answer":
        raise ConfigError(f"entry {entry['number']} is no answer ({entry['kind']})")
    asked = _text(entry, text)
    known = entry["model"]
    if folder is None and known["run"] is None:
        raise ConfigError(
            f"entry {entry['number']} was answered by a model of no run: give its folder with --model"
        )
    place = folder or model_folder(known["run"], root, uri)
    if fingerprint(place) != known["fingerprint"]:
        raise WhytrainError(f"{place} is not the model that answered: its fingerprint is another one")
    model, told = load_model(place), dict(entry["answer"])
    again = answers_of(model, [asked])[0]
    if (explained := told.get("explanation")) is not None:
        again["explanation"] = Reasons(model, explained["settings"], seed=explained["seed"])([asked])[0]
    return _difference(told, again, "answer")


def _text(entry: Mapping[str, Any], text: str | None) -> str:
    if "text" in entry:
        return str(entry["text"])
    if text is None:
        raise ConfigError(f"entry {entry['number']} holds only a hash of its text: give it with --text")
    if salted_hash(text, entry["salt"]) != entry["text_sha256"]:
        raise ConfigError(f"the text is not the one of entry {entry['number']}: its hash is another one")
    return text


def address_of(root: Path, uri: str | None) -> str:
    """Return the tracking address: the given one, or SQLite in the folder of runs.

    Raises:
        ConfigError: there are no runs in that folder.
    """
    if uri is None and not (root / "mlflow.db").is_file():
        raise ConfigError(
            f"--directory {root}: expected the folder of runs (with mlflow.db), such as the mlruns of where "
            "the model was trained; or give the tracking address as --uri"
        )
    return uri or f"sqlite:///{root.resolve() / 'mlflow.db'}"


def model_folder(run: str, root: Path, uri: str | None) -> Path:
    """Return the folder of a run's saved model.

    Raises:
        WhytrainError: there is no such run, or it logged no model.
    """
    address = address_of(root, uri)
    return kept_model(root.resolve(), address, run) or saved_model(find_run(address, run))


def _difference(told: Any, again: Any, place: str) -> str | None:
    """Return where two answers differ; keys that only the new one has (private words) are left out."""
    if isinstance(told, Mapping) and isinstance(again, Mapping):
        found = (_difference(value, again.get(key), f"{place}.{key}") for key, value in told.items())
        return next(filter(None, found), None)
    if isinstance(told, list) and isinstance(again, list) and len(told) == len(again):
        found = (_difference(a, b, f"{place}.{i}") for i, (a, b) in enumerate(zip(told, again, strict=True)))
        return next(filter(None, found), None)
    if isinstance(told, float) and isinstance(again, float):
        is_same = math.isclose(told, again, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    else:
        is_same = told == again
    return None if is_same else f"{place} was {told} and is {again}"
