"""The clouds behind a fleet's hosts, opened when they are first asked for."""

import threading
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from orchestrator.act.state import FleetState
from orchestrator.fleet.model import Fleet
from orchestrator.places.files import write_whole
from orchestrator.places.machine.cloud import Cloud, CloudFor, Offer
from orchestrator.places.machine.environment import AMAZON
from orchestrator.places.machine.keys import Keys
from orchestrator.places.place import NewHost
from orchestrator.settings import Edge

if TYPE_CHECKING:
    from orchestrator.cloud.aws import AwsCloud

USER_DATA = "amazonec2-userdata"


def clouds_of(state: FleetState, *, fleet: Fleet | None, edge: Edge) -> CloudFor:
    """Return what opens the cloud of a driver; None of it where its library is not installed.

    `fleet` None: it cannot be read any more, and nothing is to be made.
    """
    opened: dict[str, AwsCloud] = {}
    guard = threading.Lock()

    def cloud_for(driver: str, keys: Keys | None) -> Cloud | None:
        if driver != AMAZON or find_spec("boto3") is None:
            return None
        with guard:
            whose = "" if keys is None else keys.access_key
            if whose not in opened:
                opened[whose] = _aws(keys, state=state, fleet=fleet, edge=edge)
            return opened[whose]

    return cloud_for


def _aws(keys: Keys | None, *, state: FleetState, fleet: Fleet | None, edge: Edge) -> "AwsCloud":
    # The library takes a second to import: nobody waits for it who makes no host there.
    from orchestrator.cloud.account import Account
    from orchestrator.cloud.aws import AwsCloud

    def offers_for(host: NewHost) -> Sequence[Offer]:
        return [Offer(options=_ending_itself(host, state=state, fleet=fleet), label="")]

    return AwsCloud(Account(environment=edge.environment, keys=keys), offers_for=offers_for)


def _ending_itself(host: NewHost, *, state: FleetState, fleet: Fleet | None) -> dict[str, object]:
    """Return the options of a host with user data that ends it."""
    from pathlib import Path

    from orchestrator.cloud.dead_man import life_s, user_data, user_data_in

    assert fleet is not None, "nothing is made of a fleet that cannot be read"
    given = host.options.get(USER_DATA)
    theirs = user_data_in(Path(fleet.directory) / str(given)) if given else b""
    path = state.testers / host.name / "user-data"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, user_data(life_s=life_s(fleet), theirs=theirs))
    return {**host.options, USER_DATA: str(path)}
