"""Long texts in overlapping windows: against reading each window by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small import BILSTM, bilstm_arguments, small_bilstm, wordpiece_tokenizer
from torch import Tensor, nn

from whytrain.errors import ConfigError
from whytrain.models.interface import interface_of
from whytrain.models.saved import SavedModel, load_model, save_model
from whytrain.models.windowed import Windowed
from whytrain.types import Inspection

CLS, SEP = 2, 3


def text(n_words: int, seed: int = 0) -> list[int]:
    words = np.random.default_rng(seed).integers(5, 20, n_words).tolist()
    return [CLS, *words, SEP]


def windows_by_hand(ids: list[int], window: int) -> list[list[int]]:
    """[CLS] words [SEP] each, half over the one before, the last one at the end of the text."""
    words, room = ids[1:-1], window - 2
    starts = [*range(0, max(len(words) - room, 0), room // 2), max(len(words) - room, 0)]
    return [[CLS, *words[start : start + room], SEP] for start in dict.fromkeys(starts)]


@pytest.mark.parametrize("n_words", [1, 6, 7, 9, 10, 30])
def test_logits_are_the_mean_of_the_windows(n_words: int) -> None:
    model = small_bilstm(pooling="attention").eval()
    ids = text(n_words)
    parts = windows_by_hand(ids, 8)
    expected = torch.stack([model(torch.tensor([part]), None)[0] for part in parts]).mean(dim=0)
    found = Windowed(model, 8, (1, 1))(torch.tensor([ids]), None)[0]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_padded_batch_reads_each_text_as_alone() -> None:
    model = Windowed(small_bilstm(pooling="last").eval(), 8, (1, 1))
    texts = [text(n, seed=n) for n in (2, 6, 13, 21)]
    longest = max(map(len, texts))
    ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids in texts])
    mask = torch.arange(longest) < torch.tensor([[len(ids)] for ids in texts])
    alone = torch.cat([model(torch.tensor([t]), None) for t in texts])
    torch.testing.assert_close(model(ids, mask), alone, rtol=1e-4, atol=1e-5)
    seen = model.inspect(model.embed(ids), mask)
    torch.testing.assert_close(seen.logits, alone, rtol=1e-4, atol=1e-5)


def test_states_and_attention_stand_where_their_tokens_do() -> None:
    class Position(nn.Module):
        """Its states are its embeddings, its attention is even: what is placed can be told by hand."""

        def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
            return self.inspect(self.embed(token_ids), mask).logits

        def embed(self, token_ids: Tensor) -> Tensor:
            return token_ids[..., None].float()

        def inspect(self, embeddings: Tensor, mask: Tensor | None) -> Inspection:
            there = torch.ones(embeddings.shape[:2]) if mask is None else mask.float()
            attention = there / there.sum(dim=1, keepdim=True)
            pooled = (embeddings[..., 0] * attention).sum(dim=1, keepdim=True)
            return Inspection(
                logits=torch.cat([-pooled, pooled], dim=1),
                hidden_states=embeddings,
                attention=attention,
                attention_scores=None,
            )

    ids = torch.tensor([[CLS, *range(10, 19), SEP], [CLS, *range(10, 15), SEP, 0, 0, 0, 0]])
    mask = ids != 0
    model = Windowed(Position(), 6, (1, 1))
    seen = model.inspect(model.embed(ids), mask)
    torch.testing.assert_close(seen.hidden_states[..., 0], ids.float())
    assert seen.attention is not None
    torch.testing.assert_close(seen.attention.sum(dim=1), torch.ones(2))
    # Nine words in windows of four, steps of two: 0–3, 2–5, 4–7, 5–8; each of six tokens has 1/6.
    counts = torch.zeros(11)
    for start in (0, 2, 4, 5):
        counts[[0, *range(1 + start, 5 + start), 10]] += 1
    torch.testing.assert_close(seen.attention[0], counts / 24)


def test_gradients_reach_every_word() -> None:
    model = Windowed(small_bilstm(pooling="mean").eval(), 6, (1, 1))
    embeddings = model.embed(torch.tensor([text(20)])).detach().requires_grad_()
    model.inspect(embeddings, None).logits[0, 0].backward()
    assert embeddings.grad is not None
    assert (embeddings.grad.abs().sum(dim=2) > 0).all()


def test_a_folder_remembers_its_windows(tmp_path: Path) -> None:
    words = [f"w{i}" for i in range(15)]
    tokenizer = wordpiece_tokenizer(words)
    model = Windowed(small_bilstm().eval(), 7, tokenizer.frame)
    saved = SavedModel(model=model, tokenizer=tokenizer, class_names=("a", "b", "c"), max_tokens=64)
    save_model(tmp_path, saved, class_path=BILSTM, arguments=bilstm_arguments())
    again = load_model(tmp_path)
    long = " ".join(words * 3)
    np.testing.assert_allclose(again.logits([long]), saved.logits([long]), atol=1e-6)
    at_once = SavedModel(model=model.model, tokenizer=tokenizer, class_names=("a", "b", "c"), max_tokens=64)
    assert np.abs(at_once.logits([long]) - saved.logits([long])).max() > 1e-4


def test_what_a_window_cannot_be() -> None:
    class Short(nn.Module):
        max_tokens = 16

    with pytest.raises(ConfigError, match=r"data\.windows=32: the model reads at most 16 tokens"):
        Windowed(Short(), 32, (1, 1))
    with pytest.raises(ConfigError, match=r"data\.windows=3: .* give at least 4"):
        Windowed(small_bilstm(), 3, (1, 1))


def test_a_model_of_few_positions_reads_a_long_text() -> None:
    class Short(nn.Module):
        """Reads 8 tokens; fails beyond."""

        max_tokens = 8

        def __init__(self) -> None:
            super().__init__()
            self.places, self.words = nn.Embedding(8, 4), nn.Embedding(20, 4)

        def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
            there = torch.ones_like(token_ids) if mask is None else mask
            states = self.words(token_ids) + self.places.weight[: token_ids.shape[1]]
            states = states.masked_fill(~there.bool()[..., None], 0.0)
            return states.sum(dim=1)[:, :2]

    tokenizer = wordpiece_tokenizer([f"w{i}" for i in range(15)])
    with pytest.raises(ConfigError, match=r"data\.windows=8"):
        interface_of(Short(), tokenizer, 40)
    model = interface_of(Windowed(Short(), 8, tokenizer.frame), tokenizer, 40)
    assert model.capabilities.max_tokens is None
    assert not model.capabilities.embeddings
    assert model(torch.tensor([text(38)]), None).shape == (1, 2)
