"""What a training changed, on the rows that both runs judged."""

from __future__ import annotations

import numpy as np
import pytest

from whytrain.app.retraining import Effect, _measured
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
    found = _measured("check rows", before, turned, outside=True)
    assert (found.n, found.before.estimate, found.after.estimate) == (40, 0.5, 1.0)
    assert found.difference.estimate == pytest.approx(0.5)
    assert found.verdict == "better"
    assert Effect(name="next", measured=[found], became=[]).headline.startswith("Yes")


def test_rows_that_only_one_run_judged_are_left_out() -> None:
    found = _measured("x", stored(IDS, [True] * 40), stored(IDS[:10], [False] * 10), outside=True)
    assert (found.n, found.verdict) == (10, "worse")


def test_that_no_row_changed_claims_no_certainty() -> None:
    same = stored(IDS, [True] * 40)
    found = _measured("check rows", same, same, outside=True)
    assert (found.difference.estimate, found.verdict) == (0.0, "same")
    assert found.difference.low < 0 < found.difference.high
