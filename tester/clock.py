"""Time as the tester sees it."""

import time
from datetime import UTC, datetime
from typing import Protocol

from tester.stop import Stop


class Clock(Protocol):
    """Waiting goes by `monotonic`, which never jumps; `now` is for labels alone."""

    def monotonic(self) -> float:
        """Return seconds since some fixed moment."""

    def now(self) -> datetime:
        """Return the wall time in UTC."""

    def wait(self, seconds: float, *, stop: Stop) -> None:
        """Return after `seconds`, or as soon as a stop is asked for."""


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        """Return seconds since some fixed moment."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the wall time in UTC."""
        return datetime.now(UTC)

    def wait(self, seconds: float, *, stop: Stop) -> None:
        """Return after `seconds`, or as soon as a stop is asked for."""
        stop.wait(seconds)
