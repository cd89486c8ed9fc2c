"""An answer of a model, with its reasons: as it is sent, and as it is recorded."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import make_explainer
from whytrain.attribution.text import TextExplainer
from whytrain.errors import DataError
from whytrain.models.saved import SavedModel


def answers_of(
    model: SavedModel, texts: Sequence[str], logits: NDArray[np.float64] | None = None
) -> list[dict[str, Any]]:
    """Classify texts.

    Args:
        model: the model.
        texts: n texts.
        logits: of each, (n, n_classes), where they are known.

    Returns:
        Per text what `SavedModel.predict` says, and of one without words what the model would, as plain
        data: `label`, `probability`, `probabilities` by class, and with a calibration slice
        `calibrated_probability` (or, for labels, `calibrated_probabilities`), `set` (the conformal set) and
        `abstain` (null where no confidence keeps the risk).
    """
    table = model.answers(model.logits(texts) if logits is None else logits)
    return [_answer(row, model.class_names) for row in table.to_dict("records")]


def _answer(row: Mapping[Any, Any], classes: Sequence[str]) -> dict[str, Any]:
    answer: dict[str, Any] = {"label": row["label"]}
    if "probability" in row:
        answer["probability"] = row["probability"]
    answer["probabilities"] = {name: row[f"probability_{name}"] for name in classes}
    if "calibrated_probability" in row:
        answer["calibrated_probability"] = row["calibrated_probability"]
        answer["set"] = [name for name in classes if row[f"in_set_{name}"]]
        answer["abstain"] = None if pd.isna(row["abstain"]) else bool(row["abstain"])
    elif f"calibrated_probability_{classes[0]}" in row:
        answer["calibrated_probabilities"] = {n: row[f"calibrated_probability_{n}"] for n in classes}
    return answer


class UnexplainedError(DataError):
    """A text cannot be explained.

    Attributes:
        row: which one of the texts, from 0.
    """

    def __init__(self, row: int, reason: str) -> None:
        """Keep the row."""
        super().__init__(reason)
        self.row = row


class Reasons:
    """A method that says why a model answers texts as it does: for what it predicts, in log-odds."""

    def __init__(self, model: SavedModel, settings: Mapping[str, Any], *, seed: int) -> None:
        """Make the method's first variant.

        Args:
            model: the model.
            settings: of the method, with its `_target_`.
            seed: of methods that draw.

        Raises:
            ConfigError: the method needs what the model has not.
        """
        self._settings, self._seed = dict(settings), seed
        method = make_explainer(settings).first_variant(model.interface)
        self._explainer = TextExplainer(model, [method], payoff="log_odds", seed=seed)

    def __call__(
        self, texts: Sequence[str], logits: NDArray[np.float64] | None = None
    ) -> list[dict[str, Any]]:
        """Explain several texts together.

        Args:
            texts: n texts.
            logits: of each, (n, n_classes), where they are known.

        Returns:
            Per text `settings` and `seed`, by which it can be repeated, `class`, `method`, `variant`, `unit`,
            `words`, `scores`, `standard_errors` (null: exact, or none are known) and `total` (of nothing and
            of all; null where scores sum to nothing).

        Raises:
            UnexplainedError: a text has no words, or too many characters.
        """
        told = []
        for row, found in enumerate(self._explainer.score(texts, logits)):
            if isinstance(found, DataError):
                raise UnexplainedError(row, str(found)) from found
            told.append(self._plain(found.attributions[0]))
        return told

    def _plain(self, found: Attribution) -> dict[str, Any]:
        return {
            "settings": self._settings,
            "seed": self._seed,
            "class": found.target.name,
            "method": found.method,
            "variant": found.variant,
            "unit": found.quantity.unit,
            "words": list(found.words),
            "scores": found.scores.tolist(),
            "standard_errors": None if found.standard_errors is None else found.standard_errors.tolist(),
            "total": None if found.total is None else list(found.total),
        }


def recorded(
    answer: Mapping[str, Any],
    text: str,
    *,
    model: Mapping[str, Any],
    request: str,
    asked_by: str | None,
    with_text: bool,
) -> dict[str, Any]:
    """Return an answer as an entry of the record.

    Args:
        answer: of `answers_of`, with `explanation` where there is one.
        text: what was asked.
        model: which one answered: its run, version and fingerprint.
        request: id of the request, which may hold several texts.
        asked_by: who asked, as they said.
        with_text: else a salted hash stands for the text, and an explanation keeps no words: whoever has the
            text can show that it is the one, and nobody can read it or tell that two are the same.
    """
    entry: dict[str, Any] = {
        "kind": "answer",
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "request": request,
        "asked_by": asked_by,
        "model": dict(model),
    }
    if with_text:
        entry["text"] = text
    else:
        entry["salt"] = secrets.token_hex(16)
        entry["text_sha256"] = salted_hash(text, entry["salt"])
    entry["answer"] = dict(answer)
    if not with_text and answer.get("explanation") is not None:
        kept = {name: value for name, value in answer["explanation"].items() if name != "words"}
        entry["answer"]["explanation"] = kept
    return entry


def salted_hash(text: str, salt: str) -> str:
    """Return what stands for a private text, in hexadecimal digits."""
    return hashlib.sha256(f"{salt}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 of a saved model: of its files' names and contents, in hexadecimal digits."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return whole.hexdigest()
