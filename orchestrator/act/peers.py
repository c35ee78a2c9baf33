"""Where the testers of a fleet can be reached by each other."""

from ipaddress import ip_address

from orchestrator.act.ports import Ports
from orchestrator.decide.peers import HAS_ADDRESS, has_peers
from orchestrator.errors import OrchestratorError
from orchestrator.events import Note
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
    _let_in(found, ports=ports)
    return found


def _let_in(addresses: dict[str, str], *, ports: Ports) -> None:
    """Open the hosts to each other; a cloud that refuses keeps nobody from being told of the others."""
    afar = sorted(address for address in addresses.values() if not is_loopback(address))
    names = [host.name for host in ports.journal.hosts() if host.tester in addresses]
    if not afar:
        return
    try:
        ports.place.admit(names, addresses=afar)
    except OrchestratorError as error:
        ports.emit(Note(time=ports.clock(), level="warning", text=f"{error.what}: {error.cause}"))


def is_loopback(address: str) -> bool:
    """Return whether an address is one of this machine's own; a name is none."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
