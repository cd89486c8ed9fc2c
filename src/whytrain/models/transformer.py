"""Any Hugging Face sequence classifier as a model of this project, from a folder or a name on the hub."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from whytrain.data.label_names import few_of, same_classes
from whytrain.data.pretrained import library_reason
from whytrain.errors import ConfigError
from whytrain.models import transformer_layers
from whytrain.models.layers import LayerStates, Replacement
from whytrain.models.pretrained_network import pretrained_network, quiet_library, reach_hub
from whytrain.models.transformer_reading import (
    FUSED,
    PLAIN,
    Reading,
    fuses,
    inspected,
    longest_input,
    read_embeddings,
    read_ids,
    reading_of,
)
from whytrain.types import Inspection, RemovalName

# What is found of a trained classifying head: none, one of as many classes, one of another number.
Head = Literal["none", "kept", "other"]
_LONG = 64  # tokens from which switching attention pays
_ATTENTION = threading.RLock()  # how a network computes attention is said for all threads at once
_SPARE_ROWS = (
    1024  # embedding tables are padded to round numbers: so many more rows than tokens are no surprise
)


class Transformer(nn.Module):
    """A transformer with a classification head: an encoder, a decoder or both.

    Attributes:
        network: the `transformers` model; its weights are float32, and its attention shows its weights.
        family: its class, for errors.
        max_tokens: its longest input; None where its positions have no end.
    """

    removals: tuple[RemovalName, ...] = ("mask", "removed")  # it knows no padding inside
    requirements = ("transformers",)
    export_form = "huggingface"

    def __init__(
        self,
        *,
        vocabulary_size: int,
        n_classes: int,
        padding_id: int,
        name_or_path: str | None,
        architecture: Mapping[str, Any] | None = None,
        reading: Reading | None = None,
        class_order: Sequence[int] | None = None,
        network: nn.Module | None = None,
    ) -> None:
        """Read the weights, or build the architecture with new ones.

        A head of as many classes is kept, see `match_classes`; otherwise a new one is drawn from torch's
        global generator.

        Args:
            vocabulary_size: number of wordpieces of the tokenizer.
            n_classes: number of classes, at least 2.
            padding_id: what fills shorter sentences up.
            name_or_path: folder with config.json and *.safetensors, or a name on the hub; None with an
                architecture.
            architecture: the model's config as plain data; None to read it with the weights.
            reading: how it is asked; None: as is found by asking it.
            class_order: where the network has each class; None: where it stands.
            network: a `transformers` classifier that is read already; instead of all that.

        Raises:
            ConfigError: there is no such model in safetensors form, the tokenizer is not its own, or it
                cannot tell padding from text.
        """
        super().__init__()
        self.network: Any
        self._name = name_or_path
        self._head: Head = "none"
        if network is not None:
            self.network = network
        elif architecture is None:
            assert name_or_path is not None
            self.network, self._head = _pretrained(name_or_path, n_classes, padding_id)
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
        with quiet_library():
            self._reading = reading or reading_of(self.network, vocabulary_size, padding_id)
            self._fuses = fuses(self.network, vocabulary_size, padding_id, self._reading)
        self._sizes = {
            "vocabulary_size": vocabulary_size,
            "n_classes": n_classes,
            "padding_id": padding_id,
        }
        self._set_order(class_order)

    @property
    def saved_arguments(self) -> dict[str, Any]:
        """Constructor arguments that rebuild it where its first weights are gone."""
        return self._sizes | {
            "name_or_path": None,
            "architecture": _plain_config(self.network),
            "reading": self._reading,
            "class_order": None if self._order is None else self._order.tolist(),
        }

    def match_classes(self, class_names: Sequence[str]) -> str | None:
        """Give each class the place that it has in the data; return what people should know, if anything.

        A trained head is kept where its classes have the same names, whatever their order. Otherwise what it
        learned is about other classes, and a new one is drawn.

        Args:
            class_names: of the data, as many as the head has.
        """
        note, theirs = None, _named_classes(self.network.config)
        order = same_classes(theirs, class_names) if self._head == "kept" else None
        if order is None and self._head == "kept":
            self._draw_head()
            note = (
                f"{self._name} tells {few_of(theirs)} apart, the data {few_of(class_names)}: "
                "its classifying head is replaced by a new one"
            )
        elif self._head == "other":
            note = (
                f"{self._name} tells another number of classes apart than the data, which has "
                f"{len(class_names)}: its classifying head is replaced by a new one"
            )
        elif order is not None and order != sorted(order):
            note = f"{self._name} has its classes in another order ({few_of(theirs)}): matched by their names"
        self._set_order(order)
        self.named(class_names)
        return note

    def named(self, class_names: Sequence[str]) -> Any:
        """Return the network, whose config knows the classes by these names from then on."""
        places = range(len(class_names)) if self._order is None else self._order.tolist()
        named = dict(sorted(zip(places, class_names, strict=True)))
        self.network.config.id2label = named
        self.network.config.label2id = {name: place for place, name in named.items()}
        return self.network

    def _set_order(self, order: Sequence[int] | None) -> None:
        as_it_stands = order is None or list(order) == sorted(order)
        found = None if as_it_stands else torch.tensor(list(order or ()))
        self._order: Tensor | None
        self.register_buffer("_order", found, persistent=False)

    def _draw_head(self) -> None:
        """Replace what lies outside the encoder by new weights from torch's global generator."""
        fresh = _untrained(_plain_config(self.network)).train(self.network.training)
        for name, part in fresh.named_children():
            if part is not fresh.base_model:
                setattr(self.network, name, part)

    def _ordered(self, logits: Tensor) -> Tensor:
        return logits if self._order is None else logits[:, self._order]

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        """Return logits (batch, n_classes) for token ids (batch, n_tokens); mask None: no padding.

        Raises:
            ConfigError: more tokens than the model has positions.
        """
        with self._attending(token_ids.shape[1]):
            if self._reading == "ids":
                self._check_length(token_ids)
                return self._ordered(read_ids(self.network, token_ids, mask))
            output = read_embeddings(self.network, self.embed(token_ids), mask, self._reading)
            return self._ordered(output.logits)

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
        with _ATTENTION:
            seen = inspected(self.network, embeddings, mask, self._reading)
        return replace(seen, logits=self._ordered(seen.logits))

    def through_layers(
        self, embeddings: Tensor, mask: Tensor | None, replacement: Replacement | None
    ) -> LayerStates:
        """Run everything behind the word embeddings; a layer's states may be replaced.

        Raises:
            NotImplementedError: its layers are no single stack, or no linear layer ends it.
        """
        assert self._reading != "ids"
        with _ATTENTION:
            seen = transformer_layers.through_layers(
                self.network, embeddings, mask, self._reading, replacement
            )
        return replace(
            seen,
            logits=self._ordered(seen.logits),
            head_weight=self._ordered(seen.head_weight.T).T,
            head_bias=self._ordered(seen.head_bias[None])[0],
        )

    @contextmanager
    def _attending(self, n_tokens: int) -> Iterator[None]:
        """Fuse attention for long texts of which logits alone are asked: half the time, little memory."""
        with _ATTENTION:
            if not self._fuses or n_tokens < _LONG or self.training or torch.is_grad_enabled():
                yield
                return
            self.network.set_attn_implementation(FUSED)
            try:
                yield
            finally:
                self.network.set_attn_implementation(PLAIN)

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
            reach_hub(name_or_path)
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
    return _named_classes(config)


