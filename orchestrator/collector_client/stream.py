"""A collector's events, as they come over one connection."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx2

from orchestrator.collector_client.errors import NotACollector
from orchestrator.collector_client.sse import EventTooLarge, SentEvent, SentEvents

MEDIA_TYPE = "text/event-stream"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event: `id` resumes a stream after it."""

    id: str
    kind: str
    data: dict[str, Any]


class EventStream:
    """One connection's events; a place to go on behind, `last_id`, and a pause before that, `retry_s`."""

    def __init__(self, response: httpx2.Response, *, url: str, last_id: str) -> None:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != MEDIA_TYPE:
            raise NotACollector(url=url, cause=f"its events are of the type {kind or 'of nobody'!r}")
        self._response = response
        self._url = url
        self._sent = SentEvents(last_id=last_id)

    @property
    def last_id(self) -> str:
        """The id of the last event that was whole, empty where there was none."""
        return self._sent.last_id

    @property
    def retry_s(self) -> float | None:
        """How long the collector asks to wait before the next connection."""
        return None if self._sent.retry_ms is None else self._sent.retry_ms / 1_000

    def __iter__(self) -> Iterator[Event | None]:
        """Yield each event, and None where the collector only said that it is there."""
        for chunk in self._response.iter_bytes():
            try:
                found = self._sent.read(chunk)
            except EventTooLarge as error:
                raise NotACollector(url=self._url, cause=str(error)) from None
            yield from map(_event, found)
            if not found:
                yield None

    def cut(self) -> None:
        """End it, from any thread: whoever waits for the next event finds that there is none."""
        stream = self._response.extensions.get("network_stream")
        connection = None if stream is None else stream.get_extra_info("socket")
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _event(sent: SentEvent) -> Event:
    try:
        data = json.loads(sent.data)
    except (ValueError, RecursionError):
        data = None
    return Event(id=sent.id, kind=sent.kind, data=data if isinstance(data, dict) else {})
