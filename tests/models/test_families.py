"""Tiny random classifiers of every family: their logits are the library's, alone and in a padded batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import torch
import transformers
from tokenizers import models, pre_tokenizers, processors

from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.models.layers import Replacement
from whytrain.models.saved import SavedModel, load_model, save_model
from whytrain.models.transformer import Transformer

CLASS = "whytrain.models.transformer.Transformer"
N_WORDS = 60
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>", "<mask>"]  # ids 0 to 4
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
ENCODER = SIZES | {"max_position_embeddings": 40}
DEBERTA = ENCODER | {
    "relative_attention": True,
    "pos_att_type": ["c2p", "p2c"],
    "position_biased_input": False,
}
DECODER = ENCODER | {"num_key_value_heads": 1, "bos_token_id": 2, "eos_token_id": 3}

# Attention over all tokens is shown, but by Funnel, which shortens the sentence inside, and FNet, which has none.
FAMILIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "BERT": ("Bert", ENCODER, "heads"),
    "DistilBERT": (
        "DistilBert",
        {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32, "max_position_embeddings": 40},
        "heads",
    ),
    "RoBERTa": ("Roberta", ENCODER, "heads"),
    "XLM-R": ("XLMRoberta", ENCODER, "heads"),
    "DeBERTa v1": ("Deberta", DEBERTA | {"max_relative_positions": -1}, "heads"),
    "DeBERTa v2": ("DebertaV2", DEBERTA | {"position_buckets": 8, "conv_kernel_size": 3}, "heads"),
    "DeBERTa v3": (
        "DebertaV2",
        DEBERTA | {"position_buckets": 8, "share_att_key": True, "norm_rel_ebd": "layer_norm"},
        "heads",
    ),
    "ELECTRA": ("Electra", ENCODER | {"embedding_size": 8}, "heads"),
    "ALBERT": ("Albert", ENCODER | {"embedding_size": 8}, "heads"),
    "MPNet": ("MPNet", ENCODER | {"pad_token_id": 1}, "heads"),
    "ModernBERT": (
        "ModernBert",
        ENCODER
        | {"global_attn_every_n_layers": 2, "local_attention": 8, "cls_token_id": 2, "sep_token_id": 3},
        "heads",
    ),
    "BigBird": ("BigBird", ENCODER | {"block_size": 4, "num_random_blocks": 1}, "heads"),
    "MobileBERT": (
        "MobileBert",
        ENCODER | {"embedding_size": 16, "intra_bottleneck_size": 16, "classifier_activation": False},
        "heads",
    ),
    "ConvBERT": ("ConvBert", ENCODER | {"embedding_size": 16, "conv_kernel_size": 3}, "heads"),
    "Funnel": (
        "Funnel",
        {
            "block_sizes": [1, 1],
            "d_model": 16,
            "n_head": 2,
            "d_head": 8,
            "d_inner": 32,
            "initializer_std": 0.5,
        },
        "none",
    ),
    "GPT-2": ("GPT2", {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 40}, "heads"),
    "Llama": ("Llama", DECODER, "heads"),
    "Qwen2": ("Qwen2", DECODER, "heads"),
    "Qwen3": ("Qwen3", DECODER | {"head_dim": 8}, "heads"),
    "XLNet": ("XLNet", {"d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 32}, "heads"),
    "FNet": (
        "FNet",
        {"hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 32, "max_position_embeddings": 40},
        "none",
    ),
}
ENCODER_DECODER = {"eos_token_id": 3, "decoder_start_token_id": 0, "bos_token_id": 2}
FROM_IDS: dict[str, tuple[str, dict[str, Any]]] = {
    "T5": (
        "T5",
        ENCODER_DECODER | {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2},
    ),
    "BART": (
        "Bart",
        ENCODER_DECODER
        | {f"{side}_{key}": size for side in ("encoder", "decoder")
           for key, size in (("layers", 2), ("attention_heads", 2), ("ffn_dim", 32))}
        | {"d_model": 16, "max_position_embeddings": 40, "init_std": 0.5},
    ),
    "Longformer": ("Longformer", ENCODER | {"attention_window": [4, 4], "pad_token_id": 1}),
}  # fmt: skip

SHORT, LONG = [9, 21, 33], [8, 40, 12, 57, 30, 11, 25, 19]


def tokenizer(*, frame: str = "<s> $A </s>") -> Tokenizer:
    vocabulary = {word: i for i, word in enumerate([*SPECIAL, *(f"w{i}" for i in range(5, N_WORDS))])}
    backend = tokenizers.Tokenizer(models.WordLevel(vocabulary, "<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    ends = [(token, i) for i, token in enumerate(SPECIAL) if token in frame]
    if ends:
        backend.post_processor = processors.TemplateProcessing(single=frame, special_tokens=ends)
    return Tokenizer(backend, "small")


def library_model(folder: Path, kind: str, sizes: dict[str, Any]) -> Any:
    """A random classifier of three classes of the library, saved in a folder."""
    settings = {"vocab_size": N_WORDS, "num_labels": 3, "initializer_range": 0.5, "pad_token_id": 0} | sizes
    config = getattr(transformers, f"{kind}Config")(**settings)
    torch.manual_seed(0)
    build: Any = transformers.AutoModelForSequenceClassification.from_config
    network = build(config, dtype=torch.float32, attn_implementation="eager").eval()
    network.save_pretrained(folder)
    return network


def read(folder: Path, own: Tokenizer, padding_id: int = 0) -> Transformer:
    sizes = {"vocabulary_size": N_WORDS, "n_classes": 3, "padding_id": padding_id}
    return Transformer(**sizes, name_or_path=str(folder)).eval()


def sentences(own: Tokenizer) -> tuple[torch.Tensor, torch.Tensor]:
    short, long = own.framed(SHORT), own.framed(LONG)
    ids = torch.full((2, len(long)), own.padding_id)
    ids[0, : len(short)], ids[1] = torch.tensor(short), torch.tensor(long)
    return ids, torch.arange(len(long)) < torch.tensor([[len(short)], [len(long)]])


def check_logits(network: Any, model: Callable[..., torch.Tensor], own: Tokenizer) -> None:
    """Compare with the library, sentence by sentence: that is what it says without any padding."""
    ids, mask = sentences(own)
    lengths = mask.sum(dim=1).tolist()
    with torch.no_grad():
        expected = torch.cat(
            [network(input_ids=row[None, :n])[0] for row, n in zip(ids, lengths, strict=True)]
        )
        alone = torch.cat([model(row[None, :n], None) for row, n in zip(ids, lengths, strict=True)])
        together = model(ids, mask)
    # Float32 sums in another order; sentences differ by a thousand times as much.
    assert (expected[0] - expected[1]).abs().max() > 0.01
    torch.testing.assert_close(alone, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(together, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_the_librarys(tmp_path: Path, family: str) -> None:
    kind, sizes, attention = FAMILIES[family]
    network, own = library_model(tmp_path / "hf", kind, sizes), tokenizer()
    model = read(tmp_path / "hf", own, sizes.get("pad_token_id", 0))
    check_logits(network, model, own)
    asked = interface_of(model, own, 20)
    assert asked.capabilities.embeddings
    assert asked.capabilities.attention == attention
    assert asked.capabilities.removals == ("mask", "removed")
    check_inspection(asked, *sentences(own))
    saved = SavedModel(model=model, tokenizer=own, class_names=("a", "b", "c"), max_tokens=20)
    save_model(tmp_path / "saved", saved, class_path=CLASS, arguments={})
    check_logits(network, load_model(tmp_path / "saved").interface, own)


def test_a_layer_that_runs_several_times_is_several_layers(tmp_path: Path) -> None:
    """ALBERT: each pass through the shared weights can be seen and set; setting the last one decides all."""
    kind, sizes, _ = FAMILIES["ALBERT"]
    library_model(tmp_path, kind, sizes | {"num_hidden_layers": 3})
    own = tokenizer()
    asked = interface_of(read(tmp_path, own), own, 20)
    names = ("layer 1", "layer 2", "layer 3")
    assert asked.capabilities.layers == ("embeddings", *names, "pooled")
    ids, mask = sentences(own)
    with torch.no_grad():
        seen, states = asked.through_layers(ids, mask), asked.inspect(ids, mask).hidden_states
        torch.testing.assert_close(seen.states["layer 3"], states)
        other = asked.through_layers(ids.flip(0), mask.flip(0))
        for name in names:
            same = Replacement(layer=name, where=torch.tensor(True), values=other.states[name])
            found = asked.through_layers(ids, mask.flip(0), same)
            torch.testing.assert_close(found.logits, other.logits)


@pytest.mark.parametrize("family", ["T5", "BART", "Funnel", "FNet"])
def test_models_without_one_stack_show_no_layers(tmp_path: Path, family: str) -> None:
    kind, sizes, *_ = (FROM_IDS | FAMILIES)[family]
    library_model(tmp_path, kind, sizes)
    own = tokenizer()
    asked = interface_of(read(tmp_path, own), own, 20)
    assert asked.capabilities.layers == ()
    with pytest.raises(
        ConfigError, match=f"{kind}ForSequenceClassification does not show its layers one by one"
    ):
        asked.through_layers(*sentences(own))


def check_inspection(asked: ModelInterface, ids: torch.Tensor, mask: torch.Tensor) -> None:
    with torch.no_grad():
        seen = asked.inspect(ids, mask)
        torch.testing.assert_close(seen.logits, asked(ids, mask), rtol=0, atol=0)
    assert seen.hidden_states.shape[:2] == ids.shape
    assert seen.attention_scores is None
    if asked.capabilities.attention == "heads":
        assert seen.attention is not None
        assert seen.head_attention is not None
        torch.testing.assert_close(seen.attention.sum(dim=1), torch.ones(2))
        assert seen.attention[~mask].abs().max() == 0
        assert {(len(layer), *layer.shape[2:]) for layer in seen.head_attention} == {(2, *[ids.shape[1]] * 2)}
    embeddings = asked.embed(ids).detach().requires_grad_()
    loss = asked.logits_of_embeddings(embeddings, mask).square().sum()
    (gradient,) = torch.autograd.grad(loss, embeddings)
    assert gradient[mask].abs().amax() > 0
    assert gradient[~mask].abs().max() == 0


@pytest.mark.parametrize("family", FROM_IDS)
def test_what_takes_ids_alone_has_no_gradients(tmp_path: Path, family: str) -> None:
    kind, sizes = FROM_IDS[family]
    network, own = library_model(tmp_path, kind, sizes), tokenizer()
    model = read(tmp_path, own, sizes.get("pad_token_id", 0))
    check_logits(network, model, own)
    asked = interface_of(model, own, 20)
    assert not asked.capabilities.embeddings
    assert asked.capabilities.attention == "none"
    with pytest.raises(ConfigError, match="computes no logits from embeddings"):
        asked.inspect(*sentences(own))


@pytest.mark.parametrize("family", ["GPT-2", "Llama", "Qwen2", "Qwen3"])
def test_decoders_without_special_tokens(tmp_path: Path, family: str) -> None:
    kind, sizes, _ = FAMILIES[family]
    network, own = library_model(tmp_path, kind, sizes), tokenizer(frame="$A")
    assert own.framed([7]) == [7]
    model = read(tmp_path, own)
    check_logits(network, model, own)
    with torch.no_grad():
        seen = model.inspect(model.embed(sentences(own)[0][1:]), None)
        shown = network(input_ids=sentences(own)[0][1:], output_attentions=True)
    # The last token's: it is its state that is classified.
    torch.testing.assert_close(seen.attention, shown.attentions[-1][:, :, -1].mean(dim=1))


def test_the_end_of_a_text_may_pad_as_well(tmp_path: Path) -> None:
    kind, sizes, _ = FAMILIES["GPT-2"]
    ends = {"pad_token_id": None, "eos_token_id": 3, "bos_token_id": 3}
    network, own = library_model(tmp_path, kind, sizes | ends), tokenizer(frame="$A")
    check_logits(network, read(tmp_path, own, padding_id=3), own)


def test_limits_are_known_before_training(tmp_path: Path) -> None:
    for kind, sizes, limit in (
        ("Roberta", ENCODER | {"pad_token_id": 1}, 38),  # two rows are padding's
        ("GPT2", FAMILIES["GPT-2"][1], 40),
        ("Llama", DECODER, 40),
        ("DebertaV2", FAMILIES["DeBERTa v2"][1], None),
    ):
        library_model(tmp_path / kind, kind, sizes)
        model = read(tmp_path / kind, tokenizer(), sizes.get("pad_token_id", 0))
        assert interface_of(model, tokenizer(), limit or 100).capabilities.max_tokens == limit
        if limit is not None:
            with pytest.raises(
                ConfigError, match=rf"reads at most {limit} tokens.* set data.max_tokens={limit}, or"
            ):
                interface_of(model, tokenizer(), limit + 1)


def test_what_has_no_word_embeddings_is_refused(tmp_path: Path) -> None:
    library_model(tmp_path, "Canine", SIZES | {"num_hash_buckets": 64, "max_position_embeddings": 64})
    with pytest.raises(ConfigError, match=r"^CanineForSequenceClassification [^\n]*$"):
        read(tmp_path, tokenizer())
