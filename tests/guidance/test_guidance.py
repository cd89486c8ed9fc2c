"""Guided training: only what is named changes, as often as was said, anew in every epoch; rows weigh so much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from guided import guidance_settings, training_rows
from scipy.stats import binom
from small import SPECIAL, wordpiece_tokenizer
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers, processors

from whytrain.data.lexicon import NoLexicon
from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError
from whytrain.guidance import Guidance, Named, guide

WORDS = [
    *SPECIAL,
    "good",
    "bad",
    "dull",
    "fine",
    "film",
    "plot",
    "a",
    "the",
    ",",
    "act",
    "##ing",
    "##or",
    "read",
    "run",
]
TEXTS = [
    "a good film, good plot",
    "the acting bad",
    "bad actor",
    "fine reading",
    "dull running act",
    "a film",
]
RANKED = {"good": 2.0, "acting": 1.0, "unheard-of": 3.0}


class Synonyms(NoLexicon):
    """Adjectives, and what may stand for them."""

    def part_of_speech(self, word: str) -> str | None:
        return "a" if word in ("good", "bad", "dull", "fine") else super().part_of_speech(word)

    def synonyms(self, word: str) -> tuple[str, ...]:
        return {"good": ("fine", "dull"), "film": ("acting", "run")}.get(word, ())


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return wordpiece_tokenizer(WORDS[len(SPECIAL) :])


def guided(
    tokenizer: Tokenizer, texts: Sequence[str] = TEXTS, named: Named | None = None, **how: Any
) -> Guidance:
    named = named or Named(
        words=RANKED, pairs=[("film", "good"), ("bad", "acting")], disputed=["id1", "id3"], mistaken=["id0"]
    )
    rows = training_rows(tokenizer, texts)
    return guide(guidance_settings(run="base", **how), named, rows, Synonyms(), seed=0)


def said(guidance: Guidance, row: int, epoch: int = 0) -> list[str]:
    """The tokens of a row in an epoch, without [CLS] and [SEP]."""
    return guidance.rows.tokenizer.tokens(guidance.epoch(epoch).sentence(row).tolist())[1:-1]


def test_only_target_words_are_hidden_and_as_a_whole(tokenizer):
    guidance = guided(tokenizer, mask=1.0)
    assert [said(guidance, row) for row in range(6)] == [
        ["a", "[MASK]", "film", ",", "[MASK]", "plot"],
        ["the", "[MASK]", "bad"],
        ["bad", "act", "##or"],  # begins like "acting", and is another word
        ["fine", "read", "##ing"],
        ["dull", "[UNK]", "act"],
        ["a", "film"],
    ]
    assert guidance.rows.encoded.sentence(1).tolist() != guidance.epoch(0).sentence(1).tolist()


def test_rates(tokenizer):
    named = Named(words=dict.fromkeys(["good", "bad", "dull", "fine", "acting", "film"], 1.0))
    n = 4000
    texts = [*["a good film, good plot"] * n, "acting bad", "dull fine"]
    guidance = guided(tokenizer, texts, named, mask=0.3, replace=0.5)
    drawn = [said(guidance, row) for row in range(n)]
    good = np.array([[tokens[1], tokens[-2]] for tokens in drawn])
    hidden, same = good == "[MASK]", good == "good"
    for seen, p in ((hidden, 0.3), (~hidden & ~same, 0.5)):
        # One right implementation in a million falls outside.
        low, high = binom.interval(1 - 1e-6, 2 * n, p)
        assert low <= int(seen.sum()) <= high
    # Occurrences are drawn independently: five standard deviations of 4,000 pairs.
    assert abs(np.corrcoef(hidden[:, 0], hidden[:, 1])[0, 1]) < 5 / np.sqrt(n)
    # The other targets of its kind, never another kind of word.
    assert set(good[~hidden & ~same]) == {"bad", "dull", "fine"}
    assert {tuple(tokens[2:-2]) for tokens in drawn} == {
        *((word, ",") for word in ("film", "[MASK]")),
        ("act", "##ing", ","),
    }


def test_words_become_words_of_any_number_of_pieces(tokenizer):
    named = Named(words=dict.fromkeys(["acting", "actor", "reading", "film"], 1.0))
    guidance = guided(tokenizer, TEXTS, named, replace=1.0)
    after = {tuple(said(guidance, 1, epoch)) for epoch in range(60)}
    assert after == {("the", *word, "bad") for word in (("act", "##or"), ("read", "##ing"), ("film",))}


def test_synonyms_stand_only_for_words_that_have_their_partner_beside_them(tokenizer):
    guidance = guided(tokenizer, synonyms=1.0)
    # "fine" and "acting" guide; "dull" and "run" are left for tests.
    expected = ["a", "fine", "act", "##ing", ",", "fine", "plot"]
    assert all(said(guidance, 0, epoch) == expected for epoch in range(10))
    for row in range(1, 6):
        assert np.array_equal(guidance.epoch(0).sentence(row), guidance.rows.encoded.sentence(row))


def test_a_word_is_edited_once(tokenizer):
    guidance = guided(tokenizer, mask=0.5, synonyms=1.0)
    assert {said(guidance, 0, epoch)[1] for epoch in range(40)} == {"[MASK]", "fine"}


def test_random_targets_are_others_and_leave_the_explained_ones(tokenizer):
    texts = ["good film", "bad plot", "a the", "fine read", "dull run", "act good"]
    guidance = guided(tokenizer, texts, Named(words={"good": 2.0, "film": 1.0}), mask=1.0, targets="random")
    after = [said(guidance, row) for row in range(6)]
    changed = [
        word
        for text, tokens in zip(texts, after, strict=True)
        for word, token in zip(text.split(), tokens, strict=True)
        if token == "[MASK]"
    ]
    assert len(changed) == 2
    assert not {"good", "film"} & set(changed)


def test_weights_have_mean_one(tokenizer):
    guidance = guided(tokenizer, upweight=4.0)
    assert guidance.epoch(0) is guidance.epoch(5)
    expected = torch.tensor([1.0, 4.0, 1.0, 4.0, 1.0, 1.0]) / 2
    torch.testing.assert_close(guidance.weights, expected, rtol=0, atol=1e-7)
    control = guided(tokenizer, upweight=4.0, targets="random")
    assert sorted(control.weights.tolist()) == sorted(expected.tolist())
    assert guided(tokenizer, mask=0.1).weights is None
    wrong = guided(tokenizer, upweight_errors=7.0)
    assert wrong.weights.tolist() == pytest.approx((np.array([7, 1, 1, 1, 1, 1]) / 2).tolist())


def test_sentences_behind_the_train_split_are_guided_too(tokenizer):
    rows = training_rows(tokenizer, TEXTS).joined(["good plot"], np.zeros(1, dtype=np.int64))
    named = Named(words=RANKED, disputed=["id1"])
    how = guidance_settings(run="base", mask=1.0, upweight=2.0)
    guidance = guide(how, named, rows, Synonyms(), 0)
    assert said(guidance, 6) == ["[MASK]", "plot"]
    assert guidance.weights.tolist() == pytest.approx((np.array([1, 2, 1, 1, 1, 1, 1]) * 7 / 8).tolist())


def test_an_epoch_is_a_function_of_the_seed(tokenizer):
    state = torch.get_rng_state()
    how = {"mask": 0.3, "replace": 0.3, "synonyms": 0.5}
    first, again = guided(tokenizer, TEXTS * 20, **how), guided(tokenizer, TEXTS * 20, **how)
    again.epoch(7)
    assert np.array_equal(first.epoch(3).token_ids, again.epoch(3).token_ids)
    assert not np.array_equal(first.epoch(3).token_ids, first.epoch(4).token_ids)
    assert torch.equal(state, torch.get_rng_state())


def test_nothing_to_act_on(tokenizer):
    nothing = Named(words={"unheard-of": 1.0}, disputed=["id99"])
    for how, what in (
        ({"mask": 0.1}, "content words"),
        ({"synonyms": 0.1}, "pairs of words"),
        ({"upweight": 2.0}, "rows"),
    ):
        with pytest.raises(
            ConfigError, match=rf"guidance.run names no {what} that stand in the training data"
        ):
            guided(tokenizer, TEXTS, nothing, **how)


def test_tokenizers_that_mind_case_and_place():
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "good", "Good", "Ġgood", "Ġfilm", "s", "Ġa", "a"]
    merges = []
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    for word in ("Ġgood", "Ġfilm", "Ġa", "good", "Good"):
        for end in range(2, len(word) + 1):
            merges.append((word[: end - 1], word[end - 1]))
        for end in range(1, len(word)):
            vocabulary.setdefault(word[:end], len(vocabulary))
            vocabulary.setdefault(word[end], len(vocabulary))
    backend = Backend(models.BPE(vocabulary, list(dict.fromkeys(merges)), unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    backend.add_special_tokens(pieces[:5])
    tokenizer = Tokenizer(backend, "bytes")
    guidance = guided(
        tokenizer,
        ["good film", "Good films", "a good film", "a goods"],
        Named(words={"good": 1.0}),
        mask=1.0,
    )
    assert [said(guidance, row) for row in range(4)] == [
        ["<mask>", "Ġfilm"],
        ["<mask>", "Ġfilm", "s"],
        ["a", "Ġ", "<mask>", "Ġfilm"],
        ["a", "Ġgood", "s"],
    ]


def test_off_unless_something_is_switched_on():
    assert not guidance_settings().is_on
    assert not guidance_settings(run="base", marks="marks.yaml").is_on
    for name, value in (("mask", 0.1), ("replace", 0.1), ("synonyms", 0.1), ("upweight", 2.0)):
        assert guidance_settings(run="base", **{name: value}).is_on
    for name, value in (("swap", 0.1), ("counterfactuals", 1), ("input_gradient", 0.1), ("reweight", True)):
        assert guidance_settings(marks="marks.yaml", **{name: value}).is_on


def test_typing_errors_need_neither_a_run_nor_marks_and_change_other_words_in_every_epoch(
    tokenizer: Tokenizer,
):
    settings = guidance_settings(typos=0.5)
    assert settings.is_on
    assert settings.edits_texts
    assert not settings.reads_run
    texts = ["a good film", "the reading actor", "a bad"] * 40
    guidance = guide(settings, Named(), training_rows(tokenizer, texts), NoLexicon(), seed=0)
    as_is = [tokenizer.tokens(guidance.rows.encoded.sentence(row).tolist())[1:-1] for row in range(120)]
    changed = [{row for row in range(120) if said(guidance, row, epoch) != as_is[row]} for epoch in (0, 1)]
    assert changed[0] != changed[1]
    for rows in changed:
        assert not any(row % 3 == 2 for row in rows)  # no word of four letters
        # Two such words each: one stays in a quarter of the 80 rows; 99.9% of draws lie so near.
        assert binom.ppf(0.0005, 80, 0.75) <= len(rows) <= binom.ppf(0.9995, 80, 0.75)


def test_rare_words_are_drawn_from_each_other_and_all_others_stay(tokenizer: Tokenizer):
    settings = guidance_settings(rare_words=3)
    assert settings.is_on
    assert settings.edits_texts
    assert not settings.reads_run
    texts = ["a good film", "a bad film"] * 20 + ["the reading film"] * 3 + ["the actor film"]
    guidance = guide(settings, Named(), training_rows(tokenizer, texts), NoLexicon(), seed=0)
    for row in range(40):
        assert said(guidance, row, 0) == tokenizer.tokens(guidance.rows.encoded.sentence(row).tolist())[1:-1]
    drawn = [" ".join(said(guidance, row, epoch)) for row in range(40, 44) for epoch in range(50)]
    assert set(drawn) == {"the read ##ing film", "the act ##or film"}
    # Three of four rare words are “reading”; 99.9% of draws lie so near.
    assert binom.ppf(0.0005, 200, 0.75) <= drawn.count("the read ##ing film") <= binom.ppf(0.9995, 200, 0.75)


def test_actions_need_what_they_act_on():
    with pytest.raises(
        ConfigError, match=r"guidance.mask, guidance.upweight act on .* give guidance.run=RUN_ID"
    ):
        guidance_settings(mask=0.1, upweight=3.0)
    with pytest.raises(ConfigError, match=r"guidance.swap, guidance.reweight act on marked words: give"):
        guidance_settings(swap=0.1, reweight=True)
    with pytest.raises(ConfigError, match=r"guidance.marks=found reads .* give guidance.run=RUN_ID"):
        guidance_settings(marks="found", swap=1.0)


def test_no_occurrence_is_both_hidden_and_replaced():
    with pytest.raises(
        ConfigError, match=r"guidance.mask=0.6 and guidance.replace=0.5 .* together at most 1"
    ):
        guidance_settings(run="base", mask=0.6, replace=0.5)
