"""Questions to the database that are asked together when they come together."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

THREADS = 2
"""While one waits for the database, what comes meanwhile is gathered for the other."""

MOST = 256
IDLE_S = 1.0
"""A thread that had nothing to do for so long ends; the next question starts another."""


class Together(Generic[Q, A]):
    """Threads that answer what waits, many questions at a time; nothing is remembered.

    An answer is looked up after its question came. `answers` gives one for each, in their order;
    what it raises is told to all who waited together.
    """

    def __init__(self, answers: Callable[[Sequence[Q]], Sequence[A]]) -> None:
        self._answers = answers
        self._waiting: deque[tuple[Q, Future[A]]] = deque()
        self._changed = threading.Condition()
        self._threads = 0
        self._idle = 0

    def ask(self, question: Q) -> "Future[A]":
        """Have a question answered."""
        done: Future[A] = Future()
        with self._changed:
            self._waiting.append((question, done))
            if self._idle:
                self._changed.notify()
            elif self._threads < THREADS:
                threading.Thread(target=self._run, name="lookup", daemon=True).start()
                self._threads += 1
        return done

    def _run(self) -> None:
        while taken := self._take():
            # Whoever asked may have left.
            left = [one for one in taken if one[1].set_running_or_notify_cancel()]
            try:
                found = self._answers([question for question, _ in left]) if left else []
            except BaseException as error:  # noqa: BLE001 - each request tells its own failure
                for _, done in left:
                    done.set_exception(error)
                continue
            for (_, done), answer in zip(left, found, strict=True):
                done.set_result(answer)

    def _take(self) -> list[tuple[Q, "Future[A]"]]:
        """Return what waits; nothing where nobody came for a while, and then this thread ends."""
        with self._changed:
            if not self._waiting:
                self._idle += 1
                self._changed.wait_for(lambda: bool(self._waiting), timeout=IDLE_S)
                self._idle -= 1
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))]
            if not taken:
                self._threads -= 1
            return taken
