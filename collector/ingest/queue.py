"""Reports that wait for the database: what waits together is stored together."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from collector.errors import Refused, Unavailable
from collector.ingest.reports import Delivery, Stored

Store = Callable[[Sequence[Delivery]], list[Stored | Refused]]

MOST_WAITING = 2_000
MOST_POSITIONS_WAITING = 40_000_000
"""Probes that wait, and rows by `ROW`; as many again may be in the hands of the writers."""

ROW = 100
"""The probes that take as much memory as a row's names do: a report may have rows without probes."""

MOST_RUNS_TOGETHER = 256
MOST_POSITIONS_TOGETHER = 2_000_000
RETRY_AFTER_S = 2


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Waiting:
    delivery: Delivery
    done: "Future[Stored]" = field(default_factory=Future)

    @property
    def positions(self) -> int:
        return len(self.delivery.report.columns.rtt_us)

    @property
    def weight(self) -> int:
        return self.positions + ROW * len(self.delivery.report.columns)


class ReportQueue:
    """Threads that store what waits, in transactions of many reports.

    Nothing is stored later than it is acknowledged: a future is done after the commit. A full queue
    refuses (503), so that the tester keeps its copy. A failure that `befalls_all` is told to all who
    waited together: to try each alone would have each wait as long. `told` hears how many wait when
    that changes.
    """

    def __init__(
        self,
        store: Store,
        *,
        writers: int,
        befalls_all: Callable[[BaseException], bool] = lambda _error: False,
        told: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self._store = store
        self._befalls_all = befalls_all
        self._told = told
        self._waiting: deque[_Waiting] = deque()
        self._weight = 0
        self._busy: set[tuple[int, object]] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._count = writers
        self._threads: list[threading.Thread] = []

    @property
    def waiting_count(self) -> int:
        """Return how many reports wait."""
        return len(self._waiting)

    def put(self, delivery: Delivery) -> "Future[Stored]":
        """Have a report stored; raise `Unavailable` where too many wait already."""
        item = _Waiting(delivery=delivery)
        with self._changed:
            if self._closed:
                raise Unavailable("stopping", "the collector is stopping", retry_after_s=RETRY_AFTER_S)
            full = len(self._waiting) >= MOST_WAITING
            if full or (self._waiting and self._weight + item.weight > MOST_POSITIONS_WAITING):
                raise Unavailable(
                    "queue_full",
                    f"{len(self._waiting)} reports wait for the database",
                    retry_after_s=RETRY_AFTER_S,
                    hint="nothing was stored; send it again",
                )
            self._waiting.append(item)
            self._weight += item.weight
            self._told(len(self._waiting))
            self._start()
            self._changed.notify()
        return item.done

    def close(self, *, deadline_s: float = 30.0) -> None:
        """Store what waits, take nothing more, and end."""
        end = time.monotonic() + deadline_s
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _start(self) -> None:
        # With the first report: whoever only reads has no writers.
        while len(self._threads) < self._count:
            thread = threading.Thread(target=self._run, name=f"writer-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self) -> None:
        while items := self._take():
            try:
                self._do(items)
            finally:
                with self._changed:
                    self._busy -= {item.delivery.key for item in items}
                    self._changed.notify_all()

    def _take(self) -> list[_Waiting]:
        """Return what waits, up to a bound, and no two reports of one run; nothing at the end."""
        with self._changed:
            while True:
                taken = self._chosen()
                if taken:
                    return taken
                if self._closed and not self._waiting:
                    return []
                self._changed.wait()

    def _chosen(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        left: deque[_Waiting] = deque()
        positions = 0
        while self._waiting and len(taken) < MOST_RUNS_TOGETHER:
            item = self._waiting[0]
            if taken and positions + item.positions > MOST_POSITIONS_TOGETHER:
                break
            self._waiting.popleft()
            if item.delivery.key in self._busy:
                left.append(item)
                continue
            self._busy.add(item.delivery.key)
            positions += item.positions
            taken.append(item)
        self._waiting.extendleft(reversed(left))
        self._weight -= sum(item.weight for item in taken)
        if taken:
            self._told(len(self._waiting))
        return taken

    def _do(self, items: Sequence[_Waiting]) -> None:
        try:
            outcomes = self._store([item.delivery for item in items])
        except BaseException as error:  # noqa: BLE001 - each request tells its own failure
            if len(items) == 1 or self._befalls_all(error):
                for item in items:
                    item.done.set_exception(error)
                return
            # One of them may be what the database does not take: each for itself.
            for item in items:
                self._do([item])
            return
        for item, outcome in zip(items, outcomes, strict=True):
            if isinstance(outcome, Refused):
                item.done.set_exception(outcome)
            else:
                item.done.set_result(outcome)
