"""Who is ahead: paired on the same texts."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from games import Given, study_of

from whytrain.explanation_scores.faithfulness.comprehensiveness import Comprehensiveness
from whytrain.explanation_scores.faithfulness.flipping_set import FlippingSet
from whytrain.explanation_scores.scored_methods import score_methods
from whytrain.explanation_scores.standings import Standing, standings
from whytrain.pages.scores.verdict import _floor, verdict

RNG = np.random.default_rng(0)
SPREAD = 10 * RNG.normal(size=100)  # of texts: much larger than what methods differ by
A_LITTLE = 0.2 + 0.05 * RNG.normal(size=100)


def compared(**values: np.ndarray) -> dict[str, Standing]:
    return standings(values, higher_is_better=True, floor="random", level=0.95, seed=0)


def test_methods_are_paired_on_their_texts() -> None:
    found = compared(good=SPREAD + A_LITTLE, other=SPREAD, random=SPREAD - A_LITTLE)
    assert found["good"].mean.low < found["other"].mean.high  # their own intervals overlap
    assert found["good"].place == "ahead"
    assert found["other"].place == "behind"
    assert found["other"].above_random is True
    assert found["random"].above_random is None


def test_what_cannot_be_told_apart_is_level() -> None:
    found = compared(good=SPREAD + A_LITTLE, same=SPREAD + A_LITTLE[::-1], random=SPREAD)
    assert {found["good"].place, found["same"].place} == {"level"}
    assert found["random"].place == "behind"


def test_less_is_better() -> None:
    values = {"good": SPREAD - A_LITTLE, "random": SPREAD}
    found = standings(values, higher_is_better=False, floor="random", level=0.95, seed=0)
    assert found["good"].place == "ahead"
    assert found["good"].above_random is True


def test_a_score_that_is_not_defined_has_no_place() -> None:
    nothing = np.full(100, np.nan)
    found = compared(good=SPREAD, nothing=nothing, random=SPREAD - A_LITTLE)
    assert found["nothing"].place == "undefined"
    assert found["nothing"].above_random is None
    assert found["good"].place == "ahead"
    some = np.where(np.arange(100) < 50, SPREAD + A_LITTLE, np.nan)
    found = compared(some=some, other=SPREAD)
    assert found["some"].n_texts == 50


def linear_games(n: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Linear games of five words, and their weights."""
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=5) for _ in range(n)]
    present = np.array([[i >> k & 1 for k in range(5)] for i in range(32)])
    return [present @ w for w in weights], weights


def test_the_true_weights_win_and_the_opposite_is_not_above_random() -> None:
    games, weights = linear_games(30)
    study = study_of(*games)
    signs = [1 if game[-1] > 0 else -1 for game in games]
    true = [s * w for s, w in zip(signs, weights, strict=True)]
    methods = [Given(true, name="true"), Given([-t for t in true], name="opposite")]
    found = score_methods(study, methods, [Comprehensiveness(), FlippingSet()])
    assert found.methods == ("true", "opposite", "random")
    mean = found.standings["comprehensiveness"]["true"].mean.estimate
    assert mean == pytest.approx(found.best["comprehensiveness"].estimate)
    assert found.standings["comprehensiveness"]["true"].place == "ahead"
    assert found.standings["comprehensiveness"]["opposite"].above_random is False
    said = verdict(found)
    assert said.startswith("On these 30 texts true is ")
    assert "opposite is not better than random scores" in said
    frame = found.to_frame()
    assert len(frame) == 6
    assert frame.loc[0, "place"] == "ahead"


def test_methods_that_beat_random_scores_as_often_are_told_together() -> None:
    standing = {name: SimpleNamespace(above_random=name in ("a", "b")) for name in ("a", "b", "c", "random")}
    other = {name: SimpleNamespace(above_random=False) for name in standing}
    found = SimpleNamespace(methods=tuple(standing), standings={"x": standing, "y": other})
    said = "; c is not better than random scores; a and b are better than random scores only in 1 of 2"
    assert _floor(found, ["x", "y"]) == said  # type: ignore[arg-type]
