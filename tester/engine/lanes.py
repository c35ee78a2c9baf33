"""One family's probes on their way: handed over in batches, and what came back by position."""

import struct
import time
from array import array

from tester.engine import tokens
from tester.engine.batches import (
    CONTROL_ROOM,
    DATA_AT,
    DATA_ROOM,
    MOST_RECEIVED,
    NAME_ROOM,
    RECORD_BYTES,
    Incoming,
    Outgoing,
)
from tester.engine.destinations import V4_NAME, V6_NAME, sources_of
from tester.engine.findings import CONTROL, Findings
from tester.engine.kernel_sockets import Pair
from tester.engine.refusals import name_of, words_of_number
from tester.engine.wall import Wall
from wire.report import LOST, NOT_SENT

BATCH = 64
_ERROR_QUEUE = 0x2000
_STAMP_BYTES, _ORIGIN_AT = 64, 84
"""The control data of a stamp, and where the record of an error that follows it says its origin."""
_FROM_STAMP = 4
_NS = 1_000_000_000
_TRIES = 3
_LONG_AGO = 1
_MOST_BATCHES = 64
"""Batches taken in a row, so that a flood cannot keep us from sending."""
_BYTES_PER_PACKET = 2_304
"""What a small packet takes of a receive buffer on common network cards."""

# A send stamp: seconds, nanoseconds, then the kernel's error record with its origin and number.
_SENT = struct.Struct(f"={NAME_ROOM}x 16x qq 32x 16x 4xB7xI {CONTROL_ROOM - 96}x {DATA_ROOM}x")


