"""`whytrain score` on a run that `whytrain train` tracked, and the same from Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from small_runs import SMALL

import whytrain as wt
from whytrain.commands import score as command
from whytrain.explanation_scores.score import Score, make_score
from whytrain.runs.scores import read_scores

METHODS = "explainer=[shapley,integrated_gradients]"
TREES = "(4 (2 a) (3 (3 (4 great) (2 film)) (2 .)))\n(0 (2 the) (1 (0 dull) (2 (2 plot) (2 .))))\n"


def run_score(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        command.main(list(words))
    return int(ended.value.code or 0)


def test_scores_of_a_run(
    workspace: Path, run_train: Callable[..., int], quiet_figures: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*SMALL, "callbacks=none", "model=bilstm_opt"]
    assert run_train(*words, "run_name=first", "trainer.max_epochs=6") == 0
    assert run_train(*words, "run_name=second", "seed=1") == 0
    capsys.readouterr()
    assert run_score("run=first", "file=reviews.csv", "sentences=20", "max_words=7", METHODS) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.split("page: ")[0].splitlines())) <= 80
    assert "20 texts of 4 to 7 words, all combinations of words asked" in told
    assert "On these 20 texts" in told
    run = wt.open_run("first")
    kept = read_scores(run.record)
    by_default = {name for name, made in every_score().items() if made.shown_by_default}
    assert set(kept["score"]) == by_default
    assert list(kept["method"].unique()) == ["shapley", "integrated_gradients", "random"]
    page = workspace / "scores" / run.id / "scores.html"
    assert "On these 20 texts" in page.read_text("utf-8")
    columns = ["score", "method", "mean", "low", "high", "n_texts", "place"]
    pd.testing.assert_frame_equal(pd.read_csv(page.with_name("scores.csv"))[columns], kept[columns])
    assert page.with_name("scores.png").stat().st_size > 10_000

    # From Python: the same texts, drawn by the same seed, have the same scores.
    again = run.score_explanations(
        pd.read_csv("reviews.csv")["text"].tolist()[:20], explainers=["shapley"], scores=["comprehensiveness"]
    )
    assert again.verdict == repr(again)
    assert "<table" in again._repr_html_()
    assert set(again.to_frame()["method"]) == {"shapley", "random"}

    # What needs more than a model and texts: people, another run, a training on random labels.
    Path("trees.txt").write_text(TREES * 3, "utf-8")
    names = "score=[plausibility,stability_trainings,randomized_weights,random_labels]"
    given = ["people=trees.txt", "other=second", "output=people", "explainer=[shapley]"]
    assert run_score("run=first", names, *given) == 0
    found = pd.read_csv("people/scores.csv").set_index(["score", "method"])
    assert found.loc["plausibility", "shapley"]["mean"] > found.loc["plausibility", "random"]["mean"]
    # Random scores are the same whatever the weights are.
    assert found.loc["randomized_weights", "random"]["mean"] == 1
    assert np.isfinite(found["mean"]).all()
    capsys.readouterr()
    assert run_score("run=first", "file=reviews.csv", "score=[plausibility]") == 2
    assert "score=plausibility needs sentences whose phrases people labeled" in capsys.readouterr().err


def every_score() -> dict[str, Score]:
    folder = command.CONF / "score"
    return {
        path.stem: make_score(yaml.safe_load(path.read_text("utf-8"))[path.stem])
        for path in folder.glob("*.yaml")
    }


def test_every_score_says_what_it_is() -> None:
    for name, made in every_score().items():
        assert made.name == name
        assert len(made.short) <= 8
        assert made.title
        assert made.range[0] < made.range[1]
        assert made.diagnosticity is None or 0 <= made.diagnosticity <= 1
