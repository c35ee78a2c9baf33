"""What stands behind the hosts of a driver, and knows what docker-machine does not."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.keys import Keys
from orchestrator.places.place import NewHost


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """One way to have a host: what the driver is told, and a short word for people."""

    options: Mapping[str, Any]
    label: str


class Cloud(Protocol):
    """A cloud's own API. Its answers, not docker-machine's, say what there is and what is gone."""

    def keys(self) -> Keys | None:
        """Return keys that are good now, None where docker-machine finds its own (a role).

        Raise `ConfigurationError` where there are none, or they cannot be renewed.
        """

    def offers(self, host: NewHost) -> Sequence[Offer]:
        """Return the ways to have a host, the best first; raise `ConfigurationError`."""

    def guard(self, host_name: str, *, region: str, fleet_id: UUID, tester: str) -> bool:
        """Mark what was launched for a host as ours, and see that its end is the end of its bill.

        It is called again and again while the host is made, and is done once it returns True.
        """

    def denied(self, host_name: str, *, region: str) -> str:
        """Return why what was asked for a host is not to be had now, empty while it may come."""

    def takings(self, host_names: Collection[str], *, region: str) -> Mapping[str, str]:
        """Return, for each host that the cloud may take back, why it does so; empty while it does not.

        Raise `ConfigurationError`.
        """

    def admit(self, region: str, *, fleet_id: UUID, addresses: Collection[str]) -> None:
        """Let some addresses, and no other, send echo requests to a fleet's hosts in a region."""

    def reopen(self, region: str, *, fleet_id: UUID) -> None:
        """Let the orchestrator in from where it comes from now; raise an `OrchestratorError`."""

    def renewal(self) -> Sequence[str] | None:
        """Return the command that lets a host live on, None where its end is not put off."""

    def remove(
        self, host_name: str, *, region: str, fleet_id: UUID, in_flight: bool, deadline: Deadline
    ) -> None:
        """See that the region has nothing of a host; raise `LeftBehind` that names what it may have.

        `in_flight`: a launch may be under way that the region does not show yet.
        """


CloudFor = Callable[[str, Keys | None], Cloud | None]
"""Gives the cloud of a driver, with keys of its own or the user's; None where nobody knows its API."""


def no_cloud(driver: str, keys: Keys | None) -> Cloud | None:  # noqa: ARG001 - a `CloudFor`
    """Know no cloud."""
    return None
