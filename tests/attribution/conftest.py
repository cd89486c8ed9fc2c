"""Small models and hand-made sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
import torch

from whytrain.attribution.units import Players
from whytrain.models.bilstm import BiLSTM, Pooling

PADDING, MASK, UNKNOWN, CLS, SEP = range(5)
VOCABULARY = 60


def _sentence(pieces: Sequence[int], token_ids: Sequence[int] | None = None, seed: int = 0) -> Players:
    """Make a sentence [CLS] … [SEP] whose words have these numbers of wordpieces."""
    rng = np.random.default_rng(seed)
    own = rng.integers(5, VOCABULARY, sum(pieces)) if token_ids is None else np.array(token_ids)
    return Players(
        tuple(f"word{i}" for i in range(len(pieces))),
        np.concatenate([[CLS], own, [SEP]]).astype(np.int64),
        np.concatenate([[-1], np.repeat(np.arange(len(pieces)), pieces), [-1]]).astype(np.int64),
        (1,) * len(pieces),
    )


@pytest.fixture(scope="session")
def sentence() -> Callable[..., Players]:
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
        torch.manual_seed(0)
        model = BiLSTM(
            vocabulary_size=VOCABULARY,
            n_classes=n_classes,
            padding_id=PADDING,
            embedding={"size": 6, "pretrained": None},
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
