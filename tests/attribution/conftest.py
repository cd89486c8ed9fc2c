"""Small models and hand-made sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from small import small_bilstm
from torch import Tensor, nn

from whytrain.attribution.units import Units
from whytrain.data.tokenization import Tokenizer
from whytrain.models.bilstm import BiLSTM, Pooling
from whytrain.models.interface import Capabilities, ModelInterface

PADDING, MASK, UNKNOWN, CLS, SEP = range(5)
VOCABULARY = 60


def _sentence(pieces: Sequence[int], token_ids: Sequence[int] | None = None, seed: int = 0) -> Units:
    """Make a sentence [CLS] … [SEP] whose words have these numbers of wordpieces."""
    rng = np.random.default_rng(seed)
    own = rng.integers(5, VOCABULARY, sum(pieces)) if token_ids is None else np.array(token_ids)
    return Units(
        words=tuple(f"word{i}" for i in range(len(pieces))),
        token_ids=np.concatenate([[CLS], own, [SEP]]).astype(np.int64),
        player_of_token=np.concatenate([[-1], np.repeat(np.arange(len(pieces)), pieces), [-1]]).astype(
            np.int64
        ),
        n_words=(1,) * len(pieces),
    )


@pytest.fixture(scope="session")
def sentence() -> Callable[..., Units]:
    """Return the maker of sentences."""
    return _sentence


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Steps of a few rows: a second thread would only be waited for."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def make_model() -> Callable[..., BiLSTM]:
    """Make a small BiLSTM whose outputs vary: embeddings and LayerNorm drawn wide."""

    def make(
        pooling: Pooling = "last",
        *,
        layer_norm: bool = False,
        heads: int = 0,
        n_layers: int = 1,
        n_classes: int = 3,
    ) -> BiLSTM:
        model = small_bilstm(
            vocabulary_size=VOCABULARY,
            n_classes=n_classes,
            padding_id=PADDING,
            hidden_size=8,
            n_layers=n_layers,
            pooling=pooling,
            layer_norm=layer_norm,
            self_attention_heads=heads,
            dropout=0.5,
        )
        with torch.no_grad():
            model.embedding.weight.mul_(5.0)
            for name, parameter in model.named_parameters():
                if name.startswith("norm.") or "bias" in name:
                    parameter.add_(torch.randn(parameter.shape) * 0.3)
        return model

    return make


class _Function(nn.Module):
    """A predict function as a module; it shows neither embeddings nor attention."""

    def __init__(self, predict: Callable[[Tensor, Tensor | None], Tensor]) -> None:
        super().__init__()
        self.predict = predict
        self.nothing = nn.Parameter(torch.zeros(()))

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        return self.predict(token_ids, mask)


@pytest.fixture(scope="session")
def make_interface() -> Callable[..., ModelInterface]:
    """Wrap a predict function, or a module, whose padding, mask and unknown ids are 0, 1 and 2."""

    def make(
        model: nn.Module | Callable[[Tensor, Tensor | None], Tensor],
        *,
        embeddings: bool = False,
        reference_words: tuple[tuple[int, ...], ...] = (),
    ) -> ModelInterface:
        special = SimpleNamespace(padding_id=PADDING, mask_id=MASK, unknown_id=UNKNOWN)
        return ModelInterface(
            module=model if isinstance(model, nn.Module) else _Function(model),
            tokenizer=cast(Tokenizer, special),
            capabilities=Capabilities(
                embeddings=embeddings,
                attention="none",
                recurrence=False,
                removals=("padding", "removed"),
                dropout=None,
                max_tokens=None,
            ),
            max_tokens=128,
            reference_words=reference_words,
        )

    return make
