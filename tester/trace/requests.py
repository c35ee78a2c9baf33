"""The echo requests of a traceroute, all of one flow (pure).

ICMP header 8 · nonce 8 · ~sequence 2 · zero 2. The sequence number says which probe it is and stands
beside its complement, so that the checksum is the same for all: routers that share a load by it send
all of them one way (Augustin et al., "Avoiding traceroute anomalies with Paris traceroute", 2006).
"""

import struct
from typing import NamedTuple

from tester.engine.packets import NONCE_BYTES, Heard
from tester.engine.tokens import echo_type
from tester.trace.hops import MOST_HOPS, PROBES_PER_HOP

PER_TARGET = MOST_HOPS * PROBES_PER_HOP


class Probe(NamedTuple):
    """The `nth` probe, from 0, that may go `ttl` hops toward a target."""

    target: int
    ttl: int
    nth: int

    @property
    def sequence(self) -> int:
        """The sequence number that stands for it."""
        return self.target * PER_TARGET + (self.ttl - 1) * PROBES_PER_HOP + self.nth


def probe_of(sequence: int) -> Probe:
    """Return the probe that a sequence number stands for."""
    target, rest = divmod(sequence, PER_TARGET)
    ttl, nth = divmod(rest, PROBES_PER_HOP)
    return Probe(target=target, ttl=ttl + 1, nth=nth)


def request_of(probe: Probe, *, family: int, identifier: int, nonce: bytes) -> bytes:
    """Return an echo request; the kernel computes the checksum of IPv6, and of datagram sockets."""
    sequence = probe.sequence
    body = nonce + struct.pack("!HH", sequence ^ 0xFFFF, 0)
    head = struct.pack("!BBHHH", echo_type(family), 0, 0, identifier, sequence)
    total = sum(struct.unpack(f"!{len(head + body) // 2}H", head + body))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    checksum = total ^ 0xFFFF if family == 4 else 0
    return struct.pack("!BBHHH", echo_type(family), 0, checksum, identifier, sequence) + body


def is_about(heard: Heard, *, identifier: int, nonce: bytes, targets: int) -> Probe | None:
    """Return the probe that something is about, None where it is none of ours.

    Routers need to quote no more than the ICMP header (RFC 792): then the identifier has to do.
    """
    if heard.identifier not in (None, identifier):
        return None
    quoted = heard.payload[:NONCE_BYTES]
    if not nonce.startswith(quoted) or (heard.kind == "reply" and quoted != nonce):
        return None
    probe = probe_of(heard.sequence)
    return probe if probe.target < targets else None
