"""What a lane hears beside its answers: duplicates, ICMP errors, and what could not be sent."""

import struct
from collections.abc import Callable

from tester.engine import tokens
from tester.engine.batches import DATA_AT, NAME_ROOM, RECORD_BYTES, Incoming
from tester.engine.destinations import V4_NAME, V6_NAME, place_of, source_text, unpacked
from tester.engine.error_queue import IP_RECVERR, IPV6_RECVERR, kind_at
from tester.engine.packets import (
    REPLY,
    Heard,
    heard_datagram,
    heard_raw_v4,
    heard_raw_v6,
)

CONTROL = struct.Struct("@Nii")
"""The header of a piece of control data: its length, level and type."""
_ERROR_PIECES = ((0, IP_RECVERR), (41, IPV6_RECVERR))


class Findings:
    """Counts by target; `names` are the targets' socket addresses, one after another."""

    def __init__(self, names: bytearray, *, family: int, kind: str, nonce: bytes, identifier: int) -> None:
        self._names, self._family, self._kind = names, family, kind
        self._nonce, self._identifier = nonce, identifier
        self._width = len(names) // (V4_NAME if family == 4 else V6_NAME)
        self.duplicate: dict[int, int] = {}
        self.icmp_errors: dict[int, dict[str, int]] = {}
        self.errors: dict[int, str] = {}

    def count(self, target: int, kind: str) -> None:
        """Count an ICMP error, or a probe that the system refused."""
        kinds = self.icmp_errors.setdefault(target, {})
        kinds[kind] = kinds.get(kind, 0) + 1

    def count_duplicate(self, target: int) -> None:
        """Count an answer to what was answered already."""
        self.duplicate[target] = self.duplicate.get(target, 0) + 1

    def note_heard(self, incoming: Incoming, number: int) -> None:
        """Count a record that is no answer of ours, if it is an error about a probe."""
        _control, length = incoming.lengths(number)
        at = number * RECORD_BYTES
        packet = incoming.view[at + DATA_AT : at + DATA_AT + length]
        source = self._source(incoming, at)
        parse: Callable[[memoryview, str], Heard | None]
        if self._kind == "dgram":
            parse = heard_datagram
        else:
            parse = heard_raw_v4 if self._family == 4 else heard_raw_v6
        heard = parse(packet, source)
        if heard is not None and heard.kind != REPLY:
            self._note(heard)

    def note_queued(self, stamps: Incoming, number: int) -> None:
        """Count an ICMP error that the kernel keeps for a datagram socket."""
        control, length = stamps.lengths(number)
        at = number * RECORD_BYTES
        place, end = at + NAME_ROOM, at + NAME_ROOM + control
        while place + CONTROL.size <= end:
            size, level, kind = CONTROL.unpack_from(stamps.buffer, place)
            if size < CONTROL.size:
                return
            if (level, kind) in _ERROR_PIECES:
                what = kind_at(stamps.buffer, place + CONTROL.size, family=self._family)
                if what is not None:
                    packet = stamps.view[at + DATA_AT : at + DATA_AT + length]
                    heard = heard_datagram(packet, self._source(stamps, at), kind=what)
                    if heard is not None:
                        self._note(heard)
                return
            place += (size + 7) & ~7

    def _source(self, incoming: Incoming, at: int) -> str:
        return source_text(unpacked(bytes(incoming.view[at : at + NAME_ROOM]), family=self._family))

    def _note(self, heard: Heard) -> None:
        """Count an error for the target that its quoted request names, or else its address."""
        if heard.identifier not in (None, self._identifier):
            return
        target = tokens.target_in(heard.payload, nonce=self._nonce)
        if target is None and self._nonce.startswith(heard.payload[:8]):
            target = place_of(heard.address, self._names, family=self._family)
        if target is not None and target < self._width:
            self.count(target, heard.kind)
