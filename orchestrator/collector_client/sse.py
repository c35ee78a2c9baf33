"""Server-sent events, read from bytes as they come (WHATWG HTML, 9.2.6).

The client's own reader (httpx2 2.16.2) makes an event of one that was cut off behind a CR, loses the
first line behind a byte order mark, and keeps signs of life to itself: see docs/decisions/0025.
"""

import re
from dataclasses import dataclass

MOST_BYTES = 2**20
"""An event of a collector is a few hundred bytes; nobody fills our memory with one that never ends."""

LINE_END = re.compile(rb"\r\n|\n|\r")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLarge(ValueError):
    """An event is larger than any that we would understand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SentEvent:
    """One event: its kind, its data, and the id behind which a stream goes on after it."""

    id: str
    kind: str
    data: str


class SentEvents:
    """Reads one stream, cut into chunks anywhere.

    `last_id` is where to go on, also where an id came without an event; `retry_ms` the pause before
    that, None where the stream did not say. What is not whole at the end of the stream is not an event.
    """

    def __init__(self, *, last_id: str = "", most_bytes: int = MOST_BYTES) -> None:
        self.last_id = last_id
        self.retry_ms: int | None = None
        self._most_bytes = most_bytes
        self._line = bytearray()
        self._is_first_line = True
        self._is_behind_cr = False
        self._id = last_id
        self._kind = ""
        self._data: list[str] = []
        self._size = 0

    def read(self, chunk: bytes) -> list[SentEvent]:
        """Return the events that end in this chunk; raise `EventTooLarge`."""
        if not chunk:
            return []
        if self._is_behind_cr and chunk.startswith(b"\n"):
            # The second half of a CRLF that was cut in two.
            chunk = chunk[1:]
        self._is_behind_cr = chunk.endswith(b"\r")
        first, *others = LINE_END.split(chunk)
        self._line += first
        found = []
        for other in others:
            if (event := self._end_of_line()) is not None:
                found.append(event)
            self._line += other
        self._check(len(self._line))
        return found

    def _end_of_line(self) -> SentEvent | None:
        line = bytes(self._line)
        self._line.clear()
        if self._is_first_line:
            self._is_first_line = False
            line = line.removeprefix(BYTE_ORDER_MARK)
        if not line:
            return self._dispatched()
        if not line.startswith(b":"):
            self._size += len(line)
            self._check(0)
            name, _, value = line.decode("utf-8", errors="replace").partition(":")
            self._field(name, value.removeprefix(" "))
        return None

    def _field(self, name: str, value: str) -> None:
        match name:
            case "event":
                self._kind = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdecimal():
                self.retry_ms = int(value[:9])
            case _:
                # What we do not know is left out, as the standard has it.
                pass

    def _dispatched(self) -> SentEvent | None:
        self.last_id = self._id
        kind, data = self._kind or "message", self._data
        self._kind, self._data, self._size = "", [], 0
        return SentEvent(id=self._id, kind=kind, data="\n".join(data)) if data else None

    def _check(self, unfinished_bytes: int) -> None:
        if self._size + unfinished_bytes > self._most_bytes:
            raise EventTooLarge(f"an event of more than {self._most_bytes} bytes")
