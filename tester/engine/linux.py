"""The probing engine of Linux: the kernel stamps what leaves and what arrives."""

import ctypes
import gc
import os
import select
import time
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Self

from tester import VERSION
from tester.engine import tokens
from tester.engine.destinations import destination_of, packed
from tester.engine.engine import Address, Interrupt, Probed, listen_on_s
from tester.engine.kernel_sockets import open_pair, wake_stamps
from tester.engine.lanes import BATCH, Lane
from tester.engine.outcome import Part, gather
from tester.engine.pace import Pace, round_s
from tester.engine.refusals import words_of
from tester.engine.wall import Wall
from wire.job import ProbePlan

NAME = "linux"
NONCE_BYTES = 8
TICK_NS = 1_000_000
"""Probes that are due within a tick go out together: their stamps are the kernel's anyway."""
DRAIN_NS = 10_000_000
LINGER_NS = 250_000_000
"""How long duplicates are awaited at most, once every probe is answered."""
STOP_GRACE_NS = 3_000_000_000
"""After a stop, how long answers to what was sent are awaited at most."""
_SET_SLACK, _GET_SLACK = 29, 30


class LinuxEngine:
    """A lane a family for all addresses; `kind` is "raw" or "dgram".

    Payloads that have no room for a
    token are left to the portable engine, which tells probes apart by address and sequence number.
    """

    def __init__(self, *, kind: str) -> None:
        self.kind = kind
        self._described: dict[str, Any] = {"name": NAME, "version": VERSION, "socket": kind}
        self._buffer_bytes: int | None = None
        self._under_way: _Pass | None = None

    def sums(self) -> tuple[int, int]:
        """Return how many probes of the pass under way have left, and how many were answered."""
        lanes = [] if self._under_way is None else self._under_way.lanes
        return sum(lane.sent_count for lane in lanes), sum(lane.answered_count for lane in lanes)

    def so_far(self, row: int) -> list[int]:
        """Return the positions of an address in the pass under way; what is on its way is not sent yet."""
        return [] if self._under_way is None else self._under_way.so_far(row)

    def describe(self) -> dict[str, Any]:
        """Return its name, its version and what it stands on, for the report."""
        return {"receive_buffer_bytes": self._buffer_bytes} | self._described

    def probe(self, addresses: Sequence[Address], plan: ProbePlan, *, stop: Interrupt) -> Probed:
        """Send `plan.count` probes to each address and return what became of them."""
        if plan.size_bytes < tokens.LEAST_BYTES:
            return self._probe_tersely(addresses, plan, stop=stop)
        self._described = {"name": NAME, "version": VERSION, "socket": self.kind}
        # A collection in the middle would delay the sending; little garbage arises here.
        collecting = gc.isenabled()
        gc.disable()
        slack = _timer_slack(1)
        try:
            with _Pass(addresses, plan, kind=self.kind, stop=stop) as made:
                sizes = [lane.pair.receive_buffer_bytes() for lane in made.lanes]
                self._buffer_bytes = min(sizes, default=self._buffer_bytes)
                self._under_way = made
                return made.made()
        finally:
            self._under_way = None
            _timer_slack(slack)
            if collecting:
                gc.enable()

    def _probe_tersely(self, addresses: Sequence[Address], plan: ProbePlan, *, stop: Interrupt) -> Probed:
        from tester.engine.portable import PortableEngine

        engine = PortableEngine(kind=self.kind)
        try:
            return engine.probe(addresses, plan, stop=stop)
        finally:
            self._described = engine.describe()


