"""Players, grouping, absence and payoffs."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whytrain.attribution.grouping import group_to_budget
from whytrain.attribution.removal import removal_of
from whytrain.attribution.shapley.coalitions import (
    coalition_indices,
    coalition_sizes,
    membership,
    n_players_of,
    subset_sums,
)
from whytrain.attribution.target import payoffs
from whytrain.attribution.units import Units, players_in, players_of
from whytrain.data.tokenization import WordEncoding
from whytrain.data.wordpiece import WordPieceTrainer
from whytrain.errors import ConfigError, DataError
from whytrain.models.interface import ModelInterface

Sentences = Callable[..., Units]


def encoded(words: tuple[str, ...], word_of_token: list[int]) -> WordEncoding:
    return WordEncoding(words, np.arange(10, 10 + len(word_of_token)), np.array(word_of_token))


def named(text: str) -> Units:
    words = tuple(text.split())
    return Units(
        words=words,
        token_ids=np.arange(len(words)),
        player_of_token=np.arange(len(words)),
        n_words=(1,) * len(words),
    )


def test_words_of_an_encoding_play() -> None:
    players = players_of(encoded(("un", "happy"), [-1, 0, 1, 1, -1]), 5)
    assert players.words == ("un", "happy")
    assert players.player_of_token.tolist() == [-1, 0, 1, 1, -1]
    assert not players.grouped


def test_characters_of_chinese_text_play() -> None:
    assert len(players_of(encoded(("很", "好", "看"), [-1, 0, 1, 2, -1]), 8)) == 3


def test_a_text_is_taken_apart_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whytrain.data.words.unspaced_words", lambda run: [2, len(run)])
    texts = ["电影好看", "真的好看", "unhappy film"] * 5
    tokenizer = WordPieceTrainer(vocabulary_size=60, min_frequency=1, lowercase=True).build(texts)
    ids = tokenizer.encode(["电影好看"], 20)[0].tolist()
    by_unit = {
        unit: players_in("电影好看", tokenizer, 20, unit) for unit in ("word", "character", "wordpiece")
    }
    assert by_unit["word"].words == ("电影", "好看")
    assert by_unit["character"].words == (*"电影好看",)
    assert len(by_unit["wordpiece"]) == len(ids) - 2  # the frame is nobody's
    assert all(units.token_ids.tolist() == ids for units in by_unit.values())
    assert len(players_in("unhappy film", tokenizer, 20, "character")) == 2  # words have spaces between them


def test_wordpieces_play_if_asked() -> None:
    players = players_of(encoded(("un", "happy"), [-1, 0, 1, 1, -1]), 5, "wordpiece")
    assert players.words == ("un[0]", "happy[0]", "happy[1]")
    assert players.player_of_token.tolist() == [-1, 0, 1, 2, -1]


@pytest.mark.parametrize(
    ("words", "tokens", "limit", "message"),
    [
        ((), [-1, -1], 8, "the text has no words"),
        (("a", "b"), [-1, 0, 1, -1], 3, "has 4 tokens, the model reads at most 3"),
        (("a", "b"), [-1, 0, -1], 8, "each? of the 2 words must have its tokens|every one of the 2 words"),
        (("a", "b"), [-1, 1, 0, -1], 8, "in the order of the sentence"),
    ],
)
def test_bad_sentences_say_what_is_wrong(
    words: tuple[str, ...], tokens: list[int], limit: int, message: str
) -> None:
    with pytest.raises(DataError, match=message) as error:
        players_of(encoded(words, tokens), limit)
    assert "\n" not in str(error.value)


def test_short_sentences_are_not_grouped() -> None:
    players = named("a b c")
    assert group_to_budget(players, 3) is players


def test_groups_end_at_punctuation_first() -> None:
    grouped = group_to_budget(named("it was long , dull , but the end was good ."), 3)
    assert grouped.words == ("it was long ,", "dull ,", "but the end was good .")
    assert grouped.n_words == (4, 2, 6)
    assert grouped.grouped
    assert grouped.player_of_token.tolist() == [0] * 4 + [1] * 2 + [2] * 6
    # Only now are clauses joined: those with the fewest words together.
    assert group_to_budget(grouped, 2).words[0] == "it was long , dull ,"


@given(st.lists(st.sampled_from(["a", "b,", ".", "c"]), min_size=1, max_size=40), st.integers(1, 12))
def test_groups_keep_every_word_in_order(words: list[str], budget: int) -> None:
    grouped = group_to_budget(named(" ".join(words)), budget)
    assert len(grouped) == min(budget, len(words))
    assert " ".join(grouped.words) == " ".join(words)
    assert sum(grouped.n_words) == len(words)


def test_absence_takes_the_tokenizers_ids() -> None:
    tokenizer = SimpleNamespace(padding_id=0, mask_id=None, unknown_id=2)
    model = cast(ModelInterface, SimpleNamespace(tokenizer=tokenizer, infill=None))
    assert removal_of("padding", model).replacement_id == 0
    assert removal_of("unknown", model).replacement_id == 2
    assert removal_of("removed", model).replacement_id is None
    with pytest.raises(ConfigError, match="no mask token; choose another"):
        removal_of("mask", model)
    with pytest.raises(ConfigError, match="padding, mask, unknown, removed, infilled, got 'zero'"):
        removal_of("zero", model)


def test_payoffs_by_hand() -> None:
    logits = np.array([[0.0, np.log(2.0), np.log(5.0)]], dtype=np.float32)
    # p = (1, 2, 5)/8. float32 logits carry 6e-8.
    assert payoffs(logits, "probability", 2)[0] == pytest.approx(5 / 8, abs=1e-7)
    assert payoffs(logits, "log_odds", 2)[0] == pytest.approx(np.log(5 / 3), abs=1e-6)
    assert payoffs(logits, "logit", 0)[0] == pytest.approx(-np.log(10) / 3, abs=1e-6)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=5), st.floats(0.1, 10))
def test_log_odds_of_two_classes_scale_with_temperature(scores: list[float], temperature: float) -> None:
    logits = np.array([scores])
    p = payoffs(logits, "probability", 0)
    assert sum(payoffs(logits, "probability", c)[0] for c in range(len(scores))) == pytest.approx(1)
    # From p the odds lose up to exp(10) of the 1e-16 of float64.
    assert payoffs(logits, "log_odds", 0) == pytest.approx(np.log(p) - np.log1p(-p), abs=1e-10)
    two = logits[:, :2]
    scaled = payoffs(two / temperature, "log_odds", 1)
    assert scaled == pytest.approx(payoffs(two, "log_odds", 1) / temperature)


def test_extreme_logits_stay_finite() -> None:
    logits = np.array([[500.0, -500.0]])
    assert payoffs(logits, "log_odds", 0)[0] == 1000.0


def test_payoffs_name_what_exists() -> None:
    with pytest.raises(ConfigError, match=r"from 0 to 1 .*got 2"):
        payoffs(np.zeros((1, 2)), "log_odds", 2)
    with pytest.raises(ConfigError, match=r"from 0 to 1 .*got -1"):
        payoffs(np.zeros((1, 2)), "log_odds", -1)
    with pytest.raises(ConfigError, match="log_odds, probability, logit, got 'odds'"):
        payoffs(np.zeros((1, 2)), "odds", 0)


def test_coalitions_are_bits() -> None:
    assert subset_sums(np.array([1, 4, 2])).tolist() == [0, 1, 4, 5, 2, 3, 6, 7]
    assert coalition_sizes(3).tolist() == [0, 1, 1, 2, 1, 2, 2, 3]
    present = membership(np.arange(8), 3)
    assert present[6].tolist() == [False, True, True]
    assert coalition_indices(present).tolist() == list(range(8))
    with pytest.raises(ValueError, match=r"2\^n coalitions, got 6"):
        n_players_of(6)


def test_len_counts_players(sentence: Sentences) -> None:
    assert len(sentence([1, 2, 1])) == 3
