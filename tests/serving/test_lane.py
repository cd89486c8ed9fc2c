"""Questions that wait together are answered together, each asker with their own answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from whytrain.serving.lane import Busy, Lane


class Slow:
    """Doubles numbers once it is let; remembers what came together."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        assert self.go.wait(10)
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


def lane_of(work: Slow, **limits: int) -> Lane[int, int]:
    return Lane(work, **({"most_together": 4, "most_waiting": 6} | limits), name="test")


async def started(lane: Lane[int, int], *asked: list[int]) -> list[asyncio.Task[list[int]]]:
    tasks = []
    for questions in asked:
        tasks.append(asyncio.create_task(lane.ask(questions)))
        await asyncio.sleep(0.02)
    return tasks


def test_what_waits_is_batched_in_order_and_each_gets_their_own() -> None:
    async def scenario() -> None:
        work = Slow()
        tasks = await started(lane := lane_of(work), [1], [2, 3], [4, 5], [6])
        work.go.set()
        assert await asyncio.gather(*tasks) == [[2], [4, 6], [8, 10], [12]]
        assert work.batches == [[1], [2, 3, 4, 5], [6]]
        lane.close()

    asyncio.run(scenario())


def test_more_than_may_wait_is_refused_and_a_large_request_alone_is_not() -> None:
    async def scenario() -> None:
        work = Slow()
        tasks = await started(lane := lane_of(work), [1], [2, 3, 4], [5, 6, 7])
        with pytest.raises(Busy):
            await lane.ask([8])
        work.go.set()
        assert await tasks[2] == [10, 12, 14]
        assert await lane.ask(list(range(9, 12)) * 3) == [18, 20, 22] * 3
        lane.close()

    asyncio.run(scenario())


def test_a_failure_is_only_of_those_who_asked_for_it() -> None:
    async def scenario() -> None:
        work = Slow()
        tasks = await started(lane := lane_of(work), [1], [2], [13], [3])
        work.go.set()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [told[0], told[1], told[3]] == [[2], [4], [6]]
        assert isinstance(told[2], ValueError)
        assert await lane.ask([5]) == [10]
        lane.close()

    asyncio.run(scenario())


def test_who_has_gone_is_not_computed_for() -> None:
    async def scenario() -> None:
        work = Slow()
        tasks = await started(lane := lane_of(work), [1], [2], [3])
        tasks[1].cancel()
        await asyncio.sleep(0.02)
        work.go.set()
        assert await tasks[2] == [6]
        assert work.batches == [[1], [3]]
        lane.close()

    asyncio.run(scenario())
