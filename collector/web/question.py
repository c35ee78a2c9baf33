"""A question to the database that many may ask at once, and that nobody waits long for."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

T = TypeVar("T")

ANSWER_S = 3.0


class Question(Generic[T]):
    """Asked once at a time: whoever comes meanwhile gets the same answer.

    So a database that does not answer holds one thread, however often it is asked for. The thread is
    of its own kind: the others may all be waiting for that database.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[T] | None = None
        self._slot = CapacityLimiter(1)

    async def ask(self, question: Callable[[], T]) -> T:
        """Return the answer; raise `TimeoutError` where there is none within `ANSWER_S`."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(to_thread.run_sync(question, limiter=self._slot))
            # Whoever asked may have gone.
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.wait_for(asyncio.shield(self._task), ANSWER_S)
