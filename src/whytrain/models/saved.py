"""A trained classifier as a folder, and back: weights, how to build it, its tokenizer; nothing pickled."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import safetensors.torch
import torch
import yaml
from numpy.typing import NDArray
from torch import nn

from whytrain.calibration.confidence import Confidence
from whytrain.calibration.label_confidence import LabelConfidence
from whytrain.config.trust import is_trusted, own_path
from whytrain.data.tokenization import Tokenizer
from whytrain.data.words import split_words
from whytrain.errors import WhytrainError
from whytrain.models.batch_runner import predict_split, split_of
from whytrain.models.interface import ModelInterface, interface_of, saved_arguments_of
from whytrain.models.masked_language_model import MaskedLanguageModel
from whytrain.models.reference_words import TokenIds
from whytrain.models.windowed import Windowed
from whytrain.tasks import CLASSIFICATION, TASKS, Task

WEIGHTS = "weights.safetensors"
DESCRIPTION = "model.yaml"
TOKENIZER = "tokenizer"
REFERENCE_WORDS = "reference_words.json"
_FORMAT = 4
_READABLE = (3, 4)  # of format 3: classification, without an entry that says so
_BATCH_SIZE = 64


@dataclass(frozen=True, kw_only=True)
class SavedModel:
    """A classifier that takes texts.

    Attributes:
        model: The module; in evaluation mode where `load_model` made it.
        tokenizer: What makes its token ids.
        class_names: Names of the classes in the order of the logits.
        max_tokens: Tokens after which a text is cut.
        confidence: What a calibration slice said about the model's confidence; None without a slice.
        task: What the logits mean.
        explainers: Methods of the run by name, each with its `_target_` and settings, plain data.
        reference_words: Words of training texts, see `whytrain.models.reference_words`; none where they are
            not known, or private.
        additions: What was made for the model, folders by name, which are kept with it.
        infill: Fills in words that are absent in explanations; None: none does. It is not saved.
    """

    model: nn.Module
    tokenizer: Tokenizer
    class_names: tuple[str, ...]
    max_tokens: int
    confidence: Confidence | LabelConfidence | None = None
    task: Task = CLASSIFICATION
    explainers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reference_words: tuple[TokenIds, ...] = ()
    additions: Mapping[str, Path] = field(default_factory=dict)
    infill: MaskedLanguageModel | None = None

    @cached_property
    def interface(self) -> ModelInterface:
        """The model as algorithms see it.

        Raises:
            ConfigError: see `interface_of`.
        """
        seen = replace(self._asked(), additions=self.additions)
        return seen if self.infill is None else seen.filled_by(self.infill)

    def _asked(self) -> ModelInterface:
        return interface_of(self.model, self.tokenizer, self.max_tokens, self.reference_words)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the logits of the classes, float64 (n_texts, n_classes), without temperature."""
        if not len(texts):
            return np.empty((0, len(self.class_names)))
        split = split_of(texts, self.interface)
        return predict_split(self.interface, split, batch_size=_BATCH_SIZE).logits

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probabilities of the classes, float64 (n_texts, n_classes), without temperature."""
        return self.task.probabilities(self.logits(texts))

    def predict(self, texts: Sequence[str]) -> pd.DataFrame:
        """Classify texts.

        Returns:
            One row per text: `label` (the most probable class), `probability` (its), and a column
            `probability_<class>` for each class. With `confidence` also `calibrated_probability`, a column
            `in_set_<class>` for each class (the conformal set) and `abstain`, missing where no confidence
            keeps the error rate asked for. Where classes do not exclude each other: `label` (those more
            probable than not, joined by a semicolon), `probability_<label>` and, with `confidence`,
            `calibrated_probability_<label>` for each. A text without words has a row of nulls.
        """
        rows = [row for row, text in enumerate(texts) if split_words(text)]
        if rows:
            told = self.answers(self.logits([texts[row] for row in rows]))
        else:  # the columns and types of any answer
            told = self.answers(np.zeros((1, len(self.class_names)))).iloc[:0]
        return told if len(rows) == len(texts) else told.set_axis(rows).reindex(range(len(texts)))

    def answers(self, logits: NDArray[np.float64]) -> pd.DataFrame:
        """Return what `predict` says of at least one text with these logits, (n_texts, n_classes)."""
        probabilities = self.task.probabilities(logits)
        decided = self.task.decisions(probabilities)
        columns: dict[str, object] = {
            "label": np.array(self.task.show(decided, self.class_names), dtype=object)
        }
        if self.task.exclusive:
            columns["probability"] = probabilities[np.arange(len(decided)), decided]
        for index, name in enumerate(self.class_names):
            columns[f"probability_{name}"] = probabilities[:, index]
        if isinstance(self.confidence, LabelConfidence):
            corrected = self.confidence.probabilities(logits)
            columns |= {
                f"calibrated_probability_{name}": corrected[:, index]
                for index, name in enumerate(self.class_names)
            }
        elif self.confidence is not None:
            columns["calibrated_probability"] = self.confidence.probabilities(logits).max(axis=1)
            held = self.confidence.sets(logits)
            columns |= {f"in_set_{name}": held[:, index] for index, name in enumerate(self.class_names)}
            columns["abstain"] = self._abstains(self.confidence, logits)
        return pd.DataFrame(columns)

    @staticmethod
    def _abstains(confidence: Confidence, logits: NDArray[np.float64]) -> pd.api.extensions.ExtensionArray:
        """Whether to abstain from each answer; missing where no threshold keeps the risk."""
        if confidence.abstention.threshold is None:
            return pd.array([None] * len(logits), dtype="boolean")
        return pd.array(confidence.abstains(logits), dtype="boolean")


def save_model(directory: Path, saved: SavedModel, *, class_path: str, arguments: Mapping[str, Any]) -> None:
    """Write a classifier into a folder, which is made.

    Args:
        directory: The folder.
        saved: The classifier.
        class_path: Where the class of its module is imported from, such as
            `whytrain.models.bilstm.BiLSTM`.
        arguments: Keyword arguments of its constructor, plain data. Paths of pretrained weights (the key
            `pretrained`, at any depth) are left out: the weights are in the folder. A model may say itself
            how it is rebuilt without its first weights (`whytrain.models.interface`).
    """
    (directory / TOKENIZER).mkdir(parents=True, exist_ok=True)
    description = {
        "format": _FORMAT,
        "class_path": class_path,
        "arguments": saved_arguments_of(saved.model) or _without_pretrained(dict(arguments)),
        "task": saved.task.name,
        "class_names": list(saved.class_names),
        "max_tokens": saved.max_tokens,
        "window": saved.model.window if isinstance(saved.model, Windowed) else None,
        "confidence": None if saved.confidence is None else saved.confidence.to_plain(),
        "explainers": {name: dict(section) for name, section in saved.explainers.items()},
    }
    text = yaml.safe_dump(description, sort_keys=False, allow_unicode=True)
    (directory / DESCRIPTION).write_text(text, "utf-8")
    if saved.reference_words:
        (directory / REFERENCE_WORDS).write_text(json.dumps(saved.reference_words), "utf-8")
    model = saved.model.model if isinstance(saved.model, Windowed) else saved.model
    safetensors.torch.save_model(model, str(directory / WEIGHTS))
    saved.tokenizer.save(directory / TOKENIZER)
    for name, folder in saved.additions.items():
        if folder != directory / name:
            shutil.copytree(folder, directory / name, dirs_exist_ok=True)


def add_explainer(directory: Path, name: str, section: Mapping[str, Any]) -> None:
    """Let a saved model say that it can be explained by one more method, with these settings."""
    description = _description(directory)
    description["explainers"] = {**description.get("explainers", {}), name: dict(section)}
    text = yaml.safe_dump(description, sort_keys=False, allow_unicode=True)
    (directory / DESCRIPTION).write_text(text, "utf-8")


def load_model(directory: Path, *, any_class: bool = False, device: torch.device | str = "cpu") -> SavedModel:
    """Read what `save_model` wrote.

    Args:
        directory: The folder.
        any_class: Import whatever class the folder names; otherwise it must be a trusted one
            (`whytrain.config.trust`).
        device: Where the model computes, whatever it was trained on.

    Raises:
        WhytrainError: If the folder is incomplete, of another format, or names a class that is not trusted.
    """
    description = _description(directory)
    class_path = own_path(str(description["class_path"]))
    if not (any_class or is_trusted(class_path)):
        raise WhytrainError(
            f"the model's class {class_path} is neither whytrain's nor a _target_ of a file under conf/, and "
            "its import would run code: if you trust it, name it in a file under conf/model/"
        )
    with torch.random.fork_rng(devices=[]):  # the weights drawn here are replaced at once
        model = _model_class(class_path)(**description["arguments"])
    safetensors.torch.load_model(model, directory / WEIGHTS)
    tokenizer = Tokenizer.load(directory / TOKENIZER)
    if (window := description.get("window")) is not None:
        model = Windowed(model, int(window), tokenizer.frame)
    plain, task = description["confidence"], TASKS[description.get("task", CLASSIFICATION.name)]
    kind = Confidence if task.exclusive else LabelConfidence
    return SavedModel(
        model=model.eval().to(device),
        tokenizer=tokenizer,
        class_names=tuple(description["class_names"]),
        max_tokens=int(description["max_tokens"]),
        confidence=None if plain is None else kind.from_plain(plain),
        task=task,
        explainers={
            name: section | {"_target_": own_path(section["_target_"])}
            for name, section in description.get("explainers", {}).items()
        },
        reference_words=_reference_words(directory),
        additions={
            path.name: path for path in directory.iterdir() if path.is_dir() and path.name != TOKENIZER
        },
    )


def _reference_words(directory: Path) -> tuple[TokenIds, ...]:
    path = directory / REFERENCE_WORDS
    return tuple(map(tuple, json.loads(path.read_text("utf-8")))) if path.is_file() else ()


def _description(directory: Path) -> dict[str, Any]:
    missing = [name for name in (DESCRIPTION, WEIGHTS, TOKENIZER) if not (directory / name).exists()]
    if missing:
        raise WhytrainError(f"{directory} holds no saved model: {', '.join(missing)} is missing")
    description = yaml.safe_load((directory / DESCRIPTION).read_text("utf-8"))
    if not isinstance(description, dict) or description.get("format") not in _READABLE:
        raise WhytrainError(
            f"{directory / DESCRIPTION} is not of format {_FORMAT}: load it with the whytrain that wrote it"
        )
    return description


def _model_class(class_path: str) -> type[nn.Module]:
    module_name, _, class_name = class_path.rpartition(".")
    try:
        model_class = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise WhytrainError(f"the model's class {class_path} cannot be imported: {error}") from error
    if not (isinstance(model_class, type) and issubclass(model_class, nn.Module)):
        raise WhytrainError(f"{class_path} is no torch.nn.Module, so it cannot be the model's class")
    return model_class


def _without_pretrained(arguments: dict[str, Any]) -> dict[str, Any]:
    """Drop where the first weights came from: rebuilding must not look for a file that may be gone."""
    return {
        key: None
        if key == "pretrained"
        else _without_pretrained(dict(value))
        if isinstance(value, Mapping)
        else value
        for key, value in arguments.items()
    }
