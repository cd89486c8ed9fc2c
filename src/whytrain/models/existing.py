"""Classifiers that were trained elsewhere: Hugging Face folders, names on the hub, and loaded modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from whytrain.data.pretrained import PretrainedTokenizer
from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError, DataError
from whytrain.models.saved import DESCRIPTION, SavedModel, load_model
from whytrain.models.transformer import Transformer, class_names_of


def existing_classifier(name_or_path: str, max_tokens: int) -> SavedModel:
    """Return a classifier from a folder of `save_model`, or from Hugging Face (see `huggingface_classifier`)."""
    folder = Path(name_or_path).expanduser()
    return load_model(folder) if (folder / DESCRIPTION).is_file() else huggingface_classifier(name_or_path, max_tokens)


def huggingface_classifier(name_or_path: str, max_tokens: int) -> SavedModel:
    """Return a Hugging Face sequence classifier.

    Args:
        name_or_path: a folder with config.json, *.safetensors and the tokenizer, or a name on the hub.
        max_tokens: after which texts are cut, unless the model reads fewer.

    Raises:
        ConfigError: there is no such classifier; only its encoder was trained; or a family that is refused.
        DataError: its tokenizer cannot be used.
    """
    tokenizer = PretrainedTokenizer(name_or_path=name_or_path).build([])
    names = class_names_of(name_or_path)
    with torch.random.fork_rng(devices=[]):
        model = Transformer(
            vocabulary_size=tokenizer.vocabulary_size,
            n_classes=len(names),
            padding_id=tokenizer.padding_id,
            name_or_path=name_or_path,
        )
    limit = min(max_tokens, model.max_tokens or max_tokens)
    return SavedModel(model.eval(), tokenizer, tuple(names), limit, None)
