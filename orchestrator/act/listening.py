"""Listens to a collector's events in a thread of its own."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from orchestrator.collector_client import (
    CollectorClient,
    CollectorError,
    CollectorRefused,
    CollectorUnreachable,
    Event,
    EventStream,
)

COME_BACK_S = 2.0
"""How soon it comes back, unless the collector says otherwise."""

LEAST_COME_BACK_S = 0.2
"""Also where the collector says "at once": a proxy that ends every stream is not to be hammered."""

MOST_COME_BACK_S = 60.0
MOST_EVENTS = 20_000
"""Events that wait to be taken; whoever takes none for so long asks for all runs instead."""

LEAVE_S = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What was told since the last time.

    `events` alone say what has happened, where `is_live` and `gaps` is what it was: each gap is a time in
    which something may have happened that no event tells of. So many `failures` there were since events
    came; `trouble` is the last one, and `is_passing` one that a collector's new start would bring.
    """

    events: tuple[Event, ...]
    is_live: bool
    gaps: int
    failures: int
    trouble: str
    is_passing: bool


class Listening:
    """Follows the events of one sweep, and comes back behind the last one when their stream ends.

    To be used as a context manager; before and after it there are no events.
    """

    def __init__(self, client: Callable[[], CollectorClient], *, sweep_id: UUID, silent_s: float) -> None:
        self._client = client
        self._sweep_id = str(sweep_id)
        self._silent_s = silent_s
        self._changed = threading.Condition()
        self._is_new = False
        self._events: list[Event] = []
        self._is_live = False
        self._gaps = 0
        self._trouble = ""
        self._is_passing = True
        self._failures = 0
        self._last_id = ""
        self._retry_s = COME_BACK_S
        self._stream: EventStream | None = None
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listening", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        with self._changed:
            stream = self._stream
        if stream is not None:
            stream.cut()
        self._thread.join(LEAVE_S)

    @property
    def failures(self) -> int:
        """How many streams in a row have ended before they said anything."""
        with self._changed:
            return self._failures

    def wait(self, within_s: float) -> None:
        """Wait until there is news, not longer than `within_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_new, within_s)

    def take(self) -> News:
        """Return the news, and forget its events."""
        with self._changed:
            self._is_new = False
            events, self._events = tuple(self._events), []
            return News(
                events=events,
                is_live=self._is_live,
                gaps=self._gaps,
                failures=self._failures,
                trouble=self._trouble,
                is_passing=self._is_passing,
            )

    def _listen(self) -> None:
        while not self._leaving.is_set():
            error: Exception | None = None
            try:
                with self._client() as client:
                    self._follow(client)
            except Exception as failure:  # noqa: BLE001 - whatever ends it, runs are asked for instead
                error = failure
            pause_s = max(self._ended(error), LEAST_COME_BACK_S)
            # Those who watched one collector do not come back to it as one.
            self._leaving.wait(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret

    def _follow(self, client: CollectorClient) -> None:
        with client.events(after=self._last_id, silent_s=self._silent_s) as stream:
            with self._changed:
                self._stream = stream
            if self._leaving.is_set():
                return
            for event in stream:
                self._last_id = stream.last_id
                self._retry_s = COME_BACK_S if stream.retry_s is None else stream.retry_s
                self._heard(event)

    def _heard(self, event: Event | None) -> None:
        with self._changed:
            if not self._is_live:
                # What happened before the stream stood is asked for, once.
                self._is_live, self._is_new, self._failures, self._trouble = True, True, 0, ""
                self._gaps += 1
            if event is not None and event.data.get("sweep_id") == self._sweep_id:
                self._events.append(event)
                self._is_new = True
                if len(self._events) > MOST_EVENTS:
                    self._events.clear()
                    self._gaps += 1
            if self._is_new:
                self._changed.notify_all()

    def _ended(self, error: Exception | None) -> float:
        """Take note of a stream's end; return how long to wait before the next."""
        with self._changed:
            self._stream = None
            was_live, self._is_live = self._is_live, False
            self._failures = 0 if was_live else self._failures + 1
            self._trouble = "" if was_live else _cause(error)
            self._is_passing = _is_passing(error)
            self._is_new = True
            self._changed.notify_all()
        if isinstance(error, CollectorRefused) and error.retry_after_s is not None:
            return min(max(error.retry_after_s, self._retry_s), MOST_COME_BACK_S)
        if _is_passing(error):
            return min(self._retry_s, MOST_COME_BACK_S)
        return min(COME_BACK_S * 2.0 ** min(self._failures, 10), MOST_COME_BACK_S)


def _is_passing(error: Exception | None) -> bool:
    """Return whether a collector that is started again would look like this."""
    if isinstance(error, CollectorRefused):
        return error.is_passing
    return error is None or type(error) is CollectorUnreachable


def _cause(error: Exception | None) -> str:
    if isinstance(error, CollectorRefused):
        return f"HTTP {error.status}: {error.message}"
    if isinstance(error, CollectorError):
        return error.cause
    return "its stream ends before it says anything" if error is None else f"{type(error).__name__}: {error}"
