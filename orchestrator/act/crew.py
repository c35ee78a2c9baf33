"""Carries out what is to be done for many testers at a time, while others look on."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from orchestrator.act.chain import Chain, Failure, chains_of
from orchestrator.act.hosts import HostWork
from orchestrator.act.ports import Ports
from orchestrator.decide.actions import Action
from orchestrator.places.deadline import Deadline


class Crew:
    """Threads that work on testers, `concurrency` of them at once; a tester is worked on by one alone."""

    def __init__(self, *, work: HostWork, ports: Ports, concurrency: int, stopping: threading.Event) -> None:
        self._work = work
        self._ports = ports
        self._stopping = stopping
        self._pool = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="crew")
        self._under_way: dict[str, Future[Failure | None]] = {}
        self._failures: list[Failure] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def busy(self) -> frozenset[str]:
        """The testers that are worked on."""
        self._collect()
        return frozenset(self._under_way)

    def begin(self, actions: Sequence[Action], *, deadline: Deadline) -> None:
        """Begin what is to be done, but for testers that are worked on already."""
        tester_of = {host.name: host.tester for host in self._ports.journal.hosts(include_removed=True)}
        for tester, own in chains_of(actions, tester_of=tester_of).items():
            chain = Chain(
                tester=tester,
                actions=own,
                work=self._work,
                ports=self._ports,
                deadline=deadline,
                stopping=self._stopping,
            )
            self.submit(tester, chain.carry_out)

    def submit(self, tester: str, task: Callable[[], Failure | None]) -> None:
        """Begin a task for a tester, unless it is worked on already."""
        if tester not in self.busy:
            self._under_way[tester] = self._pool.submit(task)

    def failures(self) -> list[Failure]:
        """Return what has failed since the last call."""
        self._collect()
        found, self._failures = self._failures, []
        return found

    def wait(self, deadline: Deadline) -> bool:
        """Wait until nothing is under way; return False where the deadline came first."""
        return not wait(list(self._under_way.values()), timeout=deadline.left_s).not_done

    def _collect(self) -> None:
        for tester, future in list(self._under_way.items()):
            if future.done():
                del self._under_way[tester]
                if (failure := future.result()) is not None:
                    self._failures.append(failure)


def apply(
    actions: Sequence[Action],
    *,
    work: HostWork,
    ports: Ports,
    concurrency: int,
    deadline: Deadline,
    stopping: threading.Event,
) -> list[Failure]:
    """Carry out actions, wait for them, and return what failed.

    One tester's failure stops nobody else's actions.
    """
    with Crew(work=work, ports=ports, concurrency=concurrency, stopping=stopping) as crew:
        crew.begin(actions, deadline=deadline)
        crew.wait(Deadline.after(threading.TIMEOUT_MAX / 2))
        return crew.failures()
