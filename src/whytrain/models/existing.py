"""Classifiers that were trained elsewhere: saved folders, Hugging Face folders and names, loaded modules."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from whytrain.data.pretrained import PretrainedTokenizer
from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError, DataError
from whytrain.models.saved import DESCRIPTION, SavedModel, load_model

if TYPE_CHECKING:
    from whytrain.models.transformer import Transformer


def existing_classifier(
    name_or_path: str, max_tokens: int, *, device: torch.device | str = "cpu"
) -> SavedModel:
    """Read a classifier: a folder that `save_model` wrote, or one of Hugging Face.

    Args:
        name_or_path: a folder, or a name on the hub.
        max_tokens: tokens after which a Hugging Face classifier cuts a text, unless it reads fewer.
        device: where the model computes.

    Raises:
        ConfigError: it is neither, or the model is of a kind that is refused.
        DataError: its tokenizer cannot be used.
    """
    folder = Path(name_or_path).expanduser()
    if (folder / DESCRIPTION).is_file():
        return load_model(folder, device=device)
    return huggingface_classifier(name_or_path, max_tokens, device=device)


def huggingface_classifier(
    name_or_path: str, max_tokens: int, *, device: torch.device | str = "cpu"
) -> SavedModel:
    """Read a Hugging Face sequence classifier. Arguments and errors as in `existing_classifier`."""
    from whytrain.models.transformer import Transformer, classes_of

    names = classes_of(name_or_path)
    tokenizer = PretrainedTokenizer(name_or_path=name_or_path).build([])
    with torch.random.fork_rng(devices=[]):
        model = Transformer(
            vocabulary_size=tokenizer.vocabulary_size,
            n_classes=len(names),
            padding_id=tokenizer.padding_id,
            name_or_path=name_or_path,
        )
    return _classifier(model.to(device), tokenizer, names, max_tokens)


def loaded_classifier(network: Any, tokenizer: Any, max_tokens: int) -> SavedModel:
    """Wrap a sequence classifier of `transformers` that is in memory; the module itself is left as it is.

    Args:
        network: of a class such as `BertForSequenceClassification`.
        tokenizer: its fast tokenizer.
        max_tokens: tokens after which a text is cut, unless the model reads fewer.

    Raises:
        ConfigError: it is no such module.
        DataError: the tokenizer is none that says which characters a token stands for.
    """
    from whytrain.models.transformer import Transformer

    if not type(network).__name__.endswith("ForSequenceClassification"):
        raise ConfigError(
            f"expected a sequence classifier of transformers, such as BertForSequenceClassification; got "
            f"{type(network).__name__}; a function from texts to probabilities goes into from_function"
        )
    if not getattr(tokenizer, "is_fast", False):
        raise DataError(
            f"expected the model's fast tokenizer as the second argument; got {type(tokenizer).__name__}"
        )
    # As a copy of its own: switching padding on and off would change the user's object.
    wrapped = Tokenizer(copy.deepcopy(tokenizer.backend_tokenizer), str(tokenizer.name_or_path))
    own = copy.deepcopy(network).float().cpu().eval()
    own.set_attn_implementation("eager")  # the others do not show their weights
    own.config.pad_token_id = wrapped.padding_id
    names = [str(name) for _, name in sorted(own.config.id2label.items())]
    model = Transformer(
        vocabulary_size=wrapped.vocabulary_size,
        n_classes=len(names),
        padding_id=wrapped.padding_id,
        name_or_path=None,
        network=own,
    )
    return _classifier(model, wrapped, names, max_tokens)


def _classifier(model: Transformer, tokenizer: Tokenizer, names: list[str], max_tokens: int) -> SavedModel:
    limit = min(max_tokens, model.max_tokens or max_tokens)
    return SavedModel(
        model=model.eval(),
        tokenizer=tokenizer,
        class_names=tuple(names),
        max_tokens=limit,
        confidence=None,
    )
