"""Which runs are compared."""

from __future__ import annotations

import pytest

from whytrain.comparison.selection import select_runs, selection_of
from whytrain.errors import ConfigError, TrackingError
from whytrain.tracking.reader import find_run


@pytest.fixture(scope="module")
def runs(tracker):
    """Two runs, an unfinished one, a sweep of two jobs one of which died, and a comparison."""
    ids = {name: tracker.run(name, texts=None) for name in ("one", "two")}
    ids["dead"] = tracker.run("dead", texts=None, status="KILLED")
    ids["sweep"] = tracker.run("sweep", predictions=False, texts=None)
    for name, status in (("job 0", "FINISHED"), ("job 1", "FAILED")):
        ids[name] = tracker.run(name, texts=None, parent=ids["sweep"], status=status)
    ids["report"] = tracker.run("report", predictions=False, texts=None, tags={"kind": "comparison"})
    ids["elsewhere"] = tracker.run("elsewhere", texts=None, experiment="another")
    return ids


def names(selection):
    return [run.name for run in selection.runs]


def test_ids_and_names_keep_their_order(tracker, runs):
    found = select_runs(tracker.uri, ["two", runs["one"], "elsewhere"], "whytrain")
    assert names(found) == ["two", "one", "elsewhere"]
    assert found.named == {runs["one"], runs["two"], runs["elsewhere"]}
    assert found.left_out == ()


def test_a_sweep_stands_for_its_finished_jobs_and_names_the_others(tracker, runs):
    found = select_runs(tracker.uri, [runs["sweep"], "one"], "whytrain")
    assert names(found) == ["job 0", "one"]
    assert found.named == {runs["one"]}
    assert [run.parent_id for run in found.runs] == [runs["sweep"], None]
    assert all(0 <= run.seconds < 60 for run in found.runs)
    assert found.left_out == (f"job 1 ({runs['job 1']}) never finished: it is FAILED",)


def test_an_experiment_stands_for_what_was_trained_in_it(tracker, runs):
    found = select_runs(tracker.uri, None, "whytrain")
    assert names(found) == ["one", "two", "job 0"]  # oldest first; no sweep, no comparison
    assert [said.split()[0] for said in found.left_out] == ["dead", "job"]
    assert names(select_runs(tracker.uri, None, "another")) == ["elsewhere"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["one", "dead"], r"run dead never finished, it is KILLED: go on with it \(whytrain train resume="),
        (["one", "report"], "run report is a comparison itself: give the runs that it compares"),
        (["one", "tow"], "there is no run 'tow'.*two"),
    ],
)
def test_what_cannot_be_compared_is_refused(tracker, runs, wanted, message):
    with pytest.raises(TrackingError, match=message):
        select_runs(tracker.uri, wanted, "whytrain")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["one", "one"], "^runs: one is given twice: give each run once"),
        (["two", "one", "{one}"], "^runs: one and {one} are one run: give each run once"),
        (["{one:.8}", "one"], "^runs: {one:.8} and one are one run"),
        (["sweep", "{sweep}"], "^runs: sweep and {sweep} are one run"),
    ],
)
def test_a_run_is_not_compared_with_itself(tracker, runs, wanted, message):
    said = [word.format(**runs) for word in wanted]
    with pytest.raises(ConfigError, match=message.format(**runs)):
        select_runs(tracker.uri, said, "whytrain")
    with pytest.raises(ConfigError, match="given twice"):
        selection_of([find_run(tracker.uri, "one")] * 2)


def test_a_job_beside_its_sweep_is_there_once(tracker, runs):
    for wanted in (["job 0", "sweep", "one"], ["sweep", "job 0", "one"]):
        found = select_runs(tracker.uri, wanted, "whytrain")
        assert names(found) == ["job 0", "one"]
        assert found.named == {runs["job 0"], runs["one"]}


def test_an_unknown_experiment_names_those_that_there_are(tracker, runs):
    with pytest.raises(TrackingError, match=r"no experiment 'nope'.*another.*whytrain"):
        select_runs(tracker.uri, None, "nope")
