"""A teacher's answers to sentences, computed once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from whytrain.data.batch_plan import Rows, evaluation_plan
from whytrain.data.cache import cache_directory, remembered
from whytrain.data.corpus import content_hash
from whytrain.data.encoded import EncodedSplit
from whytrain.data.pretrained import PretrainedTokenizer
from whytrain.errors import ConfigError
from whytrain.models.saved import DESCRIPTION, SavedModel, load_model
from whytrain.types import Inspectable

FORMAT = "1"  # part of the cache key: raise it when what is kept changes
_BATCH_SIZE = 64

Progress = Callable[[Sequence[Rows]], Iterable[Rows]]


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
    if (folder / DESCRIPTION).is_file():
        return load_model(folder)
    if not (folder / "config.json").is_file():
        raise ConfigError(
            f"distillation.teacher={folder}: expected a folder with {DESCRIPTION} (a saved model) or with "
            "config.json (a Hugging Face classifier), or the id or name of a tracked run"
        )
    from whytrain.models.transformer import Transformer, class_names_of

    tokenizer = PretrainedTokenizer(name_or_path=str(folder)).build([])
    names = class_names_of(folder)
    with torch.random.fork_rng(devices=[]):
        model = Transformer(
            vocabulary_size=tokenizer.vocabulary_size,
            n_classes=len(names),
            padding_id=tokenizer.padding_id,
            name_or_path=str(folder),
        )
    limit = min(max_tokens, model.max_tokens or max_tokens)
    return SavedModel(model.eval(), tokenizer, tuple(names), limit, None)


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
    encoded = teacher.tokenizer.encode(texts, teacher.max_tokens)
    lengths = np.array([len(ids) for ids in encoded], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    split = EncodedSplit(
        np.concatenate(encoded), offsets, np.zeros(len(texts), dtype=np.int64), teacher.tokenizer.padding_id
    )
    logits = np.empty((len(texts), len(teacher.class_names)), dtype=np.float32)
    attention = np.empty(len(split.token_ids), dtype=np.float32) if with_attention else None
    model = teacher.model.to(device).eval()
    with torch.inference_mode():
        for rows in progress(evaluation_plan(lengths, _BATCH_SIZE)):
            batch = split.batch(rows)
            ids, mask = batch.token_ids.to(device), None if batch.mask is None else batch.mask.to(device)
            if attention is None:
                logits[rows] = model(ids, mask).float().cpu().numpy()
                continue
            seen = model.inspect(model.embed(ids), mask) if isinstance(model, Inspectable) else None
            if seen is None or seen.attention is None:
                raise ConfigError(
                    "distillation.attention needs a teacher with attention; this one has none: set it to 0"
                )
            logits[rows] = seen.logits.float().cpu().numpy()
            _scatter(seen.attention, rows, offsets, attention)
    return Answers(logits, attention)


def _scatter(weights: Tensor, rows: Rows, offsets: NDArray[np.int64], attention: NDArray[np.float32]) -> None:
    """Write the weights (batch, n_tokens) of rows to their flat places."""
    columns = np.arange(weights.shape[1])
    places = offsets[rows, None] + columns
    inside = places < offsets[rows + 1, None]
    attention[places[inside]] = weights.float().cpu().numpy()[inside]


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
