"""Any Hugging Face sequence classifier as a model of this project, from a folder or a name on the hub."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from whytrain.data.pretrained import library_reason, packaged_model
from whytrain.errors import ConfigError
from whytrain.models.transformer_reading import (
    Reading,
    inspected,
    longest_input,
    read_embeddings,
    read_ids,
    reading_of,
)
from whytrain.types import Inspection, RemovalName

_SPARE_ROWS = (
    1024  # embedding tables are padded to round numbers: so many more rows than tokens are no surprise
)


class Transformer(nn.Module):
    """A transformer with a classification head: an encoder, a decoder or both.

    Attributes:
        network: the `transformers` model; its weights are float32, and its attention shows its weights.
        family: its class, for errors.
        max_tokens: its longest input; None where its positions have no end.
        saved_arguments: constructor arguments that rebuild it where its first weights are gone.
    """

    removals: tuple[RemovalName, ...] = ("mask", "removed")  # it knows no padding inside
    requirements = ("transformers",)

    def __init__(
        self,
        *,
        vocabulary_size: int,
        n_classes: int,
        padding_id: int,
        name_or_path: str | None,
        architecture: Mapping[str, Any] | None = None,
        reading: Reading | None = None,
        network: nn.Module | None = None,
    ) -> None:
        """Read the weights, or build the architecture with new ones.

        A head that fits the classes is kept; otherwise a new one is drawn from torch's global generator.

        Args:
            vocabulary_size: number of wordpieces of the tokenizer.
            n_classes: number of classes, at least 2.
            padding_id: what fills shorter sentences up.
            name_or_path: folder with config.json and *.safetensors, or a name on the hub; None with an
                architecture.
            architecture: the model's config as plain data; None to read it with the weights.
            reading: how it is asked; None: as is found by asking it.
            network: a `transformers` classifier that is read already; instead of all that.

        Raises:
            ConfigError: there is no such model in safetensors form, the tokenizer is not its own, or it
                cannot tell padding from text.
        """
        super().__init__()
        self.network: Any
        if network is not None:
            self.network = network
        elif architecture is None:
            assert name_or_path is not None
            self.network = _pretrained(name_or_path, n_classes, padding_id)
        else:
            self.network = _untrained(architecture)
        self.family = type(self.network).__name__
        try:
            rows = self.network.get_input_embeddings().num_embeddings
        except (NotImplementedError, AttributeError) as error:
            raise ConfigError(
                f"{self.family} has no table of word embeddings: use another architecture"
            ) from error
        if not rows - _SPARE_ROWS <= vocabulary_size <= rows:
            raise ConfigError(
                f"model.name_or_path={name_or_path} has {rows} wordpieces, the tokenizer has "
                f"{vocabulary_size}: use the model's own, tokenizer=huggingface"
            )
        self.max_tokens = longest_input(self.network)
        with _quiet():
            self._reading = reading or reading_of(self.network, vocabulary_size, padding_id)
        self.saved_arguments = {
            "vocabulary_size": vocabulary_size,
            "n_classes": n_classes,
            "padding_id": padding_id,
            "name_or_path": None,
            "architecture": _plain_config(self.network),
            "reading": self._reading,
        }

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        """Return logits (batch, n_classes) for token ids (batch, n_tokens); mask None: no padding.

        Raises:
            ConfigError: more tokens than the model has positions.
        """
        if self._reading == "ids":
            self._check_length(token_ids)
            return read_ids(self.network, token_ids, mask)
        return read_embeddings(self.network, self.embed(token_ids), mask, self._reading).logits

    def embed(self, token_ids: Tensor) -> Tensor:
        """Return word embeddings (batch, n_tokens, embedding_size), before positions are added.

        Raises:
            ConfigError: more tokens than the model has positions.
            NotImplementedError: the architecture computes from ids alone.
        """
        if self._reading == "ids":
            raise NotImplementedError(f"{self.family} computes from ids alone")
        self._check_length(token_ids)
        embeddings: Tensor = self.network.get_input_embeddings()(token_ids)
        return embeddings

    def inspect(self, embeddings: Tensor, mask: Tensor | None) -> Inspection:
        """Run everything behind the word embeddings.

        Attention is what the token whose state is classified (an encoder's first one, a decoder's last one)
        pays to each token in the last layer, mean over heads.
        """
        assert self._reading != "ids"
        return inspected(self.network, embeddings, mask, self._reading)

    def _check_length(self, token_ids: Tensor) -> None:
        if self.max_tokens is not None and token_ids.shape[1] > self.max_tokens:
            raise ConfigError(
                f"the model reads at most {self.max_tokens} tokens, a sentence has {token_ids.shape[1]}: set "
                f"data.max_tokens={self.max_tokens}"
            )


def classes_of(name_or_path: str) -> list[str]:
    """Return the names of a trained classifier's classes, in the order of its logits.

    Args:
        name_or_path: a folder, or a name on the hub.

    Raises:
        ConfigError: there is no such model, or it was not trained to classify: it would answer by chance.
    """
    from transformers import AutoConfig

    local = Path(name_or_path).expanduser()
    source = str(local) if local.exists() else name_or_path
    try:
        if not local.exists():
            _reach_hub(name_or_path)
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
    except Exception as error:  # the hub's client and the library raise their own
        raise ConfigError(
            f"{name_or_path}: neither a folder with config.json of a classifier nor a model on the hub "
            f"({library_reason(error)})"
        ) from error
    trained = config.architectures or []
    if not any(name.endswith("ForSequenceClassification") for name in trained):
        raise ConfigError(
            f"{name_or_path} was trained as {', '.join(trained) or 'nothing that its config.json says'}, not "
            "as a sequence classifier; train one on it with model=transformer"
        )
    return [str(name) for _, name in sorted(config.id2label.items())]


def _pretrained(name_or_path: str, n_classes: int, padding_id: int) -> Any:
    from transformers import AutoModelForSequenceClassification

    local = Path(name_or_path).expanduser()
    source = str(local) if local.exists() else str(packaged_model(name_or_path) or name_or_path)
    settings = {
        "num_labels": n_classes,
        "pad_token_id": padding_id,
        "dtype": torch.float32,
        "attn_implementation": "eager",
        "use_safetensors": True,
        "trust_remote_code": False,
        "ignore_mismatched_sizes": True,  # a head for other classes is drawn anew
    }
    load = AutoModelForSequenceClassification.from_pretrained
    try:
        with _quiet():
            if Path(source).exists():
                return load(source, **settings)
            try:
                return load(source, local_files_only=True, **settings)
            except (OSError, ValueError):  # not in the hub's cache
                _reach_hub(source)
                return load(source, **settings)
    except Exception as error:  # the hub's client, transformers and safetensors raise their own
        reason = library_reason(error)
        raise ConfigError(
            f"model.name_or_path={name_or_path}: no sequence classifier or encoder in safetensors form there "
            f"({reason}); give a folder with config.json and *.safetensors, or a "
            "name on the hub"
        ) from error


def _reach_hub(name: str) -> None:
    """Fail at once where a download would retry for a minute."""
    from huggingface_hub import HfApi

    HfApi().model_info(name, timeout=10)


def _untrained(architecture: Mapping[str, Any]) -> Any:
    from transformers import AutoConfig, AutoModelForSequenceClassification

    config = AutoConfig.for_model(**architecture)
    build: Any = AutoModelForSequenceClassification.from_config
    return build(config, dtype=torch.float32, attn_implementation="eager")


def _plain_config(network: Any) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(network.config.to_json_string(use_diff=False))
    return {key: value for key, value in config.items() if key not in ("_name_or_path", "auto_map")}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's bars and its report on missing weights out of the terminal."""
    from transformers import utils

    logging: Any = utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
