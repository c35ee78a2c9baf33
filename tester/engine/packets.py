"""The bytes of echo requests, of their answers and of ICMP errors about them (pure)."""

import socket
from typing import NamedTuple

NONCE_BYTES = 8
TOKEN_BYTES = 12
"""A payload of at least this size holds the run's nonce and the probe's number."""

QUOTED_BYTES = 28
"""How much of a payload is kept of what was heard: enough for any engine's token."""

REPLY = "reply"

_V4_ECHO_REQUEST, _V4_ECHO_REPLY = 8, 0
_V6_ECHO_REQUEST, _V6_ECHO_REPLY = 128, 129
_V4_HEADER, _V6_HEADER, _ICMP_HEADER = 20, 40, 8
_IPPROTO_ICMP, _IPPROTO_ICMPV6 = 1, 58
_V4_PROHIBITED = (9, 10, 13)
_V6_PROHIBITED = (1, 5, 6)

V4_HEARD = (_V4_ECHO_REPLY, 3, 11, 12)
V6_HEARD = (1, 2, 3, 4, _V6_ECHO_REPLY)
"""The ICMP types that a raw socket should let through."""


class Heard(NamedTuple):
    """An answer, or an ICMP error about a request of ours.

    `kind` is `REPLY` or the error's kind; `address` where the request went (for an error, as the
    quoted packet says); `identifier` None where the kernel has checked it.
    """

    kind: str
    address: str
    identifier: int | None
    sequence: int
    payload: bytes


def payload_of(*, nonce: bytes, number: int, size: int) -> bytes:
    """Return a payload of `size` bytes that says whose probe it is, as far as it has room."""
    if size < TOKEN_BYTES:
        return nonce[:size]
    return nonce + number.to_bytes(4, "big") + bytes(size - TOKEN_BYTES)


def number_in(payload: bytes, *, nonce: bytes) -> int | None:
    """Return the probe's number in a payload, None where it is not one of this run."""
    if len(payload) < TOKEN_BYTES or payload[:NONCE_BYTES] != nonce:
        return None
    return int.from_bytes(payload[NONCE_BYTES:TOKEN_BYTES], "big")


def heard_raw_v4(packet: memoryview, source: str) -> Heard | None:
    """Return what a raw IPv4 socket received, None for anything that is not about a request."""
    if len(packet) < _V4_HEADER:
        return None
    start = (packet[0] & 0x0F) * 4
    if len(packet) < start + _ICMP_HEADER:
        return None
    icmp_type, code = packet[start], packet[start + 1]
    if icmp_type == _V4_ECHO_REPLY:
        return _echo(REPLY, source, packet[start:])
    kind = error_kind(family=4, icmp_type=icmp_type, code=code)
    quoted = packet[start + _ICMP_HEADER :]
    if kind is None or len(quoted) < _V4_HEADER or quoted[9] != _IPPROTO_ICMP:
        return None
    inner = quoted[(quoted[0] & 0x0F) * 4 :]
    if len(inner) < _ICMP_HEADER or inner[0] != _V4_ECHO_REQUEST:
        return None
    return _echo(kind, socket.inet_ntop(socket.AF_INET, quoted[16:20]), inner)


def heard_raw_v6(packet: memoryview, source: str) -> Heard | None:
    """Return what a raw IPv6 socket received, None for anything that is not about a request."""
    if len(packet) < _ICMP_HEADER:
        return None
    if packet[0] == _V6_ECHO_REPLY:
        return _echo(REPLY, source, packet)
    kind = error_kind(family=6, icmp_type=packet[0], code=packet[1])
    quoted = packet[_ICMP_HEADER:]
    if kind is None or len(quoted) < _V6_HEADER + _ICMP_HEADER or quoted[6] != _IPPROTO_ICMPV6:
        return None
    inner = quoted[_V6_HEADER:]
    if inner[0] != _V6_ECHO_REQUEST:
        return None
    return _echo(kind, socket.inet_ntop(socket.AF_INET6, quoted[24:40]), inner)


def heard_datagram(packet: memoryview, source: str, *, kind: str = REPLY) -> Heard | None:
    """Return what a datagram socket received; the kernel has checked its type and identifier.

    An error queue gives the request that the error is about in the same form.
    """
    if len(packet) < _ICMP_HEADER:
        return None
    return _echo(kind, source, packet)._replace(identifier=None)


def error_kind(*, family: int, icmp_type: int, code: int) -> str | None:
    """Return the kind of an ICMP error (RFC 792, RFC 1812 5.2.7, RFC 4443), None for what is none."""
    if family == 4:
        kinds = {
            3: "prohibited" if code in _V4_PROHIBITED else "too_big" if code == 4 else "unreachable",
            11: "time_exceeded",
            12: "parameter_problem",
        }
    else:
        kinds = {
            1: "prohibited" if code in _V6_PROHIBITED else "unreachable",
            2: "too_big",
            3: "time_exceeded",
            4: "parameter_problem",
        }
    return kinds.get(icmp_type)


def _echo(kind: str, address: str, icmp: memoryview) -> Heard:
    return Heard(
        kind,
        address,
        icmp[4] << 8 | icmp[5],
        icmp[6] << 8 | icmp[7],
        bytes(icmp[_ICMP_HEADER : _ICMP_HEADER + QUOTED_BYTES]),
    )
