"""A fine-tuned transformer as a folder of Hugging Face, and its way to the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from whytrain.errors import ConfigError, WhytrainError
from whytrain.models.interface import export_form_of
from whytrain.models.pretrained_network import quiet_library
from whytrain.models.saved import SavedModel


def save_huggingface(saved: SavedModel, folder: Path, card: str) -> None:
    """Write config, weights, tokenizer and card as `transformers` reads them.

    Args:
        saved: a classifier whose `export_form` is `huggingface`.
        folder: where to; it is made.
        card: its README, see `model_card`.

    Raises:
        ConfigError: it is another kind of model.
    """
    model: Any = saved.model
    if export_form_of(model) != "huggingface":
        raise ConfigError(
            f"format=huggingface is for model=transformer; this is a {type(model).__name__}: format=onnx"
        )
    folder.mkdir(parents=True, exist_ok=True)
    network = model.named(saved.class_names)
    kind = "single_label_classification" if saved.task.exclusive else "multi_label_classification"
    network.config.problem_type = kind
    network.config.architectures = [type(network).__name__]
    with quiet_library():
        network.save_pretrained(folder)
        _library_tokenizer(saved).save_pretrained(folder)
    (folder / "README.md").write_text(card, "utf-8")


def push(folder: Path, repository: str, *, private: bool) -> str:
    """Upload a folder to the hub, and return its address there.

    Who uploads is known to the hub's client alone (`hf auth login`, or HF_TOKEN): no token is handled here.

    Args:
        folder: what `save_huggingface` wrote.
        repository: `USER/NAME`; made where there is none.
        private: whether a new one is only for its owners.

    Raises:
        WhytrainError: the hub is out of reach, or nobody is logged in.
    """
    from huggingface_hub import HfApi

    try:
        hub = HfApi()
        hub.whoami()  # fails at once where nobody is logged in
        hub.create_repo(repository, private=private, exist_ok=True)
        return str(hub.upload_folder(repo_id=repository, folder_path=str(folder)))
    except Exception as error:  # the hub's client raises many kinds
        reason = " ".join(str(error).split())[:200]
        raise WhytrainError(
            f"push_to_hub={repository}: the folder {folder} is written, and could not be uploaded "
            f"({reason}): log in with `hf auth login`"
        ) from error


def _library_tokenizer(saved: SavedModel) -> Any:
    """Return the tokenizer as a class of the library."""
    import tokenizers
    from transformers import PreTrainedTokenizerFast

    own = saved.tokenizer
    special = {"pad_token": own.padding_id, "unk_token": own.unknown_id, "mask_token": own.mask_id}
    known = {name: own.tokens([number])[0] for name, number in special.items() if number is not None}
    backend = tokenizers.Tokenizer.from_str(own.to_json())
    wrap: Any = PreTrainedTokenizerFast
    return wrap(tokenizer_object=backend, model_max_length=saved.max_tokens, **known)
