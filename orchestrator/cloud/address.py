"""The addresses that hosts see the orchestrator come from."""

import socket
import urllib.request
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from orchestrator.errors import ConfigurationError

ADDRESS = "ORCHESTRATE_ADDRESS"
ENDPOINTS = ("AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL")
ASKED = "https://checkip.amazonaws.com"
ASK_S = 10.0
WIDEST = {4: 16, 6: 48}
"""The shortest prefix of a network of one's own; a shorter one is nearly the whole world."""

Network = IPv4Network | IPv6Network


def orchestrators_networks(
    environment: Mapping[str, str], *, ask: Callable[[], str] | None = None
) -> tuple[Network, ...]:
    """Return where the orchestrator comes from; raise `ConfigurationError` where nobody can tell.

    ORCHESTRATE_ADDRESS says it: addresses and networks, separated by commas. Else it is the address
    of the interface that leads to the cloud, where that is a private one (AWS_ENDPOINT_URL), else what
    AWS sees.
    """
    if said := environment.get(ADDRESS, "").strip():
        return tuple(_network(text.strip(), source=ADDRESS) for text in said.split(",") if text.strip())
    endpoint = next((environment[name] for name in ENDPOINTS if environment.get(name)), None)
    if endpoint is not None:
        host = urlsplit(endpoint).hostname or "127.0.0.1"
        return (_network(address_toward(host), source=endpoint),)
    try:
        answer = (ask or _ask)()
    except (OSError, ValueError) as error:
        raise _unknown(f"{ASKED} does not tell: {error}") from None
    return (_network(answer.strip(), source=ASKED),)


def address_toward(host: str) -> str:
    """Return the address of the interface that leads to a host; nothing is sent."""
    try:
        family, kind, _, _, at = socket.getaddrinfo(host, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(at)
            return str(probe.getsockname()[0])
    except OSError as error:
        raise _unknown(f"there is no way to {host}: {error.strerror}") from None


def _network(text: str, *, source: str) -> Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ConfigurationError(
            f"{text!r} from {source} is no address",
            next_step=f"export {ADDRESS}=203.0.113.7: the address that hosts see this machine come from",
        ) from None
    if network.prefixlen < WIDEST[network.version]:
        raise ConfigurationError(
            f"{network} from {source} is too wide: hosts would be open to strangers",
            cause=f"a network has a prefix of /{WIDEST[network.version]} or longer",
            next_step=f"export {ADDRESS}=203.0.113.7: the address that hosts see this machine come from",
        )
    return network


def _ask() -> str:
    # Not through a proxy: ssh does not go through it either.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(ASKED, timeout=ASK_S) as answer:
        return str(answer.read(64).decode("ascii"))


def _unknown(cause: str) -> ConfigurationError:
    return ConfigurationError(
        "nobody knows the address that hosts see this machine come from",
        cause=cause,
        next_step=f"export {ADDRESS}=203.0.113.7",
    )
