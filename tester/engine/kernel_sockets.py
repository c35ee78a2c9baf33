"""ICMP sockets of Linux that stamp what they send and receive."""

import socket
import struct
import time
from dataclasses import dataclass

from tester.engine import filters

WANTED_BUFFER_BYTES = 8 * 2**20
SEND_WAIT_S = 0.02
"""How long a full send buffer is waited for: that is our own queue, not the network's fault."""

# Linux's numbers, which Python's socket module does not name.
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE, _SO_TIMESTAMPING, _SO_MEMINFO, _DROPS = 32, 33, 37, 55, 8
_IP_RECVERR, _IPV6_RECVERR, _SCM_TIMESTAMPING = 11, 25, 37
_TX, _RX, _SOFTWARE, _OPT_ID, _OPT_TSONLY = 1 << 1, 1 << 3, 1 << 4, 1 << 7, 1 << 11
_WAKE_S, _WAKE_TRY_S = 0.1, 0.002


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """The socket that sends and the one that hears: a single one where `kind` is "dgram".

    `identifier` is what our requests carry.
    """

    sender: socket.socket
    hearer: socket.socket
    identifier: int
    kind: str

    def restart_keys(self) -> None:
        """Number the send stamps from 0 again."""
        flags = _TX | _SOFTWARE | _OPT_TSONLY | (_RX if self.sender is self.hearer else 0)
        _stamp(self.sender, flags)
        _stamp(self.sender, flags | _OPT_ID)

    def receive_buffer_bytes(self) -> int:
        """Return what the system granted."""
        return self.hearer.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def dropped(self) -> int:
        """Return how many packets found no room in our buffer."""
        try:
            figures = self.hearer.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36)
        except OSError:
            return 0
        return int(struct.unpack_from("=I", figures, 4 * _DROPS)[0]) if len(figures) == 36 else 0

    def close(self) -> None:
        """Give the sockets back."""
        self.sender.close()
        self.hearer.close()


def open_pair(*, family: int, kind: str, dscp: int, nonce: bytes, identifier: int) -> Pair:
    """Return sockets ready to probe; raise OSError where the system allows none."""
    made = [_socket(family, kind, dscp)]
    sender = made[0]
    try:
        if kind == "dgram":
            level, option = (
                (socket.IPPROTO_IP, _IP_RECVERR) if family == 4 else (socket.IPPROTO_IPV6, _IPV6_RECVERR)
            )
            sender.setsockopt(level, option, 1)
            sender.bind(("0.0.0.0" if family == 4 else "::", 0))  # noqa: S104 - an identifier, not a port
            identifier = sender.getsockname()[1]
            hearer = sender
        else:
            filters.hear_types(sender, family=family, types=())
            filters.attach(sender, filters.nothing())
            hearer = _socket(family, kind, dscp)
            made.append(hearer)
            filters.hear_types(hearer, family=family)
            _stamp(hearer, _RX | _SOFTWARE)
        known = identifier if kind == "raw" else None
        program = filters.answers(family=family, raw=kind == "raw", nonce=nonce, identifier=known)
        filters.attach(hearer, program)
        pair = Pair(sender=sender, hearer=hearer, identifier=identifier, kind=kind)
        pair.restart_keys()
        _empty(hearer)
    except OSError:
        for each in made:
            each.close()
        raise
    return pair


def wake_stamps() -> bool:
    """Wait until the kernel stamps what arrives; return whether it does.

    It begins to a moment after the first socket asks for it, and a stamp that is missing would be
    made up when the packet is read. A packet to ourselves shows it.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
            ear.bind(("127.0.0.1", 0))
            ear.settimeout(_WAKE_TRY_S)
            _stamp(ear, _RX | _SOFTWARE)
            until = time.monotonic() + _WAKE_S
            while time.monotonic() < until:
                ear.sendto(b"", ear.getsockname())
                _data, control, _flags, _source = ear.recvmsg(1, 256)
                if any(kind == _SCM_TIMESTAMPING for _level, kind, _value in control):
                    return True
    except OSError:
        # No loopback: the time that a switch of the kernel's code takes has to do.
        time.sleep(_WAKE_TRY_S)
    return False


def _socket(family: int, kind: str, dscp: int) -> socket.socket:
    domain, protocol = (
        (socket.AF_INET, socket.IPPROTO_ICMP) if family == 4 else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
    )
    made = socket.socket(domain, socket.SOCK_RAW if kind == "raw" else socket.SOCK_DGRAM, protocol)
    for force, ask in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            made.setsockopt(socket.SOL_SOCKET, force, WANTED_BUFFER_BYTES)
        except OSError:
            made.setsockopt(socket.SOL_SOCKET, ask, WANTED_BUFFER_BYTES)
    wait = struct.pack("@ll", 0, round(SEND_WAIT_S * 1e6))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, wait)
    if dscp and family == 4:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
    elif dscp:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
    return made


def _stamp(sock: socket.socket, flags: int) -> None:
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, flags)


def _empty(sock: socket.socket) -> None:
    """Throw away what came in before the filter stood."""
    for _ in range(10_000):
        try:
            sock.recv(1, socket.MSG_DONTWAIT)
        except OSError:
            return
