"""A teacher's answers to sentences, computed once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import safetensors
import safetensors.numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from whytrain.data.cache import cache_directory, remembered
from whytrain.data.corpus import content_hash
from whytrain.errors import ConfigError
from whytrain.models.batch_runner import InspectedBatch, Progress, inspect_split, predict_split, split_of
from whytrain.models.existing import existing_classifier
from whytrain.models.interface import ModelInterface
from whytrain.models.saved import DESCRIPTION, SavedModel
from whytrain.models.token_attributions import token_attributions

Compared = Literal["attention", "attributions"]  # what student and teacher say of each token

FORMAT = "2"  # part of the cache key: raise it when what is kept changes
_BATCH_SIZE = 64


@dataclass(frozen=True, eq=False)
class Answers:
    """What a teacher says about sentences.

    Attributes:
        logits: float32 (n, n_classes).
        tokens: float32 (n_tokens_in_all,) each, what it says of the flat tokens of all sentences: its
            attention to them, or their attributions (see `whytrain.models.token_attributions`) for the class
            that it predicts.
    """

    logits: NDArray[np.float32]
    tokens: Mapping[Compared, NDArray[np.float32]]


def load_teacher(folder: Path, max_tokens: int) -> SavedModel:
    """Read a teacher from a folder: what `save_model` wrote, or a Hugging Face classifier.

    Args:
        folder: with model.yaml, or with config.json, *.safetensors and the tokenizer's files.
        max_tokens: tokens after which the latter cuts a text, unless it reads fewer.

    Raises:
        ConfigError: the folder holds neither.
    """
    if not any((folder / name).is_file() for name in (DESCRIPTION, "config.json")):
        raise ConfigError(
            f"distillation.teacher={folder}: expected a folder with {DESCRIPTION} (a saved model) or with "
            "config.json (a Hugging Face classifier), or the id or name of a tracked run"
        )
    return existing_classifier(str(folder), max_tokens)


def kept_answers(
    teacher: SavedModel,
    folder: Path,
    texts: Sequence[str],
    *,
    compared: Sequence[Compared],
    device: torch.device,
    progress: Progress,
) -> Answers:
    """Return the teacher's answers from the cache folder, or ask it and keep them.

    Args:
        teacher: as `load_teacher` read it.
        folder: where it lies: its files decide which answers are its own.
        texts: n sentences.
        compared: what it is asked of each token, too.
        device: where it computes.
        progress: shows how far it is.

    Raises:
        ConfigError: it shows no attention, or computes no logits from embeddings.
    """
    made_of = [folder_hash(folder), str(teacher.max_tokens), *compared, FORMAT]
    return remembered(
        cache_directory() / "teachers" / f"{content_hash(list(texts), made_of)}.safetensors",
        read=_read,
        make=lambda: answers(teacher, texts, compared=compared, device=device, progress=progress),
        write=_write,
    )


def answers(
    teacher: SavedModel,
    texts: Sequence[str],
    *,
    compared: Sequence[Compared],
    device: torch.device,
    progress: Progress = iter,
) -> Answers:
    """Ask a teacher about sentences, in batches of equal length. Arguments as in `kept_answers`."""
    model = teacher.interface
    model.module.to(device)
    split = split_of(texts, model)
    if not compared:
        predicted = predict_split(model, split, batch_size=_BATCH_SIZE, progress=progress)
        return Answers(predicted.logits.astype(np.float32), {})
    _check_shown(model, compared)
    logits = np.empty((len(texts), len(teacher.class_names)), dtype=np.float32)
    tokens = {name: np.empty(len(split.token_ids), dtype=np.float32) for name in compared}
    with_gradients = "attributions" in compared
    for batch in inspect_split(
        model, split, batch_size=_BATCH_SIZE, progress=progress, with_gradients=with_gradients
    ):
        rows = batch.rows.numpy()
        logits[rows] = batch.inspection.logits.detach().float().cpu().numpy()
        inside = batch.mask.cpu().numpy()
        places = (split.offsets[rows, None] + np.arange(inside.shape[1]))[inside]
        for name, kept in tokens.items():
            kept[places] = _of_tokens(name, batch).detach().float().cpu().numpy()[inside]
    return Answers(logits, tokens)


def _of_tokens(name: Compared, batch: InspectedBatch) -> Tensor:
    """Return what a teacher says of tokens, (batch, n_tokens)."""
    if name == "attributions":
        logits = batch.inspection.logits
        return token_attributions(logits, batch.embeddings, logits.argmax(dim=1))
    assert batch.inspection.attention is not None
    return batch.inspection.attention


def _check_shown(model: ModelInterface, compared: Sequence[Compared]) -> None:
    if "attention" in compared and model.capabilities.attention == "none":
        raise ConfigError(
            "distillation.attention needs a teacher with attention; this one has none: set it to 0"
        )
    if "attributions" in compared and not model.capabilities.embeddings:
        raise ConfigError(
            "distillation.attributions needs a teacher with embed() and inspect(); this one lacks them: set "
            "it to 0"
        )


def folder_hash(folder: Path) -> str:
    """Return 32 hexadecimal digits that stand for the names and contents of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:32]


def _write(path: Path, kept: Answers) -> None:
    arrays: dict[str, NDArray[np.float32]] = {"logits": kept.logits}
    arrays.update((name, values) for name, values in kept.tokens.items())
    safetensors.numpy.save_file(arrays, path)


def _read(path: Path) -> Answers | None:
    try:
        arrays: dict[Any, Any] = safetensors.numpy.load_file(path)
        return Answers(arrays.pop("logits"), arrays)
    except (OSError, KeyError, safetensors.SafetensorError):  # absent or damaged
        return None
