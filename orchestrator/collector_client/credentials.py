"""Who we are to a collector, and to whom that may be told."""

import ipaddress
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from orchestrator.errors import ConfigurationError

PRIVATE_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Loopback, private (RFC 1918, RFC 4193) and link-local networks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """The tokens of one orchestrator at one collector; they stay out of every representation.

    Without a reader token the admin's is used for reading as well.
    """

    admin_token: str | None = field(default=None, repr=False)
    reader_token: str | None = field(default=None, repr=False)

    def for_reading(self) -> tuple[str, str] | None:
        """Return user and password for a question, None where there are none."""
        if self.reader_token is not None:
            return "reader", self.reader_token
        return self.for_admin() if self.admin_token is not None else None

    def for_admin(self) -> tuple[str, str]:
        """Return user and password for a change; raise `ConfigurationError` where there are none."""
        if self.admin_token is None:
            raise ConfigurationError(
                "there is no admin token for the collector",
                cause="registering fleets, testers and sweeps needs one",
                next_step="set collector.admin_token in fleet.yaml, or ORCHESTRATE_ADMIN_TOKEN_FILE",
                card_code="no-admin-token",
            )
        return "admin", self.admin_token


def check_may_be_told(url: str, *, insecure: bool) -> None:
    """Raise `ConfigurationError` where credentials would cross a public network in plain text.

    Plain http is for loopback and private addresses; a name counts as what it resolves to now. One
    that does not resolve passes, because nothing can be sent to it.
    """
    parts = urlsplit(url)
    if insecure or parts.scheme == "https" or is_private(parts.hostname or ""):
        return
    raise ConfigurationError(
        f"credentials are not sent over plain http to {parts.hostname}",
        cause="it is not a loopback or private address",
        next_step="use https, or say collector.insecure: true in fleet.yaml",
        card_code="plain-http",
    )


def is_private(host: str) -> bool:
    """Whether `host`, an address or a name, is on this machine or in a private network."""
    try:
        return _is_private_address(host)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            return True
    try:
        found = {str(item[4][0]) for item in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return True
    return all(_is_private_address(address) for address in found)


def _is_private_address(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in PRIVATE_NETWORKS if network.version == address.version)
