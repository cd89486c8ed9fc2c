"""A budget: a constant, or what a share of the time allows, measured once by a clock that the test holds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest

from whytrain.callbacks.budget import Budget
from whytrain.tracking.memory_store import MemoryStore


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Ten units of work in two seconds."""
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)

    def sample() -> int:
        nonlocal now
        now += 2.0
        return 10

    return sample


def refuse() -> int:
    raise AssertionError("nothing is to be measured")


def budget(limit: int | None, time_share: float | None) -> Budget:
    return Budget("students", "epoch_rows", "sentences", limit=limit, time_share=time_share)


@pytest.mark.parametrize(("limit", "allowed"), [(None, 500), (0, 0), (40, 40), (900, 500)])
def test_without_a_share_no_clock_is_asked(limit: int | None, allowed: int) -> None:
    store, constant = MemoryStore(), budget(limit, None)
    constant.measure(store, 1e-9, 500, refuse)
    assert constant.allowed(500) == allowed
    assert not store.params


@pytest.mark.parametrize(
    ("limit", "time_share", "expected"),
    [
        (None, 0.1, 50),  # 10 of 100 seconds, 5 units each
        (None, 1.0, 500),
        (30, 0.1, 30),  # a cap, which raises nothing
        (None, 0.001, 10),  # the sample at least
    ],
)
def test_the_first_epoch_decides(
    work: Callable[[], int], limit: int | None, time_share: float, expected: int
) -> None:
    store, capped = MemoryStore(), budget(limit, time_share)
    capped.measure(store, 100.0, 500, work)
    assert capped.allowed(500) == expected
    assert store.params == {"students/epoch_rows": str(expected)}
    capped.measure(store, 1.0, 500, refuse)
    again = budget(None, 0.5)
    again.restore(capped.state())
    again.measure(store, 1.0, 500, refuse)
    assert again.allowed(500) == expected


def test_what_was_cut_is_said(work: Callable[[], int], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        budget(None, 0.1).measure(MemoryStore(), 100.0, 50, work)  # all that there is fits
        assert not caplog.text
        budget(None, 0.1).measure(MemoryStore(), 100.0, 51, work)
    assert "students: callbacks.students.time_share=0.1 allows 50 of 51 sentences per epoch" in caplog.text
