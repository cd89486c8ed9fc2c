"""Which arms a loop trains, what each is told, and which repair it says is best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from whytrain.diagnosis.overrides import Strategy
from whytrain.diagnosis.rules import Expectation
from whytrain.loop.arm_accuracies import arm_accuracies, best_repair
from whytrain.loop.arms import Arm, arms_of, repair_of_marks
from whytrain.loop.conclusion import held_to, unjudged
from whytrain.loop.measured_run import MeasuredRun
from whytrain.loop.shortcut_rows import ADVERSARIAL, UNMARKED
from whytrain.shortcuts import Mark
from whytrain.tracking.reader import RunRecord

FOUND = Strategy(
    name="swap_shortcuts",
    text="",
    because=("shortcut",),
    overrides={"guidance.marks": "found", "guidance.swap": 1.0, "guidance.run": "abc"},
    expected=(),
)
REPLACE = Strategy(
    name="swap_top_words", text="", because=("few",), overrides={"guidance.replace": 0.2}, expected=()
)


def words(arms: list[Arm]) -> dict[str, list[str]]:
    return {arm.name: arm.guided_by("r1") for arm in arms}


def test_a_shortcut_that_was_found() -> None:
    marked = ["guidance.marks=found"]
    assert words(arms_of([FOUND], control=True, ablation=True)) == {
        "explained": [*marked, "guidance.swap=1.0", "guidance.run=r1"],
        "random targets": [*marked, "guidance.swap=1.0", "guidance.targets=random", "guidance.run=r1"],
        "only delete": [*marked, "guidance.delete=1.0", "guidance.run=r1"],
        "only counterfactuals": [*marked, "guidance.counterfactuals=1", "guidance.run=r1"],
        "only input_gradient": [*marked, "guidance.input_gradient=10.0", "guidance.run=r1"],
        "only reweight": [*marked, "guidance.reweight=true", "guidance.run=r1"],
        "one epoch": ["trainer.max_epochs=1"],
        "train twice": ["guidance.upweight_errors=6.0", "guidance.run=r1"],
    }
    arms = {arm.name: arm for arm in arms_of([FOUND], control=True, ablation=True)}
    assert arms["train twice"].guide == "one epoch"
    assert {name for name, arm in arms.items() if not arm.repairs_marks} == {
        *("random targets", "one epoch", "train twice"),
    }


def test_marks_of_a_file_need_no_run() -> None:
    order = Mark(words=("a", "b"), kind="ordered_pair")
    strategy = repair_of_marks([Mark(words=("a",)), order])
    assert words(arms_of([strategy], control=False, ablation=False)) == {
        "explained": ["guidance.swap=1.0", "guidance.swap_order=0.5"]
    }


def test_a_repair_is_not_held_to_rows_that_have_the_shortcut_still() -> None:
    limit = Expectation(metric="best/accuracy", at_least=-0.015)
    gain = Expectation(metric="check/accuracy", at_least=0.02)
    repair, other = replace(FOUND, expected=(gain,)), replace(REPLACE, expected=(limit,))
    assert held_to([other]) == [limit]
    assert held_to([repair, other]) == [gain]
    assert unjudged([other]) is None
    said = unjudged([repair, other])
    assert said is not None
    assert "what was promised of accuracy on validation rows" in said


def test_without_a_shortcut_nothing_is_added() -> None:
    assert words(arms_of([REPLACE], control=True, ablation=True)) == {
        "explained": ["guidance.replace=0.2", "guidance.run=r1"],
        "random targets": ["guidance.replace=0.2", "guidance.targets=random", "guidance.run=r1"],
    }
    assert arms_of([], control=True, ablation=True) == []


def run(n_right: int, n: int = 100) -> MeasuredRun:
    right = pd.Series(np.arange(n) < n_right, dtype="float64")
    rows = {"best/accuracy": right, "check/accuracy": right[:10], UNMARKED: right, ADVERSARIAL: right}
    metrics = {name: float(terms.mean()) for name, terms in rows.items()}
    return MeasuredRun(
        run=object.__new__(RunRecord), metrics=metrics, rows=rows, confidence=pd.Series(dtype="float64")
    )


def arm(name: str, key: str) -> Arm:
    return Arm(name=name, strategies=(), words=(f"{key}=1.0",))


def test_accuracies_of_all_arms() -> None:
    table = arm_accuracies([run(50)], {arm("explained", "guidance.swap"): [run(80)]})
    assert table["arm"].tolist() == ["baseline", "explained"] * 4
    assert table["n_rows"].tolist() == [100, 100, 10, 10, 100, 100, 100, 100]
    first, second = table.iloc[0], table.iloc[1]
    assert (first["accuracy"], second["accuracy"]) == (0.5, 0.8)
    assert np.isnan(first["difference"])
    assert second["difference"] == pytest.approx(0.3)
    # 30 of 100 rows changed, each for the better: 0.3 ± 1.96 √(0.3 · 0.7 / 100).
    assert second["difference_low"] == pytest.approx(0.21, abs=0.02)
    assert second["difference_high"] == pytest.approx(0.39, abs=0.02)
    assert first["low"] < 0.5 < first["high"]


def test_the_best_repair() -> None:
    arms = [arm("explained", "guidance.swap"), arm("only delete", "guidance.delete")]
    [surely] = best_repair({arms[0]: [run(60)], arms[1]: [run(90)]})
    assert "“only delete” is surely better than the recommended repair: 0.900 against 0.600" in surely
    [no_better] = best_repair({arms[0]: [run(80)], arms[1]: [run(81)]})
    assert "right in 0.800; no other is surely better (the best of them, “only delete”: 0.810)" in no_better
    assert best_repair({arms[0]: [run(80)]}) == []
