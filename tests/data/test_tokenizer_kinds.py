"""Tokenizers that are not BERT's: other frames, other vocabularies, no frame at all, none that can be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tokenizers
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from whytrain.data.pretrained import PretrainedTokenizer
from whytrain.data.tokenization import HIDDEN, Tokenizer
from whytrain.errors import DataError
from whytrain.guidance.token_kinds import TokenKinds
from whytrain.guidance.word_masking import mask_words

TEXTS = [
    "a fine film, really fine",
    "not a fine film",
    "un café déjà vu",
    "很好 的 电影",
    "films filmed",
] * 20


def framed(backend: tokenizers.Tokenizer, frame: str) -> tokenizers.Tokenizer:
    ends = [(token, backend.token_to_id(token)) for token in frame.split() if token != "$A"]
    backend.post_processor = processors.TemplateProcessing(single=frame, special_tokens=ends)
    return backend


def byte_level(special: list[str], *, prefix_space: bool = False) -> tokenizers.Tokenizer:
    """Byte-level BPE, as GPT-2, RoBERTa and Qwen have it."""
    backend = tokenizers.Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    backend.train_from_iterator(TEXTS, trainer)
    return backend


def unigram(special: list[str]) -> tokenizers.Tokenizer:
    """SentencePiece's unigram model, as XLM-R, ALBERT, T5 and XLNet have it."""
    backend = tokenizers.Tokenizer(models.Unigram())
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=100, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    backend.train_from_iterator(TEXTS, trainer)
    return backend


