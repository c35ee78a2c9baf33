"""What every probing engine does."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wire.job import ProbePlan

LONGEST_LISTENING_S = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where probes go: an IPv4 or IPv6 address as text (with `%zone` where it is link-local)."""

    text: str
    family: int


class Interrupt(Protocol):
    """Tells an engine to send no more."""

    requested: bool

    def fileno(self) -> int:
        """Return a descriptor that is readable once `requested` is true."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Probed:
    """What became of each probe.

    `positions` holds `count` values for each address, address after address, in µs or as a code of
    `wire.report`. `late`, `duplicate` and `reordered` have one count for each address, or are None
    where the engine cannot know. `icmp_errors` counts by kind, and `errors` explains, by the
    address's number; only addresses that had some are in them. `behind_us` is how far the sending
    fell behind its plan at worst, `unsettled` the number of probes that a
    stop, or a sleep of ours, left without a verdict.

    By the address's number and only where there is something to say: `late_rtt_us` in the order of
    sending, and by position `send_offset_us`, how much later than planned each probe went out, and
    `kernel_rtt_us`, what the kernel took for the round trip of a connect. `dropped` counts packets that
    found no room in our own buffer, `unstamped` probes whose moment of sending is our own clock's; None
    where the engine cannot know.
    """

    positions: "array[int]"
    late: list[int] | None = None
    duplicate: list[int] | None = None
    reordered: list[int] | None = None
    icmp_errors: dict[int, dict[str, int]] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    behind_us: int = 0
    unsettled: int = 0
    late_rtt_us: dict[int, list[int]] = field(default_factory=dict)
    send_offset_us: dict[int, list[int]] = field(default_factory=dict)
    kernel_rtt_us: dict[int, list[int]] = field(default_factory=dict)
    dropped: int | None = None
    unstamped: int | None = None


def listen_on_s(plan: ProbePlan) -> float:
    """Return for how many seconds after the last timeout an engine listens for late answers at most."""
    return min(plan.timeout_s, LONGEST_LISTENING_S)


class Engine(Protocol):
    """Sends probes to many addresses and takes their answers."""

    def describe(self) -> dict[str, Any]:
        """Return its name, its version and what it stands on, for the report."""

    def probe(self, addresses: Sequence[Address], plan: ProbePlan, *, stop: Interrupt) -> Probed:
        """Send `plan.count` probes to each address and return what became of them.

        Round r begins r × `interval_s` after the first, and its addresses are spread over the
        interval, whatever comes back. A probe that the system refuses to send is lost, and its
        error is counted; it is no exception. A stop leaves the rest as `wire.report.NOT_SENT`.
        """
