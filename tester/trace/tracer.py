"""Traceroute by echo requests: all hops of all targets at the same time."""

import os
import select
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from typing import Any, Self

from tester.engine import filters
from tester.engine.destinations import destination_of, source_text
from tester.engine.engine import Address, Interrupt
from tester.engine.error_queue import EXTENDED_ERROR, IP_RECVERR, IPV6_RECVERR, kind_at
from tester.engine.packets import (
    NONCE_BYTES,
    Heard,
    heard_datagram,
    heard_raw_v4,
    heard_raw_v6,
)
from tester.engine.refusals import words_of
from tester.trace.hops import MOST_HOPS, PROBES_PER_HOP, Answer, Trace, trace_of
from tester.trace.requests import Probe, is_about, request_of

RATE_PER_S = 2_000
"""Packets a second over all targets: routers answer few, and are not there to be flooded."""
AT_ONCE = 100
"""Targets that have sequence numbers at the same time."""
LAST_WAIT_S = 1.0
"""How long answers to the last probes are awaited."""
BETWEEN_ROUNDS_S = 0.1
"""Time for the answers that say where a path ends, so that nothing is sent beyond."""

_SO_TIMESTAMPNS = 35
_STAMP = struct.Struct("=qq")
_ROOM = 2_048


class Tracer:
    """Traces paths by sockets of one kind, "raw" or "dgram"."""

    def __init__(self, *, kind: str) -> None:
        self.kind = kind

    def trace(self, addresses: Sequence[Address], *, stop: Interrupt) -> list[Trace]:
        """Return a trace of each address; a stop ends it with what there is."""
        found: dict[int, Trace] = {}
        for family in sorted({address.family for address in addresses}):
            numbers = [number for number, address in enumerate(addresses) if address.family == family]
            for start in range(0, len(numbers), AT_ONCE):
                some = numbers[start : start + AT_ONCE]
                texts = [addresses[number].text for number in some]
                found.update(zip(some, self._together(texts, family=family, stop=stop), strict=True))
        return [found[number] for number in range(len(addresses))]

    def _together(self, texts: list[str], *, family: int, stop: Interrupt) -> list[Trace]:
        try:
            with _Lane(texts, family=family, kind=self.kind, stop=stop) as lane:
                return lane.traced()
        except OSError as error:
            words = f"no ICMP socket for IPv{family}: {words_of(error)}"
            return [Trace(address=text, error=words) for text in texts]


