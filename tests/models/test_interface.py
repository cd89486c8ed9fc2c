"""What a model can do is what it shows, and what it does wrong is said before anything is trained."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import torch
from small import BILSTM, bilstm_arguments, small_bilstm
from torch import Tensor, nn

from whytrain.checkpoints import usable_checkpoint
from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError
from whytrain.models.bilstm import BiLSTM
from whytrain.models.interface import Capabilities, interface_of, recurrence_of
from whytrain.models.layers import LayerStates, Replacement
from whytrain.models.saved import SavedModel, load_model, save_model
from whytrain.types import Inspection

WORDS = ["[PAD]", "[UNK]", "[MASK]", *(f"word{i}" for i in range(3, 30))]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    backend = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: i for i, word in enumerate(WORDS)}, "[UNK]")
    )
    backend.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return Tokenizer(backend, "small")


def arguments(**changes: Any) -> dict[str, Any]:
    own = {"vocabulary_size": len(WORDS), "pooling": "attention", "layer_norm": True, "dropout": 0.3}
    return bilstm_arguments(**own | changes)


def bilstm(**changes: Any) -> BiLSTM:
    return small_bilstm(**arguments(**changes))


class Bag(nn.Module):
    """A mean of word embeddings with one thing that can be wrong."""

    def __init__(self, wrong: str = "") -> None:
        super().__init__()
        torch.manual_seed(0)
        self.wrong = wrong
        self.words = nn.Embedding(len(WORDS), 3)
        self.places = nn.Embedding(12, 3)

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        if self.wrong == "places":
            self.places(torch.arange(token_ids.shape[1]))
        return self.inspect(self.embed(token_ids), mask).logits + (self.wrong == "inspect")

    def through_layers(
        self, embeddings: Tensor, mask: Tensor | None, replacement: Replacement | None
    ) -> LayerStates:
        if self.wrong != "layers":
            raise NotImplementedError
        states, weight = {"embeddings": embeddings, "pooled": embeddings[:, :1]}, torch.eye(3)
        return LayerStates(
            logits=embeddings[:, 0], states=states, head_weight=weight, head_bias=torch.zeros(3)
        )

    def embed(self, token_ids: Tensor) -> Tensor:
        if self.wrong == "ids alone":
            token_ids = torch.zeros_like(token_ids)
        embeddings: Tensor = self.words(token_ids)
        return embeddings

    def inspect(self, embeddings: Tensor, mask: Tensor | None) -> Inspection:
        kept = torch.ones(embeddings.shape[:2]) if mask is None or self.wrong == "padding" else mask.float()
        logits = (embeddings * kept[..., None]).sum(dim=1) / kept.sum(dim=1, keepdim=True)
        return Inspection(logits=logits, hidden_states=embeddings, attention=None, attention_scores=None)


def test_both_bilstms(tokenizer: Tokenizer) -> None:
    expected = Capabilities(
        embeddings=True,
        attention="pooling",
        recurrence=True,
        removals=("padding", "removed"),
        dropout=0.3,
        max_tokens=None,
        attention_scores=True,
        layers=("embeddings", "lstm 1 carried", "lstm 1", "normalized", "pooled"),
    )
    assert interface_of(bilstm(), tokenizer, 20).capabilities == expected
    stacked = interface_of(bilstm(n_layers=2, pooling="mean"), tokenizer, 20)
    assert (stacked.capabilities.attention, stacked.capabilities.recurrence) == ("none", False)
    assert stacked.coalition_model() is stacked
    assert recurrence_of(stacked) is None


def test_everything_of_an_interface_is_the_models(tokenizer: Tokenizer) -> None:
    model = bilstm().eval()
    asked = interface_of(model, tokenizer, 20)
    ids = torch.tensor([[5, 6, 7, 8], [9, 10, 0, 0]])
    mask = ids > 0
    logits = model(ids, mask)
    assert asked.device == torch.device("cpu")
    assert asked.max_tokens == 20
    torch.testing.assert_close(asked(ids, mask), logits, rtol=0, atol=0)
    torch.testing.assert_close(asked.coalition_model()(ids, mask), logits, rtol=0, atol=0)
    assert recurrence_of(asked.coalition_model()) is not None
    torch.testing.assert_close(asked.logits_of_embeddings(asked.embed(ids), mask), logits, rtol=0, atol=0)
    seen, shown = asked.inspect(ids, mask), model.inspect(model.embed(ids), mask)
    torch.testing.assert_close(seen.hidden_states, shown.hidden_states, rtol=0, atol=0)
    torch.testing.assert_close(seen.attention, shown.attention, rtol=0, atol=0)


def test_the_probe_leaves_no_trace(tokenizer: Tokenizer) -> None:
    model = bilstm(n_layers=2).train()
    model.lstm.eval()
    modes = [module.training for module in model.modules()]
    before = torch.get_rng_state()
    interface_of(model, tokenizer, 20)
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(before, torch.get_rng_state())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("padding", r"^the model Bag reads its padding: .* differ by [\d.]+ between .* must use its mask$"),
        (
            "inspect",
            r"^the model Bag has an inspect\(\) whose logits differ by 1 from those of its forward\(\)",
        ),
        (
            "layers",
            r"^the model Bag has a through_layers\(\) whose logits differ by [\d.]+ from those of its",
        ),
        ("places", r"^the model Bag does not read the tokens .* lower data.max_tokens=20"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tokenizer: Tokenizer, wrong: str, message: str) -> None:
    assert interface_of(Bag(), tokenizer, 20).capabilities.attention == "none"
    with pytest.raises(ConfigError, match=message):
        interface_of(Bag(wrong), tokenizer, 20)
    if wrong == "places":
        interface_of(Bag(wrong), tokenizer, 12)


def test_removals_are_those_that_the_tokenizer_has_tokens_for(tokenizer: Tokenizer) -> None:
    bare = Tokenizer(
        tokenizers.Tokenizer(
            tokenizers.models.WordLevel({word: i for i, word in enumerate(WORDS[3:])}, "word3")
        ),
        "bare",
    )
    unmasked = Tokenizer(
        tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "a": 1, "b": 2}, "[UNK]")), "unmasked"
    )
    model = Bag()
    model.removals = ("mask", "removed")
    assert interface_of(model, tokenizer, 20).capabilities.removals == ("mask", "removed")
    assert interface_of(model, unmasked, 20).capabilities.removals == ("removed", "unknown")
    assert interface_of(model, bare, 20).capabilities.removals == ("removed",)


def on_a_gpu(path: Path) -> None:
    """Rewrite a file of torch.save as one whose tensors lay on the first GPU."""
    content = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(content) as stored, zipfile.ZipFile(path, "w") as moved:
        for name in stored.namelist():
            part = stored.read(name)
            if name.endswith("data.pkl"):
                assert b"X\x03\x00\x00\x00cpu" in part
                part = part.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
            moved.writestr(name, part)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the error is that of a machine without a GPU")
def test_a_checkpoint_of_a_gpu_is_read_without_one(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints" / "last.ckpt"
    path.parent.mkdir()
    torch.save({"state_dict": bilstm().state_dict()}, path)
    on_a_gpu(path)
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(path, weights_only=True)
    assert usable_checkpoint(tmp_path) == path
    from whytrain.lightning_modules.checkpoint_io import AtomicCheckpointIO

    loaded = AtomicCheckpointIO().load_checkpoint(path, weights_only=True)["state_dict"]
    torch.testing.assert_close(loaded["lstm.weight_ih_l0"], bilstm().state_dict()["lstm.weight_ih_l0"])


def test_a_saved_model_goes_to_the_device_that_is_asked_for(tmp_path: Path, tokenizer: Tokenizer) -> None:
    saved = SavedModel(model=bilstm(), tokenizer=tokenizer, class_names=("a", "b", "c"), max_tokens=20)
    save_model(tmp_path, saved, class_path=BILSTM, arguments=arguments())
    assert load_model(tmp_path).interface.device == torch.device("cpu")
    assert {p.device.type for p in load_model(tmp_path, device="meta").model.parameters()} == {"meta"}
