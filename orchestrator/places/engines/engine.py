"""Where a Docker engine answers, and who provides hosts that have one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.errors import OrchestratorError
from orchestrator.places.deadline import Deadline
from orchestrator.places.place import NewHost, Say


class HostGone(OrchestratorError):
    """Nothing is known of a host: there is no way to its engine."""

    card_code = "host-gone"


class EngineUnreachable(OrchestratorError):
    """A host's engine does not answer, or not in time."""

    card_code = "engine-unreachable"


@dataclass(frozen=True, kw_only=True, slots=True)
class TlsFiles:
    """The files that prove both ends of a connection to an engine."""

    ca: Path
    cert: Path
    key: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineAddress:
    """An engine's URL: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST`; `tls` goes with `tcp`."""

    url: str
    tls: TlsFiles | None = None


class EngineHosts(Protocol):
    """Provides hosts that have a Docker engine. Each method succeeds when its effect is there already."""

    def prepare(self, *, deadline: Deadline) -> None:
        """Make what hosts will need, ahead of the first."""

    def create(self, host: NewHost, *, say: Say, deadline: Deadline) -> None:
        """Make the host; its engine answers when this returns."""

    def engine(self, host_name: str) -> EngineAddress:
        """Return where the host's engine answers; raise `HostGone`."""

    def exists(self, host_name: str) -> bool:
        """Return whether something is known of the host."""

    def remove(self, host_name: str, *, say: Say, deadline: Deadline) -> None:
        """Remove the host; raise an error with exit code 5 when something of it may be left."""

    def address(self, host_name: str) -> str | None:
        """Return where others reach the host, None where nobody knows; it never raises."""

    def admit(self, host_names: Sequence[str], *, addresses: Collection[str]) -> None:
        """Let testers at some addresses, and nobody else, send echo requests to hosts."""

    def tend(self, host_names: Sequence[str], *, deadline: Deadline) -> Mapping[str, str]:
        """See that hosts end by themselves once everybody forgets them; return, by host, why not."""

    def taken_back(self, host_names: Sequence[str]) -> Mapping[str, str]:
        """Return the hosts that their cloud takes back, and why; raise an `OrchestratorError`."""

    def ssh_command(self, host_name: str) -> list[str] | None:
        """Return the command that opens a shell on the host, None where there is no such way."""
