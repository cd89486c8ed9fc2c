"""The other scores: numbers computed by hand, perfect explanations and their opposites."""

from __future__ import annotations

import math

import numpy as np
import pytest
from games import Given, attribution, judged_game, study_of

from whytrain.attribution.attribution import Quantity
from whytrain.data.treebank import parse_tree
from whytrain.explanation_scores.agreement import agreement, top_share
from whytrain.explanation_scores.completeness import Completeness
from whytrain.explanation_scores.conciseness import Conciseness
from whytrain.explanation_scores.marked_words import MarkedWords, is_marked
from whytrain.explanation_scores.phrase_labels import Plausibility
from whytrain.explanation_scores.sentences import choose_texts
from whytrain.explanation_scores.stability.draws import StabilityOfDraws
from whytrain.explanation_scores.study import Judged, Study
from whytrain.shortcuts.marks import Mark

GOOD = np.arange(8.0)  # a text of three words, decided as good
SIZES = Quantity(symbol="a", name="size", unit="share", signed=False)
TREE = parse_tree("(3 (2 w0) (4 (4 w1) (0 w2)))")


def judged_in(study: Study, scores: np.ndarray, quantity: Quantity | None = None) -> Judged:
    explained = attribution(scores, study.targets[0], quantity=quantity)
    return Judged(study=study, explainer=Given(scores), attributions=(explained,))


def test_completeness_is_what_the_sum_misses() -> None:
    assert Completeness()(judged_game(GOOD, np.array([1.0, 2, 4])))[0] == pytest.approx(0)
    assert Completeness()(judged_game(GOOD, np.array([1.0, 2, -4])))[0] == pytest.approx(8)
    assert np.isnan(Completeness()(judged_game(GOOD, np.array([1.0, 2, 4]), additive=False))[0])
    sizes = judged_game(GOOD, np.array([1.0, 2, 4]), signed=False)  # shares of attention sum to 1, whatever v
    assert np.isnan(Completeness()(sizes)[0])


@pytest.mark.parametrize(
    ("scores", "number"),
    [
        ([1.0, -1, 1], 3.0),
        ([5.0, 0, 0], 1.0),
        ([1.0, 1, 2], math.exp(1.5 * math.log(2))),
        ([0, 0, 0], math.nan),
    ],
)
def test_conciseness_counts_words(scores: list[float], number: float) -> None:
    found = Conciseness()(judged_game(GOOD, np.array(scores)))[0]
    assert found == pytest.approx(number, nan_ok=True)


def test_marked_words_of_a_perfect_explanation_and_of_its_opposite() -> None:
    study = study_of(GOOD, marks=(Mark(words=("w0", "w2")),))
    assert MarkedWords()(judged_in(study, np.array([-3.0, 1, 2])))[0] == 1.0  # by size, whatever the sign
    assert MarkedWords()(judged_in(study, np.array([2.0, 3, 1])))[0] == 0.5
    alone = study_of(GOOD, marks=(Mark(words=("w0",)),))
    assert MarkedWords()(judged_in(alone, np.array([1.0, 2, 3])))[0] == 0.0
    nothing = study_of(GOOD, marks=(Mark(words=("absent",)),))
    assert np.isnan(MarkedWords()(judged_in(nothing, np.array([1.0, 2, 3])))[0])


def test_what_is_marked() -> None:
    words = ("The", "film,", "9/10", "not")
    assert is_marked(words, [Mark(words=("the",))]).tolist() == [True, False, False, False]
    assert is_marked(words, [Mark(words=("[0-9]/10",), kind="pattern")]).tolist() == [
        False,
        False,
        True,
        False,
    ]
    assert is_marked(words, [Mark(words=("not", "film"), kind="pair")]).tolist() == [False, True, False, True]
    assert not is_marked(words, [Mark(words=("not", "plot"), kind="pair")]).any()


