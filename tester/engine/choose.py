"""Which engine, on which sockets: what the system allows decides."""

import errno
import socket
import sys

from tester.engine.engine import Engine
from tester.errors import NoPermission, UsageError

ENGINES = ("auto", "linux", "icmplib")
SOCKET_CHOICES = ("auto", "raw", "dgram")

REMEDIES = (
    "run the tester as root",
    (
        "grant it CAP_NET_RAW: `setcap cap_net_raw+ep $(readlink -f $(command -v python3))`,"
        " or for a container `docker run --cap-add NET_RAW`"
    ),
    "open unprivileged ping to every group: `sysctl -w net.ipv4.ping_group_range='0 2147483647'`",
)
_TYPES = {"raw": socket.SOCK_RAW, "dgram": socket.SOCK_DGRAM}
_REFUSED = (errno.EPERM, errno.EACCES)


def open_engine(*, engine: str = "auto", sockets: str = "auto") -> Engine:
    """Return the engine to probe with; raise `NoPermission` where the system allows no socket.

    "auto" is Linux's own wherever its calls are there, and else the portable one.
    """
    if engine not in ENGINES:
        raise UsageError(f"unknown engine {engine!r}: choose one of {', '.join(ENGINES)}")
    kind = choose_sockets(sockets)
    # Imported only here, so that `tester check` and `--help` are quick.
    if choose_engine(engine) == "linux":
        from tester.engine.linux import LinuxEngine

        return LinuxEngine(kind=kind)
    from tester.engine.portable import PortableEngine

    return PortableEngine(kind=kind)


def choose_engine(wanted: str = "auto") -> str:
    """Return "linux" or "icmplib"; raise `UsageError` where the wanted one cannot run here."""
    if wanted == "icmplib":
        return wanted
    reason = _reason_against_linux()
    if reason is None:
        return "linux"
    if wanted == "linux":
        raise UsageError(f"the engine linux cannot run here: {reason}; --engine icmplib can")
    return "icmplib"


def choose_sockets(wanted: str = "auto") -> str:
    """Return "raw" or "dgram"; raise `NoPermission` with the remedies where neither is allowed.

    Raw comes first: its errors arrive as packets, which older kernels keep from datagram sockets.
    """
    kinds = ("raw", "dgram") if wanted == "auto" else (wanted,)
    reasons: list[str] = []
    for kind in kinds:
        reason = _reason_against(kind)
        if reason is None:
            return kind
        reasons.append(f"{kind}: {reason}")
    raise NoPermission(refusal(reasons))


def refusal(reasons: list[str]) -> str:
    """Return what to say where no socket is allowed."""
    lines = [f"this system allows no socket to ping with ({'; '.join(reasons)}). One of these mends it:"]
    lines += [f"  {number}. {remedy}" for number, remedy in enumerate(REMEDIES, start=1)]
    return "\n".join(lines)


def families(kind: str) -> dict[int, str | None]:
    """Return for IPv4 and IPv6 why a socket of that kind cannot be opened, None where it can."""
    return {family: _reason(kind, family) for family in (4, 6)}


def _reason_against_linux() -> str | None:
    """Return why the kernel's stamps and batches are out of reach, None where they are not."""
    if sys.platform != "linux":
        return f"this system is {sys.platform}"
    if sys.byteorder != "little":
        return "this processor is big-endian"
    from tester.engine.batches import is_possible

    return None if is_possible() else "sendmmsg and recvmmsg with 64-bit pointers are missing"


def _reason_against(kind: str) -> str | None:
    """Return why a kind cannot be used at all: one family that works is enough."""
    reasons = families(kind)
    return None if None in reasons.values() else reasons[4]


def _reason(kind: str, family: int) -> str | None:
    domain, protocol = (
        (socket.AF_INET, socket.IPPROTO_ICMP) if family == 4 else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
    )
    try:
        socket.socket(domain, _TYPES[kind], protocol).close()
    except OSError as error:
        if error.errno in _REFUSED:
            return "not permitted"
        return error.strerror or str(error)
    return None
