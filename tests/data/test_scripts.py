"""Scripts without spaces: what is one unit, in Python and in the tokenizer alike."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from whytrain.data import scripts
from whytrain.data.wordpiece import WordPieceTrainer
from whytrain.data.words import normalize_whitespace, split_words, word_spans

# Words, by hand: Thai "food delicious very", Lao "Lao language", Burmese "good", Khmer "Khmer language".
SYLLABLES = {
    "เมื่อวานนี้": ["เมื่", "อ", "วา", "น", "นี้"],
    "ພາສາ": ["ພາ", "ສາ"],
    "ကောင်းသည်": ["ကောင်း", "သည်"],
    "ភាសាខ្មែរ": ["ភា", "សា", "ខ្មែ", "រ"],
    "ปี๒๕๖๗": ["ปี", "๒๕๖๗"],
    "ดูiPhoneดี": ["ดู", "iPhone", "ดี"],
}


@pytest.fixture
def no_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide ICU where it is installed."""
    monkeypatch.setattr(scripts, "word_breaker", lambda: None)


@pytest.mark.usefixtures("no_dictionary")
@pytest.mark.parametrize("text", SYLLABLES)
def test_syllables(text: str) -> None:
    assert split_words(text) == SYLLABLES[text]
    assert [text[begin:end] for begin, end in word_spans(text)] == SYLLABLES[text]
    assert normalize_whitespace(text) == " ".join(SYLLABLES[text])


@pytest.mark.usefixtures("no_dictionary")
def test_the_tokenizer_cuts_where_words_end() -> None:
    tokenizer = WordPieceTrainer(vocabulary_size=300, min_frequency=1, lowercase=True).build(list(SYLLABLES))
    for text, syllables in SYLLABLES.items():
        found = tokenizer.encode_words(text * 40, 4096)  # one run of hundreds of characters
        assert list(found.words) == syllables * 40
        assert tokenizer.unknown_id not in found.token_ids


@pytest.mark.usefixtures("no_dictionary")
def test_a_bag_of_what_the_tokenizer_sees_tells_thai_texts_apart() -> None:
    good, bad = ["อร่อยมาก", "พนักงานสุภาพ"], ["รอนานมาก", "แย่มากไม่แนะนำ"]
    rest = ["เมื่อวานนี้ผมไปกับครอบครัว", "ร้านอยู่ใกล้บ้าน", "เปิดถึงสองทุ่ม"]
    generator = np.random.default_rng(0)
    labels = np.arange(200) % 2
    texts = [
        "".join(generator.permutation([*generator.choice(rest, 4), generator.choice((good, bad)[label])]))
        for label in labels
    ]
    tokenizer = WordPieceTrainer(vocabulary_size=8000, min_frequency=2, lowercase=True).build(texts[:100])
    ids = [" ".join(map(str, sentence.tolist())) for sentence in tokenizer.encode(texts, 128)]
    assert not any(f" {tokenizer.unknown_id} " in sentence for sentence in ids)
    for bag, seen in (
        (CountVectorizer(), ids),
        (CountVectorizer(tokenizer=split_words, token_pattern=None), texts),
    ):
        model = LogisticRegression(max_iter=1000).fit(bag.fit_transform(seen[:100]), labels[:100])
        assert model.score(bag.transform(seen[100:]), labels[100:]) == 1.0


def test_words_of_a_dictionary() -> None:
    pytest.importorskip("icu")
    assert split_words("这部电影非常好看") == ["这", "部", "电影", "非常", "好看"]
    assert split_words("อาหารอร่อยมาก") == ["อาหาร", "อร่อย", "มาก"]
    assert split_words("𠀋𠀋 电影 ok") == ["𠀋", "𠀋", "电影", "ok"]  # characters beyond 16 bits count as one
    assert (
        normalize_whitespace("电影") == "电 影"
    )  # what is the same sentence does not depend on dictionaries


def test_without_such_scripts_spaces_alone_separate() -> None:
    spaces = [chr(code) for code in range(0x3001) if chr(code).isspace()]
    assert len(spaces) > 20
    for text in ("  a,b  ¡ñ!", "", " ", f"é{'x'.join(spaces)}…", "".join(spaces), "a\u200bb c"):
        assert [text[begin:end] for begin, end in word_spans(text)] == text.split()