def test_plausibility_by_what_people_say() -> None:
    # People: w0 neutral, w1 very positive, w2 very negative, "w1 w2" very positive, all of it positive.
    study = study_of(GOOD, trees=(TREE,))
    alike, against = np.array([0.1, 5, -1]), np.array([-0.1, -5, 1])
    # Phrases in order (0,1) (0,3) (1,2) (1,3) (2,3): sums .1 4.1 5 4 -1, labels 0 1 2 2 -2.
    # Ranks 2 4 5 3 1 against 2 3 4.5 4.5 1: Pearson's 8 / sqrt(10 · 9.5).
    expected = 8 / math.sqrt(10 * 9.5)
    assert Plausibility()(judged_in(study, alike))[0] == pytest.approx(expected)
    assert Plausibility()(judged_in(study, against))[0] == pytest.approx(-expected)
    bad = study_of(-GOOD - 1, trees=(TREE,))  # decided as bad: scores speak for that
    assert Plausibility()(judged_in(bad, against))[0] == pytest.approx(expected)
    # Sizes: sums .1 3.1 2 3 1 against 0 1 2 2 2: ranks 1 5 3 4 2 and 1 2 4 4 4.
    sizes = judged_in(study, np.array([0.1, 2, 1]), SIZES)
    assert Plausibility()(sizes)[0] == pytest.approx(2 / math.sqrt(10 * 8))
    assert "people=FILE" in str(Plausibility().missing(study_of(GOOD)))


def test_a_method_that_draws_anew_is_told() -> None:
    study = study_of(GOOD)
    first = attribution(np.array([1.0, 2, 3]), study.targets[0])
    again = Given([np.array([10.0, 20, 30]), np.array([3.0, 2, 1])])
    judged = Judged(study=study, explainer=again, attributions=(first,))
    assert StabilityOfDraws(seeds=2)(judged)[0] == pytest.approx((1 - 1) / 2)


def test_agreement_of_methods() -> None:
    study = study_of(GOOD)
    target = study.targets[0]
    one = [attribution(np.array([1.0, 2, -3]), target)]
    turned = [attribution(np.array([-1.0, -2, 3]), target)]
    sizes = [attribution(np.array([1.0, 2, 3]), target, quantity=SIZES)]
    found = agreement({"one": one, "turned": turned, "sizes": sizes})
    assert found.correlation[0, 1] == pytest.approx(-1)
    assert found.correlation[0, 2] == pytest.approx(1)  # by size alone
    assert found.top[0, 1] == 1.0
    assert top_share(np.array([9.0, 8, 7, 0, 0, 0]), np.array([0, 0, 0, 7.0, 8, 9])) == 0.0


def test_short_texts_are_drawn_and_longer_ones_follow() -> None:
    texts = ["a b", *(f"w{i} b c d" for i in range(5)), "a b c d e f", "a b c d e"]
    places, note = choose_texts(texts, 3, 4, seed=0)
    assert len(places) == 3
    assert note is None
    assert set(places) <= {1, 2, 3, 4, 5}
    assert places == choose_texts(texts, 3, 4, seed=0)[0]
    places, note = choose_texts(texts, 7, 4, seed=0)
    assert places[-2:] == [7, 6]  # the next longer one first
    assert note is not None
    assert "only 5 texts" in note
    assert "only 7 texts" in str(choose_texts(texts, 9, 6, seed=0)[1])


@pytest.mark.parametrize(
    ("lengths", "said"),
    [
        ([9, 8], "no text has 4 to 5 words: the 2 next longer ones, of up to 9 words, are scored, too"),
        ([4, 8], "only 1 text has 4 to 5 words: the next longer one, of up to 8 words, is scored, too"),
        ([4, 1], "there is only 1 text of 4 words or more"),
    ],
)
def test_what_is_said_of_few_texts(lengths: list[int], said: str) -> None:
    assert choose_texts(["w " * n for n in lengths], 2, 5, seed=0)[1] == said
