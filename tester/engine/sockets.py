"""One ICMP socket for all addresses of a family, on icmplib."""

import importlib
import socket
import struct
import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from tester.engine.destinations import source_text
from tester.engine.error_queue import IP_RECVERR, IPV6_RECVERR, kind_at
from tester.engine.packets import (
    V4_HEARD,
    V6_HEARD,
    Heard,
    heard_datagram,
    heard_raw_v4,
    heard_raw_v6,
)


class _Later(ModuleType):
    """A module that is imported when something of it is first used."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


# icmplib imports asyncio for coroutines that we do not call, and that takes more CPU than all the
# rest of our start; it is given a stand-in, which is gone again before anybody else can see it.
_stand_in = sys.modules.setdefault("asyncio", _Later("asyncio"))

import icmplib  # noqa: E402 -- after the stand-in

if isinstance(_stand_in, _Later):
    del sys.modules["asyncio"]

ICMPLIB_VERSION: str = icmplib.__version__
WANTED_BUFFER_BYTES = 8 * 2**20
MOST_HEARD = 64
"""Packets taken at a time, so that a flood of foreign ones cannot keep us from sending."""

# Linux's numbers, which Python's socket module does not name.
_SOL_RAW, _ICMP_FILTER, _ICMP6_FILTER, _SO_RCVBUFFORCE = 255, 1, 1, 33


class _V4(icmplib.ICMPv4Socket):  # type: ignore[misc]  # icmplib has no types
    """icmplib's socket, with the building of a packet apart from its sending.

    `send` of icmplib resolves, computes a checksum and makes two system calls after the moment
    that we would have to stamp; apart from each other, only the sending lies inside the RTT.
    """

    def build(self, *, identifier: int, sequence: int, payload: bytes) -> bytes:
        """Return an echo request."""
        return bytes(self._create_packet(identifier, sequence, payload))

    def mark(self, dscp: int) -> None:
        """Set the DiffServ code point of every packet to come."""
        self._set_traffic_class(dscp << 2)


class _V6(icmplib.ICMPv6Socket):  # type: ignore[misc]  # icmplib has no types
    """The same for IPv6."""

    def build(self, *, identifier: int, sequence: int, payload: bytes) -> bytes:
        """Return an echo request; the kernel computes its checksum."""
        return bytes(self._create_packet(identifier, sequence, payload))

    def mark(self, dscp: int) -> None:
        """Set the DiffServ code point of every packet to come."""
        self._set_traffic_class(dscp << 2)


class EchoSocket:
    """Sends echo requests to any address of one family, and hears what comes back.

    `kind` is "raw" or "dgram". Raises OSError where the system allows no such socket.
    """

    def __init__(self, *, family: int, kind: str, dscp: int = 0) -> None:
        self.family = family
        self.kind = kind
        try:
            self._icmp: Any = (_V4 if family == 4 else _V6)(privileged=kind == "raw")
        except icmplib.ICMPSocketError as error:
            # icmplib turns the system's error into its own; the cause has the number.
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise OSError(str(error)) from None
        self.sock: socket.socket = self._icmp.sock
        self.sock.setblocking(False)
        if dscp:
            self._icmp.mark(dscp)
        self.receive_buffer_bytes = self._widen()
        if sys.platform == "linux":
            self._filter()
        self._buffer = bytearray(65_536 + 128)
        self._view = memoryview(self._buffer)

    def build(self, *, identifier: int, sequence: int, payload: bytes) -> bytes:
        """Return an echo request."""
        packet: bytes = self._icmp.build(identifier=identifier, sequence=sequence, payload=payload)
        return packet

    def send(self, packet: bytes, to: tuple[Any, ...]) -> int:
        """Send, and return the moment just before on the monotonic clock in ns; raise OSError."""
        stamp = time.monotonic_ns()
        self.sock.sendto(packet, to)
        return stamp

    def heard(self) -> Iterator[tuple[int, Heard]]:
        """Yield what has arrived, with the moment when we read it, at most `MOST_HEARD` packets."""
        for _ in range(MOST_HEARD):
            try:
                size, source = self.sock.recvfrom_into(self._buffer)
            except BlockingIOError:
                return
            except OSError:
                # A datagram socket reports an ICMP error here once; its facts are in the queue.
                yield from self.errors()
                continue
            stamp = time.monotonic_ns()
            heard = self._parse(self._view[:size], source_text(source))
            if heard is not None:
                yield stamp, heard

    def errors(self) -> Iterator[tuple[int, Heard]]:
        """Yield the ICMP errors that the kernel kept for a datagram socket."""
        if self.kind == "raw" or sys.platform != "linux":
            return
        for _ in range(MOST_HEARD):
            try:
                data, ancillary, _flags, to = self.sock.recvmsg(2_048, 512, socket.MSG_ERRQUEUE)
            except OSError:
                return
            for _level, _type, value in ancillary:
                kind = kind_at(value, family=self.family)
                if kind is not None:
                    heard = heard_datagram(memoryview(data), source_text(to), kind=kind)
                    if heard is not None:
                        yield time.monotonic_ns(), heard

    def close(self) -> None:
        """Give the socket back."""
        self._icmp.close()

    def _parse(self, packet: memoryview, source: str) -> Heard | None:
        if self.kind == "dgram":
            return heard_datagram(packet, source)
        return heard_raw_v4(packet, source) if self.family == 4 else heard_raw_v6(packet, source)

    def _widen(self) -> int:
        """Make the receive buffer as large as the system grants; return its size in bytes."""
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, WANTED_BUFFER_BYTES)
        except OSError:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WANTED_BUFFER_BYTES)
        return self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def _filter(self) -> None:
        """Have the kernel drop what is no answer: a raw socket is given every ICMP packet."""
        if self.kind == "dgram":
            if self.family == 4:
                self.sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            else:
                self.sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        elif self.family == 4:
            blocked = 0xFFFFFFFF
            for icmp_type in V4_HEARD:
                blocked &= ~(1 << icmp_type)
            self.sock.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", blocked))
        else:
            words = [0xFFFFFFFF] * 8
            for icmp_type in V6_HEARD:
                words[icmp_type >> 5] &= ~(1 << (icmp_type & 31))
            self.sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *words))