class Lane:
    """The probes of one family; probe p goes to target p % width in round p // width.

    `names` are the targets' socket addresses, one after another.
    """

    def __init__(
        self,
        names: bytearray,
        *,
        family: int,
        pair: Pair,
        nonce: bytes,
        count: int,
        size_bytes: int,
        wall: Wall,
    ) -> None:
        self.family, self.pair, self.nonce, self.wall = family, pair, nonce, wall
        name_bytes, error_bytes = (V4_NAME, 48) if family == 4 else (V6_NAME, 64)
        self.width, self.count = len(names) // name_bytes, count
        self._sources = sources_of(names, family=family)
        self.sent = array("q", bytes(8)) * (self.width * count)
        self.answered = array("q", bytes(8)) * (self.width * count)
        self.findings = Findings(
            names, family=family, kind=pair.kind, nonce=nonce, identifier=pair.identifier
        )
        self.next = 0
        self.sent_count = self.answered_count = 0
        self._round = -1
        self._epoch_start = self._epoch_stamped = 0
        self._stuck: set[int] = set()
        self._outgoing = Outgoing(names, family=family, padding=size_bytes - tokens.LEAST_BYTES, batch=BATCH)
        self._incoming = Incoming(name_bytes=name_bytes, control_bytes=64)
        self._stamps = Incoming(name_bytes=name_bytes, control_bytes=64 + error_bytes)
        self._checksum = tokens.checksum_of(identifier=pair.identifier, nonce=nonce) if family == 4 else 0
        self._icmp_at = 20 if family == 4 and pair.kind == "raw" else 0
        source = "4xI24x" if family == 4 else "8x16s8x"
        icmp = f"{self._icmp_at}xH2xH2x8sI8xI"
        used = self._icmp_at + tokens.HEAD_BYTES + 4
        self._answer = struct.Struct(f"={source}16xqq{CONTROL_ROOM - 32}x{icmp}{DATA_ROOM - used}x")
        self._least = used + 4
        self.drain_after = min(1_024, max(8, pair.receive_buffer_bytes() // 4 // _BYTES_PER_PACKET))

    @property
    def is_done(self) -> bool:
        """Whether every probe was handed over, or refused."""
        return self.next == self.width * self.count

    def so_far(self, target: int, *, timeout_ns: int) -> list[int]:
        """Return the positions of a target as they are now; what is on its way is not sent yet."""
        now_ns = self.wall.now_ns()
        found: list[int] = []
        for sent, answered in zip(
            self.sent[target :: self.width], self.answered[target :: self.width], strict=True
        ):
            if not sent or (not answered and now_ns - abs(sent) <= timeout_ns):
                found.append(NOT_SENT)
            elif not answered:
                found.append(LOST)
            else:
                found.append(max(0, answered - abs(sent) + 500) // 1_000)
        return found

    def send(self, most: int) -> int:
        """Hand over the next probes, at most `most` and none beyond the round; return how many."""
        round_number, target = divmod(self.next, self.width)
        if round_number != self._round:
            self._begin(round_number)
        wanted = min(most, BATCH, self.width - target)
        for attempt in range(_TRIES):
            first = self.next
            # Our own clock stands in where the kernel's stamp should never come.
            self.sent[first : first + wanted] = array("q", [-self.wall.now_ns()]) * wanted
            went = self._outgoing.send(self.pair.sender.fileno(), first=target, count=wanted)
            passed = max(went, 0)
            self.next += passed
            self.sent_count += passed
            if passed == wanted:
                return wanted
            self.sent[self.next : first + wanted] = array("q", bytes(8)) * (wanted - passed)
            self._end_epoch()
            if passed:
                return passed
            if attempt == _TRIES - 1:
                self._refuse(target, -went)
        return 1

    def drain(self, *, stepped: int) -> None:
        """Take the stamps and answers that have come; `stepped` is by how much the wall clock was set."""
        for _ in range(_MOST_BATCHES):
            if not self._take_stamps(stepped):
                break
        for _ in range(_MOST_BATCHES):
            if not self._take_answers(stepped):
                break

    def _begin(self, round_number: int) -> None:
        self._round = round_number
        head = tokens.head_of(
            family=self.family,
            identifier=self.pair.identifier,
            nonce=self.nonce,
            round_number=round_number,
            checksum=self._checksum,
        )
        self._outgoing.begin(head)

    def _refuse(self, target: int, number: int) -> None:
        self.findings.errors[target] = f"could not send: {words_of_number(number)}"
        self.findings.count(target, f"send:{name_of(number)}")
        # A refused probe is lost: it counts as sent, and no answer can come.
        self.sent[self.next] = _LONG_AGO
        self.next += 1
        self._epoch_start = self.next

    def _end_epoch(self) -> None:
        """Number the stamps anew: nobody can say whether a failed send has used up a number.

        A probe of before whose stamp may still come makes its number void: better no stamp than
        another probe's.
        """
        for _ in range(_MOST_BATCHES):
            if not self._take_stamps(0):
                break
        if self._epoch_stamped < self.next - self._epoch_start:
            epoch = self.sent[self._epoch_start : self.next]
            self._stuck.update(key for key, stamp in enumerate(epoch) if stamp < 0)
        self._epoch_start, self._epoch_stamped = self.next, 0
        self.pair.restart_keys()

    def _take_stamps(self, stepped: int) -> bool:
        """Take one batch of send stamps; return whether there may be more."""
        stamps = self._stamps
        taken = stamps.receive(self.pair.sender.fileno(), flags=_ERROR_QUEUE)
        if taken <= 0:
            return False
        if stepped or not stamps.is_uniform(taken, least=0):
            self._mend(stamps, taken, stepped)
        sent, start, stuck, shift = self.sent, self._epoch_start, self._stuck, self.wall.stepped_ns
        for number, (seconds, nanoseconds, origin, key) in enumerate(stamps.records(_SENT, taken)):
            probe = start + key
            if origin != _FROM_STAMP:
                self.findings.note_queued(stamps, number)
            elif probe < len(sent) and sent[probe] < 0 and key not in stuck:
                sent[probe] = seconds * _NS + nanoseconds - shift
                self._epoch_stamped += 1
        return taken == MOST_RECEIVED

    def _take_answers(self, stepped: int) -> bool:
        """Take one batch of answers; return whether there may be more."""
        incoming = self._incoming
        taken = incoming.receive(self.pair.hearer.fileno())
        if taken < 0:
            # A datagram socket reports an ICMP error here once; its facts are in the queue.
            self._take_stamps(stepped)
            return True
        if taken == 0:
            return False
        if stepped or not incoming.is_uniform(taken, least=self._least):
            self._mend(incoming, taken, stepped)
        nonce, width, sources, answered = self.nonce, self.width, self._sources, self.answered
        most, shift, reply = self.count, self.wall.stepped_ns, 0 if self.family == 4 else 129
        fresh = 0
        for number, (source, seconds, nanoseconds, kind, _id, own, round_number, target) in enumerate(
            incoming.records(self._answer, taken)
        ):
            if own != nonce or kind != reply or target >= width or round_number >= most:
                self.findings.note_heard(incoming, number)
                continue
            if source != sources[target]:
                continue
            probe = round_number * width + target
            if answered[probe]:
                self.findings.count_duplicate(target)
            else:
                answered[probe] = seconds * _NS + nanoseconds - shift
                fresh += 1
        self.answered_count += fresh
        return taken == MOST_RECEIVED

    def _mend(self, incoming: Incoming, taken: int, stepped: int) -> None:
        """Blank records that are not whole, and put the stamps of before a step behind it."""
        now_ns = time.time_ns()
        for number in range(taken):
            control, length = incoming.lengths(number)
            at = number * RECORD_BYTES
            if length < self._least:
                incoming.buffer[at + DATA_AT + length : at + RECORD_BYTES] = bytes(DATA_ROOM - length)
            place = at + NAME_ROOM + CONTROL.size
            seconds, nanoseconds = struct.unpack_from("=qq", incoming.buffer, place)
            if control < _STAMP_BYTES and incoming is self._stamps:
                incoming.buffer[at + NAME_ROOM + _ORIGIN_AT] = 0
            elif control < _STAMP_BYTES:
                # No stamp of the kernel's: the moment of reading stands in.
                struct.pack_into("=qq", incoming.buffer, place, *divmod(now_ns, _NS))
            elif stepped:
                before_ns = seconds * _NS + nanoseconds
                moved_ns = before_ns + stepped
                if abs(now_ns - moved_ns) < abs(now_ns - before_ns):
                    struct.pack_into("=qq", incoming.buffer, place, *divmod(moved_ns, _NS))
