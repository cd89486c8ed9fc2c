"""The closing table: its numbers, their intervals, and what it says where there is nothing to say."""

from __future__ import annotations

import io
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.diagnosis.evidence import leaning, shortcuts
from whytrain.diagnosis.conclusion import Conclusion
from whytrain.diagnosis.finding import Diagnosis, Finding, Support
from whytrain.diagnosis.overrides import Plan, Strategy
from whytrain.metrics import METRICS, SHOWN, Scored, evaluate, shown_for
from whytrain.pages.console import closing, closing_table, next_steps, opening_table
from whytrain.pages.run.reported import ReportedRun
from whytrain.statistics.intervals import Interval, wilson_interval
from whytrain.statistics.metric_intervals import metric_intervals
from whytrain.types import Predictions


def predictions(n: int, n_classes: int, seed: int, signal: float = 1.0) -> Predictions:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, n_classes, n)
    logits = generator.normal(size=(n, n_classes))
    logits[np.arange(n), labels] += signal
    return Predictions(logits=logits, labels=labels)


def table_of(columns: dict[str, Predictions], width: int) -> Table:
    intervals = {name: metric_intervals(found) for name, found in columns.items()}
    return closing_table(intervals, shown_for(next(iter(columns.values())).labels), width)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(20, 200),
    n_classes=st.integers(2, 4),
    seed=st.integers(0, 1000),
    signal=st.sampled_from([-1.0, 0.0, 1.0, 4.0]),
)
def test_intervals_contain_their_estimates(n: int, n_classes: int, seed: int, signal: float) -> None:
    chosen = predictions(n, n_classes, seed, signal)
    metrics = evaluate(chosen)
    intervals = metric_intervals(chosen, n_resamples=300)
    assert list(intervals) == [metric.name for metric in SHOWN]
    for name, value in intervals.items():
        estimate = value.estimate if isinstance(value, Interval) else value
        assert estimate == pytest.approx(metrics[name], abs=1e-12), name
        if isinstance(value, Interval):
            assert value.low - 1e-12 <= estimate <= value.high + 1e-12, name


def test_the_intervals_are_those_of_their_methods() -> None:
    chosen = predictions(150, 2, seed=3)
    intervals = metric_intervals(chosen)
    predicted = chosen.logits.argmax(1)
    n_right, n_hits = int((predicted == chosen.labels).sum()), int((predicted * chosen.labels).sum())
    assert intervals["accuracy"] == wilson_interval(n_right, 150)
    assert intervals["precision"] == wilson_interval(n_hits, int(predicted.sum()))
    assert intervals["recall"] == wilson_interval(n_hits, int(chosen.labels.sum()))
    generator = np.random.default_rng(1)
    draws = []
    for _ in range(2000):
        rows = generator.integers(0, 150, 150)
        hits = (chosen.labels[rows] & predicted[rows]).sum()
        draws.append(2 * hits / (chosen.labels[rows].sum() + predicted[rows].sum()))
    low, high = np.quantile(draws, [0.025, 0.975])
    f1 = intervals["f1"]
    assert isinstance(f1, Interval)
    # Two bootstraps of 2,000 draws: a quantile's standard error is about 0.003 here.
    assert (f1.low, f1.high) == pytest.approx((low, high), abs=0.012)
    assert isinstance(intervals["ece"], float)


@pytest.mark.parametrize("name", ["precision", "recall", "balanced_accuracy", "mcc", "auroc"])
def test_what_is_no_share_of_sentences_has_the_interval_of_its_resamples(name: str) -> None:
    chosen = predictions(100, 3, seed=0)
    interval = metric_intervals(chosen)[name]
    assert isinstance(interval, Interval)
    metric = next(metric for metric in METRICS if metric.name == name)
    generator = np.random.default_rng(1)
    draws = []
    for _ in range(1000):
        rows = generator.integers(0, 100, 100)
        draws.append(
            metric.value(Scored(probabilities=chosen.probabilities[rows], labels=chosen.labels[rows]))
        )
    # Bootstraps of 2,000 and 1,000 draws: standard errors of about 0.003 and 0.005 of a quantile here; MCC's
    # are twice as large.
    expected = pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.04 if name == "mcc" else 0.025)
    assert (interval.low, interval.high) == expected


def test_what_is_not_defined_has_no_interval_and_is_a_dash() -> None:
    one_class = Predictions(
        logits=np.random.default_rng(0).normal(size=(30, 2)), labels=np.zeros(30, dtype=np.int64)
    )
    intervals = metric_intervals(one_class, n_resamples=50)
    assert [name for name, value in intervals.items() if isinstance(value, float) and np.isnan(value)] == [
        "auroc",
        "average_precision",
    ]
    lines = shown(table_of({"test": one_class}, 140)).splitlines()
    assert next(line for line in lines if "AUROC" in line).split()[-1] == "–"


