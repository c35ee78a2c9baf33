"""The collector's URL and the tester's token: where credentials may go, and where not."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from tester.errors import UsageError

_PRIVATE = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)


def read_token(path: Path) -> str:
    """Return the token in a file; raise `UsageError`, which never contains it."""
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise UsageError(f"the token file {path} cannot be read: {reason}; write the token into it") from None
    if not token:
        raise UsageError(f"the token file {path} is empty; write the token into it, on one line")
    return token


def parts_of(url: str) -> SplitResult:
    """Return the parts of a collector's URL; raise `UsageError` for one that is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"the collector URL {url!r} is wrong: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"the collector URL {url!r} is wrong: write http://HOST:PORT or https://HOST:PORT")
    if parts.username is not None or parts.password is not None:
        raise UsageError("the collector URL holds credentials: they belong into --token-file")
    if parts.query or parts.fragment or port == 0:
        raise UsageError(f"the collector URL {url!r} is wrong: it has a query, a fragment or port 0")
    return parts


def refuse_plain_http(url: str, *, insecure: bool, resolve: Callable[[str], list[str]]) -> None:
    """Raise `UsageError` where credentials would cross a public network in the clear.

    `resolve` returns the addresses of a name; an address is its own.
    """
    parts = parts_of(url)
    if parts.scheme == "https" or insecure:
        return
    host = parts.hostname or ""
    public = [address for address in resolve(host) if not is_private(address)]
    if public:
        raise UsageError(
            f"{url} is plain http to a public address ({public[0]}): the token would travel in the clear. "
            "Use https, or say --insecure"
        )


def is_private(address: str) -> bool:
    """Return whether an address is of this machine or of a private network."""
    import ipaddress

    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(network) for network in _PRIVATE)
