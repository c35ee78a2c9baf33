"""What waits for delivery: on disk, and in memory while the disk is full."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tester.errors import SpoolFailed
from tester.spool import Spool, Spooled

MOST_HELD_BYTES = 256 * 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A report that no disk has taken yet."""

    run_id: UUID
    started_at: datetime
    body: bytes


class Outbox:
    """The reports of this tester that the collector does not have; safe between threads."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self._lock = threading.Lock()
        self._spooled: dict[UUID, Spooled] = {report.run_id: report for report in spool.waiting()}
        self._held: dict[UUID, Held] = {}
        # Whose turn it is: those on disk and those in memory stand in one line.
        self._line: dict[UUID, None] = dict.fromkeys(self._spooled)
        self.rejected_count = spool.rejected_count()
        self.skipped_count = 0
        self.spool_error: str | None = None

    def put(
        self, body: bytes, *, run_id: UUID, started_at: datetime, then: Callable[[], None] = lambda: None
    ) -> bool:
        """Keep a report; return False where it is only in memory, because the disk refused it.

        `then` notes that the run was made. It is called before anybody can deliver the report: else
        a crash between delivery and note would make the run twice.
        """
        held = Held(run_id=run_id, started_at=started_at, body=body)
        with self._lock:
            on_disk = run_id in self._spooled or self._settled(held)
            self._line.setdefault(run_id)
            then()
            if not on_disk:
                self._held[run_id] = held
        return on_disk

    def settle(self) -> None:
        """Try again to bring to the disk what is only in memory."""
        with self._lock:
            for held in list(self._held.values()):
                if not self._settled(held):
                    return
                del self._held[held.run_id]

    def knows(self, run_id: UUID) -> bool:
        """Return whether the report of a run waits here already."""
        with self._lock:
            return run_id in self._spooled or run_id in self._held

    def next(self) -> Spooled | Held | None:
        """Return the oldest report, None where nothing waits."""
        with self._lock:
            for run_id in self._line:
                return self._spooled.get(run_id) or self._held[run_id]
            return None

    def delivered(self, run_id: UUID) -> None:
        """Forget a report that the collector has."""
        with self._lock:
            self._held.pop(run_id, None)
            self._line.pop(run_id, None)
            spooled = self._spooled.pop(run_id, None)
            if spooled is not None:
                self.spool.remove(spooled)

    def reject(self, run_id: UUID, *, reason: dict[str, Any]) -> None:
        """Put a report aside that the collector will never accept; raise OSError or `SpoolFailed`."""
        with self._lock:
            held = self._held.get(run_id)
            spooled = self._spooled.get(run_id)
            if spooled is None and held is not None:
                spooled = self.spool.add(held.body, run_id=held.run_id, started_at=held.started_at)
            if spooled is not None:
                self.spool.reject(spooled.path, reason=reason)
            self._held.pop(run_id, None)
            self._spooled.pop(run_id, None)
            self._line.pop(run_id, None)
            self.rejected_count += 1

    def put_back(self, run_id: UUID) -> None:
        """Let the others go first: something is wrong with this one at the moment."""
        with self._lock:
            if run_id in self._line:
                del self._line[run_id]
                self._line[run_id] = None

    def is_full(self) -> bool:
        """Return whether no further report could be kept."""
        return self.spool.is_full() or self.held_bytes() >= MOST_HELD_BYTES

    def count(self) -> int:
        """Return how many reports wait."""
        with self._lock:
            return len(self._spooled) + len(self._held)

    def held_count(self) -> int:
        """Return how many reports are only in memory."""
        with self._lock:
            return len(self._held)

    def held_bytes(self) -> int:
        """Return the bytes of what is only in memory."""
        with self._lock:
            return sum(len(held.body) for held in self._held.values())

    def waiting_bytes(self) -> int:
        """Return the bytes of everything that waits."""
        with self._lock:
            return sum(report.size_bytes for report in self._spooled.values()) + sum(
                len(held.body) for held in self._held.values()
            )

    def _settled(self, held: Held) -> bool:
        try:
            spooled = self.spool.add(held.body, run_id=held.run_id, started_at=held.started_at)
        except SpoolFailed as error:
            self.spool_error = error.reason
            return False
        self._spooled[held.run_id] = spooled
        self.spool_error = None
        return True
