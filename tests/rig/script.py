"""What the responder is to do with each echo request."""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from tester.engine.engine import Address

FIRST4, FIRST6 = IPv4Address("198.18.0.1"), IPv6Address("2001:2::1")
"""The benchmarking networks of RFC 2544 and RFC 5180: nobody's."""
MOST_ROWS = 131_000
"""As many addresses as 198.18.0.0/15 has, and a few less."""

_HEAD = struct.Struct("=4I12sI")
"""Numbers are in the order of this machine, the rest of an IPv6 address in that of the network."""
_FATE = struct.Struct("=qHHI")


class Kind(IntEnum):
    """What comes back; echo.h has the same numbers."""

    ANSWER = 0
    UNREACHABLE = 1
    PROHIBITED = 2
    FORGED = 3
    """An answer with a payload that was not sent."""
    CUT = 4
    """An answer with four bytes of its payload."""


class Fate(NamedTuple):
    """What becomes of one request: `copies` go back, the first after `delay_ns`; 0 copies: lost."""

    delay_ns: int = 0
    copies: int = 1
    spacing_ns: int = 0
    kind: Kind = Kind.ANSWER


LOST = Fate(copies=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """The fates of `count` requests to each of `rows4` IPv4 and then `rows6` IPv6 addresses.

    The nth request to an address is the nth that arrives there, whatever is written in it.
    """

    rows4: int
    rows6: int
    count: int
    packed: bytes

    @classmethod
    def of(cls, fate: Callable[[int, int], Fate], *, rows4: int, rows6: int = 0, count: int) -> "Script":
        """Return the script in which `fate(row, nth)` becomes of each request, asked row after row."""
        packed = bytearray(_FATE.size * (rows4 + rows6) * count)
        offset = 0
        for row in range(rows4 + rows6):
            for nth in range(count):
                delay_ns, copies, spacing_ns, kind = fate(row, nth)
                _FATE.pack_into(packed, offset, delay_ns, kind, copies, spacing_ns)
                offset += _FATE.size
        return cls(rows4=rows4, rows6=rows6, count=count, packed=bytes(packed))

    @property
    def rows(self) -> int:
        """How many addresses there are."""
        return self.rows4 + self.rows6

    def fate(self, position: int) -> Fate:
        """Return what becomes of the request at `row * count + nth`."""
        delay_ns, kind, copies, spacing_ns = _FATE.unpack_from(self.packed, position * _FATE.size)
        return Fate(delay_ns=delay_ns, copies=copies, spacing_ns=spacing_ns, kind=Kind(kind))

    def addresses(self) -> list[Address]:
        """Return where the probes go, row by row."""
        four = [Address(text=str(FIRST4 + row), family=4) for row in range(self.rows4)]
        return four + [Address(text=str(FIRST6 + row), family=6) for row in range(self.rows6)]

    def to_bytes(self) -> bytes:
        """Return what the responder loads."""
        head = _HEAD.pack(
            int(FIRST4),
            self.rows4,
            self.rows6,
            self.count,
            FIRST6.packed[:12],
            int.from_bytes(FIRST6.packed[12:], "big"),
        )
        return head + self.packed


def spread(seed: int, *, least_us: int, most_us: int) -> Callable[[int, int], Fate]:
    """Return fates that answer all, after a time between the two."""
    dice = random.Random(seed)
    least_ns, span_ns = least_us * 1_000, (most_us - least_us) * 1_000
    return lambda row, nth: Fate(delay_ns=least_ns + int(dice.random() * span_ns))


def mixed(seed: int, *, interval_s: float, timeout_s: float, latest_s: float) -> Callable[[int, int], Fate]:
    """Return fates of every sort: most are answered; some lost, late, doubled, or overtaken.

    What is late comes between the timeout and `latest_s`, well away from both, so that nothing
    hangs on the microsecond at which a clock was read; all that is overtaken is still in time.
    """
    dice = random.Random(seed)
    late_s = (timeout_s + (latest_s - timeout_s) * 0.2, timeout_s + (latest_s - timeout_s) * 0.6)
    overtaken_s = (interval_s * 1.2, min(interval_s * 4, timeout_s * 0.6))

    def fate(row: int, nth: int) -> Fate:
        what = dice.random()
        quick_ns = round(dice.uniform(0, min(interval_s, timeout_s) * 0.5) * 1e9)
        if what < 0.10:
            return LOST
        copies = dice.choice((2, 2, 3, 5)) if dice.random() < 0.12 else 1
        spacing_ns = dice.choice((0, 1_000, 2_000_000))
        if what < 0.20:
            delay_ns = round(dice.uniform(*late_s) * 1e9)
        elif what < 0.32:
            delay_ns = round(dice.uniform(*overtaken_s) * 1e9)
        else:
            delay_ns = quick_ns
        return Fate(delay_ns=delay_ns, copies=copies, spacing_ns=spacing_ns)

    return fate
