"""Pretrained word vectors are the leading principal components of the source, at unit scale."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from sklearn.decomposition import PCA, TruncatedSVD
from small import small_bilstm

from whytrain.errors import ConfigError
from whytrain.models.bilstm.pretrained_vectors import pretrained_embeddings

ROWS, COLUMNS = 40, 12


@pytest.fixture
def matrix() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    # Directions of different variance around a mean far from zero, as word vectors have it.
    return torch.randn(ROWS, COLUMNS, generator=generator) * torch.linspace(0.2, 3, COLUMNS) + 5


@pytest.fixture
def folder(matrix: torch.Tensor, tmp_path: Path) -> Path:
    other = {"encoder.layer.0.weight": torch.zeros(3, 3)}
    save_file(other, tmp_path / "model-00001.safetensors")
    save_file({"embeddings.word_embeddings.weight": matrix}, tmp_path / "model-00002.safetensors")
    return tmp_path


@pytest.mark.parametrize("size", [1, 5, COLUMNS])
def test_equal_to_the_principal_components_up_to_rotation(folder, matrix, size):
    reduced = pretrained_embeddings(str(folder), ROWS, size)
    assert reduced.shape == (ROWS, size)
    assert reduced.dtype == torch.float32
    expected = torch.from_numpy(PCA(size, svd_solver="full").fit_transform(matrix.double().numpy()))
    expected = expected / expected.std()
    # Inner products of rows are what a rotation keeps. float32 eigenvectors of a 12 × 12 matrix: 1e-5.
    torch.testing.assert_close((reduced @ reduced.T).double(), expected @ expected.T, rtol=1e-4, atol=1e-4)
    centered = (matrix - matrix.mean(0)).numpy()
    by_svd = torch.from_numpy(
        TruncatedSVD(min(size, COLUMNS - 1), algorithm="arpack").fit_transform(centered)
    )
    if size < COLUMNS:
        by_svd = by_svd / by_svd.std()
        torch.testing.assert_close(reduced @ reduced.T, by_svd @ by_svd.T, rtol=1e-3, atol=1e-3)


def test_one_file_and_other_names_of_the_matrix(matrix, tmp_path):
    for name in ("model.embed_tokens.weight", "transformer.wte.weight"):
        path = tmp_path / "one.safetensors"
        save_file({name: matrix.half()}, path)
        assert pretrained_embeddings(str(path), ROWS, 3).shape == (ROWS, 3)


def test_the_model_starts_from_them_with_a_zero_padding_row(folder):
    embedding = {"size": 4, "pretrained": str(folder)}
    model = small_bilstm(vocabulary_size=ROWS, padding_id=7, embedding=embedding)
    expected = pretrained_embeddings(str(folder), ROWS, 4)
    expected[7] = 0
    torch.testing.assert_close(model.embedding.weight.detach(), expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("rows", "size", "message"),
    [
        (41, 4, "has 40 word vectors, the tokenizer has 41 entries; use the tokenizer"),
        (40, 13, "has vectors of 12 values; model.embedding.size is 13, the largest possible is 12"),
    ],
)
def test_sizes_that_do_not_fit(folder, rows, size, message):
    with pytest.raises(ConfigError, match=message):
        pretrained_embeddings(str(folder), rows, size)


def test_no_word_vectors(tmp_path):
    save_file({"encoder.weight": torch.zeros(2, 2)}, tmp_path / "a.safetensors")
    for place in (tmp_path, tmp_path / "nowhere", tmp_path / "nowhere.safetensors"):
        with pytest.raises(ConfigError, match=r"model.embedding.pretrained: no word embeddings"):
            pretrained_embeddings(str(place), 2, 2)
