"""Where testers run: the interface that every place fulfils."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from orchestrator.places.deadline import Deadline


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolCount:
    """How many reports a host still holds: `waiting` for delivery, `rejected` for good."""

    waiting: int
    rejected: int


class Place(Protocol):
    """Makes hosts, runs testers on them, and removes both.

    Each method succeeds when what it should bring about is there already.
    """

    def create(self, host_name: str, *, deadline: Deadline) -> None:
        """Make a host."""

    def tell(self, host_name: str, *, job: bytes) -> None:
        """Replace the job that the host's tester reads before each run."""

    def start(self, host_name: str, *, job: bytes, token: str, first_index: int, deadline: Deadline) -> None:
        """Start the host's tester, if it does not run.

        Where it has never run, it begins its sweep with run `first_index`.
        """

    def is_running(self, host_name: str) -> bool:
        """Return whether the host's tester lives."""

    def running(self, host_names: Sequence[str]) -> frozenset[str]:
        """Return those of some hosts whose testers live."""

    def stop(self, host_name: str, *, deadline: Deadline) -> None:
        """Stop the host's tester; it may finish what it writes, not longer than the deadline."""

    def spooled(self, host_name: str) -> list[str]:
        """Return the names of reports that wait for delivery, oldest first."""

    def spool_count(self, host_name: str) -> SpoolCount:
        """Return how many reports the host still holds."""

    def read_report(self, host_name: str, name: str) -> bytes:
        """Return the gzip body of a spooled report; raise `FileNotFoundError`."""

    def drop_report(self, host_name: str, name: str) -> None:
        """Delete a spooled report that was delivered."""

    def log(self, host_name: str) -> Path | None:
        """Return the file that the tester writes to, None if there is none."""

    def runs_made(self, host_name: str, *, sweep_id: UUID, tester_id: UUID) -> int:
        """Return how many runs of a sweep the tester has made, by its own note."""

    def last_words(self, host_name: str) -> str:
        """Return the last thing that the tester wrote, empty if it wrote nothing."""

    def remove(self, host_name: str, *, deadline: Deadline) -> None:
        """Remove the host and see that it is gone."""
