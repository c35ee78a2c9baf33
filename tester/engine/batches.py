"""Many packets by one call of the system: sendmmsg and recvmmsg."""

import ctypes
import errno
from array import array
from collections.abc import Iterator
from struct import Struct
from typing import Any

from tester.engine.destinations import V4_NAME, V6_NAME
from tester.engine.tokens import HEAD_BYTES, TAIL_BYTES, tails_of

HEADER_BYTES = 64
"""A struct mmsghdr where pointers have 64 bits."""
NAME_ROOM, CONTROL_ROOM, DATA_ROOM = 32, 192, 128
RECORD_BYTES = NAME_ROOM + CONTROL_ROOM + DATA_ROOM
DATA_AT = NAME_ROOM + CONTROL_ROOM
MOST_RECEIVED = 256
"""Packets taken by one call."""
_WORDS = HEADER_BYTES // 8
_DONT_WAIT = 0x40

_libc: Any = ctypes.CDLL(None, use_errno=True)


def is_possible() -> bool:
    """Return whether the system has both calls, and the layout that is written here."""
    return ctypes.sizeof(ctypes.c_void_p) == 8 and hasattr(_libc, "sendmmsg") and hasattr(_libc, "recvmmsg")


class Outgoing:
    """The messages of one batch, filled again and again with who comes next.

    All share the head of the round; a target's own part is its token. `names` are the socket addresses
    of all targets, one after another.
    """

    def __init__(self, names: bytearray, *, family: int, padding: int, batch: int) -> None:
        self._name_bytes = name_bytes = V4_NAME if family == 4 else V6_NAME
        self._names = (ctypes.c_char * len(names)).from_buffer(names)
        self._tails = tails_of(len(names) // name_bytes)
        self._names_at, self._tails_at = ctypes.addressof(self._names), self._tails.buffer_info()[0]
        self._head = (ctypes.c_char * HEAD_BYTES)()
        self._padding = (ctypes.c_char * max(padding, 1))()
        self._batch_names = (ctypes.c_char * (name_bytes * batch))()
        self._batch_tails = (ctypes.c_char * (TAIL_BYTES * batch))()
        to, tails = ctypes.addressof(self._batch_names), ctypes.addressof(self._batch_tails)
        parts = array("Q", bytes(8)) * (6 * batch)
        parts[0::6] = array("Q", [ctypes.addressof(self._head)]) * batch
        parts[1::6] = array("Q", [HEAD_BYTES]) * batch
        parts[2::6] = array("Q", range(tails, tails + TAIL_BYTES * batch, TAIL_BYTES))
        parts[3::6] = array("Q", [TAIL_BYTES]) * batch
        parts[4::6] = array("Q", [ctypes.addressof(self._padding)]) * batch
        parts[5::6] = array("Q", [padding]) * batch
        parts_at = parts.buffer_info()[0]
        messages = array("Q", bytes(8)) * (_WORDS * batch)
        messages[0::_WORDS] = array("Q", range(to, to + name_bytes * batch, name_bytes))
        messages[1::_WORDS] = array("Q", [name_bytes]) * batch
        messages[2::_WORDS] = array("Q", range(parts_at, parts_at + 48 * batch, 48))
        messages[3::_WORDS] = array("Q", [3]) * batch
        self._parts, self._messages = parts, messages
        self._messages_at = ctypes.c_void_p(messages.buffer_info()[0])

    def begin(self, head: bytes) -> None:
        """Set what the probes of a round begin with."""
        ctypes.memmove(self._head, head, HEAD_BYTES)

    def send(self, descriptor: int, *, first: int, count: int) -> int:
        """Send to `count` targets from `first` on; return how many went out, or minus the error.

        `count` is at most the batch.
        """
        name_bytes = self._name_bytes
        ctypes.memmove(self._batch_names, self._names_at + first * name_bytes, count * name_bytes)
        ctypes.memmove(self._batch_tails, self._tails_at + first * TAIL_BYTES, count * TAIL_BYTES)
        sent = int(_libc.sendmmsg(descriptor, self._messages_at, count, 0))
        return sent if sent > 0 else -(ctypes.get_errno() or errno.EIO)


class Incoming:
    """Records of a fixed size that the kernel fills: who, when, and the first bytes."""

    def __init__(self, *, name_bytes: int, control_bytes: int) -> None:
        self.buffer = bytearray(RECORD_BYTES * MOST_RECEIVED)
        self.view = memoryview(self.buffer)
        self._exact = (name_bytes, control_bytes)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.buffer))
        end = start + RECORD_BYTES * MOST_RECEIVED
        self._parts = array("Q", bytes(16)) * MOST_RECEIVED
        self._parts[0::2] = array("Q", range(start + DATA_AT, end + DATA_AT, RECORD_BYTES))
        self._parts[1::2] = array("Q", [DATA_ROOM]) * MOST_RECEIVED
        parts_at = self._parts.buffer_info()[0]
        pristine = array("Q", bytes(8)) * (_WORDS * MOST_RECEIVED)
        pristine[0::_WORDS] = array("Q", range(start, end, RECORD_BYTES))
        pristine[1::_WORDS] = array("Q", [NAME_ROOM]) * MOST_RECEIVED
        pristine[2::_WORDS] = array("Q", range(parts_at, parts_at + 16 * MOST_RECEIVED, 16))
        pristine[3::_WORDS] = array("Q", [1]) * MOST_RECEIVED
        pristine[4::_WORDS] = array("Q", range(start + NAME_ROOM, end + NAME_ROOM, RECORD_BYTES))
        pristine[5::_WORDS] = array("Q", [CONTROL_ROOM]) * MOST_RECEIVED
        self._pristine = pristine.tobytes()
        self._messages = array("Q", self._pristine)
        self._messages_at = self._messages.buffer_info()[0]
        self._words = memoryview(self._messages)

    def receive(self, descriptor: int, *, flags: int = 0) -> int:
        """Take what is there without waiting; return the number of records, or minus the error."""
        ctypes.memmove(self._messages_at, self._pristine, len(self._pristine))
        at = ctypes.c_void_p(self._messages_at)
        taken = int(_libc.recvmmsg(descriptor, at, MOST_RECEIVED, flags | _DONT_WAIT, None))
        if taken >= 0:
            return taken
        number = ctypes.get_errno()
        return 0 if number in (errno.EAGAIN, errno.EINTR) else -number

    def is_uniform(self, taken: int, *, least: int) -> bool:
        """Return whether all records have the usual control data, and `least` bytes of data."""
        words, end = self._words, taken * _WORDS
        controls, lengths = set(words[5:end:_WORDS]), words[7:end:_WORDS]
        return controls == {self._exact[1]} and min(word & 0xFFFFFFFF for word in lengths) >= least

    def records(self, layout: Struct, taken: int) -> Iterator[tuple[Any, ...]]:
        """Read the first records by a layout of `RECORD_BYTES`."""
        return layout.iter_unpack(self.view[: taken * RECORD_BYTES])

    def lengths(self, number: int) -> tuple[int, int]:
        """Return how many bytes of control data and of data a record has."""
        control = min(self._words[number * _WORDS + 5], CONTROL_ROOM)
        return control, min(self._words[number * _WORDS + 7] & 0xFFFFFFFF, DATA_ROOM)
