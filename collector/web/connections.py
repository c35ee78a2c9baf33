"""Connections: how many there may be, and how long one may be silent."""

import asyncio
import json
import resource
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from collector.errors import Unavailable

HEAD_DEADLINE_S = 20.0
"""What a client has for the head of a request; bodies have their own deadline."""

OTHER_FILES = 256
"""Open files that are no connections of clients: the database's, the log, libraries."""

LEAST = 64
RETRY_AFTER_S = 5


class Connection(HttpToolsProtocol):
    """One connection of a client.

    uvicorn lets whoever has connected and says nothing stay for ever. Such a one is left here after
    a while, and where no more files may be opened the next ones are told so.
    """

    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Take a connection, or say that there are too many."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.write(_too_many())
            transport.close()
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._have_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes: what is not the whole head of a request has to become that in time."""
        super().data_received(data)
        if self._is_idle() and self._head is None and self.timeout_keep_alive_task is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Go on with the request."""
        self._have_head()
        super().on_headers_complete()

    def _is_idle(self) -> bool:
        # None before the first request, whatever uvicorn's type says.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _await_head(self) -> None:
        self._head = self.loop.call_later(HEAD_DEADLINE_S, self._leave)

    def _have_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _leave(self) -> None:
        self._head = None
        if not self.transport.is_closing():
            self.transport.close()


def most_connections() -> int:
    """Return how many connections the limit of open files leaves room for."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return 2**31
    return max(LEAST, soft - OTHER_FILES)


def _too_many() -> bytes:
    error = Unavailable(
        "too_many_connections",
        "the collector has as many connections as it may open files",
        retry_after_s=RETRY_AFTER_S,
        hint="raise its limit of open files (ulimit -n), or run more collectors",
    )
    body = json.dumps(error.body()).encode()
    head: dict[str, Any] = {
        "Content-Type": "application/json",
        "Content-Length": len(body),
        "Connection": "close",
    } | error.headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return b"HTTP/1.1 503 Service Unavailable\r\n" + lines.encode() + b"\r\n" + body
