"""Word embeddings of a pretrained model, reduced to the size that a small model wants."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from whytrain.errors import ConfigError


def pretrained_embeddings(directory: str, vocabulary_size: int, size: int) -> Tensor:
    """Read the input embeddings of a model in safetensors form and reduce them by SVD.

    The rows are centered, projected on their `size` leading right singular vectors and scaled to unit
    variance over the whole matrix, so that any source enters the network at the same scale.

    Args:
        directory: a Hugging Face model directory, or one .safetensors file.
        vocabulary_size: rows that the tokenizer needs; the source must have exactly as many.
        size: columns wanted; at most those of the source.

    Returns:
        float32 (vocabulary_size, size).

    Raises:
        ConfigError: no safetensors file, no word embeddings in it, or shapes that do not fit.
    """
    matrix = _read_word_embeddings(Path(directory).expanduser())
    rows, columns = matrix.shape
    if rows != vocabulary_size:
        raise ConfigError(
            f"model.embedding.pretrained: {directory} has {rows} word vectors, the tokenizer has "
            f"{vocabulary_size} entries; use the tokenizer that the vectors were trained with "
            "(tokenizer=bert for a BERT-family model)"
        )
    if columns < size:
        raise ConfigError(
            f"model.embedding.pretrained: {directory} has vectors of {columns} values; "
            f"model.embedding.size is {size}, the largest possible is {columns}"
        )
    centered = matrix - matrix.mean(dim=0)
    # Eigenvectors of the (columns, columns) covariance: the right singular vectors, without a 30,000-row SVD.
    _, vectors = torch.linalg.eigh(centered.T @ centered)
    reduced = centered @ vectors[:, -size:].flip(1)
    scaled: Tensor = reduced / reduced.std()
    return scaled


def _read_word_embeddings(path: Path) -> Tensor:
    files = [path] if path.suffix == ".safetensors" else sorted(path.glob("*.safetensors"))
    for file in (f for f in files if f.is_file()):
        with safe_open(file, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 (safe_open is no mapping)
                if name.endswith(("word_embeddings.weight", "embed_tokens.weight", "wte.weight")):
                    matrix: Tensor = tensors.get_tensor(name).float()
                    return matrix
    raise ConfigError(
        f"model.embedding.pretrained: no word embeddings in a *.safetensors file under {path}; "
        "give a Hugging Face model directory or one .safetensors file"
    )