class _Lane:
    """One family's paths."""

    def __init__(self, texts: list[str], *, family: int, kind: str, stop: Interrupt) -> None:
        self.texts, self.family, self.kind, self.stop = texts, family, kind, stop
        self.nonce = os.urandom(NONCE_BYTES)
        self.identifier = int.from_bytes(os.urandom(2), "big")
        self.sock = _socket(family, kind)
        self.sent: dict[Probe, int] = {}
        self.answers: list[list[Answer]] = [[] for _ in texts]
        self.errors: dict[int, str] = {}
        self.destinations: list[tuple[Any, ...] | None] = []
        for target, text in enumerate(texts):
            try:
                self.destinations.append(destination_of(text, family=family))
            except OSError as error:
                self.errors[target] = f"no way to {text}: {words_of(error)}"
                self.destinations.append(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.sock.close()

    def traced(self) -> list[Trace]:
        """Send, listen, and return what was found."""
        for nth in range(PROBES_PER_HOP):
            for ttl in range(1, MOST_HOPS + 1):
                for target in range(len(self.texts)):
                    if self.stop.requested:
                        return self._found()
                    if ttl <= self._end_of(target):
                        self._send(Probe(target=target, ttl=ttl, nth=nth))
                        self._listen(1 / RATE_PER_S)
            self._listen(LAST_WAIT_S if nth == PROBES_PER_HOP - 1 else BETWEEN_ROUNDS_S)
        return self._found()

    def _found(self) -> list[Trace]:
        return [
            Trace(address=text, error=self.errors[target])
            if target in self.errors
            else trace_of(text, self.answers[target])
            for target, text in enumerate(self.texts)
        ]

    def _end_of(self, target: int) -> int:
        """Return the hop beyond which nothing is to be found, as far as is known; 0 for no way at all."""
        if target in self.errors:
            return 0
        ends = [answer.ttl for answer in self.answers[target] if answer.kind != "time_exceeded"]
        return min(ends, default=MOST_HOPS)

    def _send(self, probe: Probe) -> None:
        request = request_of(probe, family=self.family, identifier=self.identifier, nonce=self.nonce)
        to = self.destinations[probe.target]
        assert to is not None
        level, option = (
            (socket.IPPROTO_IP, socket.IP_TTL)
            if self.family == 4
            else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)
        )
        self.sock.setsockopt(level, option, probe.ttl)
        for attempt in (1, 2):
            self.sent[probe] = time.time_ns()
            try:
                self.sock.sendto(request, to)
            except OSError as error:
                # A datagram socket may report an ICMP error about an earlier probe here.
                self._take_errors()
                if attempt == 2:
                    self.errors[probe.target] = f"could not send: {words_of(error)}"
            else:
                return

    def _listen(self, wait_s: float) -> None:
        """Take what arrives within some time, or until a stop."""
        until = time.monotonic() + wait_s
        while not self.stop.requested:
            left_s = until - time.monotonic()
            if left_s <= 0:
                return
            both = [self.sock.fileno(), self.stop.fileno()]
            ready, _, _ = select.select(both, [], [], left_s)
            if self.sock.fileno() in ready:
                self._take()

    def _take(self) -> None:
        while True:
            try:
                data, ancillary, _flags, source = self.sock.recvmsg(_ROOM, 256)
            except BlockingIOError:
                self._take_errors()
                return
            except OSError:
                self._take_errors()
                continue
            heard = self._parse(memoryview(data), source_text(source))
            if heard is not None:
                self._note(heard, source_text(source), _stamp_in(ancillary))

    def _parse(self, packet: memoryview, source: str) -> Heard | None:
        if self.kind == "dgram":
            return heard_datagram(packet, source)
        return heard_raw_v4(packet, source) if self.family == 4 else heard_raw_v6(packet, source)

    def _take_errors(self) -> None:
        """Take the ICMP errors that the kernel keeps for a datagram socket."""
        if self.kind == "raw":
            return
        while True:
            try:
                data, ancillary, _flags, to = self.sock.recvmsg(_ROOM, 512, socket.MSG_ERRQUEUE)
            except OSError:
                return
            for kind, offender in _errors_in(ancillary, family=self.family):
                heard = heard_datagram(memoryview(data), source_text(to), kind=kind)
                if heard is not None:
                    self._note(heard, offender, _stamp_in(ancillary))

    def _note(self, heard: Heard, source: str, stamp_ns: int) -> None:
        probe = is_about(heard, identifier=self.identifier, nonce=self.nonce, targets=len(self.texts))
        if probe is None or probe not in self.sent:
            return
        to = self.destinations[probe.target]
        # Quotations do not know zones.
        if to is None or heard.address.partition("%")[0] != str(to[0]):
            return
        rtt_us = max(0, stamp_ns - self.sent[probe] + 500) // 1_000
        self.answers[probe.target].append(
            Answer(ttl=probe.ttl, nth=probe.nth, address=source, kind=heard.kind, rtt_us=rtt_us)
        )


def _socket(family: int, kind: str) -> socket.socket:
    domain, protocol = (
        (socket.AF_INET, socket.IPPROTO_ICMP) if family == 4 else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
    )
    made = socket.socket(domain, socket.SOCK_RAW if kind == "raw" else socket.SOCK_DGRAM, protocol)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        if kind == "raw":
            filters.hear_types(made, family=family)
        elif family == 4:
            made.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        else:
            made.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    except OSError:
        made.close()
        raise
    return made


def _stamp_in(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Return the kernel's moment of arrival, or now, in ns of the wall clock."""
    for level, kind, value in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(value) >= _STAMP.size:
            seconds, nanoseconds = _STAMP.unpack_from(value)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return time.time_ns()


def _errors_in(ancillary: list[tuple[int, int, bytes]], *, family: int) -> Iterator[tuple[str, str]]:
    """Yield the kind of each ICMP error, and who sent it."""
    for level, _kind, value in ancillary:
        if level not in (socket.IPPROTO_IP, socket.IPPROTO_IPV6):
            continue
        what = kind_at(value, family=family)
        # After the error stands the socket address of its sender.
        sender = value[EXTENDED_ERROR.size :]
        start, end = (4, 8) if family == 4 else (8, 24)
        if what is not None and len(sender) >= end:
            domain = socket.AF_INET if family == 4 else socket.AF_INET6
            yield what, socket.inet_ntop(domain, sender[start:end])