class _Pass:
    """One pass over all addresses, with sockets of its own, so that it hears no earlier one."""

    def __init__(
        self,
        addresses: Sequence[Address],
        plan: ProbePlan,
        *,
        kind: str,
        stop: Interrupt,
    ) -> None:
        self.plan, self.kind, self.stop = plan, kind, stop
        self.size = len(addresses)
        self.wall = Wall()
        self.lanes: list[Lane] = []
        # By lane: the numbers of the addresses that it probes.
        self.rows: list[array[int]] = []
        self.paces: list[Pace] = []
        self.errors: dict[int, str] = {}
        self.drained_ns = self.base_wall_ns = 0
        self.since_drain = 0
        for family in sorted({address.family for address in addresses}):
            self._open(addresses, family)
        if self.lanes:
            wake_stamps()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for lane in self.lanes:
            lane.pair.close()

    def made(self) -> Probed:
        """Send, listen, and return what was found."""
        cut_ns: int | None = None
        dropped = 0
        if self.lanes:
            self._send_all()
            self._listen_out()
            cut_ns = self.wall.now_ns() if self.stop.requested else None
            dropped = sum(lane.pair.dropped() for lane in self.lanes)
        return self._found(cut_ns, dropped)

    def so_far(self, row: int) -> list[int]:
        """Return the positions of an address as they are now."""
        for lane, rows in zip(self.lanes, self.rows, strict=True):
            target = bisect_left(rows, row)
            if target < len(rows) and rows[target] == row:
                return lane.so_far(target, timeout_ns=round(self.plan.timeout_s * 1e9))
        return []

    def _open(self, addresses: Sequence[Address], family: int) -> None:
        rows = array("I")
        names = bytearray()
        for row, address in enumerate(addresses):
            if address.family == family:
                try:
                    names += packed(destination_of(address.text, family=family), family=family)
                    rows.append(row)
                except OSError as error:
                    self.errors[row] = f"no way to {address.text}: {words_of(error)}"
        if not rows:
            return
        nonce = os.urandom(NONCE_BYTES)
        identifier = int.from_bytes(os.urandom(2), "big")
        try:
            pair = open_pair(
                family=family, kind=self.kind, dscp=self.plan.dscp, nonce=nonce, identifier=identifier
            )
        except OSError as error:
            words = f"no ICMP socket for IPv{family}: {words_of(error)}"
            self.errors |= dict.fromkeys(rows, words)
            return
        self.lanes.append(
            Lane(
                names,
                family=family,
                pair=pair,
                nonce=nonce,
                count=self.plan.count,
                size_bytes=self.plan.size_bytes,
                wall=self.wall,
            )
        )
        self.rows.append(rows)

    def _send_all(self) -> None:
        """Hand over every probe at its time."""
        base_ns, round_ns = time.monotonic_ns(), round(round_s(self.plan, targets=self.size) * 1e9)
        self.base_wall_ns = self.wall.now_ns()
        self.paces = [Pace(base_ns=base_ns, round_ns=round_ns, width=lane.width) for lane in self.lanes]
        open_lanes = list(zip(self.lanes, self.paces, strict=True))
        while open_lanes and not self.stop.requested:
            went = 0
            for lane, pace in open_lanes:
                due = pace.due_count(first=lane.next, now_ns=time.monotonic_ns(), most=BATCH)
                if due:
                    went += lane.send(due)
            self.since_drain += went
            now_ns = time.monotonic_ns()
            if self.since_drain >= min(lane.drain_after for lane in self.lanes) or (
                self.since_drain and now_ns - self.drained_ns > DRAIN_NS
            ):
                self._drain()
            open_lanes = [(lane, pace) for lane, pace in open_lanes if not lane.is_done]
            if open_lanes:
                self._wait_due(min(pace.due_ns(lane.next) for lane, pace in open_lanes))

    def _wait_due(self, due_ns: int) -> None:
        now_ns = time.monotonic_ns()
        if due_ns <= now_ns:
            return
        wait_ns = max(due_ns - now_ns, TICK_NS)
        if wait_ns > DRAIN_NS:
            # A stop has to be heard; the rest is slept, which is more exact.
            select.select([self.stop.fileno()], [], [], (wait_ns - TICK_NS) / 1e9)
            wait_ns = due_ns - time.monotonic_ns()
        if wait_ns > 0 and not self.stop.requested:
            time.sleep(wait_ns / 1e9)

    def _drain(self) -> None:
        stepped = self.wall.look()
        for lane in self.lanes:
            lane.drain(stepped=stepped)
        self.since_drain, self.drained_ns = 0, time.monotonic_ns()

    def _listen_out(self) -> None:
        """Wait for what is on its way, for late answers too, and shortly for duplicates."""
        timeout_ns = round(self.plan.timeout_s * 1e9)
        ended_ns = time.monotonic_ns()
        until_ns = ended_ns + timeout_ns + round(listen_on_s(self.plan) * 1e9)
        complete = stopped = False
        while True:
            self._drain()
            now_ns = time.monotonic_ns()
            if self.stop.requested and not stopped:
                stopped = True
                until_ns = min(until_ns, ended_ns + timeout_ns, now_ns + STOP_GRACE_NS)
            if not complete and all(lane.answered_count >= lane.sent_count for lane in self.lanes):
                complete = True
                until_ns = min(until_ns, now_ns + min(timeout_ns, LINGER_NS))
                if stopped:
                    return
            if now_ns >= until_ns:
                return
            waiting: list[Any] = [lane.pair.hearer for lane in self.lanes]
            if not stopped:
                waiting.append(self.stop.fileno())
            select.select(waiting, [], [], (until_ns - now_ns) / 1e9)
            # Stamps are the kernel's, so answers are better taken together.
            time.sleep(TICK_NS / 1e9)

    def _found(self, cut_ns: int | None, dropped: int) -> Probed:
        parts = [
            Part(lane=lane, pace=pace, rows=rows)
            for lane, pace, rows in zip(self.lanes, self.paces, self.rows, strict=True)
        ]
        ahead_ns = self.base_wall_ns - (parts[0].pace.planned_base_ns if parts else 0)
        return gather(
            parts,
            size=self.size,
            plan=self.plan,
            errors=self.errors,
            ahead_ns=ahead_ns,
            cut_ns=cut_ns,
            dropped=dropped,
        )


def _timer_slack(wanted_ns: int) -> int:
    """Set by how much the kernel may prolong our sleeps, for this thread; return what it was."""
    prctl: Any = ctypes.CDLL(None).prctl
    before = int(prctl(_GET_SLACK, 0, 0, 0, 0))
    prctl(_SET_SLACK, ctypes.c_ulong(max(wanted_ns, 1)), 0, 0, 0)
    return before
