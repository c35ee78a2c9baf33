"""TCP connect times: the round trip of a SYN and its answer, for servers that drop ICMP."""

import resource
import select
import time
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self

from tester import VERSION
from tester.engine.connections import Connection, Refused, begin
from tester.engine.destinations import destination_of
from tester.engine.engine import Address, Interrupt, Probed, listen_on_s
from tester.engine.pace import Pace, round_s
from tester.engine.refusals import words_of
from wire.job import ProbePlan
from wire.report import LATE, LOST, MAX_RTT_US, NOT_SENT

NAME = "tcp"
MOST_AT_ONCE = 64
"""Connections begun without a look at the answers."""
SPARE_FILES = 64
"""Descriptors that are left to the rest of the program."""
STOP_GRACE_NS = 3_000_000_000
SHIFTED_NS = 5_000_000
"""Send times are told where one differs from the plan by more."""


class TcpEngine:
    """Connects to `plan.port` of every address; each connection is reset as soon as it stands.

    It needs no permission. Who refuses has answered: the RST came the whole way back.
    """

    def describe(self) -> dict[str, Any]:
        """Return its name, its version and what it stands on, for the report."""
        return {"name": NAME, "version": VERSION, "socket": "stream"}

    def probe(self, addresses: Sequence[Address], plan: ProbePlan, *, stop: Interrupt) -> Probed:
        """Connect `plan.count` times to each address and return what became of it."""
        if plan.port is None:
            raise ValueError("a TCP probe needs a port")
        with _Files() as files:
            return _Pass(addresses, plan, port=plan.port, stop=stop, most_open=files.free).made()


class _Files:
    """As many descriptors as the system grants, for as long as it takes."""

    def __enter__(self) -> Self:
        self._before = resource.getrlimit(resource.RLIMIT_NOFILE)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._before[1], self._before[1]))
        self.free = max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES)
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, self._before)


