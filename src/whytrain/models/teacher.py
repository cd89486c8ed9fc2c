"""A teacher's answers to sentences, computed once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
import torch
from numpy.typing import NDArray

from whytrain.data.cache import cache_directory, remembered
from whytrain.data.corpus import content_hash
from whytrain.errors import ConfigError
from whytrain.models.batch_runner import Progress, inspect_split, predict_split, split_of
from whytrain.models.existing import existing_classifier
from whytrain.models.saved import DESCRIPTION, SavedModel

FORMAT = "1"  # part of the cache key: raise it when what is kept changes
_BATCH_SIZE = 64


@dataclass(frozen=True, eq=False)
class Answers:
    """What a teacher says about sentences.

    Attributes:
        logits: float32 (n, n_classes).
        attention: float32 (n_tokens_in_all,), its attention to the flat tokens of all sentences; None unless
            asked for.
    """

    logits: NDArray[np.float32]
    attention: NDArray[np.float32] | None


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
    with_attention: bool,
    device: torch.device,
    progress: Progress,
) -> Answers:
    """Return the teacher's answers from the cache folder, or ask it and keep them.

    Args:
        teacher: as `load_teacher` read it.
        folder: where it lies: its files decide which answers are its own.
        texts: n sentences.
        with_attention: whether its attention is asked for, too.
        device: where it computes.
        progress: shows how far it is.
    """
    made_of = [folder_hash(folder), str(teacher.max_tokens), str(with_attention), FORMAT]
    return remembered(
        cache_directory() / "teachers" / f"{content_hash(list(texts), made_of)}.safetensors",
        read=_read,
        make=lambda: answers(teacher, texts, with_attention=with_attention, device=device, progress=progress),
        write=_write,
    )


def answers(
    teacher: SavedModel,
    texts: Sequence[str],
    *,
    with_attention: bool,
    device: torch.device,
    progress: Progress = iter,
) -> Answers:
    """Ask a teacher about sentences, in batches of equal length. Arguments as in `kept_answers`."""
    model = teacher.interface
    model.module.to(device)
    split = split_of(texts, model)
    if not with_attention:
        logits = predict_split(model, split, batch_size=_BATCH_SIZE, progress=progress).logits
        return Answers(logits.astype(np.float32), None)
    if model.capabilities.attention == "none":
        raise ConfigError(
            "distillation.attention needs a teacher with attention; this one has none: set it to 0"
        )
    answered = np.empty((len(texts), len(teacher.class_names)), dtype=np.float32)
    attention = np.empty(len(split.token_ids), dtype=np.float32)
    for batch in inspect_split(model, split, batch_size=_BATCH_SIZE, progress=progress):
        rows, weights = batch.rows.numpy(), batch.inspection.attention
        assert weights is not None
        answered[rows] = batch.inspection.logits.float().cpu().numpy()
        places = split.offsets[rows, None] + np.arange(weights.shape[1])
        inside = batch.mask.cpu().numpy()
        attention[places[inside]] = weights.float().cpu().numpy()[inside]
    return Answers(answered, attention)


def folder_hash(folder: Path) -> str:
    """Return 32 hexadecimal digits that stand for the names and contents of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:32]


def _write(path: Path, kept: Answers) -> None:
    arrays = {"logits": kept.logits} | ({} if kept.attention is None else {"attention": kept.attention})
    safetensors.numpy.save_file(arrays, path)


def _read(path: Path) -> Answers | None:
    try:
        arrays = safetensors.numpy.load_file(path)
        return Answers(arrays["logits"], arrays.get("attention"))
    except (OSError, KeyError, safetensors.SafetensorError):  # absent or damaged
        return None
