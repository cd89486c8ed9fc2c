"""Rows and averages of explained sentences, against numbers computed by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from whytrain.attribution.attribution import Attribution, Pairs, Quantity, strongest_pairs, sure_pairs
from whytrain.attribution.deletion import Deletion, Parts
from whytrain.attribution.explainer import Explanation
from whytrain.attribution.plain import to_plain
from whytrain.attribution.tables import ExplainedSentence, summary, value_table
from whytrain.attribution.target import ClassTarget

PHI = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
NAMES = ["neg", "pos"]


def sentence(
    scores: list[float],
    *,
    label: int = 1,
    decisions: tuple[int, int] = (1, 1),
    pairs: list[list[float]] | None = None,
) -> ExplainedSentence:
    """Make a sentence of 3, 4, … words; its paths are no paths of its scores, but of numbers to be found."""
    n = len(scores)
    bounds = np.concatenate([[0], np.cumsum([len(part) for part in np.array_split(np.arange(n), 3)])])
    attribution = Attribution(
        method="shapley",
        variant="padding",
        words=tuple(f"w{i}" for i in range(n)),
        target=ClassTarget(name=NAMES[label], index=label, payoff="log_odds"),
        scores=np.array(scores),
        standard_errors=None,
        quantity=PHI,
        total=(0.5, 0.5 + sum(scores)),
        n_evaluations=1 << n,
        absence="padding",
        make_pairs=None
        if pairs is None
        else partial(Pairs, scores=np.array(pairs), standard_errors=None, quantity=PHI),
    )
    deletion = Deletion(
        absence="padding",
        order=np.argsort(-np.abs(scores), kind="stable"),
        path=np.array([0.0, 4.0, *[6.0] * (n - 2), 9.0]),
        removal=np.array([9.0, 2.0, *[1.0] * (n - 2), 0.0]),
        occlusion=np.arange(n) / 2,
        parts=Parts(bounds=bounds, alone=np.zeros(3), attributed=np.zeros(3), empty=0.0),
        prediction=decisions[0],
        prediction_without_top=decisions[1],
        prediction_without_top_two=decisions[1],
    )
    explanation = Explanation(attribution=attribution, deletion=deletion)
    return ExplainedSentence(split="train", sentence_id=f"s{n}", label=label, explanation=explanation)


def test_shares_of_one_sentence_by_hand() -> None:
    found = summary([sentence([1.0, -4.0, 2.0, 1.0])])  # parts: (w0, w1), (w2), (w3)
    shares = np.array([1, 4, 2, 1]) / 8
    assert found["top1_share"] == pytest.approx(4 / 8)
    assert found["top2_share"] == pytest.approx(6 / 8)
    assert found["middle_share"] == pytest.approx(2 / 8)
    assert found["entropy"] == pytest.approx(-(shares * np.log(shares)).sum() / np.log(4))
    assert "interaction" not in found  # this one says nothing of pairs


def test_entropy_is_0_for_one_word_and_1_for_an_even_spread() -> None:
    assert summary([sentence([0.0, 5.0, 0.0])])["entropy"] == 0.0
    assert summary([sentence([1.0, -1.0, 1.0])])["entropy"] == pytest.approx(1.0)


def test_averages_leave_out_sentences_in_which_nothing_matters() -> None:
    found = summary([sentence([1.0, 3.0, 0.0]), sentence([0.0, 0.0, 0.0]), sentence([1.0, 1.0, 2.0])])
    assert found["top1_share"] == pytest.approx((3 / 4 + 2 / 4) / 2)
    nothing = summary([sentence([0.0, 0.0, 0.0])])
    assert np.isnan([nothing[name] for name in ("top1_share", "top2_share", "entropy", "middle_share")]).all()
    assert summary([]) == {}


def test_what_the_top_word_is_worth_counts_lost_and_won_answers() -> None:
    lost = sentence([1.0, 2.0, 3.0], decisions=(1, 0))
    won = sentence([1.0, 2.0, 3.0], decisions=(0, 1))
    kept = sentence([1.0, 2.0, 3.0], decisions=(1, 1))
    assert summary([lost])["top_word_accuracy_loss"] == 1.0
    assert summary([won])["top_word_accuracy_loss"] == -1.0
    assert summary([lost, lost, won, kept])["top_word_accuracy_loss"] == pytest.approx(1 / 4)


def test_interaction_is_the_mean_size_over_pairs() -> None:
    pairs = [[0.0, 1.0, -2.0], [1.0, 0.0, 6.0], [-2.0, 6.0, 0.0]]
    paired = sentence([1.0, 2.0, 3.0], pairs=pairs)
    assert summary([paired])["interaction"] == pytest.approx((1 + 2 + 6) / 3)
    own = paired.explanation.attribution.pairs
    assert own is not None
    assert strongest_pairs(own) == [(1, 2), (0, 2), (0, 1)]
    assert strongest_pairs(own, 1) == [(1, 2)]
    assert sure_pairs(own, 2) == [(1, 2), (0, 2)]  # exact: nothing is unsure
    errors = np.array([[0.0, 0.4, 1.0], [0.4, 0.0, 3.1], [1.0, 3.1, 0.0]])
    assert sure_pairs(replace(own, standard_errors=errors), 2) == [(0, 1)]  # -2 ± 1 and 6 ± 3.1 may be 0


def test_plain_data_by_hand() -> None:
    pairs = [[0.0, 1.0, -2.0], [1.0, 0.0, 6.0], [-2.0, 6.0, 0.0]]
    plain = to_plain(sentence([1.0, -4.0, 2.0], pairs=pairs).explanation)
    assert plain["scores"] == [1.0, -4.0, 2.0]
    assert plain["standard_errors"] is None
    assert plain["total"] == [0.5, -0.5]
    # Losses of 9 while the top words go: 7, 8, 9; while only they are there: 5, 3, 0.
    assert plain["comprehensiveness"] == pytest.approx((7 + 8 + 9) / 3)
    assert plain["sufficiency"] == pytest.approx((5 + 3 + 0) / 3)
    assert (plain["empty"], plain["full"]) == (0.0, 9.0)
    first = plain["interactions"][0]
    assert (first["words"], first["positions"], first["interaction"]) == (["w1", "w2"], [2, 3], 6.0)
    assert plain["tree"] is None
    assert to_plain(sentence([1.0, 2.0, 3.0]).explanation)["interactions"] is None


def test_rows_of_values() -> None:
    rows = value_table([sentence([1.0, -4.0, 2.0], decisions=(0, 1))], NAMES)
    assert rows["word"].tolist() == ["w0", "w1", "w2"]
    assert rows["position"].tolist() == [1, 2, 3]
    assert rows["score"].tolist() == [1.0, -4.0, 2.0]
    assert rows["occlusion"].tolist() == [0.0, 0.5, 1.0]
    assert rows["standard_error"].isna().all()
    origin = ("id", "split", "variant", "class", "prediction", "empty", "full")
    assert [rows[name].iloc[0] for name in origin] == ["s3", "train", "padding", "pos", "neg", 0.0, 9.0]
