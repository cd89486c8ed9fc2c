"""How a `transformers` classifier is asked so that padding never changes its answer: found by asking it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from whytrain.errors import ConfigError
from whytrain.models.evaluation import evaluating
from whytrain.types import Inspection

# From word embeddings; with the head at the last token, which a decoder itself would look for in ids; from
# ids, where an architecture takes nothing else; sentences of one length at a time, where it reads padding.
Reading = Literal["embeddings", "last_token", "ids", "equal_lengths"]
FromEmbeddings = Literal["embeddings", "last_token", "equal_lengths"]

# Padding changes the order in which float32 numbers are added, about 1e-6 of the logits per layer; reading it
# changes them by tenths of their spread.
PLAIN, FUSED = "eager", "sdpa"  # ways to compute attention; the first one shows its weights
_RELATIVE, _ABSOLUTE = 1e-3, 1e-5


class Output(NamedTuple):
    """What a network computes of a batch.

    Attributes:
        logits: (batch, n_classes); of a network without its head its last states.
        hidden_states: per layer (batch, n_tokens, hidden_size); empty unless asked for.
        attentions: per layer (batch, n_heads, n_tokens, n_tokens); empty unless asked for.
    """

    logits: Tensor
    hidden_states: tuple[Tensor, ...]
    attentions: tuple[Tensor, ...]


def read_ids(network: Any, token_ids: Tensor, mask: Tensor | None) -> Tensor:
    """Return logits of token ids (batch, n_tokens); mask None: no padding."""
    attended = torch.ones_like(token_ids) if mask is None else mask.long()
    logits: Tensor = network(input_ids=token_ids, attention_mask=attended).logits
    return logits


def read_embeddings(
    network: Any, embeddings: Tensor, mask: Tensor | None, reading: FromEmbeddings, *, show: bool = False
) -> Output:
    """Run a network on word embeddings (batch, n_tokens, size).

    Args:
        network: the classifier.
        embeddings: of the tokens.
        mask: bool (batch, n_tokens); None: no padding.
        reading: how it is asked.
        show: return hidden states and attention, too.
    """
    attended = torch.ones(embeddings.shape[:2], dtype=torch.bool, device=embeddings.device)
    if mask is not None:
        attended = mask
        embeddings = embeddings.masked_fill(~mask.unsqueeze(-1), 0.0)
    if reading == "equal_lengths":
        return _by_length(network, embeddings, attended, show=show)
    # Embeddings, not ids: some models number positions by ids and skip a padding token in a sentence.
    given = {"inputs_embeds": embeddings, "attention_mask": attended.long()}
    if reading == "embeddings":
        return _run(network, given, show=show)
    found = _run(network.base_model, given | {"use_cache": False}, show=show)
    rows = torch.arange(len(attended), device=attended.device)
    return found._replace(logits=network.score(found.logits[rows, last_token(attended)]))


def _by_length(network: Any, embeddings: Tensor, mask: Tensor, *, show: bool) -> Output:
    """Run the sentences of each length without padding, and put what comes out where it belongs."""
    lengths, n_tokens = mask.sum(dim=1), mask.shape[1]
    rows, outputs = [], []
    for length in sorted(set(lengths.tolist())):
        rows.append((lengths == length).nonzero().squeeze(1))
        outputs.append(_run(network, {"inputs_embeds": embeddings[rows[-1], :length]}, show=show))
    order = torch.cat(rows).argsort()

    def layers(parts: Sequence[tuple[Tensor, ...]], *axes: int) -> tuple[Tensor, ...]:
        wide = ([_widened(part, n_tokens, axes) for part in layer] for layer in zip(*parts, strict=True))
        return tuple(torch.cat(layer)[order] for layer in wide)

    return Output(
        torch.cat([output.logits for output in outputs])[order],
        layers([output.hidden_states for output in outputs], 1),
        layers([output.attentions for output in outputs], 2, 3),
    )


def _widened(part: Tensor, n_tokens: int, axes: Sequence[int]) -> Tensor:
    """Append zeros to the axes of tokens."""
    for axis in axes:
        missing = [*part.shape[:axis], n_tokens - part.shape[axis], *part.shape[axis + 1 :]]
        part = torch.cat([part, part.new_zeros(missing)], dim=axis)
    return part


def last_token(mask: Tensor) -> Tensor:
    """Return the place of the last token of each sentence, int64 (batch,)."""
    return mask.long().cumsum(dim=1).argmax(dim=1)


def inspected(network: Any, embeddings: Tensor, mask: Tensor | None, reading: FromEmbeddings) -> Inspection:
    """Return logits, last states, and attention; the latter two where they are of all tokens."""
    output = read_embeddings(network, embeddings, mask, reading, show=True)
    n_tokens, device = embeddings.shape[1], embeddings.device
    # Networks that shorten the sentence inside (Funnel) show it whole only in their first layers.
    states = next(state for state in reversed(output.hidden_states) if state.shape[1] == n_tokens)
    layers = output.attentions
    if not layers or any(layer.shape[2:] != (n_tokens, n_tokens) for layer in layers):
        return Inspection(logits=output.logits, hidden_states=states, attention=None, attention_scores=None)
    rows = torch.arange(len(embeddings), device=device)
    place = torch.zeros_like(rows)
    if reading == "last_token" or getattr(network.config, "summary_type", "first") == "last":  # XLNet
        place = place + n_tokens - 1 if mask is None else last_token(mask)
    attention = layers[-1].mean(dim=1)[rows, place]
    return Inspection(
        logits=output.logits,
        hidden_states=states,
        attention=attention,
        attention_scores=None,
        head_attention=layers,
        reader=place,
    )


def reading_of(network: Any, vocabulary_size: int, padding_id: int) -> Reading:
    """Return the first way of asking whose answer to a padded pair is that to its sentences alone.

    Raises:
        ConfigError: there is none; it names the network and what was wrong.
    """
    family = type(network).__name__
    ids, mask = _pair(network, vocabulary_size, padding_id)
    with torch.random.fork_rng(devices=[]), evaluating(network):
        try:
            alone = [network(input_ids=ids[i : i + 1, : int(mask[i].sum())])[0] for i in range(2)]
            embeddings = network.get_input_embeddings()(ids)
        except Exception as error:  # libraries of models raise whatever they like
            raise ConfigError(f"{family} does not classify token ids ({_in_short(error)})") from error
        expected = torch.cat(alone)
        ways: dict[Reading, Callable[[], Tensor]] = {
            "embeddings": lambda: read_embeddings(network, embeddings, mask, "embeddings").logits,
            "last_token": lambda: read_embeddings(network, embeddings, mask, "last_token").logits,
            "ids": lambda: read_ids(network, ids, mask),
            "equal_lengths": lambda: read_embeddings(network, embeddings, mask, "equal_lengths").logits,
        }
        reasons = []
        for name, answer in ways.items():
            try:
                difference = float((answer() - expected).abs().max())
            except Exception as error:  # this way is closed; the next one may not be
                reasons.append(_in_short(error))
                continue
            if difference <= _ABSOLUTE + _RELATIVE * float(expected.abs().max()):
                return name
            reasons.append(f"its logits move by {difference:.2g} when a sentence is padded")
    raise ConfigError(
        f"{family} cannot tell padding from text, so its batches would be wrong ({reasons[0]}): use another "
        "architecture, such as BERT, RoBERTa, DeBERTa, ModernBERT, GPT-2, Llama, Qwen or T5"
    )


def fuses(network: Any, vocabulary_size: int, padding_id: int, reading: Reading) -> bool:
    """Whether fused attention, which never holds its weights, gives the same answer; leaves it off."""
    if not getattr(network, "_supports_sdpa", False):
        return False
    ids, mask = _pair(network, vocabulary_size, padding_id)

    def answer() -> Tensor:
        if reading == "ids":
            return read_ids(network, ids, mask)
        return read_embeddings(network, network.get_input_embeddings()(ids), mask, reading).logits

    with torch.random.fork_rng(devices=[]), evaluating(network):
        plain = answer()
        try:
            network.set_attn_implementation(FUSED)
            difference = float((answer() - plain).abs().max())
        except Exception:  # libraries of models raise whatever they like
            return False
        finally:
            network.set_attn_implementation(PLAIN)
    return difference <= _ABSOLUTE + _RELATIVE * float(plain.abs().max())


def longest_input(network: Any) -> int | None:
    """Return how many tokens a network reads by its config and its tables of positions; None: any number."""
    limits = []
    for name, module in network.named_modules():
        if isinstance(module, nn.Embedding) and name.endswith(("position_embeddings", "wpe")):
            # RoBERTa and its kin keep the rows up to the padding id for padding.
            limits.append(module.num_embeddings - (module.padding_idx + 1 if module.padding_idx else 0))
    config = network.config
    stated = getattr(config, "max_position_embeddings", None)
    is_relative = getattr(config, "relative_attention", False)  # DeBERTa: far is as far as farther
    if not limits and isinstance(stated, int) and stated > 0 and not is_relative:
        limits.append(stated)
    return min(limits, default=None)


def _pair(network: Any, vocabulary_size: int, padding_id: int) -> tuple[Tensor, Tensor]:
    """Return token ids of two sentences of different length, and their mask."""
    config = network.config.to_dict()
    special = {padding_id} | {value for key, value in config.items() if key.endswith("token_id")}
    ordinary = [i for i in range(vocabulary_size) if i not in special][-9:]
    # Encoder-decoders classify at the sign for the end of a sentence.
    end = [config["eos_token_id"]] if config.get("is_encoder_decoder") else []
    long = (ordinary * 9)[:7] + end
    short = (ordinary * 9)[7:10] + end
    ids = torch.tensor([short + [padding_id] * (len(long) - len(short)), long])
    return ids, torch.arange(len(long)) < torch.tensor([[len(short)], [len(long)]])


def _run(network: Any, given: dict[str, Any], *, show: bool) -> Output:
    if not show:
        return Output(network(**given)[0], (), ())
    try:
        found = network(**given, output_hidden_states=True, output_attentions=True)
    except TypeError:  # a network that knows no attention
        found = network(**given, output_hidden_states=True)
    return Output(found[0], tuple(found.get("hidden_states") or ()), tuple(found.get("attentions") or ()))


def _in_short(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:160]
