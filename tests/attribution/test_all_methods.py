"""Every method of conf/explainer through the Python door: on Chinese texts of five classes, on six layers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from small import small_bilstm
from torch.nn.functional import cross_entropy

import whytrain as wt
from whytrain.api.explaining import made_methods
from whytrain.config.choices import choices_of
from whytrain.data.wordpiece import WordPieceTrainer
from whytrain.errors import ConfigError
from whytrain.models.reference_words import reference_words
from whytrain.models.saved import SavedModel

NAMES = choices_of("explainer")
# Each class has its word: ball, song, stock, medicine, lesson.
KEYS = {"体育": "球", "音乐": "歌", "财经": "股", "医疗": "药", "教育": "课"}
TRAINER = WordPieceTrainer(vocabulary_size=200, min_frequency=1, lowercase=True)
OTHERS = "的一是在不了有和人这中大为上个国我以要他"


def texts_of(n: int, seed: int) -> tuple[list[str], list[int]]:
    """Sentences of five to eight characters, of which one decides."""
    drawn = np.random.default_rng(seed)
    texts, labels = [], []
    for row in range(n):
        characters = drawn.choice(list(OTHERS), drawn.integers(4, 8)).tolist()
        characters.insert(int(drawn.integers(len(characters) + 1)), list(KEYS.values())[row % 5])
        texts.append("".join(characters))
        labels.append(row % 5)
    return texts, labels


def classifier(model: torch.nn.Module, tokenizer, names) -> SavedModel:
    texts, _ = texts_of(20, seed=2)
    return SavedModel(
        model=model.eval(),
        tokenizer=tokenizer,
        class_names=tuple(names),
        max_tokens=30,
        reference_words=reference_words(texts, tokenizer, 30),
    )


@pytest.fixture(scope="module", params=["bilstm", "bilstm_opt"])
def chinese(request: pytest.FixtureRequest) -> SavedModel:
    """A small model of each recipe that has learned which character decides."""
    tokenizer = TRAINER.build(texts_of(200, seed=0)[0])
    is_opt = request.param == "bilstm_opt"
    model = small_bilstm(
        vocabulary_size=tokenizer.vocabulary_size,
        n_classes=5,
        embedding={"size": 12, "pretrained": None},
        hidden_size=12,
        pooling="attention" if is_opt else "last",
        layer_norm=is_opt,
    )
    texts, labels = texts_of(800, seed=0)  # few would be learned by heart
    encoded = [torch.from_numpy(ids).long() for ids in tokenizer.encode(texts, 30)]
    ids = torch.nn.utils.rnn.pad_sequence(encoded, batch_first=True)
    mask, gold = ids != 0, torch.tensor(labels)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(60):
        optimizer.zero_grad()
        cross_entropy(model(ids, mask), gold).backward()
        optimizer.step()
    assert (model(ids, mask).argmax(dim=1) == gold).all()
    return classifier(model, tokenizer, KEYS)


def possible(model: SavedModel) -> list[str]:
    """Names of the methods that a model can be explained by."""
    made = {name: made_methods([name])[0] for name in NAMES}
    return [name for name, method in made.items() if method.missing(model.interface) is None]


def test_each_signed_method_finds_the_character_that_decides(chinese: SavedModel) -> None:
    names = possible(chinese)
    assert set(NAMES) - {*names} <= {"attention", "attention_rollout", "amortized"}
    texts, labels = (found[:5] for found in texts_of(200, seed=0))
    n_found: Counter[str] = Counter()
    for text, label in zip(texts, labels, strict=True):
        told = wt.explain(chinese, text, explainers=names)
        assert told.label == list(KEYS)[label]
        key = list(KEYS.values())[label]
        for found in told.attributions:
            assert "".join(found.words) == text
            assert np.isfinite(found.scores).all()
            n_found[found.method] += key in found.words[int(found.scores.argmax())]
            if found.quantity.signed and found.absence is not None:  # it asks what leaving words out does
                assert key in found.words[int(found.scores.argmax())], found.method
            if found.total is not None and found.method != "integrated_gradients":
                assert found.scores.sum() == pytest.approx(found.total[1] - found.total[0], abs=1e-4)
            elif found.total is not None:  # 32 steps along a steep curve
                way = found.total[1] - found.total[0]
                assert found.scores.sum() == pytest.approx(way, abs=0.1 * abs(way))
    # A model that is sure is flat: slopes, and their mean along a line, need not point at every reason.
    assert n_found["integrated_gradients"] >= 4


def test_six_layers_can_be_explained_by_every_method(tmp_path: Path) -> None:
    from transformers import BertConfig, BertForSequenceClassification

    tokenizer = TRAINER.build(texts_of(200, seed=0)[0])
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer.vocabulary_size,
        hidden_size=12,
        num_hidden_layers=6,
        num_attention_heads=3,
        intermediate_size=16,
        max_position_embeddings=30,
        initializer_range=0.4,
        id2label=dict(enumerate(KEYS)),
    )
    tokenizer.save(tmp_path)
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    read = wt.from_huggingface(tmp_path)
    with pytest.raises(ConfigError, match="permutation needs words of other texts, and none were kept"):
        wt.explain(read, "在球场上", explainers=["permutation"])
    (tmp_path / "others.txt").write_text("\n".join(texts_of(10, seed=3)[0]), "utf-8")
    settings = {name: {} for name in possible(read) if name != "permutation"}
    settings |= {"permutation": {"texts": str(tmp_path / "others.txt")}}
    assert {"attention", "attention_rollout", "lime", "kernel_shap", "gradient"} <= settings.keys()
    text = texts_of(1, seed=4)[0][0]
    told = wt.explain(read, text, explainers=settings)
    exact = told.attribution("shapley", "mask").scores
    np.testing.assert_allclose(told.attribution("kernel_shap").scores, exact, atol=1e-6)
    shares = [told.attribution(name).scores for name in ("attention", "attention_rollout")]
    assert all((share >= 0).all() and share.sum() <= 1 for share in shares)
    heads = told.attribution("attention").heads
    assert heads is not None
    assert heads.weights.shape == (6, 3, len(text) + 2, len(text) + 2)


def test_a_saved_model_keeps_words_of_its_training(chinese: SavedModel, tmp_path: Path) -> None:
    from whytrain.models.saved import load_model, save_model

    arguments = {
        "vocabulary_size": chinese.tokenizer.vocabulary_size,
        "n_classes": 5,
        "padding_id": 0,
        "embedding": {"size": 12, "pretrained": None},
        "hidden_size": 12,
        "n_layers": 1,
        "pooling": chinese.model.pooling,
        "layer_norm": chinese.model.norm is not None,
        "self_attention_heads": 0,
        "dropout": 0.0,
    }
    save_model(tmp_path, chinese, class_path="whytrain.models.bilstm.BiLSTM", arguments=arguments)
    again = load_model(tmp_path)
    assert again.reference_words == chinese.reference_words
    assert len(again.reference_words) > 80
    text = texts_of(1, seed=1)[0][0]
    before, after = (wt.explain(m, text, explainers=["permutation"]).attribution() for m in (chinese, again))
    np.testing.assert_allclose(before.scores, after.scores, atol=1e-6)
    hidden = SavedModel(
        model=chinese.model, tokenizer=chinese.tokenizer, class_names=chinese.class_names, max_tokens=30
    )
    save_model(tmp_path / "private", hidden, class_path="whytrain.models.bilstm.BiLSTM", arguments=arguments)
    assert load_model(tmp_path / "private").reference_words == ()