def _named_classes(config: Any) -> list[str]:
    return [str(name) for _, name in sorted(config.id2label.items())]


def _pretrained(name_or_path: str, n_classes: int, padding_id: int) -> tuple[Any, Head]:
    """Return the network, and whether its head is a trained one."""
    from transformers import AutoModelForSequenceClassification

    network, loading = pretrained_network(
        AutoModelForSequenceClassification,
        name_or_path,
        key="model.name_or_path",
        what="sequence classifier or encoder",
        num_labels=n_classes,
        pad_token_id=padding_id,
        attn_implementation=PLAIN,
        ignore_mismatched_sizes=True,  # a head for other classes is drawn anew
    )
    return _with_head(network, loading)


def _with_head(network: Any, loading: Mapping[str, Any]) -> tuple[Any, Head]:
    inside = f"{network.base_model_prefix}."
    if loading["mismatched_keys"]:
        return network, "other"
    is_drawn = any(not key.startswith(inside) for key in loading["missing_keys"])
    return network, "none" if is_drawn else "kept"


def _untrained(architecture: Mapping[str, Any]) -> Any:
    from transformers import AutoConfig, AutoModelForSequenceClassification

    # It may come from anybody's folder: an entry that names code would be asked about, and run on a yes.
    plain = {key: value for key, value in architecture.items() if key != "auto_map"}
    config = AutoConfig.for_model(**plain)
    build: Any = AutoModelForSequenceClassification.from_config
    return build(config, dtype=torch.float32, attn_implementation=PLAIN, trust_remote_code=False)


def _plain_config(network: Any) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(network.config.to_json_string(use_diff=False))
    return {key: value for key, value in config.items() if key not in ("_name_or_path", "auto_map")}