def test_a_rare_class_has_the_interval_of_the_resamples_it_is_in() -> None:
    labels = np.array([1] + [0] * 29)
    logits = np.random.default_rng(0).normal(size=(30, 2))
    auroc = metric_intervals(Predictions(logits=logits, labels=labels), n_resamples=200)["auroc"]
    assert isinstance(auroc, Interval)
    assert 0 <= auroc.low < auroc.estimate < auroc.high <= 1


def test_the_positive_class_is_the_one_that_is_asked_about() -> None:
    chosen = predictions(150, 2, seed=3)
    turned = Predictions(logits=chosen.logits[:, ::-1], labels=1 - chosen.labels, positive=0)
    for name, value in metric_intervals(chosen, n_resamples=100).items():
        other = metric_intervals(turned, n_resamples=100)[name]
        for end in ("estimate", "low", "high") if isinstance(value, Interval) else ():
            assert getattr(other, end) == pytest.approx(getattr(value, end), abs=1e-12), name


def shown(*tables: object, width: int = 140) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    for table in tables:
        console.print(table)
    return stream.getvalue()


@pytest.mark.parametrize(("width", "n_sets"), [(60, 3), (60, 6), (80, 3), (80, 6), (120, 3)])
def test_the_closing_table_fits_the_terminal(width: int, n_sets: int) -> None:
    names = ("best epoch (2)", "last epoch (5)", "test", "check", "clean", "counterfactual")[:n_sets]
    columns = {name: predictions(80, 2, seed) for seed, name in enumerate(names)}
    lines = shown(table_of(columns, width), width=width).splitlines()
    at = next(i for i, line in enumerate(lines) if "accuracy" in line)
    header = [word for line in lines[:at] for word in line.split()]
    assert {"epoch", "(2)", "(5)", "test"} <= set(header)
    assert not [line for line in lines if "…" in line or len(line) > width]
    interval = metric_intervals(columns["test"])["accuracy"]
    assert isinstance(interval, Interval)
    ends = f"{interval.low:.3f}", f"{interval.high:.3f}"
    in_one_line = f"{interval.estimate:.3f} [{ends[0]}, {ends[1]}]"
    if width == 120:
        assert lines[at].rstrip().endswith(in_one_line)
    else:  # the first metric's ends stand below it, in their columns
        rows = [line.split()[-n_sets:] for line in lines[at : at + 3]]
        assert [row[2] for row in rows] == [f"{interval.estimate:.3f}", *ends]
    # A line for each metric: what comes below is not pushed out of sight.
    assert all(sum(metric.title in line for line in lines) >= 1 for metric in SHOWN)
    assert len(lines) <= len(SHOWN) + 8


def found(name: str, title: str) -> Finding:
    values = {"value": 0.4, "low": 0.3, "high": 0.5, "threshold": 0.1}
    return Finding(
        name=name, **values, unit="share", severity="serious", title=title, message="…", evidence=Support()
    )


def strategy(because: str, text: str, **overrides: float) -> Strategy:
    return Strategy(name=text, text=text, because=(because,), overrides=overrides, expected=())


def finished(best: Predictions, **known: Any) -> ReportedRun:
    facts = {"run_id": "abc", "run_name": "first", "uri": "sqlite:////x/runs.db", "model": "BiLSTM"}
    sizes = {"n_parameters": 1, "n_epochs": 1, "best_epoch": 1, "corpus": None, "floor": None}
    return ReportedRun(**(facts | sizes | {"results": {"best epoch (1)": best}} | known))


def concluded(*findings: Finding, **plan: tuple[Strategy, ...]) -> Conclusion:
    diagnosis = Diagnosis(findings=findings, measurements={}, not_examined={"other": "nothing was explained"})
    return Conclusion(
        diagnosis=diagnosis, plan=Plan(**({"strategies": (), "advice": (), "skipped": {}} | plan))
    )


def test_what_came_out_is_told_with_what_to_change() -> None:
    best = predictions(400, 2, seed=0)
    conclusion = concluded(
        found("sure", "The model is too sure of itself"),
        found("labels", "Labels that are wrong"),
        found("odd", "Odd"),
        strategies=(strategy("sure", "smooth", dropout=0.5),),
        advice=(strategy("labels", "look at these rows"),),
    )
    run = finished(best, floor=1 - best.labels, concluded=conclusion)  # a bag of words that is always wrong
    lines = shown(closing(run, 80), width=80).splitlines()
    below = [
        " ".join(line.split()) for line in lines[next(i for i, x in enumerate(lines) if "ECE" in x) + 2 :]
    ]
    assert below[1].startswith(f"Accuracy {best.right.mean():.3f} [")
    assert below[1].endswith("] is better than the bag of words' 0.000.")
    assert below[3:] == [
        "serious The model is too sure of itself",
        "→ dropout=0.5",
        "serious Labels that are wrong",
        "→ look at these rows",
        "serious Odd",
        "1 thing could not be looked at: the report says why",
    ]
    told = replace(conclusion.plan, unanswered={"odd": "it is at its limit already"})
    explained = finished(best, floor=1 - best.labels, concluded=replace(conclusion, plan=told))
    assert "Odd → Nothing to change: it is at its limit already." in " ".join(
        shown(closing(explained, 80), width=80).split()
    )
    assert "none in 0 things looked at" in shown(closing(finished(best, concluded=concluded()), 80), width=80)


