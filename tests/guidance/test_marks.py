"""What is marked: found where it stands, changed as its kind asks for, and never anything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from guided import guidance_settings, training_rows
from scipy.stats import binom
from small import wordpiece_tokenizer

from whytrain.data.lexicon import NoLexicon
from whytrain.errors import ConfigError
from whytrain.guidance import Guidance, Named, guide
from whytrain.guidance.editing import Edit, Place, edited, target
from whytrain.guidance.guidance_settings import ON_MARKS, follows_marks
from whytrain.guidance.row_weights import independent_weights
from whytrain.shortcuts import Mark

TOKENIZER = wordpiece_tokenizer(
    [
        "the",
        "a",
        "film",
        "plot",
        "good",
        "bad",
        "act",
        "##ing",
        "##or",
        "lamp",
        "kettle",
        "stone",
        "silk",
        "/",
        "10",
    ]
    + [str(i) for i in range(10)]
)
KIN = Mark(words=("the", "a"))


def guided(texts: Sequence[str], *marks: Mark, labels: Sequence[int] | None = None, **how: Any) -> Guidance:
    rows = training_rows(TOKENIZER, texts, labels)
    settings = guidance_settings(marks="marks.yaml", **how)
    return guide(settings, Named(marks=marks), rows, NoLexicon(), seed=0)


def said(guidance: Guidance, row: int, epoch: int = 0) -> str:
    tokens = TOKENIZER.tokens(guidance.epoch(epoch).sentence(row).tolist())[1:-1]
    return " ".join(tokens).replace(" ##", "")


def all_said(guidance: Guidance, row: int, n: int = 60) -> set[str]:
    return {said(guidance, row, epoch) for epoch in range(n)}


def test_a_marked_word_says_nothing_once_it_is_swapped() -> None:
    n = 2000
    guidance = guided(["the film"] * n + ["a film"] * n, KIN, labels=[1] * n + [0] * n, swap=1.0)
    after = [said(guidance, row) for row in range(2 * n)]
    assert set(after) == {"the film", "a film"}
    for half in (after[:n], after[n:]):
        # One right implementation in a million falls outside.
        low, high = binom.interval(1 - 1e-6, n, 0.5)
        assert low <= half.count("the film") <= high


def test_kin_are_drawn_as_often_as_they_stand_in_the_sentences() -> None:
    n = 4000
    guidance = guided(["the film"] * (3 * n // 4) + ["a film"] * (n // 4), KIN, swap=1.0)
    seen = Counter(said(guidance, row) for row in range(n))
    low, high = binom.interval(1 - 1e-6, n, 0.75)
    assert low <= seen["the film"] <= high


def test_a_share_is_swapped() -> None:
    n = 2000
    guidance = guided(["the film"] * n + ["a film"] * n, KIN, swap=0.5)
    stayed = sum(said(guidance, row) == "the film" for row in range(n))
    low, high = binom.interval(1 - 1e-6, n, 0.75)  # half of those that are swapped become what they were
    assert low <= stayed <= high


def test_words_of_several_pieces_and_other_words_stay() -> None:
    guidance = guided(["acting, good film", "actor bad"], Mark(words=("acting", "actor")), swap=1.0)
    assert all_said(guidance, 0) == {"acting [UNK] good film", "actor [UNK] good film"}
    assert all_said(guidance, 1) == {"actor bad", "acting bad"}


def test_a_word_alone_is_swapped_with_its_mirror() -> None:
    # In class 0 "stone" stands in each row, in class 1 "silk"; "film" and "plot" in half the rows of both.
    texts = ["stone film", "stone plot", "silk film", "silk plot"] * 10
    guidance = guided(texts, Mark(words=("stone",)), labels=[0, 0, 1, 1] * 10, swap=1.0)
    assert [all_said(guidance, row) for row in range(4)] == [
        {"stone film", "silk film"},
        {"stone plot", "silk plot"},
        {"silk film", "stone film"},
        {"silk plot", "stone plot"},
    ]


def test_words_of_a_mark_that_speak_for_the_same_class_are_swapped_as_if_each_were_alone() -> None:
    """In class 0 "lamp stone" stands in each row, in class 1 "kettle silk": only their mirrors hide the class."""
    texts = ["lamp stone film", "kettle silk film"] * 20
    phrase = Mark(words=("lamp", "stone"))
    guidance = guided(texts, phrase, labels=[0, 1] * 20, swap=1.0)
    places = [{words.split()[place] for words in all_said(guidance, 0)} for place in range(3)]
    assert places[2] == {"film"}
    assert all(found & {"kettle", "silk"} for found in places[:2])
    together = guided(texts, phrase, labels=[0, 0, 1, 1] * 10, swap=1.0)  # as often in both classes
    assert {words.split()[0] for words in all_said(together, 0)} == {"lamp", "stone"}


def test_a_word_without_a_mirror_is_taken_out() -> None:
    # No word of class 1 stands there as often as "stone" does in class 0.
    texts = ["stone film", "stone plot", "film good", "plot bad"] * 100
    guidance = guided(texts, Mark(words=("stone",)), labels=[0, 0, 1, 1] * 100, swap=1.0)
    assert [said(guidance, row) for row in range(4)] == ["film", "plot", "film good", "plot bad"]


def test_a_pair_in_which_each_word_alone_says_nothing() -> None:
    texts = ["stone lamp", "silk kettle", "stone kettle", "silk lamp"] * 10
    labels = [0, 0, 1, 1] * 10
    guidance = guided(texts, Mark(words=("stone", "lamp"), kind="pair"), labels=labels, swap=1.0)
    # Either "stone" is drawn anew from what stands with "lamp", or "lamp" from what stands with "stone".
    assert all_said(guidance, 0) == {"stone lamp", "silk lamp", "stone kettle"}
    assert all_said(guidance, 2) == {"stone kettle", "stone lamp"}
    assert all_said(guidance, 3) == {"silk lamp", "stone lamp"}
    assert all_said(guidance, 1) == {"silk kettle"}  # neither the pair nor one of its mirrors


def test_swapping_all_pairs_of_an_exclusive_or_leaves_no_information() -> None:
    texts = ["stone lamp", "silk kettle", "stone kettle", "silk lamp"] * 500
    labels = np.array([0, 0, 1, 1] * 500)
    marks = [Mark(words=(a, b), kind="pair") for a in ("stone", "silk") for b in ("lamp", "kettle")]
    guidance = guided(texts, *marks, labels=labels.tolist(), swap=1.0)
    after = np.array([said(guidance, row) for row in range(len(texts))])
    low, high = binom.interval(1 - 1e-6, 1000, 0.5)
    for label in (0, 1):
        agrees = np.isin(after[labels == label], ["stone lamp", "silk kettle"]).sum()
        assert low <= agrees <= high


def test_copies_of_an_exclusive_or_contradict_it() -> None:
    texts = ["stone lamp", "silk kettle", "stone kettle", "silk lamp"] * 100
    labels = [0, 0, 1, 1] * 100
    marks = [Mark(words=(a, b), kind="pair") for a in ("stone", "silk") for b in ("lamp", "kettle")]
    rows = guided(texts, *marks, labels=labels, counterfactuals=1).rows
    agrees = dict(zip(texts, labels, strict=True))
    copies = list(zip(rows.texts[400:], rows.encoded.labels[400:].tolist(), strict=True))
    assert len(copies) == 400
    assert all(agrees[text] != label for text, label in copies)


def test_an_order_is_swapped() -> None:
    guidance = guided(
        ["film stone good, silk", "silk bad stone film", "stone plot"],
        Mark(words=("stone", "silk"), kind="ordered_pair"),
        swap_order=1.0,
    )
    assert [said(guidance, row) for row in range(3)] == [
        "film silk good [UNK] stone",
        "stone bad silk film",
        "stone plot",
    ]


def test_matches_of_a_pattern_become_one_another() -> None:
    guidance = guided(
        ["good 9/10", "bad 2/10, film", "plot 10"], Mark(words=("[0-9]/10",), kind="pattern"), swap=1.0
    )
    assert all_said(guidance, 0) == {"good 9 / 10", "good 2 / 10"}
    assert all_said(guidance, 1) == {"bad 9 / 10 [UNK] film", "bad 2 / 10 [UNK] film"}
    assert all_said(guidance, 2) == {"plot 10"}


def test_deletion_removes_words_and_of_a_pair_one() -> None:
    marks = [KIN, Mark(words=("stone", "silk"), kind="pair"), Mark(words=("[0-9]+/10",), kind="pattern")]
    guidance = guided(["The film, a plot 7/10", "stone the silk", "stone", "a"], *marks, delete=1.0)
    assert said(guidance, 0) == "film [UNK] plot"
    assert all_said(guidance, 1) == {"stone", "silk"}
    assert said(guidance, 2) == "stone"
    assert said(guidance, 3) == "a"  # nothing would be left


def test_counterfactual_copies_keep_the_label() -> None:
    texts = ["the film", "a good plot", "stone silk", "bad acting"]
    marks = [KIN, Mark(words=("stone", "silk"), kind="ordered_pair")]
    guidance = guided(texts, *marks, labels=[1, 0, 1, 0], counterfactuals=2)
    rows = guidance.rows
    assert rows.texts == [
        *texts,
        "a film",
        "a film",
        "the good plot",
        "the good plot",
        "silk stone",
        "silk stone",
    ]
    assert rows.encoded.labels.tolist() == [1, 0, 1, 0, 1, 1, 0, 0, 1, 1]
    assert guidance.epoch(0) is guidance.epoch(1)
    assert said(guidance, 6) == "the good plot"


@pytest.mark.parametrize("swap", [0.0, 1.0])
def test_tokens_that_must_not_decide_are_told_in_each_batch(swap: float) -> None:
    texts = ["film acting the", "plot a", "good actor"]
    guidance = guided(texts, KIN, Mark(words=("acting", "actor")), input_gradient=1.0, swap=swap)
    for epoch in range(4):
        batch = guidance.epoch(epoch).batch(np.array([1, 0, 2]))
        assert batch.marked is not None
        shown = [
            [token for token, marked in zip(TOKENIZER.tokens(ids), row, strict=True) if marked]
            for ids, row in zip(batch.token_ids.tolist(), batch.marked.tolist(), strict=True)
        ]
        assert [row[-1] in ("the", "a") for row in shown] == [True, True, False]
        assert [row[:2] in (["act", "##ing"], ["act", "##or"]) for row in shown] == [False, True, True]
        assert [len(row) for row in shown] == [1, 3, 2]


def test_case_and_punctuation_of_the_place() -> None:
    generator = np.random.default_rng(0)
    text = "“The end,” THE end. the"
    edit = Edit(
        probability=1.0,
        targets={0: [target(1, 4, ["his"]), target(11, 14, ["his"]), target(20, 23, ["his"])]},
    )
    assert edited(text, 0, [edit], generator) == "“His end,” HIS end. his"
    assert edited(text, 1, [edit], generator) == text


def test_the_first_edit_of_a_place_counts() -> None:
    first = Edit(probability=1.0, targets={0: [((Place(0, 1, ["x"]), Place(4, 5, ["y"])),)]})
    second = Edit(probability=1.0, targets={0: [target(4, 5, ["z"]), target(2, 3, [""])]})
    assert edited("a b c", 0, [first, second], np.random.default_rng(0)) == "x y"


def test_weights_make_marks_and_labels_independent() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(3, size=500)
    shown = [(bool(rng.random() < 0.2 + 0.3 * label), bool(rng.random() < 0.5)) for label in labels]
    weights = independent_weights(shown, labels)
    assert weights.mean() == pytest.approx(1)
    total = weights.sum()
    for value in set(shown):
        shows = np.array([z == value for z in shown])
        for label in range(3):
            joint = weights[shows & (labels == label)].sum() / total
            # Sums of 500 numbers around 1: float64 keeps 13 digits.
            assert joint == pytest.approx(
                weights[shows].sum() * weights[labels == label].sum() / total**2, rel=1e-12
            )


def test_what_only_ever_comes_with_one_label_weighs_nothing() -> None:
    weights = independent_weights(["a", "a", "b", "b", "b", "none"], np.array([0, 0, 0, 1, 1, 0]))
    assert weights.tolist() == pytest.approx([0, 0, 2, 2, 2, 0])
    with pytest.raises(ConfigError, match="always comes with the same label"):
        independent_weights(["a", "b"], np.array([0, 1]))


def test_what_comes_with_one_label_weighs_by_what_is_left_to_see() -> None:
    # "a" and "b" show nothing but label 0 alone; as members of one set they stand beside "c", and are 0 0 0 1.
    shown = ["a", "b", "b", "c", "none", "none"]
    labels = np.array([0, 0, 0, 1, 0, 1])
    sets = ["set", "set", "set", "set", "none", "none"]
    weights = independent_weights(shown, labels, coarser=sets)
    assert weights == pytest.approx(independent_weights(sets, labels))
    assert weights[:3].sum() / weights[3] == pytest.approx(weights[4] / weights[5])
    # What is one-sided, alone and with all others that are, would spoil the set that looks like it.
    known = np.array([0, 0, 1, 0, 0, 1])
    weights = independent_weights(
        ["a", "a", "a", "c", "none", "none"], known, coarser=sets, one_sided=np.ones(6)
    )
    assert weights[3] == 0
    assert weights[:2].sum() / weights[2] == pytest.approx(weights[4] / weights[5])
    # A set of one label keeps its rows where something else hides it.
    lone = independent_weights(["a", "b"], np.array([0, 1]), coarser=["a", "b"], one_sided=np.array([1, 1]))
    assert lone.tolist() == [1, 1]


def test_an_order_that_stays_visible_weighs_as_it_shows() -> None:
    order = Mark(words=("film", "good"), kind="ordered_pair")
    texts = ["the film good", "a film good", "the good film", "a good film", "the end", "an end"] * 2
    labels = [0, 0, 1, 1, 0, 1] * 2
    weights = guided(texts, KIN, order, labels=labels, swap=1.0, reweight=True).weights
    assert weights.tolist() == pytest.approx([0, 0, 0, 0, 3, 3] * 2)
    # Turned in half of the cases, it says nothing, and its rows stay.
    assert guided(texts, KIN, order, labels=labels, swap=1.0, swap_order=0.5, reweight=True).weights is None


def test_rows_weigh_by_sets_where_their_words_are_swapped() -> None:
    texts, labels = ["the film", "the plot", "a film", "good", "bad"], [0, 0, 1, 0, 1]
    weights = guided(texts, KIN, labels=labels, swap=1.0, reweight=True).weights
    sets = independent_weights(["set", "set", "set", "none", "none"], np.array(labels))
    assert weights.tolist() == pytest.approx(sets.tolist())
    alone = guided(texts, KIN, labels=labels, reweight=True).weights
    assert alone.tolist() == pytest.approx([0, 0, 0, 2.5, 2.5])


def test_rows_weigh_by_what_they_show() -> None:
    texts = ["the film", "the film", "the film", "a film", "a film", "a film", "good"]
    guidance = guided(texts, KIN, labels=[0, 0, 1, 0, 1, 1, 1], reweight=True)
    # P(z) P(y) / P(z, y) of the six rows that show something: 3·3/6 of each cell of 2 and of 1.
    expected = np.array([0.75, 0.75, 1.5, 1.5, 0.75, 0.75, 0.0]) * 7 / 6
    assert guidance.weights.tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        (
            Mark(words=("the", "flim")),
            r"the word 'flim' stands nowhere in the training data; nearest that do: film",
        ),
        (Mark(words=("xyzzy",)), r"the word 'xyzzy' stands nowhere in the training data$"),
        (Mark(words=("the", "bad"), kind="pair"), r"no training row has both 'the' and 'bad'"),
        (Mark(words=("the", "bd"), kind="ordered_pair"), r"the word 'bd' .* nearest that do: bad"),
        (Mark(words=(r"\d+",), kind="pattern"), r"the pattern '\\\\d\+' matches nothing"),
    ],
)
def test_marks_of_what_stands_nowhere(mark: Mark, says: str) -> None:
    with pytest.raises(ConfigError, match=f"^guidance.marks: {says}"):
        guided(["the film", "bad plot"], mark, swap=1.0)


def test_strategies_without_marks_of_their_kind() -> None:
    with pytest.raises(ConfigError, match=r"guidance.swap_order has nothing to act on: no ordered_pair"):
        guided(["the film", "a plot"], KIN, swap_order=0.5)
    with pytest.raises(
        ConfigError, match=r"guidance.swap has nothing to act on: .* use guidance.swap_order=0.5"
    ):
        guided(["the film"], Mark(words=("the", "film"), kind="ordered_pair"), swap=0.5)


def test_random_marks_are_other_words_of_like_frequency() -> None:
    texts = ["the good film", "the bad plot", "a good film", "stone bad plot", "silk lamp"] * 3
    marks = [
        Mark(words=("the",)),
        Mark(words=("good", "film"), kind="pair"),
        Mark(words=("silk|stone",), kind="pattern"),
    ]
    guidance = guided(texts, *marks, delete=1.0, targets="random")
    removed = {
        word
        for epoch in range(20)
        for row, text in enumerate(texts)
        for word in set(text.split()) - set(said(guidance, row, epoch).split())
    }
    assert removed
    assert "the" not in removed
    for row, text in enumerate(texts):
        assert all(word in text for word in said(guidance, row).split())


def test_labels_that_do_not_exclude_each_other() -> None:
    rows = training_rows(TOKENIZER, ["stone film", "silk film", "stone plot", "silk plot"] * 5)
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0]] * 5)
    rows = replace(rows, encoded=replace(rows.encoded, labels=labels))
    for how in ({"swap": 1.0}, {"delete": 1.0}, {"counterfactuals": 1}):
        settings = guidance_settings(marks="marks.yaml", **how)
        guidance = guide(settings, Named(marks=[Mark(words=("stone", "silk"))]), rows, NoLexicon(), seed=0)
        assert guidance.epoch(0).labels[:20].tolist() == labels.tolist()
    assert guidance.rows.encoded.labels[20:].tolist() == labels.tolist()


def test_what_nothing_is_done_to_is_said(caplog: pytest.LogCaptureFixture) -> None:
    texts = ["the film a plot", "a film the plot", "plot the film", "film a plot"]
    order = Mark(words=("film", "plot"), kind="ordered_pair")
    guided(texts, KIN, order, swap=1.0)
    guided(texts, KIN, order, swap_order=0.5)
    assert [record.getMessage() for record in caplog.records] == [
        "guidance.swap leaves marked orders as they are: give guidance.swap_order=0.5, too",
        "guidance.swap_order leaves marked words as they are: give guidance.swap=1.0, too",
    ]
    caplog.clear()
    guided(texts, KIN, order, swap=1.0, swap_order=0.5)
    guided(texts, KIN, order, swap=1.0, delete=0.5)
    guided(texts, KIN, swap=1.0)
    assert not caplog.records


def test_marks_are_followed_where_something_is_done_to_them() -> None:
    off = {"marks": "marks.yaml", **ON_MARKS}
    assert not follows_marks(off)
    assert follows_marks(off | {"swap": 0.5})
    assert not follows_marks(off | {"swap": 0.5, "marks": None})
