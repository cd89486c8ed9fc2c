"""What many tests share to stay small: a tiny BiLSTM, a tiny WordPiece tokenizer, runs without figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import tokenizers
import torch
from tokenizers import models, pre_tokenizers, processors

from whytrain.data.tokenization import Tokenizer
from whytrain.models.bilstm import BiLSTM
from whytrain.tracking.store import Store

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
NO_DEVICE = "cuda" if torch.backends.mps.is_available() else "mps"  # what this machine lacks
BILSTM = "whytrain.models.bilstm.BiLSTM"


def bilstm_arguments(**changes: Any) -> dict[str, Any]:
    """Return the arguments of a BiLSTM of twenty entries and three classes, with changes."""
    return {
        "vocabulary_size": 20,
        "n_classes": 3,
        "padding_id": 0,
        "embedding": {"size": 6, "pretrained": None},
        "hidden_size": 5,
        "n_layers": 1,
        "pooling": "last",
        "layer_norm": False,
        "self_attention_heads": 0,
        "dropout": 0.0,
    } | changes


def small_bilstm(*, seed: int = 0, **changes: Any) -> BiLSTM:
    """Return such a BiLSTM in training mode; the same seed draws the same weights."""
    torch.manual_seed(seed)
    return BiLSTM(**bilstm_arguments(**changes))


def wordpiece_tokenizer(words: Sequence[str], *, template: bool = True) -> Tokenizer:
    """Return a tokenizer that knows these words and pieces, and splits where BERT's does.

    Args:
        words: the vocabulary behind the five of `SPECIAL`, whose ids are 0 to 4.
        template: put [CLS] and [SEP] around a text.
    """
    vocabulary = {word: index for index, word in enumerate((*SPECIAL, *words))}
    backend = tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if template:
        special = [("[CLS]", 2), ("[SEP]", 3)]
        backend.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=special
        )
    return Tokenizer(backend, "small")


def draw_nothing(patch: pytest.MonkeyPatch) -> None:
    """Leave out a run's figures, which take much of the time of a small one."""
    patch.setattr(Store, "log_figure", lambda *args, **kwargs: None)
