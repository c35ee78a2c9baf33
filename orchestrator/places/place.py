"""Where testers run: the interface that every place fulfils."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from orchestrator.places.deadline import Deadline

Say = Callable[[str], None]
"""Takes a short line about what is being done to a host: `Installing Docker`."""

LOOPBACK = "127.0.0.1"
"""The address that the testers of this machine have for each other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewHost:
    """What a host is to be.

    `options` are the driver's, as the fleet has them; they may hold secrets, and stay out of the
    representation. `references` are those of them that the fleet has as `${VAR}`, as written.
    """

    name: str
    tester: str
    driver: str
    region: str
    fleet_id: UUID
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    references: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolCount:
    """How many reports a host still holds: `waiting` for delivery, `rejected` for good."""

    waiting: int
    rejected: int


class Life(StrEnum):
    """Whether a host's tester lives."""

    RUNS = "runs"
    ENDED = "ended"
    UNKNOWN = "unknown"
    """Its host does not answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """How a command ended that was run beside a tester."""

    code: int
    stdout: str
    stderr: str


class Place(Protocol):
    """Makes hosts, runs testers on them, and removes both.

    Each method succeeds when what it should bring about is there already. `say` is called from the
    thread that called the method, or from one of its own.
    """

    def prepare(self, drivers: Collection[str], *, deadline: Deadline) -> None:
        """Make what hosts of some drivers will need, ahead of the first of them.

        What fails here fails again, and is told, when a host is made.
        """

    def create(self, host: NewHost, *, say: Say, deadline: Deadline) -> None:
        """Make a host and see that testers can be started on it."""

    def tell(self, host_name: str, *, job: bytes) -> None:
        """Replace the job that the host's tester reads before each run."""

    def start(
        self, host_name: str, *, job: bytes, token: str, first_index: int, say: Say, deadline: Deadline
    ) -> None:
        """Start the host's tester, if it does not run.

        Where it has never run, it begins its sweep with run `first_index`.
        """

    def lives(self, host_names: Sequence[str]) -> Mapping[str, Life]:
        """Return how the testers of some hosts are, all asked at once; it never raises for one of them."""

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
        """Return a file on this machine with what the tester wrote, None if it wrote nothing."""

    def runs_made(self, host_name: str, *, sweep_id: UUID, tester_id: UUID) -> int:
        """Return how many runs of a sweep the tester has made, by its own note."""

    def last_words(self, host_name: str) -> str:
        """Return the last thing that the tester wrote, empty if it wrote nothing."""

    def ssh_command(self, host_name: str) -> list[str] | None:
        """Return the command that opens a shell on the host, None where there is no such way."""

    def address(self, host_name: str) -> str | None:
        """Return where other testers reach the host, None where nobody knows; it never raises.

        An address of the loopback holds for the testers of this machine alone.
        """

    def admit(self, host_names: Sequence[str], *, addresses: Collection[str]) -> None:
        """Let testers at some addresses, and nobody else, send echo requests to hosts.

        Raise an `OrchestratorError` where somebody may be shut out.
        """

    def tend(self, host_names: Sequence[str], *, deadline: Deadline) -> Mapping[str, str]:
        """See that hosts end by themselves once everybody forgets them, and not before.

        Return, by host, why that could not be.
        """

    def taken_back(self, host_names: Sequence[str]) -> Mapping[str, str]:
        """Return the hosts that their cloud takes back, and why; raise an `OrchestratorError`."""

    def execute(self, host_name: str, command: Sequence[str], *, deadline: Deadline) -> Said:
        """Run a command beside the host's tester; raise `ConfigurationError` where that cannot be."""

    def remove(self, host_name: str, *, say: Say, deadline: Deadline) -> None:
        """Remove the host and see that it is gone."""
