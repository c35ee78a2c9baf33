"""What a traceroute has found, put in order (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tester.engine.packets import REPLY

PROBES_PER_HOP = 3
MOST_HOPS = 30
NO_ANSWER = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One packet that came back: to the `nth` probe with this `ttl`, from whom, of what kind.

    `kind` is "reply", or that of an ICMP error.
    """

    ttl: int
    nth: int
    address: str
    kind: str
    rtt_us: int


@dataclass(kw_only=True, slots=True)
class Hop:
    """Who answered at a distance; `rtt_us` has a figure for each probe, `NO_ANSWER` where none came.

    More than one address says that the packets of one flow took several ways.
    """

    ttl: int
    addresses: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    rtt_us: list[int] = field(default_factory=lambda: [NO_ANSWER] * PROBES_PER_HOP)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"ttl": self.ttl, "addresses": self.addresses, "kinds": self.kinds, "rtt_us": self.rtt_us}


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """The hops to an address, up to the one that is the address itself where it was `reached`.

    `error` says why there is no trace.
    """

    address: str
    reached: bool = False
    hops: tuple[Hop, ...] = ()
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        made: dict[str, Any] = {"reached": self.reached, "hops": [hop.to_dict() for hop in self.hops]}
        return made if self.error is None else made | {"error": self.error}


def trace_of(address: str, answers: Iterable[Answer]) -> Trace:
    """Return the trace that some answers make.

    The path ends at the lowest TTL that the address itself replied to, or that was refused for good; what
    lies beyond is the same again. Silence after the last hop that answered is left out.
    """
    hops: dict[int, Hop] = {}
    for answer in answers:
        hop = hops.setdefault(answer.ttl, Hop(ttl=answer.ttl))
        if hop.rtt_us[answer.nth] != NO_ANSWER:
            continue
        hop.rtt_us[answer.nth] = answer.rtt_us
        for known, value in ((hop.addresses, answer.address), (hop.kinds, answer.kind)):
            if value not in known:
                known.append(value)
    ends = [ttl for ttl, hop in hops.items() if set(hop.kinds) - {"time_exceeded"}]
    last = min(ends, default=max(hops, default=0))
    reached = last in hops and REPLY in hops[last].kinds
    return Trace(
        address=address,
        reached=reached,
        hops=tuple(hops.get(ttl, Hop(ttl=ttl)) for ttl in range(1, last + 1)),
    )