def test_rows_from_elsewhere_are_spoken_of_where_the_model_is_surely_worse_there() -> None:
    best = predictions(300, 2, seed=0, signal=3.0)
    like, worse = predictions(300, 2, seed=1, signal=3.0), predictions(300, 2, seed=2, signal=0.0)
    told = shown(closing(finished(best, outside={"check": worse, "evaluation/clean": like}), 140))
    assert "On the check sample, 300 rows, accuracy is" in told
    assert "against the validation rows" in told
    assert "evaluation set clean" not in told


def test_a_word_that_carries_much_of_the_decisions_is_named_where_nothing_judges_it() -> None:
    def told(share: Interval, n_check: int = 0) -> str:
        evidence = shortcuts(leaning("via", share=share, is_shortcut=False), n_check=n_check)
        return " ".join(shown(closing(finished(predictions(100, 2, seed=0), shortcuts=evidence), 80)).split())

    heavy, light = (Interval(estimate=x, low=x - 0.1, high=x + 0.1) for x in (0.5, 0.25))
    assert "It decides by “via” (50% of an average decision)." in told(heavy)
    assert "data.check_path=FILE" in told(heavy)
    assert "It decides by" not in told(light)
    assert "It decides by" not in told(heavy, n_check=50)


def test_a_class_that_is_never_predicted() -> None:
    never = Predictions(logits=np.tile([1.0, 0.0], (10, 1)), labels=np.array([0, 1] * 5))
    text = shown(table_of({"last": never}, 140))
    assert "nan" not in text.lower()


def test_opening_and_next_steps() -> None:
    text = shown(opening_table({"run": "a (b)", "model": "BiLSTM"}, ["3 rows were skipped"]))
    assert "BiLSTM" in text
    assert "note" in text
    assert "3 rows were skipped" in text
    doubted = opening_table({}, ["2 rows were skipped.", "Is that so?"]).columns[1].cells
    assert [str(cell.style) for cell in doubted if isinstance(cell, Text)] == ["", "bold yellow"]
    assert "classes [spam], [/b]" in shown(opening_table({"data": "classes [spam], [/b]"}, ["[/b]"]))


def test_next_steps_reach_the_run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("whytrain.pages.console.typed", lambda command: f"typed {command}")
    best = predictions(20, 2, seed=0)
    to_follow = concluded(strategies=(strategy("sure", "smooth", dropout=0.5),))
    address = f"sqlite:///{tmp_path}/mlruns/mlflow.db"
    default = next_steps(finished(best, uri=address, concluded=to_follow, parent="first")).splitlines()
    assert default[0] == f"run abc in sqlite:///{tmp_path}/mlruns/mlflow.db"
    assert [line.split("  ")[-1].strip() for line in default[1:]] == [
        'typed explain run=abc text="…"',
        "typed explore run=abc",
        "typed score run=abc",
        "typed inspect run=abc",
        "typed train from_diagnosis=abc",
        "typed compare runs=[first,abc]",
        "typed ui",  # whose next line is where it will listen
        "http://127.0.0.1:5000",
    ]
    assert [line[:22].strip() for line in default[-2:]] == ["all runs, in MLflow", "then open"]
    here = next_steps(finished(best), Path("mlruns/reports/run.html")).splitlines()
    assert here[1].split() == ["its", "page", "mlruns/reports/run.html"]
    other = next_steps(finished(best, concluded=concluded()))  # nothing to follow, nothing to compare with
    assert "from_diagnosis" not in other
    assert "compare" not in other
    assert "typed ui tracking.uri=sqlite:////x/runs.db" in other
    assert other.count("tracking.uri=sqlite:////x/runs.db") == 5
    elsewhere = next_steps(finished(best, uri="sqlite:////x/runs/mlflow.db", concluded=to_follow))
    assert "typed train from_diagnosis=abc tracking.directory=/x/runs\n" in elsewhere
    assert "tracking.uri" not in elsewhere
    spaced = next_steps(finished(best, uri="sqlite:////x y/mlflow.db", parent="mean, and long"))
    words = shlex.split(spaced.split("typed compare ")[1].splitlines()[0])
    assert words == ["runs=['mean, and long','abc']", "tracking.directory=/x y"]
    served = next_steps(finished(best, uri="http://127.0.0.1:5001/", experiment_id="7"))
    assert "http://127.0.0.1:5001/#/experiments/7/runs?viewStateShareKey=whytrain" in served
    assert "typed ui" not in served