def llama() -> tokenizers.Tokenizer:
    """SentencePiece's BPE with bytes for what it does not know, as Llama has it."""
    vocabulary = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    vocabulary += [*"▁aefilmnotrdy,", "▁a", "▁f", "▁fi", "▁fil", "▁film"]
    merges = [("▁", "a"), ("▁", "f"), ("▁f", "i"), ("▁fi", "l"), ("▁fil", "m")]
    backend = tokenizers.Tokenizer(
        models.BPE(
            {token: i for i, token in enumerate(vocabulary)},
            merges,
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.add_special_tokens(["<unk>", "<s>", "</s>"])
    return backend


KINDS: dict[str, Callable[[], tokenizers.Tokenizer]] = {
    "GPT-2": lambda: byte_level(["<|endoftext|>"]),
    "Qwen": lambda: byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>"]),
    "RoBERTa": lambda: framed(byte_level(["<s>", "<pad>", "</s>", "<unk>", "<mask>"]), "<s> $A </s>"),
    "XLM-R": lambda: framed(unigram(["<s>", "<pad>", "</s>", "<unk>", "<mask>"]), "<s> $A </s>"),
    "ALBERT": lambda: framed(unigram(["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]), "[CLS] $A [SEP]"),
    "T5": lambda: framed(unigram(["<pad>", "</s>", "<unk>"]), "$A </s>"),
    "XLNet": lambda: framed(unigram(["<unk>", "<sep>", "<cls>", "<pad>", "<mask>"]), "$A <sep> <cls>"),
    "Llama": lambda: framed(llama(), "<s> $A"),
}
# Ids before and behind a sentence, of padding, of the mask and of an unknown word.
CONTRACTS = {
    "GPT-2": ([], [], 0, None, None),
    "Qwen": ([], [], 0, None, None),
    "RoBERTa": ([0], [2], 1, 4, 3),
    "XLM-R": ([0], [2], 1, 4, 3),
    "ALBERT": ([2], [3], 0, 4, 1),
    "T5": ([], [1], 0, None, 2),
    "XLNet": ([], [1, 2], 3, 4, 0),
    "Llama": ([1], [], 0, None, 0),
}
MADE: dict[str, Tokenizer] = {}


def made(kind: str) -> Tokenizer:
    """Each is trained once."""
    if kind not in MADE:
        MADE[kind] = Tokenizer(KINDS[kind](), kind)
    return MADE[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_special_is_read_off_the_tokenizer(kind: str) -> None:
    before, after, padding, mask, unknown = CONTRACTS[kind]
    found = made(kind)
    assert found.framed([50, 51]) == [*before, 50, 51, *after]
    assert (found.padding_id, found.mask_id, found.unknown_id) == (padding, mask, unknown)
    assert found.special_ids == {*before, *after, padding, *([] if mask is None else [mask])}
    assert (found.mask_token is None) == (mask is None)


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_of_the_tokens_and_a_cut_that_keeps_the_frame(kind: str) -> None:
    found, text = made(kind), "a  fine film, \n影很 films🙂 "
    before, after, *_ = CONTRACTS[kind]
    encoding = found.encode_words(text, 200)
    ids = encoding.token_ids.tolist()
    assert encoding.words == ("a", "fine", "film,", "影", "很", "films🙂")
    n_words = len(encoding.words)
    inner = encoding.word_of_token[len(before) : len(ids) - len(after)]
    assert sorted(set(inner.tolist())) == list(range(n_words))
    assert (np.diff(inner) >= 0).all()
    assert (encoding.word_of_token[: len(before)] == -1).all()
    assert (encoding.word_of_token[len(ids) - len(after) :] == -1).all()
    for limit in (len(ids) - 1, 5):
        [cut] = found.encode([text], limit)
        assert cut.tolist() == [*ids[: limit - len(after)], *after]
        assert found.encode_words(text, limit).token_ids.tolist() == cut.tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_each_word_has_the_tokens_that_it_has_alone(kind: str) -> None:
    """An independent way to align: words of a sentence, tokenized one by one behind the same neighbor."""
    found, words = made(kind), ["a", "fine", "film,", "really", "not", "filmed"]
    encoding = found.encode_words(" ".join(words), 200)
    for number, word in enumerate(words[1:], start=1):
        own = encoding.token_ids[encoding.word_of_token == number].tolist()
        assert own == list(found.pieces([f"a {word}"])[0][len(found.pieces(["a"])[0]) :])


@given(
    st.text(alphabet=st.sampled_from(list("abf é̂ñ'.,-\t\n\u3000\u200b很好これ。Ａ한국🙂👍🏽")), max_size=30)
)
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("kind", KINDS)
def test_words_cover_the_same_tokens_in_order(kind: str, text: str) -> None:
    found = made(kind)
    encoding = found.encode_words(text, 64)
    assert np.array_equal(encoding.token_ids, found.encode([text], 64)[0])
    assert len(encoding.token_ids) > 0
    inner = encoding.word_of_token[encoding.word_of_token >= 0]
    assert list(dict.fromkeys(inner.tolist())) == list(range(len(encoding.words)))
    assert (np.diff(inner) >= 0).all()
    place = 0
    for word in encoding.words:
        place = text.index(word, place) + len(word)


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_without_tokens_is_padding(kind: str) -> None:
    found = made(kind)
    encoding = found.encode_words("", 10)
    before, after, padding, *_ = CONTRACTS[kind]
    assert encoding.words == ()
    assert encoding.token_ids.tolist() == ([*before, *after] or [padding])
    assert (encoding.word_of_token == -1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_inside_parts_of_a_text(kind: str) -> None:
    found = made(kind)
    text = "film a films, film"
    encoding = found.encode_words(text, 50)
    inside = found.tokens_inside(text, [(0, 4), (14, 18)], 50)
    assert inside.tolist() == np.isin(encoding.word_of_token, [0, 3]).tolist()
    assert not found.tokens_inside(text, [], 50).any()
    n_before = len(CONTRACTS[kind][0])
    cut = found.tokens_inside(text, [(14, 18)], len(encoding.token_ids) - 1)
    assert len(cut) == len(encoding.token_ids) - 1
    assert not cut[: n_before + 1].any()


@pytest.mark.parametrize("kind", ["RoBERTa", "XLM-R"])
def test_words_are_hidden_whole(kind: str) -> None:
    found = made(kind)
    encoding = found.encode_words("really fine films filmed", 50)
    kinds, ids = TokenKinds.of(found), torch.from_numpy(encoding.token_ids)[None].repeat(300, 1)
    torch.manual_seed(0)
    hidden = (mask_words(ids, 0.5, kinds) == found.mask_id).numpy()
    assert not hidden[:, encoding.word_of_token < 0].any()
    shares = []
    for word in range(4):
        of_word = hidden[:, encoding.word_of_token == word]
        assert (of_word.all(axis=1) == of_word.any(axis=1)).all()
        shares.append(of_word[:, 0])
    together = np.corrcoef(np.array(shares, dtype=float))[np.triu_indices(4, 1)]
    # 300 fair coins: a correlation has a standard error of 0.058; words that shared a draw would have 1.
    assert np.abs(together).max() < 0.25


def test_first_words_without_a_frame_are_words_of_their_own() -> None:
    found = made("GPT-2")
    encoding = found.encode_words("really fine films", 50)
    kinds = TokenKinds(0, *(getattr(TokenKinds.of(found), name) for name in ("special", "continuation")))
    torch.manual_seed(0)
    ids = torch.from_numpy(encoding.token_ids)[None].repeat(300, 1)
    hidden = (mask_words(ids, 0.5, kinds) == 0).numpy()
    first, second = (hidden[:, encoding.word_of_token == word][:, 0] for word in (0, 1))
    assert 0.35 < np.mean(first == second) < 0.65  # equal draws would agree always


def test_python_tokenizers_are_refused_in_one_line(tmp_path: Path) -> None:
    transformers.CanineTokenizer().save_pretrained(tmp_path / "canine")
    vocabulary, codes = tmp_path / "vocab.txt", tmp_path / "bpe.codes"
    vocabulary.write_text("film</w> 10\nfi@@ 5\n", "utf-8")
    codes.write_text("#version: 0.2\nf i 5\nfi l 4\n", "utf-8")
    for tokenizer_class in (transformers.BertweetTokenizer, transformers.PhobertTokenizer):
        folder = tmp_path / tokenizer_class.__name__
        tokenizer_class(str(vocabulary), str(codes)).save_pretrained(folder)
    for name in ("canine", "BertweetTokenizer", "PhobertTokenizer"):
        with pytest.raises(DataError) as raised:
            PretrainedTokenizer(name_or_path=str(tmp_path / name)).build([])
        message = str(raised.value)
        assert "written in Python" in message
        assert name.removesuffix("Tokenizer").lower() in message.lower()
        assert "\n" not in message


def test_code_of_a_folder_is_never_run_nor_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object) -> str:
        raise AssertionError("the terminal was asked")

    monkeypatch.setattr("builtins.input", asked)
    described = {"tokenizer_class": "Mine", "auto_map": {"AutoTokenizer": ["code.Mine", None]}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(described))
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "mine", "auto_map": {"AutoConfig": "code.C"}})
    )
    (tmp_path / "code.py").write_text("raise SystemExit('code of a model folder was run')")
    with pytest.raises(DataError, match=r"it has code of its own \(auto_map\), which is never run"):
        PretrainedTokenizer(name_or_path=str(tmp_path)).build([])


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_in_a_text_are_not_the_real_ones(kind: str) -> None:
    found = made(kind)
    written = ("<s>", "</s>", "<mask>", "<pad>", "[MASK]", "[CLS]", "<|endoftext|>", "<sep>")
    text = f"a fine {' '.join(written)} film{written[2]}"
    framed_alone = found.encode(["a fine film"], 200)[0]
    n_before, n_after = len(CONTRACTS[kind][0]), len(CONTRACTS[kind][1])
    ids = found.encode([text], 200)[0].tolist()
    assert ids[:n_before] == framed_alone[:n_before].tolist()
    inner = ids[n_before : len(ids) - n_after]
    assert not set(inner) & (found.special_ids - {found.unknown_id})
    assert found.encode_words(text, 200).token_ids.tolist() == ids
    # What hides a word in sentences of our own making is the real one.
    if found.mask_id is not None:
        assert found.mask_id in found.encode([f"a {HIDDEN} film"], 200)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_text_of_megabytes_only_the_beginning_is_read(kind: str) -> None:
    found = made(kind)
    for text in ("a fine film, really. " * 100_000, "a" + " " * 100_000 + "fine film " * 20_000):
        [ids] = found.encode([text], 32)
        begin = text[: 1000 if text.startswith("a fine") else 200_000]
        assert np.array_equal(ids, found.encode([begin], 32)[0])
        assert np.array_equal(found.encode_words(text, 32).token_ids, ids)
