"""The closed loop's tables and page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from whytrain.diagnosis.rules import Expectation
from whytrain.loop.arm_accuracies import COLUMNS
from whytrain.loop.control_arm import why_no_control
from whytrain.loop.verdicts import Effect, verdict
from whytrain.pages.loop import (
    accuracy_table,
    effect_table,
    in_short,
    loop_page,
    promise_line,
    repaired,
    standings,
)
from whytrain.runs.diagnosis import StoredDiagnosis
from whytrain.statistics.intervals import Interval

LOWER = Expectation(metric="diagnosis/few_token_dependence", at_most=-0.02)
NAN = float("nan")
EFFECTS = [
    Effect(
        arm="explained",
        against="baseline",
        metric=LOWER.metric,
        difference=Interval(estimate=-0.05, low=-0.08, high=-0.03),
        promise=LOWER,
        verdict="kept",
    ),
    Effect(
        arm="explained",
        against="baseline",
        metric="robustness/lost_without_top_words",
        difference=Interval(estimate=0.01, low=-0.1, high=0.2),
        promise=None,
        verdict=None,
    ),
    Effect(
        arm="only <x>",
        against="baseline",
        metric=LOWER.metric,
        difference=Interval(estimate=0.03, low=0.01, high=0.05),
        promise=LOWER,
        verdict="missed",
    ),
    Effect(
        arm="explained",
        against="random targets",
        metric="best/accuracy",
        difference=Interval(estimate=0.0, low=NAN, high=NAN),
        promise=None,
        verdict=None,
    ),
]
RUNS = pd.DataFrame(
    [("baseline", 0, "baseline-seed0", "a" * 32, "")], columns=["arm", "seed", "run", "run_id", "overrides"]
)


def test_the_table_says_what_was_targeted() -> None:
    table = effect_table(EFFECTS)
    assert table["targeted"].tolist() == [True, False, True, True]
    assert table["promise"].fillna("none").tolist() == ["at most −0.02", "none", "at most −0.02", "none"]
    assert effect_table([]).columns.tolist() == table.columns.tolist()


def test_strategies_stand_or_fall_by_their_own_arm() -> None:
    table = standings(EFFECTS, {"x": "only <x>", "y": "explained"})
    assert dict(zip(table["strategy"], table["standing"], strict=True)) == {
        "x": "does not",
        "y": "earns its place",
    }


def test_the_page_has_a_part_per_comparison() -> None:
    page = loop_page("circle", RUNS, EFFECTS, standings(EFFECTS, {"x": "only <x>"}))
    assert "only &lt;x&gt; against baseline" in page
    assert "only <x>" not in page
    assert page.index("explained against baseline") < page.index("explained against random targets")
    assert "not targeted" in page
    assert "does not" in page
    empty = loop_page("circle", RUNS, [], standings([], {}))
    assert "nothing was trained after the baseline" in empty
    assert "Of 1 promise of the recommended changes: 1 kept, 0 missed, 0 open." in page


def test_the_control_arm_decides_what_explanations_are_worth() -> None:
    def against_random(**metrics: tuple[float, float]) -> str:
        intervals = {
            f"best/{name}": Interval(estimate=(a + b) / 2, low=a, high=b) for name, (a, b) in metrics.items()
        }
        return in_short(
            [
                Effect(
                    arm="explained",
                    against="random targets",
                    metric=n,
                    difference=i,
                    promise=None,
                    verdict=None,
                )
                for n, i in intervals.items()
            ],
            2,
        )

    assert "no sure difference in 2 measures." in against_random(ece=(-0.1, 0.1), nll=(-0.1, 0.0))
    assert "the intervals of 1 of 2 measures leave out 0" in against_random(ece=(-0.1, 0.1), nll=(0.02, 0.1))
    assert "by chance: loss on new sentences +0.060." in against_random(ece=(-0.1, 0.1), nll=(0.02, 0.1))
    assert "random" not in against_random(ece=(NAN, NAN))  # one seed says nothing of a metric without rows


def test_one_seed_carries_its_caveat() -> None:
    assert "One seed" in in_short(EFFECTS, 1)
    assert "One seed" not in in_short(EFFECTS, 3)


def test_the_page_says_what_is_missing_and_shows_the_figure(tmp_path: Path) -> None:
    (drawn := tmp_path / "effects.png").write_bytes(b"png")
    html = loop_page("circle", RUNS, EFFECTS, standings([], {}), notes=["No arm <x>."], figure=drawn)
    assert "<li>No arm &lt;x&gt;.</li>" in html
    assert "data:image/png;base64,cG5n" in html


def test_why_there_is_no_control_arm() -> None:
    measured = {"estimate": -0.031, "low": -0.06, "high": -0.002, "level": 0.95, "unit": "points"}
    told = why_no_control(
        StoredDiagnosis(
            findings={"overfitting": {}},
            measured={"few_token_dependence": measured, "overfitting": measured},
            not_examined={"shortcut_pairs": "no word was ranked"},
            skipped={"swap_top_words": "this run ranked no words"},
        )
    )
    text = " ".join(told)
    assert "“A few words decide” was not found: −3.1 points (95% interval −6 points to −0.2 points)." in text
    assert "“Word pairs act as shortcuts” was not examined: no word was ranked." in text
    assert "swap_top_words was not followed: this run ranked no words." in text
    assert "by heart" not in text  # found, and not about words alone


def test_the_page_says_first_whether_a_shortcut_is_gone() -> None:
    nan = float("nan")
    rows = [
        ("baseline", "validation", 500, 1.0, 0.99, 1.0, nan, nan, nan),
        ("explained", "validation", 500, 0.74, 0.7, 0.78, -0.26, -0.29, -0.22),
        ("baseline", "check", 300, 0.58, 0.5, 0.6, nan, nan, nan),
        ("explained", "check", 300, 0.71, 0.65, 0.76, 0.123, 0.05, 0.19),
        ("baseline", "without what is marked", 72, 0.65, 0.53, 0.75, nan, nan, nan),
        ("explained", "without what is marked", 72, 0.68, 0.57, 0.78, 0.028, -0.07, 0.14),
        ("baseline", "marks turned against the class", 500, 0.01, 0.0, 0.02, nan, nan, nan),
        ("explained", "marks turned against the class", 500, 0.73, 0.69, 0.77, 0.71, 0.67, 0.75),
        ("random targets", "marks turned against the class", 500, 0.03, 0.0, 0.1, 0.02, -0.01, 0.03),
    ]
    accuracies = pd.DataFrame(rows, columns=list(COLUMNS))
    assert repaired(accuracies) == (
        "The repair took accuracy on rows whose marks speak against their class from 1% to 73% (random words "
        "marked: 3%), and on the check sample from 58% to 71%. "
    )
    assert repaired(accuracies[accuracies["rows"] == "check"]) == ""  # nothing is marked
    shown = accuracy_table(accuracies).set_index("arm")
    assert shown.loc["explained", "check (300 rows)"] == "71.0% [65.0, 76.0]; +12.3 [+5.0, +19.0]"
    assert shown.loc["baseline", "check (300 rows)"] == "58.0% [50.0, 60.0]"
    page = loop_page("circle", RUNS, EFFECTS, standings([], {}), accuracies=accuracies)
    assert (
        page.index("The repair took accuracy")
        < page.index("Of 1 promise")
        < page.index("still have the shortcut")
    )
    assert "How often each arm is right" not in loop_page("circle", RUNS, EFFECTS, standings([], {}))


def test_a_promise_without_an_interval_says_why() -> None:
    unknown = Interval(estimate=-0.9, low=NAN, high=NAN)
    held = Expectation(metric="diagnosis/overfitting", at_most=-0.02)
    effect = Effect(
        arm="explained",
        against="baseline",
        metric=held.metric,
        difference=unknown,
        promise=held,
        verdict=verdict(held, unknown),
    )
    assert promise_line(effect).startswith("open    loss that rises again, at most −0.02: −0.9")
    assert promise_line(effect).endswith("(one number a run: no interval)")
