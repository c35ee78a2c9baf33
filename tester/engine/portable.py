"""The probing engine on icmplib: slower than the kernel allows, and right."""

import errno
import gc
import select
import time
from array import array
from collections.abc import Sequence
from os import urandom
from typing import Any

from tester.engine.destinations import destination_of, source_text
from tester.engine.engine import Address, Interrupt, Probed
from tester.engine.pace import round_s
from tester.engine.packets import NONCE_BYTES, REPLY, TOKEN_BYTES, Heard, number_in, payload_of
from tester.engine.refusals import words_of
from tester.engine.sockets import ICMPLIB_VERSION, EchoSocket
from wire.job import ProbePlan
from wire.report import LOST, NOT_SENT

NAME = "icmplib"
SEQUENCES = 65_536
MOST_BEHIND_NS = 1_000_000_000
"""Past this the plan is moved: a machine that slept does not fire all that it missed at once."""
MOST_AT_ONCE = 8
"""Probes sent without a look at the answers, while behind the plan."""
STOP_GRACE_NS = 3_000_000_000
"""After a stop, how long answers to what was sent are awaited at most."""
GLANCE_S, SLEPT_NS = 0.02, 50_000_000
"""How long at most passes between two looks at the sockets, and from when on we must have slept."""


class PortableEngine:
    """One socket a family for all addresses; `kind` is "raw" or "dgram".

    Each pass opens sockets of its own, so that it can hear no answer to an earlier one.
    """

    def __init__(self, *, kind: str) -> None:
        self.kind = kind
        self.receive_buffer_bytes: int | None = None

    def describe(self) -> dict[str, Any]:
        """Return its name, its version and what it stands on, for the report."""
        return {
            "name": NAME,
            "version": ICMPLIB_VERSION,
            "socket": self.kind,
            "receive_buffer_bytes": self.receive_buffer_bytes,
        }

    def probe(self, addresses: Sequence[Address], plan: ProbePlan, *, stop: Interrupt) -> Probed:
        """Send `plan.count` probes to each address and return what became of them."""
        sockets: dict[int, EchoSocket] = {}
        closed: dict[int, str] = {}
        try:
            for family in sorted({address.family for address in addresses}):
                try:
                    sockets[family] = EchoSocket(family=family, kind=self.kind, dscp=plan.dscp)
                except OSError as error:
                    closed[family] = f"no ICMP socket for IPv{family}: {words_of(error)}"
            sizes = [socket.receive_buffer_bytes for socket in sockets.values()]
            self.receive_buffer_bytes = min(sizes, default=self.receive_buffer_bytes)
            # A collection in the middle would show up as latency; little garbage arises here.
            collecting = gc.isenabled()
            gc.disable()
            try:
                return _Pass(addresses, plan, sockets=sockets, closed=closed, stop=stop).made()
            finally:
                if collecting:
                    gc.enable()
        finally:
            for socket in sockets.values():
                socket.close()


