"""A saved model predicts as the trained one did, and importing is kept to what is trusted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from small import BILSTM, bilstm_arguments, small_bilstm, wordpiece_tokenizer

from whytrain.config.trust import trust
from whytrain.errors import WhytrainError
from whytrain.models.bilstm import BiLSTM
from whytrain.models.saved import SavedModel, load_model, save_model

WORDS = ["a", "good", "bad", "film", "not"]
TEXTS = ["good film", "a bad film", "not a good film", "bad", "a a a a a a a a a a a a good", "", "šílený"]
CLASSES = ("neg", "neutral", "pos")
ARGUMENTS = bilstm_arguments(vocabulary_size=10, pooling="attention", layer_norm=True, dropout=0.5)


def save(folder: Path, model: BiLSTM, arguments: dict[str, Any]) -> Path:
    tokenizer = wordpiece_tokenizer(WORDS)
    saved = SavedModel(model=model, tokenizer=tokenizer, class_names=CLASSES, max_tokens=8)
    save_model(folder, saved, class_path=BILSTM, arguments=arguments)
    return folder


@pytest.fixture
def model() -> BiLSTM:
    return small_bilstm(**ARGUMENTS)


@pytest.fixture
def folder(model: BiLSTM, tmp_path: Path) -> Path:
    return save(tmp_path / "model", model, ARGUMENTS)


def test_it_predicts_as_the_model_did(model: BiLSTM, folder: Path) -> None:
    model.eval()
    encoded = wordpiece_tokenizer(WORDS).encode(TEXTS, 8)
    with torch.inference_mode():  # one by one, so without padding
        logits = torch.cat([model(torch.tensor(ids[None].astype("int64")), None) for ids in encoded])
    expected = logits.double().softmax(dim=1).numpy()
    saved = load_model(folder)
    # Padded batches sum in another order: float32 rounding, far below the classes' differences.
    np.testing.assert_allclose(saved.probabilities(TEXTS), expected, atol=1e-6)
    frame = saved.predict(TEXTS)
    is_blank = np.array([not text.strip() for text in TEXTS])
    assert frame[is_blank].isna().all(axis=None)
    frame, expected = frame[~is_blank], expected[~is_blank]
    best = expected.argmax(axis=1)
    assert frame.columns.tolist() == [
        "label",
        "probability",
        "probability_neg",
        "probability_neutral",
        "probability_pos",
    ]
    assert frame["label"].tolist() == [("neg", "neutral", "pos")[index] for index in best]
    np.testing.assert_allclose(frame["probability"], expected.max(axis=1), atol=1e-6)
    np.testing.assert_allclose(frame.iloc[:, 2:], expected, atol=1e-6)


def test_order_and_number_of_texts_do_not_matter(folder: Path) -> None:
    saved = load_model(folder)
    many = [TEXTS[index % len(TEXTS)] for index in range(200)]  # more than one batch
    pd.testing.assert_frame_equal(
        saved.predict(many[::-1]).iloc[::-1].reset_index(drop=True), saved.predict(many), atol=1e-6
    )
    assert saved.predict([]).shape == (0, 5)


def test_nothing_is_pickled(folder: Path) -> None:
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {"model.yaml", "weights.safetensors", "tokenizer/tokenizer.json"}


def test_loading_leaves_the_random_numbers_alone(folder: Path) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    load_model(folder)
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)


def test_the_pretrained_vectors_are_not_looked_for_again(model: BiLSTM, tmp_path: Path) -> None:
    arguments = ARGUMENTS | {"embedding": {"size": 6, "pretrained": str(tmp_path / "gone")}}
    loaded = load_model(save(tmp_path / "m", model, arguments)).model
    torch.testing.assert_close(loaded.state_dict(), model.state_dict(), rtol=0, atol=0)


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / "model.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))


def test_a_class_from_elsewhere_is_not_imported(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere.py").write_text("from whytrain.models.bilstm import BiLSTM\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    rewrite(folder, class_path="elsewhere.BiLSTM")
    monkeypatch.setattr("whytrain.config.trust._trusted", set())
    trust(["elsewhere.Other"])
    with pytest.raises(
        WhytrainError, match=r"elsewhere.BiLSTM is neither whytrain's nor a _target_ of a file"
    ):
        load_model(folder)
    assert "elsewhere" not in sys.modules
    trust(["elsewhere.BiLSTM"])
    assert load_model(folder).max_tokens == 8


@pytest.mark.parametrize(
    ("class_path", "message"),
    [
        ("whytrain.models.bilstm.Nothing", "cannot be imported"),
        ("whytrain.models.nothing.BiLSTM", "cannot be imported"),
        ("whytrain.errors.WhytrainError", "is no torch.nn.Module"),
    ],
)
def test_a_class_that_is_none(folder: Path, class_path: str, message: str) -> None:
    rewrite(folder, class_path=class_path)
    with pytest.raises(WhytrainError, match=message):
        load_model(folder)


def test_an_incomplete_folder_and_another_format(folder: Path) -> None:
    rewrite(folder, format=1)
    with pytest.raises(WhytrainError, match="not of format 4"):
        load_model(folder)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(WhytrainError, match=r"holds no saved model: weights.safetensors is missing"):
        load_model(folder)
