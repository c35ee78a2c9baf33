"""Where the testers of a fleet can be reached by each other."""

from orchestrator.act.ports import Ports
from orchestrator.decide.peers import HAS_ADDRESS, has_peers
from orchestrator.fleet.model import Fleet


def known_addresses(fleet: Fleet, *, ports: Ports) -> dict[str, str]:
    """Return the address of each tester whose host is made and has one; none where nobody asks for them.

    They are read anew each time: a host that was made again, or was moved, has another one.
    """
    if not has_peers(fleet):
        return {}
    found: dict[str, str] = {}
    for host in ports.journal.hosts():
        if host.state in HAS_ADDRESS and (address := ports.place.address(host.name)) is not None:
            found[host.tester] = address
    return found
