"""Guided training: only target words change, as often as was said; rows weigh what was said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import binom
from small import SPECIAL, wordpiece_tokenizer
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers, processors

from whytrain.data.corpus import Split
from whytrain.data.encoded import EncodedSplit, encode_split
from whytrain.data.lexicon import NoLexicon
from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError
from whytrain.guidance.guidance import Explained, Guidance, guide
from whytrain.guidance.guidance_settings import GuidanceSettings
from whytrain.guidance.token_kinds import TokenKinds

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


def settings(**changes: Any) -> GuidanceSettings:
    values: dict[str, Any] = {
        "run": None,
        "targets": "explained",
        "top_words": 100,
        "mask": 0.0,
        "replace": 0.0,
        "synonyms": 0.0,
        "upweight": 1.0,
    }
    return GuidanceSettings(**values | changes)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return wordpiece_tokenizer(WORDS[len(SPECIAL) :])


def split_of(texts: Sequence[str]) -> Split:
    return Split(
        ids=[f"id{i}" for i in range(len(texts))],
        texts=list(texts),
        labels=np.zeros(len(texts), dtype=np.int64),
        human=None,
        columns={},
    )


def guided(
    tokenizer: Tokenizer,
    tmp_path: Path,
    texts: Sequence[str] = TEXTS,
    explained: Explained | None = None,
    **how: Any,
) -> tuple[Guidance, EncodedSplit, TokenKinds]:
    train = split_of(texts)
    encoded = encode_split(train, tokenizer, 32, tmp_path)
    explained = explained or Explained(
        words=RANKED, pairs=[("film", "good"), ("bad", "acting")], disputed=["id1", "id3"]
    )
    guidance = guide(settings(run="base", **how), explained, train, encoded, tokenizer, Synonyms(), seed=0)
    return guidance, encoded, TokenKinds.of(tokenizer)


def edited(guidance: Guidance, encoded: EncodedSplit, kinds: TokenKinds, row: int, n: int) -> torch.Tensor:
    """The token ids of n draws of a row."""
    batch = encoded.batch(np.full(n, row, dtype=np.int64))
    return guidance(batch, kinds)


def said(tokenizer: Tokenizer, ids: torch.Tensor) -> list[str]:
    return tokenizer.tokens(ids.tolist())


def test_only_target_words_are_hidden_and_as_a_whole(tokenizer, tmp_path):
    guidance, encoded, kinds = guided(tokenizer, tmp_path, mask=1.0)
    assert [said(tokenizer, edited(guidance, encoded, kinds, row, 1)[0])[1:-1] for row in range(6)] == [
        ["a", "[MASK]", "film", ",", "[MASK]", "plot"],
        ["the", "[MASK]", "[MASK]", "bad"],
        ["bad", "act", "##or"],  # begins like "acting", and is another word
        ["fine", "read", "##ing"],
        ["dull", "[UNK]", "act"],
        ["a", "film"],
    ]


def test_rates(tokenizer, tmp_path):
    explained = Explained(words=dict.fromkeys(["good", "bad", "dull", "fine", "acting", "film"], 1.0))
    guidance, encoded, kinds = guided(tokenizer, tmp_path, explained=explained, mask=0.3, replace=0.5)
    torch.manual_seed(0)
    n = 4000
    before = encoded.batch(np.zeros(n, dtype=np.int64)).token_ids
    after = edited(guidance, encoded, kinds, 0, n)
    columns = [2, 5]  # both occurrences of "good"
    others = [c for c in range(before.shape[1]) if c not in (*columns, 3)]
    assert torch.equal(after[:, others], before[:, others])
    hidden, same = (after[:, columns] == kinds.mask_id), (after[:, columns] == before[:, columns])
    for seen, p in ((hidden, 0.3), (~hidden & ~same, 0.5)):
        # One right implementation in a million falls outside.
        low, high = binom.interval(1 - 1e-6, 2 * n, p)
        assert low <= int(seen.sum()) <= high
    # Occurrences are drawn independently: five standard deviations of 4,000 pairs.
    assert abs(np.corrcoef(hidden[:, 0], hidden[:, 1])[0, 1]) < 5 / np.sqrt(n)
    # The other targets of its kind, never another kind of word or one with another number of pieces.
    assert {WORDS[i] for i in after[:, columns][~hidden & ~same].tolist()} == {"bad", "dull", "fine"}
    assert {WORDS[i] for i in after[:, 3].tolist()} == {"film", "[MASK]"}  # no other target is of its kind


def test_words_of_several_pieces_become_words_of_as_many(tokenizer, tmp_path):
    explained = Explained(words=dict.fromkeys(["acting", "actor", "reading", "film"], 1.0))
    guidance, encoded, kinds = guided(tokenizer, tmp_path, explained=explained, replace=1.0)
    torch.manual_seed(0)
    after = {tuple(said(tokenizer, ids)[2:4]) for ids in edited(guidance, encoded, kinds, 1, 50)}
    assert after == {("act", "##or"), ("read", "##ing")}


def test_synonyms_stand_only_for_words_that_have_their_partner_beside_them(tokenizer, tmp_path):
    guidance, encoded, kinds = guided(tokenizer, tmp_path, synonyms=1.0)
    torch.manual_seed(0)
    first = [said(tokenizer, ids)[1:-1] for ids in edited(guidance, encoded, kinds, 0, 20)]
    # "fine" guides, "dull" is left for tests; "film" has "acting", of two pieces, and "run" is left for tests.
    assert first == [["a", "fine", "film", ",", "fine", "plot"]] * 20
    for row in range(1, 6):
        before = encoded.batch(np.array([row])).token_ids
        assert torch.equal(edited(guidance, encoded, kinds, row, 1), before)


def test_a_word_is_edited_once(tokenizer, tmp_path):
    guidance, encoded, kinds = guided(tokenizer, tmp_path, mask=0.5, synonyms=1.0)
    torch.manual_seed(0)
    after = edited(guidance, encoded, kinds, 0, 400)
    assert {WORDS[i] for i in after[:, 2].tolist()} == {"[MASK]", "fine"}


def test_random_targets_are_others_and_leave_the_explained_ones(tokenizer, tmp_path):
    texts = ["good film", "bad plot", "a the", "fine read", "dull run", "act good"]
    explained = Explained(words={"good": 2.0, "film": 1.0}, pairs=[], disputed=[])
    guidance, encoded, kinds = guided(tokenizer, tmp_path, texts, explained, mask=1.0, targets="random")
    after = torch.cat([edited(guidance, encoded, kinds, row, 1)[0, 1:-1] for row in range(6)])
    before = torch.cat([encoded.batch(np.array([row])).token_ids[0, 1:-1] for row in range(6)])
    hidden = [WORDS[i] for i in before[after == kinds.mask_id].tolist()]
    assert len(hidden) == 2
    assert not {"good", "film"} & set(hidden)


def test_weights_have_mean_one(tokenizer, tmp_path):
    guidance, _, _ = guided(tokenizer, tmp_path, upweight=4.0)
    assert len(guidance.edits) == 0
    expected = torch.tensor([1.0, 4.0, 1.0, 4.0, 1.0, 1.0]) / 2
    torch.testing.assert_close(guidance.weights, expected, rtol=0, atol=1e-7)
    control, _, _ = guided(tokenizer, tmp_path, upweight=4.0, targets="random")
    assert sorted(control.weights.tolist()) == sorted(expected.tolist())
    assert guided(tokenizer, tmp_path, mask=0.1)[0].weights is None


def test_sentences_behind_the_train_split_are_guided_too(tokenizer, tmp_path):
    train = split_of(TEXTS)
    encoded = encode_split(train, tokenizer, 32, tmp_path)
    further = encode_split(split_of(["good plot"]), tokenizer, 32, tmp_path)
    joined = encoded.joined(further)
    explained = Explained(words=RANKED, pairs=[], disputed=["id1"])
    guidance = guide(
        settings(run="base", mask=1.0, upweight=2.0), explained, train, joined, tokenizer, Synonyms(), 0
    )
    kinds = TokenKinds.of(tokenizer)
    assert said(tokenizer, edited(guidance, joined, kinds, 6, 1)[0]) == ["[CLS]", "[MASK]", "plot", "[SEP]"]
    assert guidance.weights.tolist() == pytest.approx((np.array([1, 2, 1, 1, 1, 1, 1]) * 7 / 8).tolist())


def test_the_same_seed_draws_the_same(tokenizer, tmp_path):
    guidance, encoded, kinds = guided(tokenizer, tmp_path, mask=0.3, replace=0.3, synonyms=0.5)
    drawn = []
    for seed in (7, 7, 8):
        torch.manual_seed(seed)
        drawn.append(edited(guidance, encoded, kinds, 0, 100))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_nothing_to_act_on(tokenizer, tmp_path):
    nothing = Explained(words={"unheard-of": 1.0}, pairs=[], disputed=["id99"])
    for how, what in (
        ({"mask": 0.1}, "content words"),
        ({"synonyms": 0.1}, "pairs of words"),
        ({"upweight": 2.0}, "rows"),
    ):
        with pytest.raises(
            ConfigError, match=rf"guidance.run names no {what} that stand in the training data"
        ):
            guided(tokenizer, tmp_path, TEXTS, nothing, **how)


def test_tokenizers_that_mind_case_and_place(tmp_path):
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
    guidance, encoded, kinds = guided(
        tokenizer,
        tmp_path,
        ["good film", "Good films", "a good film", "a goods"],
        Explained(words={"good": 1.0}, pairs=[], disputed=[]),
        mask=1.0,
    )
    assert [said(tokenizer, edited(guidance, encoded, kinds, row, 1)[0])[1:-1] for row in range(4)] == [
        ["<mask>", "Ġfilm"],
        ["<mask>", "Ġfilm", "s"],
        ["a", "<mask>", "Ġfilm"],
        ["a", "Ġgood", "s"],
    ]


def test_off_unless_something_is_switched_on():
    assert not settings().is_on
    assert not settings(run="base").is_on
    for name, value in (("mask", 0.1), ("replace", 0.1), ("synonyms", 0.1), ("upweight", 2.0)):
        assert settings(run="base", **{name: value}).is_on


def test_actions_need_a_run():
    with pytest.raises(
        ConfigError, match=r"guidance.mask, guidance.upweight act on .* give guidance.run=RUN_ID"
    ):
        settings(mask=0.1, upweight=3.0)


def test_no_occurrence_is_both_hidden_and_replaced():
    with pytest.raises(
        ConfigError, match=r"guidance.mask=0.6 and guidance.replace=0.5 .* together at most 1"
    ):
        settings(run="base", mask=0.6, replace=0.5)
