"""Models of a vocabulary of 20 words, as the objective sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tokenizers import Tokenizer as Backend
from tokenizers.models import WordLevel
from torch import nn

from whytrain.data.tokenization import Tokenizer
from whytrain.models.interface import ModelInterface, interface_of

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"word{i}" for i in range(5, 20))]


@pytest.fixture(scope="session")
def asked() -> Callable[[nn.Module], ModelInterface]:
    """Ask a model what it can do."""
    backend = Backend(WordLevel({word: i for i, word in enumerate(WORDS)}, "[UNK]"))
    return lambda model: interface_of(model, Tokenizer(backend, "small"), 12)
