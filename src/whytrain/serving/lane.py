"""One thread that computes, and the requests that wait for it: what waits together is answered together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Busy(Exception):  # noqa: N818  (a state, which passes)
    """More waits than will be answered in time."""


@dataclass(eq=False)
class _Job(Generic[Question, Answer]):
    questions: Sequence[Question]
    future: asyncio.Future[list[Answer]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Lane(Generic[Question, Answer]):
    """Answers questions in the order in which they come, in a thread of its own.

    There is no waiting for more to come: while one batch is computed the next one gathers.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Question]], list[Answer]],
        *,
        most_together: int,
        most_waiting: int,
        name: str,
    ) -> None:
        """Start nothing yet.

        Args:
            work: n questions to n answers.
            most_together: questions of a batch, unless one request has more.
            most_waiting: questions that may wait.
            name: of the thread.
        """
        self._work, self._most_together, self._most_waiting = work, most_together, most_waiting
        self._waiting: deque[_Job[Question, Answer]] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._running: asyncio.Task[None] | None = None

    @property
    def n_waiting(self) -> int:
        """Questions that wait."""
        return sum(len(job.questions) for job in self._waiting)

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """Return the answers.

        Raises:
            Busy: too many wait already.
            Exception: what `work` raised for these questions.
        """
        if self._waiting and self.n_waiting + len(questions) > self._most_waiting:
            raise Busy
        job: _Job[Question, Answer] = _Job(questions)
        self._waiting.append(job)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await job.future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            jobs = self._batch()
            if not jobs:
                continue
            questions = [question for job in jobs for question in job.questions]
            try:
                answers = await loop.run_in_executor(self._thread, self._work, questions)
            except Exception as error:
                if len(jobs) == 1:
                    self._fail(jobs[0], error)
                else:  # one of them may be at fault: each for itself
                    for job in jobs:
                        await self._alone(job)
                continue
            for job in jobs:
                told, answers = answers[: len(job.questions)], answers[len(job.questions) :]
                if not job.future.done():  # whoever asked may have gone
                    job.future.set_result(told)

    async def _alone(self, job: _Job[Question, Answer]) -> None:
        try:
            answers = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._work, job.questions
            )
        except Exception as error:
            self._fail(job, error)
        else:
            if not job.future.done():
                job.future.set_result(answers)

    @staticmethod
    def _fail(job: _Job[Question, Answer], error: Exception) -> None:
        if not job.future.done():
            job.future.set_exception(error)

    def _batch(self) -> list[_Job[Question, Answer]]:
        """Take what goes together off those that wait, without those whose asker has gone."""
        jobs: list[_Job[Question, Answer]] = []
        n_questions = 0
        while self._waiting:
            job = self._waiting[0]
            if jobs and n_questions + len(job.questions) > self._most_together:
                break
            self._waiting.popleft()
            if not job.future.done():
                jobs.append(job)
                n_questions += len(job.questions)
        return jobs

    def close(self) -> None:
        """End the thread after what it does now."""
        self._thread.shutdown(wait=False, cancel_futures=True)
