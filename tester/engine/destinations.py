"""Where probes go and where answers come from, as sockets name it."""

import socket
import struct
from array import array
from collections.abc import Sequence
from typing import Any

V4_NAME, V6_NAME = 16, 28
"""Bytes of a socket address of either family."""


def source_text(source: tuple[Any, ...]) -> str:
    """Return a socket address as text, with its zone number where it has one."""
    if len(source) == 4 and source[3]:
        return f"{source[0].partition('%')[0]}%{source[3]}"
    return str(source[0])


def destination_of(address: str, *, family: int) -> tuple[Any, ...]:
    """Return where to send for an address as text; raise OSError for an unknown zone."""
    if family == 4:
        return (socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, address)), 0)
    plain, _, zone = address.partition("%")
    plain = socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, plain))
    number = 0 if not zone else int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
    return (plain, 0, 0, number)


def packed(to: tuple[Any, ...], *, family: int) -> bytes:
    """Return a socket address in the system's own form."""
    if family == 4:
        return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_pton(socket.AF_INET, to[0]))
    address = socket.inet_pton(socket.AF_INET6, to[0])
    return struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, address, to[3])


def unpacked(name: bytes, *, family: int) -> tuple[Any, ...]:
    """Return what `packed` was given."""
    if family == 4:
        return (socket.inet_ntop(socket.AF_INET, name[4:8]), 0)
    return (socket.inet_ntop(socket.AF_INET6, name[8:24]), 0, 0, struct.unpack_from("=I", name, 24)[0])


def sources_of(names: bytearray, *, family: int) -> Sequence[Any]:
    """Return the address of each of some packed socket addresses, as it stands in a received one.

    IPv4's are numbers in the machine's own byte order, IPv6's 16 bytes.
    """
    if family == 4:
        return array("I", memoryview(names).cast("I")[1 :: V4_NAME // 4])
    return [bytes(names[at : at + 16]) for at in range(8, len(names), V6_NAME)]


def place_of(address: str, names: bytearray, *, family: int) -> int | None:
    """Return which of some packed socket addresses is an address's first, None where none is."""
    name_bytes = V4_NAME if family == 4 else V6_NAME
    try:
        name = packed(destination_of(address, family=family), family=family)
    except OSError:
        return None
    at = names.find(name)
    while at > 0 and at % name_bytes:
        at = names.find(name, at + 1)
    return None if at < 0 else at // name_bytes
