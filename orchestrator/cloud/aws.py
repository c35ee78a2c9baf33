"""EC2 as it stands behind docker-machine's driver `amazonec2`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

from orchestrator.cloud.account import Account
from orchestrator.cloud.address import Network
from orchestrator.cloud.dead_man import renewal
from orchestrator.cloud.group import FleetGroups
from orchestrator.cloud.mark import Marker
from orchestrator.cloud.proof import Clearing
from orchestrator.cloud.spot import spot_refusal, spot_takings
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.cloud import Offer
from orchestrator.places.machine.keys import Keys
from orchestrator.places.place import NewHost

SETTLE_S = 10.0
"""How long a launch that was cut off is looked for before the cloud's word counts that it made nothing."""


SHOWN_S = 2.0
"""How long things are looked for again that were there before: the cloud's answers agree by then."""


class AwsCloud:
    """One account's EC2.

    `offers_for` knows what can be asked for there, `groups_of` a fleet's security groups, and
    `networks` where the orchestrator comes from now. A host
    lives `renewed_s` from each renewal on; None: it ends when it was made to.
    """

    def __init__(
        self,
        account: Account,
        *,
        offers_for: Callable[[NewHost], Sequence[Offer]],
        marker: Marker | None = None,
        clearing: Clearing | None = None,
        groups_of: Callable[[UUID], FleetGroups] | None = None,
        networks: Callable[[], Sequence[Network]] = tuple,
        renewed_s: float | None = None,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._account = account
        self._offers_for = offers_for
        self._marker = marker or Marker(account)
        self._clearing = clearing or Clearing(account)
        self._groups_of = groups_of
        self._networks = networks
        self._renewed_s = renewed_s
        self._settle_s = settle_s

    def keys(self) -> Keys | None:
        """Return keys that are good now; raise `CloudRefused` where there are none."""
        return self._account.keys()

    def offers(self, host: NewHost) -> Sequence[Offer]:
        """Return the ways to have a host, the best first; raise `CloudRefused`."""
        return self._offers_for(host)

    def guard(self, host_name: str, *, region: str, fleet_id: UUID, tester: str) -> bool:
        """Mark what was launched for a host as ours, and let its end be the end of its bill."""
        return self._marker.mark(host_name, region=region, fleet_id=fleet_id, tester=tester)

    def denied(self, host_name: str, *, region: str) -> str:
        """Return why what was asked for a host is not to be had now, empty while it may come."""
        return spot_refusal(self._account, host_name, region=region)

    def takings(self, host_names: Collection[str], *, region: str) -> Mapping[str, str]:
        """Return, for each host on spare capacity, why it is taken back; empty while it is not."""
        return spot_takings(self._account, host_names, region=region)

    def admit(self, region: str, *, fleet_id: UUID, addresses: Collection[str]) -> None:
        """Let some addresses, and no other, send echo requests to a fleet's hosts in a region."""
        if self._groups_of is not None:
            self._groups_of(fleet_id).open_echo(region, peers=addresses)

    def reopen(self, region: str, *, fleet_id: UUID) -> None:
        """Let the orchestrator in from where it comes from now, and from nowhere else."""
        if self._groups_of is not None and (networks := self._networks()):
            self._groups_of(fleet_id).reopen(region, networks=networks)

    def renewal(self) -> Sequence[str] | None:
        """Return the command that lets a host live on, None where its end is not put off."""
        return None if self._renewed_s is None else renewal(self._renewed_s)

    def remove(
        self, host_name: str, *, region: str, fleet_id: UUID, in_flight: bool, deadline: Deadline
    ) -> None:
        """See that a region has nothing of a host; raise `LeftBehind` that names what it may have."""
        self._clearing.clear_host(
            region,
            host_name,
            fleet_id=fleet_id,
            deadline=deadline,
            settle_s=self._settle_s if in_flight else min(SHOWN_S, self._settle_s),
        )
