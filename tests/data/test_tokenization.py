"""Token ids, and the words they came from."""

from __future__ import annotations

import unicodedata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from whytrain.data.pretrained import PACKAGE, PretrainedTokenizer
from whytrain.data.tokenization import Tokenizer
from whytrain.data.wordpiece import WordPieceTrainer
from whytrain.data.words import split_words
from whytrain.errors import DataError

TEXTS = [
    "a fine film, really fine",
    "not a fine film",
    "un café déjà vu",
    "这部电影很好",
    "これは映画です",
    "aaab",
] * 3


@pytest.fixture(scope="module")
def wordpiece(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """Return a small vocabulary of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHYTRAIN_CACHE", str(tmp_path_factory.mktemp("cache")))
        return WordPieceTrainer(vocabulary_size=150, min_frequency=2, lowercase=True).build(TEXTS)


@pytest.fixture(scope="module")
def bert() -> Tokenizer:
    """Return BERT's uncased tokenizer."""
    if find_spec(PACKAGE) is None:
        pytest.skip("the extra `pretrained` is not installed")
    return PretrainedTokenizer(name_or_path="prajjwal1/bert-tiny").build([])


@pytest.fixture(params=["wordpiece", "bert"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    """Return each of the two."""
    found: Tokenizer = request.getfixturevalue(request.param)
    return found


def test_ids_of_bert(bert: Tokenizer) -> None:
    # As published with the model: [CLS] hello world [SEP], and "embeddings" in four pieces.
    assert [ids.tolist() for ids in bert.encode(["Hello  world", "embeddings"], 128)] == [
        [101, 7592, 2088, 102],
        [101, 7861, 8270, 4667, 2015, 102],
    ]
    assert (bert.padding_id, bert.unknown_id, bert.mask_id) == (0, 100, 103)
    assert bert.special_ids == {0, 101, 102, 103}
    assert bert.framed([7592]) == [101, 7592, 102]
    assert bert.vocabulary_size == 30_522
    assert "prajjwal1/bert-tiny" in bert.name
    assert bert.tokens([101, 7861, 8270]) == ["[CLS]", "em", "##bed"]


def test_special_ids_of_wordpiece(wordpiece: Tokenizer) -> None:
    assert (wordpiece.padding_id, wordpiece.unknown_id, wordpiece.mask_id) == (0, 1, 4)
    assert wordpiece.special_ids == {0, 2, 3, 4}
    assert wordpiece.framed([7]) == [2, 7, 3]


def test_truncation_keeps_the_separator(tokenizer: Tokenizer) -> None:
    text = "film " * 300
    [whole] = tokenizer.encode([text], 1000)
    [cut] = tokenizer.encode([text], 128)
    assert (len(whole), len(cut)) == (302, 128)
    assert cut.dtype == np.int32
    assert np.array_equal(cut[:-1], whole[:127])
    assert [*cut[:1], *cut[-1:]] == tokenizer.framed([])


def test_sentence_of_a_hundred_thousand_words(tokenizer: Tokenizer) -> None:
    text = "film " * 100_000
    assert len(tokenizer.encode([text], 128)[0]) == 128
    assert len(tokenizer.encode_words(text, 128).words) == 126


def test_emoji_alone_is_unknown_but_there(wordpiece: Tokenizer) -> None:
    assert wordpiece.encode(["🙂"], 128)[0].tolist() == [2, 1, 3]
    assert wordpiece.encode_words("🙂", 128).words == ("🙂",)


def test_padding_and_truncation_of_the_file_are_switched_off(tmp_path: Path, bert: Tokenizer) -> None:
    bert.save(tmp_path)
    backend = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    backend.enable_truncation(4)
    backend.enable_padding(length=9)
    wrapped = Tokenizer(backend, "padded")
    assert np.array_equal(
        wrapped.encode(["one two three four five"], 99)[0], bert.encode(["one two three four five"], 99)[0]
    )


def test_saved_and_loaded_is_the_same(tmp_path: Path, tokenizer: Tokenizer) -> None:
    tokenizer.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tokenizer.json"]
    loaded = Tokenizer.load(tmp_path)
    assert loaded.fingerprint == tokenizer.fingerprint
    assert np.array_equal(loaded.encode(TEXTS[:1], 128)[0], tokenizer.encode(TEXTS[:1], 128)[0])


def test_load_says_what_is_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected a tokenizer as tokenizer\.json"):
        Tokenizer.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match="cannot be read as a tokenizer"):
        Tokenizer.load(tmp_path)


def test_words_and_their_pieces_by_hand(bert: Tokenizer) -> None:
    found = bert.encode_words("Embeddings aren't  很好!", 128)
    assert found.words == ("Embeddings", "aren't", "很", "好", "!")
    # em ##bed ##ding ##s | aren ' t | 很 | 好 | !
    assert found.word_of_token.tolist() == [-1, 0, 0, 0, 0, 1, 1, 1, 2, 3, 4, -1]
    assert found.token_ids.dtype == np.int64


def test_words_that_a_token_spans_are_one(bert: Tokenizer) -> None:
    # BERT's rules keep kana together and its vocabulary has 2-character pieces; here one unknown token.
    found = bert.encode_words("good ゑゑ film", 128)
    assert found.words == ("good", "ゑゑ", "film")
    assert found.word_of_token.tolist() == [-1, 0, 1, 2, -1]


def test_word_without_a_token_is_no_player(bert: Tokenizer) -> None:
    found = bert.encode_words("good \u200b\x01 film", 128)
    assert found.words == ("good", "film")


def test_words_behind_the_cut_are_no_players(bert: Tokenizer) -> None:
    found = bert.encode_words("good embeddings film", 5)
    assert found.words == ("good", "embeddings")
    assert found.word_of_token.tolist() == [-1, 0, 1, 1, -1]


MIXED = st.text(
    alphabet=st.sampled_from(list("abf é̂ñ'.,-\t\n\u3000\u200b很好これ。Ａ한국🙂👍🏽")), max_size=30
) | st.text(max_size=20)


@given(MIXED)
@settings(max_examples=100, deadline=None)
@pytest.mark.parametrize("kind", ["wordpiece", "bert"])
def test_words_cover_the_same_tokens_in_order(request: pytest.FixtureRequest, kind: str, text: str) -> None:
    tokenizer: Tokenizer = request.getfixturevalue(kind)
    try:
        text.encode()
    except UnicodeEncodeError:
        return  # lone surrogates are refused before
    found = tokenizer.encode_words(text, 64)
    assert np.array_equal(found.token_ids, tokenizer.encode([text], 64)[0])
    inner = found.word_of_token[1:-1]
    assert found.word_of_token[0] == found.word_of_token[-1] == -1
    # Every word has a token, tokens are in the order of words, and no token is without a word.
    assert list(dict.fromkeys(inner.tolist())) == list(range(len(found.words)))
    assert np.all(np.diff(inner) >= 0)
    place = 0
    for word in found.words:  # each stands in the text, one behind the other
        place = text.index(word, place) + len(word)
    if kind == "wordpiece" and not any(
        unicodedata.category(c) == "Cc" for c in text.replace("\t", "\n").replace("\n", "")
    ):
        # The trained tokenizer crosses words only where a control character that Python takes for
        # whitespace is dropped ("a\\x85b"); else players are exactly the words with a token.
        assert set(found.words) <= set(split_words(text))
