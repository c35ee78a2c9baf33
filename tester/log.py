"""What the tester tells on stderr: text for a person, one JSON event a line for a program."""

import json
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO
from uuid import UUID

from wire.fields import time_text


class Log(Protocol):
    """Takes events; `text` is the sentence for a person, the fields are for a program."""

    def info(self, event: str, text: str, **fields: Any) -> None:
        """Tell what happens."""

    def warning(self, event: str, text: str, **fields: Any) -> None:
        """Tell what was skipped or is tried again."""

    def error(self, event: str, text: str, **fields: Any) -> None:
        """Tell what a person must do."""


class TextLog:
    """For somebody at a terminal; events of no concern to them stay away."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def info(self, event: str, text: str, **fields: Any) -> None:
        """Tell nothing: the answer is on stdout."""

    def warning(self, event: str, text: str, **fields: Any) -> None:  # noqa: ARG002 -- fields are for programs
        """Tell what was skipped or is tried again."""
        self._write(text)

    def error(self, event: str, text: str, **fields: Any) -> None:  # noqa: ARG002 -- fields are for programs
        """Tell what a person must do."""
        self._write(text)

    def _write(self, text: str) -> None:
        _write_line(self._stream, f"tester: {text}\n", lock=self._lock)


class JsonLog:
    """For whoever started the tester with a job; every event carries the `context`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.context: dict[str, Any] = {}

    def info(self, event: str, text: str, **fields: Any) -> None:
        """Tell what happens."""
        self._write("info", event, text, fields)

    def warning(self, event: str, text: str, **fields: Any) -> None:
        """Tell what was skipped or is tried again."""
        self._write("warning", event, text, fields)

    def error(self, event: str, text: str, **fields: Any) -> None:
        """Tell what a person must do."""
        self._write("error", event, text, fields)

    def _write(self, level: str, event: str, text: str, fields: dict[str, Any]) -> None:
        head = {"v": 1, "time": time_text(datetime.now(UTC)), "level": level, "event": event, "text": text}
        line = json.dumps(head | self.context | fields, default=_plain, ensure_ascii=False)
        _write_line(self._stream, line + "\n", lock=self._lock)


def _write_line(stream: TextIO, line: str, *, lock: threading.Lock) -> None:
    # A log that nobody takes (a full disk, a reader that is gone) must stop no measurement.
    with lock, suppress(OSError):
        stream.write(line)
        stream.flush()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, UUID):
        return str(value)
    return repr(value)
