"""The table of a sweep, its ranking, its means over seeds, and what its page says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from whytrain.pages.sweep_note import comparison_command, headline, sweep_note, sweep_table
from whytrain.sweeps.run_key import run_key
from whytrain.sweeps.run_name import described, free_name
from whytrain.sweeps.summary import JobResult, best_first, over_seeds, score_column, summary_table

SCORE = "best/accuracy"


def job(model: str, seed: int, score: float | None, status: str = "FINISHED", **about: str) -> JobResult:
    metrics = {} if score is None else {SCORE: score, "last/accuracy": score - 0.01, "val/accuracy": 0.0}
    overrides = ["data=csv", f"model={model}", f"seed={seed}"]
    name = f"{model}-{seed}"
    return JobResult(overrides=overrides, status=status, run_id=name, run_name=name, metrics=metrics, **about)


JOBS = [
    job("a", 0, 0.80),
    job("b", 0, 0.83),
    job("a", 1, 0.84),
    job("b", 1, None, "FAILED", error="no such | file"),
    job("a", 2, 0.85),
]


def test_a_row_per_job() -> None:
    table = summary_table(JOBS)
    assert list(table.columns[:2]) == ["model", "seed"]  # what varies, and nothing else
    assert table[SCORE].tolist()[:3] == [0.80, 0.83, 0.84]
    assert np.isnan(table[SCORE][3])
    assert "val/accuracy" not in table
    assert table["overrides"][0] == "data=csv model=a seed=0"
    assert table["error"].tolist() == ["", "", "", "no such | file", ""]
    assert summary_table([]).empty


@pytest.mark.parametrize(
    ("mode", "expected"), [("max", ["a-2", "a-1", "b-0", "a-0"]), ("min", ["a-0", "b-0", "a-1", "a-2"])]
)
def test_the_best_comes_first_and_what_did_not_end_nowhere(mode: str, expected: list[str]) -> None:
    assert best_first(summary_table(JOBS), SCORE, mode)["run_name"].tolist() == expected
    assert best_first(summary_table(JOBS[3:4]), SCORE, mode).empty


def test_means_over_seeds() -> None:
    ranked = best_first(summary_table(JOBS), SCORE, "max")
    found = over_seeds(ranked, ["model", "seed"], SCORE)
    scores, interval = found["a"]
    assert sorted(scores) == [0.80, 0.84, 0.85]
    low, high = stats.t.interval(0.95, 2, loc=np.mean(scores), scale=stats.sem(scores))
    np.testing.assert_allclose([interval.estimate, interval.low, interval.high], [0.83, low, high])
    alone = found["b"][1]
    assert (alone.estimate, alone.low, alone.high) == (0.83, -np.inf, np.inf)
    assert list(over_seeds(ranked, ["seed"], SCORE)) == ["all jobs"]


def test_the_page_says_what_to_do_next() -> None:
    table = summary_table(JOBS)
    compare = comparison_command(table, ["model", "seed"], SCORE, "max", "sweep-id")
    note = sweep_note(table, ["model", "seed"], SCORE, "max", "whytrain train -m again", compare, 5)
    assert note.startswith("4 of 5 jobs finished, 1 failed; best: a-2, best/accuracy 0.8500\n")
    assert "| 0.8500 | a | 2 | a-2 (a-2) |" in note
    assert "failed: `data=csv model=b seed=1` no such \\| file" in note
    assert "    whytrain train -m again" in note
    # The best two, a-2 and a-1, are seeds of one recipe.
    assert "    whytrain compare runs=[sweep-id]" in note
    for keys in (["model"], ["seed"]):
        best_two = comparison_command(table, keys, SCORE, "max", "sweep-id")
        assert best_two == "whytrain compare runs=[a-2,a-1]"
    assert comparison_command(table[:1], ["model"], SCORE, "max", "sweep-id") is None
    finished = table[table["status"] == "FINISHED"]
    done = sweep_note(finished, ["model"], SCORE, "max", "whytrain train -m again", None, 4)
    assert "again" not in done
    assert "compare.py" not in done
    assert headline(summary_table(JOBS[3:4]), SCORE, "max", 1) == "0 of 1 job finished, 1 failed"
    assert headline(pd.DataFrame(), SCORE, "max", 0) == "0 of 0 jobs finished"


def test_a_stopped_sweep_says_what_was_not_begun() -> None:
    table = summary_table([job("a", 0, 0.8), job("b", 0, None, "KILLED")])
    line = headline(table, SCORE, "max", 4)
    assert line.startswith("1 of 4 jobs finished, 1 stopped, 2 not started; best: a-0")
    assert "again" in sweep_note(table[:1], ["model"], SCORE, "max", "whytrain train -m again", None, 4)
    shown = sweep_table(table, ["model"], SCORE, "max")
    cells = {column.header: list(column.cells) for column in shown.columns}
    assert cells[SCORE] == ["0.800", "–"]
    assert list(map(str, cells["state"])) == ["", "stopped"]
    assert "state" not in [column.header for column in sweep_table(table[:1], [], SCORE, "max").columns]


def test_the_score_is_that_of_the_best_epoch() -> None:
    assert score_column("val/ece") == "best/ece"


def test_a_key_is_of_what_is_trained() -> None:
    config = {"seed": 0, "model": {"size": 8, "dropout": 0.1}, "tracking": {"uri": "a"}, "run_name": "x"}
    same = {"run_name": None, "tracking": {"uri": "b"}, "model": {"dropout": 0.1, "size": 8}, "seed": 0}
    assert run_key(config) == run_key(same)
    for changed in ({"seed": 1}, {"model": {"size": 8, "dropout": 0.2}}, {"data": "csv"}):
        assert run_key(config | changed) != run_key(config)


def test_names_tell_jobs_apart() -> None:
    overrides = ["model=a", "model.dropout=0.123456", "data.path=/a/b c", "seed=3", "+x=1"]
    varied = ["model", "model.dropout", "data.path"]
    assert described("a-csv", overrides, varied, said=("model", "data")) == "a-csv-dropout0.123-path_a_b_c"
    assert described("mine", overrides, ["model", "seed"], said=("run_name",)) == "mine-modela-seed3"


def test_names_are_numbered_and_never_given_twice(tmp_path: Path) -> None:
    assert [free_name(tmp_path, "a-csv") for _ in range(3)] == ["a-csv-001", "a-csv-002", "a-csv-003"]
    assert free_name(tmp_path, "a") == "a-001"  # a-csv-003 is none of its own
    (tmp_path / "names" / "a-csv-001").unlink()
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: free_name(tmp_path, "a-csv"), range(20)))
    assert sorted(names) == [f"a-csv-{number:03d}" for number in range(4, 24)]