class _Pass:
    """One pass over all addresses.

    A position is `row * count + round`; it is also the number in the payload. The sequence number
    of a probe is its ordinal among the probes to its address, modulo 65,536, so that two servers
    with one address do not clash.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        plan: ProbePlan,
        *,
        sockets: dict[int, EchoSocket],
        closed: dict[int, str],
        stop: Interrupt,
    ) -> None:
        self.plan = plan
        self.stop = stop
        self.sockets = sockets
        self.nonce = urandom(NONCE_BYTES)
        self.identifier = int.from_bytes(urandom(2), "big")
        self.has_room = plan.size_bytes >= TOKEN_BYTES
        size = len(addresses) * plan.count
        self.positions = array("q", [NOT_SENT]) * size
        # The moment of sending; 0 where nothing is on its way.
        self.sent_ns = array("q", [0]) * size
        self.icmp_errors: dict[int, dict[str, int]] = {}
        self.errors: dict[int, str] = {}
        self.outstanding = 0
        self.behind_ns = 0
        self.unsettled = 0
        # When the sockets were last read, and the time before: what is found now came in between.
        self.looked_ns = self.looked_before_ns = time.monotonic_ns()
        # The rows that can be sent, with their socket, destination and rank at their address.
        self.senders: list[tuple[int, EchoSocket, tuple[Any, ...], int, list[int]]] = []
        self.rows_at: dict[str, list[int]] = {}
        self.keys: dict[int, str] = {}
        for row, address in enumerate(addresses):
            self._prepare(row, address, closed)

    def _prepare(self, row: int, address: Address, closed: dict[int, str]) -> None:
        if address.family in closed:
            self.errors[row] = closed[address.family]
            return
        try:
            to = destination_of(address.text, family=address.family)
        except OSError as error:
            self.errors[row] = f"no way to {address.text}: {words_of(error)}"
            return
        key = source_text(to)
        rows = self.rows_at.setdefault(key, [])
        self.keys[row] = key
        self.senders.append((row, self.sockets[address.family], to, len(rows), rows))
        rows.append(row)

    def made(self) -> Probed:
        """Send, listen, and return what was found."""
        if self.senders:
            last_ns = self._send_all()
            self._listen_out(last_ns)
        return Probed(
            positions=self.positions,
            icmp_errors=self.icmp_errors,
            errors=self.errors,
            behind_us=self.behind_ns // 1_000,
            unsettled=self.unsettled,
        )

    def _send_all(self) -> int:
        """Send every probe at its time; return when the last was sent."""
        interval_ns = round(round_s(self.plan, targets=len(self.senders)) * 1e9)
        width = len(self.senders)
        base_ns = time.monotonic_ns()
        at_once = 0
        for round_number in range(self.plan.count):
            for place, (row, socket, to, rank, rows) in enumerate(self.senders):
                position = row * self.plan.count + round_number
                # The packet is built ahead of its time, so that building delays nothing.
                packet = socket.build(
                    identifier=self.identifier,
                    sequence=(round_number * len(rows) + rank) % SEQUENCES,
                    payload=payload_of(nonce=self.nonce, number=position, size=self.plan.size_bytes),
                )
                due_ns = base_ns + round_number * interval_ns + place * interval_ns // width
                behind_ns = time.monotonic_ns() - due_ns
                if behind_ns < 0:
                    at_once = 0
                    self._listen(until_ns=due_ns)
                elif interval_ns:
                    self.behind_ns = max(self.behind_ns, behind_ns)
                    if behind_ns > MOST_BEHIND_NS:
                        base_ns += behind_ns
                at_once += 1
                if at_once > MOST_AT_ONCE:
                    at_once = 0
                    self._look()
                    self._take()
                if self.stop.requested:
                    return time.monotonic_ns()
                if not self.has_room:
                    self._make_way(round_number, rank, rows)
                self._send(socket, packet, to, row=row, position=position)
        return time.monotonic_ns()

    def _send(
        self, socket: EchoSocket, packet: bytes, to: tuple[Any, ...], *, row: int, position: int
    ) -> None:
        self.positions[position] = LOST
        for attempt in (1, 2, 3):
            try:
                self.sent_ns[position] = socket.send(packet, to)
            except BlockingIOError:
                # Our own send buffer is full: not the network's fault, so it is given a moment.
                select.select([], [socket.sock], [], 0.02)
                kind = "EAGAIN"
            except OSError as error:
                # A datagram socket may report an ICMP error about an earlier probe here.
                earlier = list(socket.errors())
                for _stamp, heard in earlier:
                    self._note(heard)
                kind = errno.errorcode.get(error.errno or 0, "error")
                if attempt == 3 or not earlier:
                    self.errors[row] = f"could not send: {words_of(error)}"
                    break
            else:
                self.outstanding += 1
                return
        self._count(row, f"send:{kind}")

    def _make_way(self, round_number: int, rank: int, rows: list[int]) -> None:
        """Let an earlier probe with the same sequence number time out before it is used again.

        Only needed where the payload has no room for the probe's number.
        """
        ordinal = round_number * len(rows) + rank - SEQUENCES
        if ordinal < 0:
            return
        earlier_round, earlier_rank = divmod(ordinal, len(rows))
        earlier = rows[earlier_rank] * self.plan.count + earlier_round
        if self.sent_ns[earlier] and self.positions[earlier] == LOST:
            self._listen(until_ns=self.sent_ns[earlier] + round(self.plan.timeout_s * 1e9))

    def _listen_out(self, last_ns: int) -> None:
        """Wait for what is on its way; what a stop cuts off has no verdict, so it is not lost."""
        timeout_ns = round(self.plan.timeout_s * 1e9)
        end_ns = last_ns + timeout_ns
        while self.outstanding and time.monotonic_ns() < end_ns:
            if self.stop.requested:
                end_ns = min(end_ns, time.monotonic_ns() + STOP_GRACE_NS)
                self._listen(until_ns=end_ns, at_end=True, mind_stop=False)
            else:
                self._listen(until_ns=end_ns, at_end=True)
        self._look()
        self._take()
        now_ns = time.monotonic_ns()
        for position, sent_ns in enumerate(self.sent_ns):
            if sent_ns and self.positions[position] == LOST and now_ns - sent_ns < timeout_ns:
                if not self.stop.requested:
                    continue
                self.positions[position] = NOT_SENT
                self.unsettled += 1

    def _listen(self, *, until_ns: int, at_end: bool = False, mind_stop: bool = True) -> None:
        """Take what arrives until a moment, or a stop, or `at_end` until nothing more is awaited."""
        waiting: list[Any] = [socket.sock for socket in self.sockets.values()]
        if mind_stop:
            waiting.append(self.stop.fileno())
        while True:
            left_ns = until_ns - time.monotonic_ns()
            if left_ns <= 0 or (mind_stop and self.stop.requested):
                return
            # select takes microseconds; poll and epoll would round up to a millisecond.
            ready, _, _ = select.select(waiting, [], [], min(left_ns / 1e9, GLANCE_S))
            self._look()
            if ready:
                self._take()
                if at_end and self.outstanding == 0:
                    return

    def _look(self) -> None:
        self.looked_before_ns, self.looked_ns = self.looked_ns, time.monotonic_ns()

    def _take(self) -> None:
        for socket in self.sockets.values():
            for stamp_ns, heard in socket.heard():
                if heard.kind == REPLY:
                    self._answer(heard, stamp_ns)
                else:
                    self._note(heard)

    def _answer(self, heard: Heard, stamp_ns: int) -> None:
        position = self._position_of(heard)
        if position is None or self.positions[position] != LOST or not self.sent_ns[position]:
            return
        sent_ns = self.sent_ns[position]
        rtt_ns, timeout_ns = stamp_ns - sent_ns, self.plan.timeout_s * 1e9
        if rtt_ns <= timeout_ns:
            self.positions[position] = (rtt_ns + 500) // 1_000
        elif (
            self.looked_ns - self.looked_before_ns > SLEPT_NS
            and max(sent_ns, self.looked_before_ns) - sent_ns <= timeout_ns
        ):
            # We slept: it may have come in time and waited for us, so it has no verdict.
            self.positions[position] = NOT_SENT
            self.unsettled += 1
        else:
            return
        self.outstanding -= 1

    def _note(self, heard: Heard) -> None:
        position = self._position_of(heard)
        if position is not None and self.sent_ns[position]:
            self._count(position // self.plan.count, heard.kind)

    def _count(self, row: int, kind: str) -> None:
        kinds = self.icmp_errors.setdefault(row, {})
        kinds[kind] = kinds.get(kind, 0) + 1

    def _position_of(self, heard: Heard) -> int | None:
        """Return the probe that something is about, None where it is not one of this pass."""
        rows = self.rows_at.get(heard.address)
        if rows is None or heard.identifier not in (None, self.identifier):
            return None
        if self.has_room and (heard.kind == REPLY or len(heard.payload) >= TOKEN_BYTES):
            position = number_in(heard.payload, nonce=self.nonce)
            if position is None or position >= len(self.positions):
                return None
            row, round_number = divmod(position, self.plan.count)
            if self.keys.get(row) != heard.address:
                return None
            ordinal = round_number * len(rows) + rows.index(row)
            return position if ordinal % SEQUENCES == heard.sequence else None
        if not self.nonce.startswith(heard.payload[: self.plan.size_bytes][:NONCE_BYTES]):
            return None
        return self._newest_with(heard.sequence, rows)

    def _newest_with(self, sequence: int, rows: list[int]) -> int | None:
        """Return the last sent probe of an address with a sequence number."""
        ordinals = self.plan.count * len(rows)
        ordinal = sequence + (ordinals - 1 - sequence) // SEQUENCES * SEQUENCES
        while ordinal >= 0:
            round_number, rank = divmod(ordinal, len(rows))
            position = rows[rank] * self.plan.count + round_number
            if self.sent_ns[position]:
                return position
            ordinal -= SEQUENCES
        return None
