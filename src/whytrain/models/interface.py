"""What a model can do, asked once: the only place that looks into a model beyond calling it.

A model is an `nn.Module` called as `model(token_ids, mask) -> logits`. What else its author may declare:

- `embed(token_ids)`, `inspect(embeddings, mask) -> Inspection`: logits can be computed from embeddings,
  states and attention are seen. `embed` raises NotImplementedError where what was
  read cannot do it.
- `through_layers(embeddings, mask, replacement) -> LayerStates`: every layer is seen, and may be set
  (`whytrain.models.layers`). Raises NotImplementedError where what was read cannot do it.
- `recurrence() -> Recurrence`: its coalition tables share prefixes and suffixes; None where they cannot.
- `removals`: ways to remove a word that suit it, the usual one first.
- `max_tokens`: its longest input, special tokens included; None: no limit.
- `family`: how errors call it; otherwise its class.
- `saved_arguments`: constructor arguments that rebuild it where its first weights are gone.
- `match_classes(class_names) -> str | None`: brings first weights that know classes by name into the data's
  order; returns what people should know.
- `export_form`, of its class: what `whytrain export` makes of it, `huggingface` (a `Transformer`) or `onnx`
  (what torch can trace).
- `requirements`, of its class: packages that it needs besides this one's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError
from whytrain.models.dropout import dropout_rates
from whytrain.models.evaluation import device_of, evaluating
from whytrain.models.layers import Layered, LayerStates, Replacement
from whytrain.models.masked_language_model import MaskedLanguageModel
from whytrain.models.reference_words import TokenIds
from whytrain.types import Inspectable, Inspection, PredictFn, PrefixModel, Recurrence, RemovalName

AttentionKind = Literal["none", "pooling", "heads"]

_USUAL_REMOVALS: tuple[RemovalName, ...] = ("padding", "removed")  # a mask embedding may be untrained
_LONGEST_PROBED = 4096  # tokens; attention over more would take seconds
# Padding changes the order in which float32 numbers are added: about 1e-6 of the logits per layer. A model
# that reads its padding differs by tenths of the spread of its logits.
_RELATIVE, _ABSOLUTE = 1e-3, 1e-4


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a model can do.

    Attributes:
        embeddings: logits can be computed from embeddings: gradients are possible, and `inspect`.
        attention: `pooling`: one weight per token; `heads`: also those of every layer and head.
        recurrence: its coalition tables can share prefixes and suffixes.
        removals: ways to remove a word that suit the model, the usual one first.
        dropout: rate that `objective.dropout_end` ramps from, of its layers the largest; None: has none.
        max_tokens: longest input, special tokens included; None: no limit.
        attention_scores: the attention is also shown before its softmax.
        layers: names of the layers that it shows, in the order in which they are computed; none: it shows
            none.
    """

    embeddings: bool
    attention: AttentionKind
    recurrence: bool
    removals: tuple[RemovalName, ...]
    dropout: float | None
    max_tokens: int | None
    attention_scores: bool = False
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelInterface:
    """A model as algorithms see it: a `PredictFn`, and what else its capabilities allow.

    Everything is computed where the model is, in the mode that it is in, with gradients where torch has them
    on; `whytrain.models.evaluation.evaluating` is for asking without a trace.

    Attributes:
        module: the model.
        tokenizer: what makes its token ids.
        capabilities: what it can do.
        max_tokens: after which texts are cut here; at most what the model reads.
        reference_words: words of texts that it learned from, see `whytrain.models.reference_words`; none
            where they are not known.
        additions: what was made for it, folders by name; who made one reads it.
        infill: fills absent words in; None: they are left empty.
    """

    module: nn.Module
    tokenizer: Tokenizer
    capabilities: Capabilities
    max_tokens: int
    reference_words: tuple[TokenIds, ...] = ()
    additions: Mapping[str, Path] = field(default_factory=dict)
    infill: MaskedLanguageModel | None = None

    def filled_by(self, infill: MaskedLanguageModel) -> ModelInterface:
        """Return the same model, whose absent words are filled in; beside it the way usual for the model."""
        removals = ("infilled", *self.capabilities.removals[:1])
        return replace(self, infill=infill, capabilities=replace(self.capabilities, removals=removals))

    @property
    def device(self) -> torch.device:
        """Where the weights are; the CPU for a model without any."""
        return device_of(self.module)

    def __call__(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        """Return logits (batch, n_classes) for token ids (batch, n_tokens); mask None: no padding."""
        logits: Tensor = self.module(*self._sent(token_ids, mask))
        return logits

    def coalition_model(self) -> PredictFn | PrefixModel:
        """Return the form in which coalition tables are cheapest: shared where that is possible."""
        return self.module if self.capabilities.recurrence else self

    def embed(self, token_ids: Tensor) -> Tensor:
        """Return embeddings (batch, n_tokens, embedding_size).

        Raises:
            ConfigError: the model cannot compute from them.
        """
        embeddings: Tensor = self._inspectable().embed(token_ids.to(self.device))
        return embeddings

    def logits_of_embeddings(self, embeddings: Tensor, mask: Tensor | None) -> Tensor:
        """Return logits (batch, n_classes) for embeddings (batch, n_tokens, embedding_size)."""
        return self.inspect_embeddings(embeddings, mask).logits

    def inspect(self, token_ids: Tensor, mask: Tensor | None) -> Inspection:
        """Return logits, hidden states and attention weights for token ids."""
        return self.inspect_embeddings(self.embed(token_ids), mask)

    def inspect_embeddings(self, embeddings: Tensor, mask: Tensor | None) -> Inspection:
        """Return the same for embeddings (batch, n_tokens, embedding_size)."""
        return self._inspectable().inspect(*self._sent(embeddings, mask))

    def through_layers(
        self, token_ids: Tensor, mask: Tensor | None, replacement: Replacement | None = None
    ) -> LayerStates:
        """Return the states of every layer for token ids; those of one may be replaced, all behind follow.

        Raises:
            ConfigError: the model shows no layers.
        """
        if not self.capabilities.layers or not isinstance(self.module, Layered):
            raise ConfigError(
                f"the model {family_of(self.module)} does not show its layers one by one: what each knows, "
                "and which state decides, cannot be asked of it"
            )
        moved = None if replacement is None else replacement.to(self.device)
        return self.module.through_layers(*self._sent(self.embed(token_ids), mask), moved)

    def _sent(self, inputs: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        device = self.device
        return inputs.to(device), None if mask is None else mask.to(device)

    def _inspectable(self) -> Inspectable:
        if not self.capabilities.embeddings or not isinstance(self.module, Inspectable):
            raise ConfigError(
                f"the model {type(self.module).__name__} computes no logits from embeddings: what needs "
                "gradients, hidden states or attention is not possible with it"
            )
        return self.module


def interface_of(
    module: nn.Module, tokenizer: Tokenizer, max_tokens: int, reference_words: tuple[TokenIds, ...] = ()
) -> ModelInterface:
    """Ask a model what it can do, by its declarations and by a small forward.

    The forward compares a padded pair of sentences with the single ones, and embeddings with ids; it leaves
    modes, gradients and random generators as they were.

    Args:
        module: the model, on any device.
        tokenizer: what makes its token ids.
        max_tokens: after which texts are cut.
        reference_words: of texts that it learned from, if they are known.

    Raises:
        ConfigError: it cannot read `max_tokens` tokens, padding changes its logits, or what it shows is not
            what it computes.
    """
    limit = limit_of(module)
    if limit is not None and max_tokens > limit:
        raise ConfigError(
            f"data.max_tokens={max_tokens}: the model {family_of(module)} reads at most {limit} tokens, "
            f"special ones included: set data.max_tokens={limit}, or data.windows={limit} for longer texts"
        )
    device = device_of(module)
    generators = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=generators), evaluating(module):
        seen, layers = _probe(module, tokenizer, max_tokens, device)
    attention: AttentionKind = "none"
    if seen is not None and seen.attention is not None:
        attention = "pooling" if seen.head_attention is None else "heads"
    rates = dropout_rates(module)
    capabilities = Capabilities(
        embeddings=seen is not None,
        attention=attention,
        recurrence=recurrence_of(module) is not None,
        removals=_removals(module, tokenizer),
        dropout=max(rates.values()) if rates else None,
        max_tokens=limit,
        attention_scores=seen is not None and seen.attention_scores is not None,
        layers=layers,
    )
    return ModelInterface(
        module=module,
        tokenizer=tokenizer,
        capabilities=capabilities,
        max_tokens=max_tokens,
        reference_words=reference_words,
    )


def recurrence_of(model: PredictFn | PrefixModel) -> Recurrence | None:
    """Return the recurrence that coalition tables can share, with the weights of this moment, if any."""
    return model.recurrence() if isinstance(model, PrefixModel) else None


def saved_arguments_of(model: PredictFn) -> dict[str, Any] | None:
    """Return the arguments that rebuild a model without its first weights; None: those it was built with."""
    arguments: Mapping[str, Any] | None = getattr(model, "saved_arguments", None)
    return None if arguments is None else dict(arguments)


def inspectable_of(module: nn.Module) -> Inspectable | None:
    """Return a model that may show its embeddings and what lies behind; None: it shows nothing."""
    return module if isinstance(module, Inspectable) else None


def removals_of(module: nn.Module) -> tuple[RemovalName, ...]:
    """Return the ways to remove a word that suit a model, the usual one first."""
    declared: tuple[RemovalName, ...] = getattr(module, "removals", _USUAL_REMOVALS)
    return declared


def limit_of(module: nn.Module) -> int | None:
    """Return the longest input of a model, special tokens included; None: no limit."""
    limit: int | None = getattr(module, "max_tokens", None)
    return limit


def family_of(module: nn.Module) -> str:
    """Return how errors call a model."""
    return str(getattr(module, "family", type(module).__name__))


def match_classes(model: PredictFn, class_names: Sequence[str]) -> str | None:
    """Let a model whose first weights know classes bring them into this order; return its note, if any."""
    match: Callable[[Sequence[str]], str | None] | None = getattr(model, "match_classes", None)
    return None if match is None else match(class_names)


def export_form_of(model: PredictFn) -> str:
    """Return the form in which other tools can read a model.

    Raises:
        ConfigError: its class declares none.
    """
    form: str | None = getattr(model, "export_form", None)
    if form is None:
        raise ConfigError(
            f"the model {type(model).__name__} declares no export_form and cannot be exported; a class whose "
            'forward torch can trace may say export_form = "onnx"'
        )
    return form


def requirements_of_class(model_class: type[nn.Module]) -> tuple[str, ...]:
    """Return the packages that a class of models needs besides this one's own."""
    return tuple(getattr(model_class, "requirements", ()))


def _removals(module: nn.Module, tokenizer: Tokenizer) -> tuple[RemovalName, ...]:
    """Return the declared ways that the tokenizer has tokens for; an unknown word stands in for a mask."""
    declared = removals_of(module)
    has = {"mask": tokenizer.mask_id is not None, "unknown": tokenizer.unknown_id is not None}
    possible = [name for name in declared if has.get(name, True)]
    if len(possible) < len(declared) and has["unknown"] and "unknown" not in possible:
        possible.append("unknown")
    return tuple(possible)


def _probe(
    module: nn.Module, tokenizer: Tokenizer, max_tokens: int, device: torch.device
) -> tuple[Inspection | None, tuple[str, ...]]:
    """Run a padded pair, its sentences alone and a longest one; return what the pair shows."""
    longest = _sentence(tokenizer, min(max_tokens, _LONGEST_PROBED))
    short, long = (_sentence(tokenizer, min(n, max_tokens)) for n in (4, 7))
    n_tokens = len(long)
    ids = torch.full((2, n_tokens), tokenizer.padding_id)
    ids[0, : len(short)], ids[1] = torch.tensor(short), torch.tensor(long)
    mask = torch.arange(n_tokens) < torch.tensor([[len(short)], [n_tokens]])
    ids, mask = ids.to(device), mask.to(device)
    try:
        pair = module(ids, mask)
        alone = torch.cat([module(ids[:1, : len(short)], None), module(ids[1:], None)])
        module(torch.tensor([longest], device=device), None)
        seen = _inspected(module, ids, mask)
        layers = _layered(module, ids, mask)
    except IndexError as error:
        raise ConfigError(
            f"the model {family_of(module)} does not read the tokens that it is given ({_in_short(error)}): "
            f"its vocabulary or its positions are fewer; lower data.max_tokens={max_tokens}, or use its own "
            "tokenizer"
        ) from error
    if not _equal(pair, alone):
        raise ConfigError(
            f"the model {family_of(module)} reads its padding: the logits of two sentences differ by "
            f"{float((pair - alone).abs().max()):.2g} between a padded batch and each alone; a model "
            "must use its mask"
        )
    if seen is not None and not _equal(seen.logits, pair):
        raise ConfigError(
            f"the model {family_of(module)} has an inspect() whose logits differ by "
            f"{float((seen.logits - pair).abs().max()):.2g} from those of its forward(): "
            "both must compute the same"
        )
    if layers is not None and not _equal(layers.logits, pair):
        raise ConfigError(
            f"the model {family_of(module)} has a through_layers() whose logits differ by "
            f"{float((layers.logits - pair).abs().max()):.2g} from those of its forward(): "
            "both must compute the same"
        )
    return seen, () if layers is None else tuple(layers.states)


def _inspected(module: nn.Module, ids: Tensor, mask: Tensor) -> Inspection | None:
    if not isinstance(module, Inspectable):
        return None
    try:
        return module.inspect(module.embed(ids), mask)
    except NotImplementedError:
        return None


def _layered(module: nn.Module, ids: Tensor, mask: Tensor) -> LayerStates | None:
    if not isinstance(module, Layered) or not isinstance(module, Inspectable):
        return None
    try:
        return module.through_layers(module.embed(ids), mask, None)
    except NotImplementedError:
        return None


def _sentence(tokenizer: Tokenizer, n_tokens: int) -> list[int]:
    """Return a sentence of so many tokens, special ones included, of what is in the vocabulary anyway."""
    special = tokenizer.special_ids | {tokenizer.padding_id}
    ordinary = [i for i in islice(range(tokenizer.vocabulary_size), 100) if i not in special]
    n_words = max(1, n_tokens - tokenizer.n_framing)
    return tokenizer.framed(list(islice(cycle(ordinary[::-1] or [tokenizer.padding_id]), n_words)))


def _equal(a: Tensor, b: Tensor) -> bool:
    scale = b.abs().nan_to_num().max().item()
    return torch.allclose(a, b, rtol=0, atol=_ABSOLUTE + _RELATIVE * scale, equal_nan=True)


def _in_short(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
