"""Hugging Face classifiers as models of this project: read, trained, inspected, saved."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
import transformers

from whytrain.data.pretrained import PACKAGE, PACKAGED_MODEL, PretrainedTokenizer
from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError
from whytrain.models.saved import SavedModel, load_model, save_model
from whytrain.models.transformer import Transformer
from whytrain.models.transformer_reading import fuses
from whytrain.types import Inspectable

CLASS = "whytrain.models.transformer.Transformer"


@pytest.fixture(scope="module")
def tokenizer(bert_folder: Path) -> Tokenizer:
    return PretrainedTokenizer(name_or_path=str(bert_folder)).build([])


def read(folder: Path, tokenizer: Tokenizer, n_classes: int = 2) -> Transformer:
    torch.manual_seed(0)
    return Transformer(
        vocabulary_size=tokenizer.vocabulary_size,
        n_classes=n_classes,
        padding_id=tokenizer.padding_id,
        name_or_path=str(folder),
    )


@pytest.fixture
def model(bert_folder: Path, tokenizer: Tokenizer) -> Transformer:
    return read(bert_folder, tokenizer).eval()


IDS = torch.tensor([[2, 9, 12, 14, 3], [2, 9, 11, 3, 0]])
MASK = IDS != 0


def test_logits_are_the_librarys(model, bert_folder):
    library = transformers.AutoModelForSequenceClassification.from_pretrained(bert_folder).eval()
    with torch.no_grad():
        expected = library(input_ids=IDS, attention_mask=MASK.long()).logits
        torch.testing.assert_close(model(IDS, MASK), expected, rtol=1e-5, atol=1e-6)
        # No mask: nothing is padded, and a sentence's logits do not depend on its neighbors.
        torch.testing.assert_close(model(IDS[1:, :4], None)[0], expected[1], rtol=1e-5, atol=1e-6)


def test_inspection_shows_what_the_first_token_attends_to(model, bert_folder):
    assert isinstance(model, Inspectable)
    library = transformers.AutoModelForSequenceClassification.from_pretrained(
        bert_folder, attn_implementation="eager"
    ).eval()
    with torch.no_grad():
        seen = model.inspect(model.embed(IDS), MASK)
        shown = library(
            input_ids=IDS, attention_mask=MASK.long(), output_attentions=True, output_hidden_states=True
        )
    torch.testing.assert_close(seen.logits, shown.logits, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(seen.hidden_states, shown.hidden_states[-1], rtol=1e-5, atol=1e-6)
    by_hand = sum(shown.attentions[-1][:, head, 0] for head in range(2)) / 2
    torch.testing.assert_close(seen.attention, by_hand, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(seen.attention.sum(dim=1), torch.ones(2))
    assert seen.attention[1, 4] == 0
    assert seen.attention_scores is None


def test_weights_are_float32_and_dropout_trains(bert_folder, tokenizer, tmp_path):
    half = tmp_path / "half"
    shutil.copytree(bert_folder, half)
    stored = transformers.AutoModelForSequenceClassification.from_pretrained(bert_folder).half()
    stored.save_pretrained(half)
    model = read(half, tokenizer)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    model.train()
    assert all(module.training for module in model.modules())
    assert not torch.equal(model(IDS, MASK), model(IDS, MASK))


def test_a_head_of_other_classes_is_drawn_anew(bert_folder, tokenizer, model):
    three = read(bert_folder, tokenizer, n_classes=3).eval()
    with torch.no_grad():
        assert three(IDS, MASK).shape == (2, 3)
    torch.testing.assert_close(three.embed(IDS), model.embed(IDS), rtol=0, atol=0)
    again = read(bert_folder, tokenizer, n_classes=3)
    torch.testing.assert_close(
        again.network.classifier.weight, three.network.classifier.weight, rtol=0, atol=0
    )


def test_classes_are_matched_by_name(bert_folder, tokenizer, model, tmp_path):
    with torch.no_grad():
        expected = model(IDS, MASK)
        flipped = read(bert_folder, tokenizer).eval()
        note = flipped.match_classes(("Good", "bad"))  # the folder says bad, good
        assert note is not None
        assert note.endswith("has its classes in another order (bad, good): matched by their names")
        torch.testing.assert_close(flipped(IDS, MASK), expected[:, [1, 0]], rtol=0, atol=0)
        seen = flipped.inspect(flipped.embed(IDS), MASK)
        torch.testing.assert_close(seen.logits, expected[:, [1, 0]], rtol=1e-5, atol=1e-6)
        assert model.match_classes(("bad", "good")) is None
        torch.testing.assert_close(model(IDS, MASK), expected, rtol=0, atol=0)
        saved = SavedModel(model=flipped, tokenizer=tokenizer, class_names=("Good", "bad"), max_tokens=20)
        save_model(tmp_path / "saved", saved, class_path=CLASS, arguments={})
        loaded = load_model(tmp_path / "saved")
        torch.testing.assert_close(loaded.model(IDS, MASK), expected[:, [1, 0]], rtol=0, atol=0)
    assert loaded.model.network.config.id2label == {0: "bad", 1: "Good"}  # as the network's own logits


def test_a_head_of_other_names_is_drawn_anew(bert_folder, tokenizer, model):
    other = read(bert_folder, tokenizer).eval()
    trained = other.network.classifier.weight.clone()
    torch.manual_seed(7)  # the folder's weights are those of seed 0
    note = other.match_classes(("ham", "spam"))
    assert note is not None
    assert "tells bad, good apart, the data ham, spam: its classifying head is replaced by a new one" in note
    assert not torch.equal(other.network.classifier.weight, trained)
    torch.testing.assert_close(other.embed(IDS), model.embed(IDS), rtol=0, atol=0)
    theirs, ours = (m.network.bert.pooler.dense.weight for m in (other, model))
    torch.testing.assert_close(theirs, ours, rtol=0, atol=0)
    assert other.network.config.id2label == {0: "ham", 1: "spam"}
    three = read(bert_folder, tokenizer, n_classes=3).match_classes(("a", "b", "c"))
    assert three is not None
    assert "another number of classes" in three


def test_an_encoder_without_a_head_says_nothing(bert_folder, tokenizer, tmp_path):
    encoder = tmp_path / "encoder"
    shutil.copytree(bert_folder, encoder)
    transformers.AutoModel.from_pretrained(bert_folder).save_pretrained(encoder)
    assert read(encoder, tokenizer).match_classes(("good", "bad")) is None


def test_saved_and_loaded_without_its_first_folder(bert_folder, tokenizer, tmp_path):
    first = tmp_path / "first"
    shutil.copytree(bert_folder, first)
    model = read(first, tokenizer).eval()
    saved = SavedModel(model=model, tokenizer=tokenizer, class_names=("bad", "good"), max_tokens=20)
    save_model(tmp_path / "saved", saved, class_path=CLASS, arguments={"name_or_path": str(first)})
    shutil.rmtree(first)
    description = (tmp_path / "saved" / "model.yaml").read_text()
    assert str(first) not in description
    loaded = load_model(tmp_path / "saved")
    assert loaded.max_tokens == 20
    with torch.no_grad():
        torch.testing.assert_close(loaded.model(IDS, MASK), model(IDS, MASK), rtol=0, atol=0)


def test_models_that_cannot_be_read(bert_folder, tokenizer, tmp_path, monkeypatch):
    def message(folder: Path | str) -> str:
        with pytest.raises(ConfigError) as raised:
            read(folder, tokenizer)
        assert "\n" not in str(raised.value)
        return str(raised.value)

    (tmp_path / "empty").mkdir()
    assert "no sequence classifier or encoder in safetensors form" in message(tmp_path / "empty")
    pickled = tmp_path / "pickled"
    shutil.copytree(bert_folder, pickled)
    torch.save({}, pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    assert "safetensors" in message(pickled)
    coded = tmp_path / "coded"
    shutil.copytree(bert_folder, coded)
    config = json.loads((coded / "config.json").read_text())
    config["model_type"] = "somebodys"
    config["auto_map"] = {
        "AutoConfig": "code.Config",
        "AutoModelForSequenceClassification": "code.Model",
    }
    (coded / "config.json").write_text(json.dumps(config))
    (coded / "code.py").write_text("raise SystemExit('code of a model folder was run')")
    assert "model.name_or_path=" in message(coded)

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(transformers.AutoModelForSequenceClassification, "from_pretrained", unreachable)
    assert "or a name on the hub" in message("someone/some-model")


def test_a_tokenizer_that_is_not_the_models_own(bert_folder, tokenizer):
    with pytest.raises(ConfigError, match=r"the tokenizer has 5000: use the model's own, tokenizer=hugg"):
        Transformer(vocabulary_size=5000, n_classes=2, padding_id=0, name_or_path=str(bert_folder))
    with pytest.raises(ConfigError, match=r"use the model's own"):
        Transformer(
            vocabulary_size=tokenizer.vocabulary_size + 1,
            n_classes=2,
            padding_id=0,
            name_or_path=str(bert_folder),
        )


def test_sentences_longer_than_its_positions(model):
    assert model.max_tokens == 40
    model(torch.full((1, 40), 9), None)
    with pytest.raises(ConfigError, match=r"at most 40 tokens, a sentence has 41: set data.max_tokens=40"):
        model(torch.full((1, 41), 9), None)


def test_roberta_keeps_rows_for_padding_and_numbers_positions_in_order(tmp_path):
    config = transformers.RobertaConfig(
        vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=22, pad_token_id=1, initializer_range=0.5,
    )  # fmt: skip
    torch.manual_seed(0)
    library = transformers.RobertaForSequenceClassification(config).eval()
    library.save_pretrained(tmp_path)
    model = Transformer(vocabulary_size=50, n_classes=2, padding_id=1, name_or_path=str(tmp_path)).eval()
    assert model.max_tokens == 20
    ids = torch.tensor([[0, 9, 12, 2, 1], [0, 9, 11, 14, 2]])
    with torch.no_grad():
        expected = library(input_ids=ids, attention_mask=(ids != 1).long()).logits
        torch.testing.assert_close(model(ids, ids != 1), expected, rtol=1e-5, atol=1e-6)
        model(torch.full((1, 20), 9), None)


@pytest.mark.skipif(find_spec(PACKAGE) is None, reason="the extra `pretrained` is not installed")
def test_the_packaged_model_takes_a_step():
    tokenizer = PretrainedTokenizer(name_or_path=PACKAGED_MODEL).build([])
    torch.manual_seed(0)
    model = Transformer(
        vocabulary_size=tokenizer.vocabulary_size, n_classes=2, padding_id=0, name_or_path=PACKAGED_MODEL
    ).eval()  # without dropout's noise
    ids = torch.tensor([ids.tolist() for ids in tokenizer.encode(["a fine film", "a dull plot"], 32)])
    labels = torch.tensor([1, 0])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    losses = []
    for _ in range(4):
        loss = torch.nn.functional.cross_entropy(model(ids, None), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert model.max_tokens == 512
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] - 0.05


def test_attention_is_fused_where_logits_alone_are_asked(
    model: Transformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: list[str] = []
    switch = model.network.set_attn_implementation

    def watched(way: str) -> None:
        ways.append(way)
        switch(way)

    monkeypatch.setattr(model.network, "set_attn_implementation", watched)
    with torch.no_grad():
        expected = model(IDS, MASK)
        assert ways == []  # short texts would gain nothing
        monkeypatch.setattr("whytrain.models.transformer._LONG", 5)
        # Float32 sums in another order; the two sentences differ by a thousand times as much.
        torch.testing.assert_close(model(IDS, MASK), expected, rtol=1e-5, atol=1e-5)
        assert ways == ["sdpa", "eager"]
        seen = model.inspect(model.embed(IDS), MASK)
        assert seen.attention is not None
        torch.testing.assert_close(seen.logits, expected, rtol=1e-5, atol=1e-5)
    model(IDS, MASK).sum().backward()  # with gradients, and in training, everything stays as it was
    model.train()
    with torch.no_grad():
        model(IDS, MASK)
    assert ways == ["sdpa", "eager"]


def test_attention_that_answers_otherwise_is_not_fused(
    model: Transformer, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, switch = model.network, model.network.set_attn_implementation
    sizes = (tokenizer.vocabulary_size, tokenizer.padding_id, "embeddings")
    assert fuses(network, *sizes)

    def wrong(way: str) -> None:
        switch(way)
        network.classifier.bias.data.add_(1.0 if way == "sdpa" else -1.0)

    monkeypatch.setattr(network, "set_attn_implementation", wrong)
    assert not fuses(network, *sizes)
    assert network.config._attn_implementation == "eager"
    monkeypatch.setattr(network, "_supports_sdpa", False)
    assert not fuses(network, *sizes)
