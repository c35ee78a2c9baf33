"""Questions that come together are asked together, and each gets its own answer."""

import threading
from collections.abc import Sequence
from concurrent.futures import wait

import pytest

from collector.together import THREADS, Together

DEADLINE_S = 20.0


class Database:
    """Answers once it may, and keeps what it was asked each time."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.may = threading.Event()
        self.came = threading.Semaphore(0)

    def answers(self, questions: Sequence[int]) -> list[int]:
        """Return ten times each question; raise for a negative one."""
        self.asked.append(list(questions))
        self.came.release()
        assert self.may.wait(DEADLINE_S)
        if min(questions) < 0:
            raise OSError("the database is away")
        return [10 * question for question in questions]


def _busy(database: Database, together: Together[int, int]) -> None:
    """Return once every thread waits for the database."""
    for number in range(THREADS):
        together.ask(number)
        assert database.came.acquire(timeout=DEADLINE_S)


def test_what_waits_is_asked_at_once_and_each_gets_its_own_answer() -> None:
    database = Database()
    together = Together(database.answers)
    _busy(database, together)

    later = [together.ask(number) for number in range(100, 140)]
    database.may.set()
    wait(later, timeout=DEADLINE_S)

    assert [one.result(timeout=0) for one in later] == [10 * number for number in range(100, 140)]
    # Two threads may have shared them; nobody asked for each alone.
    assert len(database.asked) <= 2 * THREADS


def test_a_question_is_never_answered_by_what_was_asked_before_it() -> None:
    database = Database()
    database.may.set()
    together = Together(database.answers)

    assert together.ask(1).result(timeout=DEADLINE_S) == 10
    assert together.ask(1).result(timeout=DEADLINE_S) == 10

    assert database.asked == [[1], [1]]


def test_a_failure_is_told_to_all_who_waited_and_the_next_are_asked_again() -> None:
    database = Database()
    together = Together(database.answers)
    _busy(database, together)

    failed = [together.ask(number) for number in (-1, 5)]
    database.may.set()

    for one in failed:
        with pytest.raises(OSError, match="away"):
            one.result(timeout=DEADLINE_S)
    assert together.ask(7).result(timeout=DEADLINE_S) == 70


def test_who_left_meanwhile_keeps_nobody_from_an_answer() -> None:
    database = Database()
    together = Together(database.answers)
    _busy(database, together)

    gone, stays = together.ask(3), together.ask(4)
    assert gone.cancel()
    database.may.set()

    assert stays.result(timeout=DEADLINE_S) == 40
