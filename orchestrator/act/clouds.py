"""The clouds behind a fleet's hosts, opened when they are first asked for."""

import threading
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from orchestrator.act.state import FleetState
from orchestrator.fleet.model import Fleet
from orchestrator.places.files import write_whole
from orchestrator.places.machine.cloud import Cloud, CloudFor, Offer
from orchestrator.places.machine.environment import AMAZON
from orchestrator.places.machine.keys import Keys
from orchestrator.places.place import NewHost
from orchestrator.settings import Edge

if TYPE_CHECKING:
    from orchestrator.cloud.account import Account
    from orchestrator.cloud.aws import AwsCloud
    from orchestrator.cloud.group import FleetGroups
    from orchestrator.cloud.offers import Offers

USER_DATA = "amazonec2-userdata"


def can_ask() -> bool:
    """Return whether the library that asks AWS is installed."""
    return find_spec("boto3") is not None


def account_of(keys: Keys | None, *, edge: Edge) -> "Account":
    """Return an AWS account, with keys of its own or the user's; nothing is asked yet."""
    # The library takes a second to import: nobody waits for it who makes no host there.
    from orchestrator.cloud.account import Account

    return Account(environment=edge.environment, keys=keys)


def clouds_of(state: FleetState, *, fleet: Fleet | None, edge: Edge) -> CloudFor:
    """Return what opens the cloud of a driver; None of it where its library is not installed.

    `fleet` None: it cannot be read any more, and nothing is to be made.
    """
    opened: dict[str, AwsCloud] = {}
    guard = threading.Lock()

    def cloud_for(driver: str, keys: Keys | None) -> Cloud | None:
        if driver != AMAZON or not can_ask():
            return None
        with guard:
            whose = "" if keys is None else keys.access_key
            if whose not in opened:
                opened[whose] = _aws(keys, state=state, fleet=fleet, edge=edge)
            return opened[whose]

    return cloud_for


def offers_of(account: "Account", *, state: FleetState, fleet: Fleet, edge: Edge) -> "Offers":
    """Return what an account has for the hosts of a fleet."""
    from orchestrator.cloud.address import Network, orchestrators_networks
    from orchestrator.cloud.group import FleetGroups
    from orchestrator.cloud.market import Market
    from orchestrator.cloud.offers import Offers

    @cache
    def groups_of(fleet_id: UUID) -> "FleetGroups":
        return FleetGroups(clients=account, fleet_id=fleet_id, fleet=fleet.name)

    @cache
    def networks() -> "tuple[Network, ...]":
        return orchestrators_networks(edge.environment)

    def is_spot(tester: str) -> bool:
        found = fleet.tester(tester)
        return found is not None and found.spot

    return Offers(
        market=Market(account),
        groups_of=groups_of,
        networks=networks,
        user_data=lambda host: _user_data(host, state=state, fleet=fleet),
        is_spot=is_spot,
    )


def _aws(keys: Keys | None, *, state: FleetState, fleet: Fleet | None, edge: Edge) -> "AwsCloud":
    from orchestrator.cloud.address import orchestrators_networks
    from orchestrator.cloud.aws import AwsCloud
    from orchestrator.cloud.dead_man import life_s

    account = account_of(keys, edge=edge)
    offers = None if fleet is None else offers_of(account, state=state, fleet=fleet, edge=edge)

    def offers_for(host: NewHost) -> Sequence[Offer]:
        assert offers is not None, "nothing is made of a fleet that cannot be read"
        return offers.for_host(host)

    return AwsCloud(
        account,
        offers_for=offers_for,
        groups_of=None if offers is None else offers.groups_of,
        networks=lambda: orchestrators_networks(edge.environment),
        renewed_s=life_s(fleet) if fleet is not None and fleet.run.repeat is None else None,
    )


def _user_data(host: NewHost, *, state: FleetState, fleet: Fleet) -> Path:
    """Write a host's user data, with what ends it, and return its path."""
    from orchestrator.cloud.dead_man import life_s, user_data, user_data_in

    given = host.options.get(USER_DATA)
    theirs = user_data_in(Path(fleet.directory) / str(given)) if given else b""
    path = state.testers / host.name / "user-data"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, user_data(life_s=life_s(fleet), theirs=theirs))
    return path
