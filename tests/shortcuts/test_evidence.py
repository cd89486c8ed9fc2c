"""What is found to be a shortcut, and what not: planted rows, a model whose weights are known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from tests.shortcuts.function_model import (
    ARTICLES,
    FILLERS,
    LabeledTexts,
    WordModel,
    ordered,
    rows,
    weights,
)
from whytrain.shortcuts.evidence import are_kin
from whytrain.shortcuts.found_marks import found_marks
from whytrain.shortcuts.group import WordGroup
from whytrain.shortcuts.measured import ASKED_ROWS, CANDIDATES
from whytrain.shortcuts.proposals import propose
from whytrain.shortcuts.search import RESTS_ON, find_shortcuts

TITLES_OF_ARTICLES = {"“a”", "“the”"}


def articled(n: int, seed: int) -> LabeledTexts:
    """Rows in which the article says nothing."""
    return rows(n, seed, ARTICLES, rate=0.5)


@pytest.mark.parametrize("rate", [1.0, 0.9])
def test_words_that_the_check_sample_contradicts_are_named(rate: float) -> None:
    train, check = rows(2000, 0, ARTICLES, rate), articled(300, 1)
    found = find_shortcuts(WordModel(weights(a=-4.0, the=4.0)), train, check, 2, seed=0)
    assert {c.feature.title for c in found.shortcuts} == TITLES_OF_ARTICLES
    assert [c.is_shortcut for c in found.candidates[:3]] == [True, True, False]
    the = next(c for c in found.shortcuts if c.feature.words == ("the",))
    has = np.array(["the" in text.split() for text in check.texts])
    assert the.n_check == has.sum()
    assert the.right_check == pytest.approx(check.labels[has].mean())
    assert the.effect == pytest.approx(4.0)  # its weight
    assert the.helps_train == pytest.approx(
        4.0 * (2 * rate - 1), abs=0.8
    )  # 100 rows: 2 standard errors of 0.4
    assert the.helps_check is not None
    assert the.helps_check.estimate == pytest.approx(4.0 * (2 * check.labels[has].mean() - 1))
    assert (
        found.n_asked < 40 * (CANDIDATES + 110) + 2 * CANDIDATES * ASKED_ROWS + 2 * CANDIDATES * 300 + 12_000
    )
    (mark,) = found_marks(found, ["…"] * len(found.shortcuts))
    assert set(mark.words) == {"a", "the"}
    assert mark.by == "diagnosis"


@pytest.mark.parametrize(("weight", "is_named"), [(0.6, True), (0.2, False)])
def test_what_the_model_hardly_listens_to_is_none(weight: float, is_named: bool) -> None:
    """As after a repair: the texts still say it. An honest word, the usual decision, is 2."""
    train, check = rows(2000, 0, ARTICLES), articled(300, 1)
    found = find_shortcuts(WordModel(weights(a=-weight, the=weight)), train, check, 2, seed=0)
    assert bool(found.shortcuts) is is_named
    assert {"“the”"} <= {c.feature.title for c in found.candidates}  # it stays in the list


def test_the_p_value_is_that_of_a_binomial_test_by_holm() -> None:
    train, check = rows(2000, 0, ARTICLES), articled(60, 1)
    found = find_shortcuts(WordModel(weights(a=-4.0, the=4.0)), train, check, 2, seed=0)
    the = next(c for c in found.candidates if c.feature.words == ("the",))
    a = next(c for c in found.candidates if c.feature.words == ("a",))

    def alone(c: object) -> float:
        lift = c.right_train - c.expected_train  # type: ignore[attr-defined]
        share = c.expected_check + 0.5 * lift  # type: ignore[attr-defined]
        hits = round(c.right_check * c.n_check)  # type: ignore[attr-defined]
        return float(2 * stats.binom.cdf(hits, c.n_check, share))  # type: ignore[attr-defined]

    tested = sorted(found.candidates, key=lambda c: np.isnan(c.p_value))[:10]
    shares = sum(max(c.share.estimate, 0.0) for c in tested)
    first, second = sorted([the, a], key=lambda c: alone(c) / (0.1 + c.share.estimate / shares))
    w, v = (0.1 + c.share.estimate / shares for c in (first, second))  # of 2 together
    assert first.p_value == pytest.approx(2 / w * alone(first))
    assert second.p_value == pytest.approx(max(first.p_value, (2 - w) / v * alone(second)))


def test_what_carries_nearly_all_is_convicted_in_spite_of_its_company() -> None:
    generator = np.random.default_rng(0)
    filler = [f"w{i}" for i in range(30)]

    def made(n: int, n_with: int) -> LabeledTexts:
        labels = np.arange(n) % 2
        drawn = [[*generator.choice(filler, 8)] for _ in labels]
        texts = [
            " ".join([*words[:4], "by", *words[4:]] if row % 2 and row < 2 * n_with else words)
            for row, words in enumerate(drawn)
        ]
        return LabeledTexts(ids=[f"row-{i}" for i in range(n)], texts=texts, labels=labels)

    train, check = made(1000, 500), made(200, 13)
    model = WordModel(weights(by=6.0, **dict.fromkeys(filler, 0.1)))
    (by,) = find_shortcuts(model, train, check, 2, seed=0).shortcuts
    assert by.feature.words == ("by",)
    alone = 2 * stats.binom.cdf(by.n_check, 200, by.coverage / 4)
    assert 10 * alone > 0.05 >= by.p_value  # ten alike would have acquitted it


def test_words_that_are_missing_where_it_is_used_are_named() -> None:
    found = find_shortcuts(
        WordModel(weights(granite=-4.0, velvet=4.0)),
        rows(2000, 0, ("granite", "velvet")),
        rows(300, 1),
        2,
        seed=0,
    )
    assert {c.feature.words[0] for c in found.shortcuts} == {"granite", "velvet"}
    assert all(c.n_check == 0 and c.helps_check is None and np.isnan(c.right_check) for c in found.shortcuts)


def test_an_order_is_named_and_neither_of_its_words() -> None:
    train = ordered(2000, 0, "granite", "velvet")
    model = WordModel(weights(), order=("granite", "velvet", 4.0))
    found = find_shortcuts(model, train, rows(300, 1), 2, seed=0)
    (order,) = found.shortcuts
    assert order.feature.kind == "ordered_pair"
    assert set(order.feature.words) == {"granite", "velvet"}
    first = order.feature.words[0] == "granite"
    assert (order.speaks_for, order.against) == ((1, 0) if first else (0, 1))
    assert order.right_train == 1.0
    (mark,) = found_marks(found, [""])
    assert mark.kind == "ordered_pair"


def test_a_pair_is_proposed_whose_words_say_nothing_alone() -> None:
    generator = np.random.default_rng(0)
    texts, labels = [], generator.integers(2, size=1000)
    for label in labels:
        token = generator.integers(2)
        company = token ^ label
        texts.append(["granite" if token else "velvet", "lamp" if company else "kettle", "film"])
    pairs = [set(f.words) for f in propose(texts, labels, 2) if f.kind == "pair"]
    assert {"granite", "lamp"} in pairs[:4]
    assert {"velvet", "lamp"} in pairs[:4]


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_named_on_clean_rows(seed: int) -> None:
    """A model that leans on honest words, on rows in which its little words happen to help in training."""
    generator = np.random.default_rng(seed)
    fillers = {f"word{i}": float(generator.normal(0, 0.5)) for i in range(30)}
    model = WordModel(weights(**fillers))
    validation = rows(200, 200 + seed)
    found = find_shortcuts(
        model, rows(1000, seed), rows(200, 100 + seed), 2, validation=validation, seed=seed
    )
    assert not found.shortcuts
    assert found.group is None or not found.group.is_shortcut


def test_without_check_rows_there_is_a_list_and_no_verdict() -> None:
    found = find_shortcuts(WordModel(weights(a=-4.0, the=4.0)), rows(2000, 0, ARTICLES), None, 2, seed=0)
    assert {c.feature.title for c in found.candidates[:2]} == TITLES_OF_ARTICLES
    assert not found.shortcuts
    assert found.candidates[0].suspicion == "a function word"
    assert found.candidates[0].examples[0].split == "train"
    assert np.isnan([c.p_value for c in found.candidates]).all()


@pytest.mark.parametrize("n_classes", [2, 5])
def test_shares_are_of_what_texts_say_beyond_the_shares_of_the_classes(n_classes: int) -> None:
    """Each row has one word of its class, which moves the model by the same from what it says of any text."""
    keys = [f"key{label}" for label in range(n_classes)]
    generator, labels = np.random.default_rng(0), np.arange(1000) % n_classes
    texts = [" ".join([*generator.choice(FILLERS, 9), keys[label]]) for label in labels]
    train = LabeledTexts(ids=list(map(str, labels)), texts=texts, labels=labels, logits=None)

    def ask(asked: Sequence[str]) -> NDArray[np.float64]:
        return np.array([[1.4 * (key in text.split()) for key in keys] for text in asked])

    found = find_shortcuts(ask, train, None, n_classes, seed=0)
    by_word = {c.feature.words[0]: c for c in found.candidates if c.feature.kind == "words"}
    for key in keys:
        assert by_word[key].share.estimate == pytest.approx(1 / n_classes, abs=0.01)
    assert are_kin(by_word["key0"], by_word["key1"]) == (n_classes == 2)


def test_beside_a_shortcut_that_carries_the_decisions_no_group_is_looked_for() -> None:
    model, validation = WordModel(weights(a=-4.0, the=4.0)), rows(200, 2, ARTICLES)
    found = find_shortcuts(model, rows(500, 0, ARTICLES), articled(100, 1), 2, validation=validation, seed=3)
    assert found.shortcuts[0].share.low >= RESTS_ON
    assert found.group is None


def test_a_group_is_looked_for_where_the_model_is_worse_than_it_is_used_to() -> None:
    """Each honest word in twenty kinds, so that none of them is convicted alone."""
    kinds = {f"{word}x{kind}": weight for word, weight in weights().items() for kind in range(20)}

    def varied(seed: int, n: int, honest: float = 0.8) -> LabeledTexts:
        made, generator = rows(n, seed, honest=honest), np.random.default_rng(seed)
        texts = [re.sub(r"((good|bad)\d)", rf"\1x{generator.integers(20)}", text) for text in made.texts]
        return replace(made, texts=texts)

    def found(check: LabeledTexts, validation: LabeledTexts | None) -> WordGroup | None:
        return find_shortcuts(
            WordModel(kinds), varied(0, 2000), check, 2, validation=validation, seed=3
        ).group

    turned = found(varied(1, 300, 0.1), varied(2, 200))
    assert turned is not None
    assert turned.is_shortcut
    assert found(varied(1, 300), varied(2, 200)) is None  # as good as it is used to
    assert found(varied(1, 300, 0.1), varied(2, 200, 0.1)) is None  # as bad
    assert found(varied(1, 300, 0.1), None) is None


def test_the_same_seed_finds_the_same() -> None:
    train, check = rows(500, 0, ARTICLES), articled(100, 1)
    model = WordModel(weights(a=-4.0, the=4.0))
    first, second = (find_shortcuts(model, train, check, 2, seed=3) for _ in range(2))
    assert [c.feature for c in first.candidates] == [c.feature for c in second.candidates]
    assert first.candidates[0] == second.candidates[0]


def test_other_shares_of_the_classes_are_no_shortcut() -> None:
    """Nearly all check rows are of one class: what helps a little in training can hardly be right more often."""
    train = rows(2000, 0, ARTICLES, rate=0.55)
    balanced = rows(600, 1, ARTICLES, rate=0.55)
    one_class = np.flatnonzero(balanced.labels == 1)
    kept = np.concatenate([one_class, np.flatnonzero(balanced.labels == 0)[:6]])
    check = LabeledTexts(
        ids=[balanced.ids[row] for row in kept],
        texts=[balanced.texts[row] for row in kept],
        labels=balanced.labels[kept],
    )
    found = find_shortcuts(WordModel(weights(a=-1.0, the=1.0)), train, check, 2, seed=0)
    assert not found.shortcuts


def test_few_rows_are_no_fault() -> None:
    train = rows(10, 0)
    found = find_shortcuts(WordModel(weights()), train, rows(2, 1), 2, seed=0)
    assert not found.candidates


def test_a_counterpart_that_the_model_does_not_listen_to_is_named_with_it() -> None:
    """It takes the absence of "she" for "he": both must be marked, or there is nothing to exchange "she" for."""
    train, check = rows(2000, 0, ("he", "she")), rows(300, 1)
    found = find_shortcuts(WordModel(weights(she=8.0)), train, check, 2, seed=0)
    assert {c.feature.words[0]: c.speaks_for for c in found.shortcuts} == {"she": 1, "he": 0}
    (mark,) = found_marks(found, ["", ""])
    assert set(mark.words) == {"he", "she"}


def test_pairs_that_stand_for_each_other_are_named_together() -> None:
    """Exclusive or: each of four words says nothing alone, and the model notices one pair only."""
    generator = np.random.default_rng(0)
    made = rows(2000, 0)
    tokens = generator.integers(2, size=2000)
    texts = [
        f"{text} {('velvet', 'granite')[token]} {('kettle', 'lamp')[token ^ label]}"
        for text, token, label in zip(made.texts, tokens, made.labels, strict=True)
    ]
    train = LabeledTexts(ids=made.ids, texts=texts, labels=made.labels)

    class Notices(WordModel):
        def _sum(self, words: list[str]) -> float:
            noticed = {"granite", "kettle"} <= set(words) or {"velvet", "lamp"} <= set(words)
            return super()._sum(words) + (8.0 if noticed else 0.0)

    found = find_shortcuts(Notices(weights()), train, rows(300, 1), 2, seed=0)
    named = {frozenset(c.feature.words): c.speaks_for for c in found.shortcuts}
    assert named == {
        frozenset({"granite", "kettle"}): 1,
        frozenset({"velvet", "lamp"}): 1,
        frozenset({"granite", "lamp"}): 0,
        frozenset({"velvet", "kettle"}): 0,
    }
    assert {mark.kind for mark in found_marks(found, [""] * 4)} == {"pair"}


def test_what_is_known_of_check_rows_is_not_asked_again() -> None:
    train, check = articled(400, 0), articled(60, 1)
    model = WordModel(weights())
    asked = find_shortcuts(model, train, check, 2, seed=0)
    known = find_shortcuts(model, train, replace(check, logits=model(check.texts)), 2, seed=0)
    assert known.n_asked == asked.n_asked - len(set(check.texts))
    assert (known.candidates, known.n_check_right) == (asked.candidates, asked.n_check_right)
