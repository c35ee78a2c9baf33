"""How a tester's reports come to the collector: it sends them, or they are fetched from its host."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from orchestrator.fleet.drivers import DOCKER, LOCAL
from orchestrator.fleet.model import Fleet, Tester

SOCKET = "unix://"


def is_fetched(*, fleet: Fleet, tester: Tester, collector_url: str) -> bool:
    """Return whether a tester's reports are fetched instead of sent.

    With `delivery: auto` that is so where the collector listens on the loopback of this machine and
    the tester runs on another one.
    """
    if tester.driver == LOCAL or fleet.delivery == "push":
        return False
    if fleet.delivery == "pull":
        return True
    return is_loopback(collector_url) and not is_on_this_machine(tester)


def is_on_this_machine(tester: Tester) -> bool:
    """Return whether a tester shares this machine's network."""
    if tester.driver == DOCKER:
        return str(tester.options.get("docker-host", SOCKET)).startswith(SOCKET)
    return tester.driver == LOCAL


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to the machine that reads it."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