class _Pass:
    """One pass over all addresses."""

    def __init__(
        self, addresses: Sequence[Address], plan: ProbePlan, *, port: int, stop: Interrupt, most_open: int
    ) -> None:
        self.plan, self.port, self.stop, self.most_open = plan, port, stop, most_open
        self.timeout_ns = round(plan.timeout_s * 1e9)
        # How long an answer is still late, and no longer lost.
        self.patience_ns = self.timeout_ns + round(listen_on_s(plan) * 1e9)
        size = len(addresses)
        self.found = Probed(
            positions=array("q", [NOT_SENT]) * (size * plan.count),
            late=[0] * size,
        )
        self.rows: list[int] = []
        self.destinations: list[tuple[Any, ...]] = []
        self.families: list[int] = []
        for row, address in enumerate(addresses):
            try:
                to = destination_of(address.text, family=address.family)
            except OSError as error:
                self.found.errors[row] = f"no way to {address.text}: {words_of(error)}"
                continue
            self.rows.append(row)
            self.destinations.append((to[0], port, *to[2:]))
            self.families.append(address.family)
        self.open: dict[int, Connection] = {}
        self.poll = select.epoll()
        self.offsets_ns: dict[int, list[int]] = {}
        self.unsettled = 0

    def made(self) -> Probed:
        """Send, listen, and return what was found."""
        try:
            behind_ns = self._send_all() if self.rows else 0
            self._listen_out()
        finally:
            for connection in self.open.values():
                connection.close()
            self.poll.close()
        offsets = {
            row: [offset // 1_000 for offset in offsets]
            for row, offsets in self.offsets_ns.items()
            if max(offsets) > SHIFTED_NS
        }
        self.found.send_offset_us.update(offsets)
        return replace(self.found, behind_us=behind_ns // 1_000, unsettled=self.unsettled)

    def _send_all(self) -> int:
        """Begin every connection at its time; return how far that fell behind the plan."""
        width, last = len(self.rows), len(self.rows) * self.plan.count
        round_ns = round(round_s(self.plan, targets=width) * 1e9)
        pace = Pace(base_ns=time.monotonic_ns(), round_ns=round_ns, width=width)
        following = 0
        while following < last and not self.stop.requested:
            due = pace.due_count(first=following, now_ns=time.monotonic_ns(), most=MOST_AT_ONCE)
            for _ in range(min(due, last - following, self.most_open - len(self.open))):
                self._begin(following, planned_ns=pace.planned_ns(following))
                following += 1
            until_ns = pace.due_ns(following) if following < last else 0
            if len(self.open) >= self.most_open:
                # Whoever waits longest makes room.
                until_ns = max(until_ns, next(iter(self.open.values())).began_ns + self.patience_ns)
            self._take(until_ns=until_ns)
        return pace.behind_ns

    def _begin(self, probe: int, *, planned_ns: int) -> None:
        round_number, target = divmod(probe, len(self.rows))
        row = self.rows[target]
        position = row * self.plan.count + round_number
        self.found.positions[position] = LOST
        try:
            made = begin(
                self.destinations[target],
                family=self.families[target],
                dscp=self.plan.dscp,
                position=position,
            )
        except Refused as refused:
            self._count(row, refused.kind)
            self.found.errors[row] = refused.words
            return
        offsets = self.offsets_ns.setdefault(row, [0] * self.plan.count)
        offsets[round_number] = made.began_ns - planned_ns
        if made.over_ns is not None:
            self._judge(made, made.over_ns)
            made.close()
            return
        self.open[made.fileno()] = made
        self.poll.register(made.fileno(), select.EPOLLOUT)

    def _take(self, *, until_ns: int) -> None:
        """Take what has come, waiting until a moment for the first; let go of whom nobody answers."""
        wait_s = max(0, until_ns - time.monotonic_ns()) / 1e9
        if wait_s > 0:
            # A stop has to be heard, and select is more exact than a poll that counts in ms.
            both = [self.poll.fileno(), self.stop.fileno()]
            ready, _, _ = select.select(both, [], [], wait_s)
            if self.poll.fileno() not in ready:
                self._let_go(time.monotonic_ns())
                return
        events = self.poll.poll(0)
        now_ns = time.monotonic_ns()
        for descriptor, _event in events:
            connection = self.open.pop(descriptor, None)
            if connection is not None:
                self.poll.unregister(descriptor)
                self._judge(connection, now_ns)
                connection.close()
        self._let_go(now_ns)

    def _judge(self, connection: Connection, now_ns: int) -> None:
        """Say what became of a connection that the kernel has something to tell about."""
        row, nth = divmod(connection.position, self.plan.count)
        outcome = connection.outcome()
        if outcome.kind is not None:
            self._count(row, outcome.kind)
        if not outcome.is_answer:
            return
        rtt_us = min((now_ns - connection.began_ns + 500) // 1_000, MAX_RTT_US)
        if outcome.kernel_rtt_us is not None:
            known = self.found.kernel_rtt_us.setdefault(row, [LOST] * self.plan.count)
            known[nth] = outcome.kernel_rtt_us
        if rtt_us * 1_000 <= self.timeout_ns:
            self.found.positions[connection.position] = rtt_us
            return
        assert self.found.late is not None
        self.found.positions[connection.position] = LATE
        self.found.late[row] += 1
        self.found.late_rtt_us.setdefault(row, []).append(rtt_us)

    def _let_go(self, now_ns: int) -> None:
        """Close the connections that nobody has answered for too long: the first began first."""
        while self.open:
            descriptor, connection = next(iter(self.open.items()))
            if now_ns - connection.began_ns < self.patience_ns:
                return
            del self.open[descriptor]
            self.poll.unregister(descriptor)
            connection.close()

    def _listen_out(self) -> None:
        """Wait for what is on its way, for late answers too; a stop leaves who had less than the timeout."""
        end_ns: int | None = None
        while self.open:
            now_ns = time.monotonic_ns()
            if self.stop.requested:
                end_ns = end_ns or now_ns + min(self.timeout_ns, STOP_GRACE_NS)
                if now_ns >= end_ns:
                    self._cut(now_ns)
                    return
            oldest_ns = next(iter(self.open.values())).began_ns + self.patience_ns
            self._take_quietly(until_ns=oldest_ns if end_ns is None else min(oldest_ns, end_ns))

    def _take_quietly(self, *, until_ns: int) -> None:
        """Take what has come; a stop that was heard already does not wake us again."""
        if not self.stop.requested:
            self._take(until_ns=until_ns)
            return
        wait_s = max(0, until_ns - time.monotonic_ns()) / 1e9
        select.select([self.poll], [], [], wait_s)
        self._take(until_ns=0)

    def _cut(self, now_ns: int) -> None:
        for connection in self.open.values():
            if now_ns - connection.began_ns < self.timeout_ns:
                self.found.positions[connection.position] = NOT_SENT
                self.unsettled += 1

    def _count(self, row: int, kind: str) -> None:
        kinds = self.found.icmp_errors.setdefault(row, {})
        kinds[kind] = kinds.get(kind, 0) + 1
