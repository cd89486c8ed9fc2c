"""What a training changed, on the rows that both runs judged."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.app.effect import Effect, Measured, measured_on
from whytrain.runs.predictions import StoredPredictions


def stored(ids: list[str], right: list[bool]) -> StoredPredictions:
    labels = np.arange(len(ids)) % 2
    decided = np.where(right, labels, 1 - labels)
    logits = np.where(np.eye(2)[decided] == 1, 2.0, -2.0)
    return StoredPredictions(
        ids=np.array(ids, object),
        labels=labels,
        class_names=("bad", "good"),
        logits=logits,
        probabilities=np.where(logits > 0, 0.98, 0.02),
    )


IDS = [f"r{i}" for i in range(40)]


def test_rows_are_paired_by_their_ids() -> None:
    before = stored(IDS, [i % 2 == 0 for i in range(40)])
    turned = stored(IDS[::-1], [True] * 40)
    found = measured_on("check rows", before, turned, tells=True)
    assert (found.n, found.before.estimate, found.after.estimate) == (40, 0.5, 1.0)
    assert found.difference.estimate == pytest.approx(0.5)
    assert found.verdict == "better"
    assert Effect(name="next", marked=True, measured=[found], became=[]).headline.startswith("Yes")


def test_rows_that_only_one_run_judged_are_left_out() -> None:
    found = measured_on("x", stored(IDS, [True] * 40), stored(IDS[:10], [False] * 10), tells=True)
    assert (found.n, found.verdict) == (10, "worse")


def test_that_no_row_changed_claims_no_certainty() -> None:
    same = stored(IDS, [True] * 40)
    found = measured_on("check rows", same, same, tells=True)
    assert (found.difference.estimate, found.verdict) == (0.0, "same")
    assert found.difference.low < 0 < found.difference.high


def effect(control_right: int, *, marked: bool = True, tells: bool = True) -> Effect:
    """Half of 40 rows were right before, all are after; of the control the first `control_right`."""
    before, after = stored(IDS, [i % 2 == 0 for i in range(40)]), stored(IDS, [True] * 40)
    control = stored(IDS[::-1], [i < control_right for i in range(40)][::-1])
    found = measured_on("check rows", before, after, control, tells=tells)
    return Effect(name="next", marked=marked, measured=[found], became=[])


def test_a_control_that_does_less_shows_that_the_marks_did_it() -> None:
    found = effect(20)
    measured: Measured = found.measured[0]
    assert measured.control is not None
    assert measured.beyond is not None
    assert (measured.control.estimate, measured.beyond.estimate) == (0.5, 0.5)
    assert found.beside_control == "It was what you said: as many random words marked do less on check rows."


def test_a_control_that_does_as_much_is_told() -> None:
    assert effect(40).beside_control.startswith("It need not be what you said: as many random words marked")
    assert effect(40, marked=False).beside_control.startswith(
        "It need not be what you said: as many random labels"
    )


def test_rows_that_cannot_tell_are_no_evidence() -> None:
    found = effect(20, tells=False)
    assert found.beside_control == ""
    assert "they cannot tell" in found.headline


def test_without_a_control_nothing_is_said_of_it() -> None:
    before, after = stored(IDS, [i % 2 == 0 for i in range(40)]), stored(IDS, [True] * 40)
    found = measured_on("check rows", before, after, tells=True)
    assert (found.control, found.beyond) == (None, None)
    assert Effect(name="next", marked=True, measured=[found], became=[]).beside_control == ""
