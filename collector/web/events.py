"""GET events: what happens, as server-sent events (HTML, 9.2)."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any

import anyio
import sqlalchemy as sa
from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from collector.auth import is_still_good, require_reader
from collector.errors import Refused, Unavailable
from collector.history.events import newest_event
from collector.session import reading
from collector.tables import events
from collector.web.reads_answers import ERRORS
from collector.web.state import Services, services

router = APIRouter(prefix="/api/v1", tags=["events"], dependencies=[Depends(require_reader)])

EVENTS_AT_A_TIME = 500
MOST_STREAMS = 200
LONGEST_S = 3_600.0
"""A stream ends after an hour; a client comes back by itself, behind its last event."""

KEEP_ALIVE_S = 15.0
POLL_S = 0.5
AWAY_S = 2.0
STEP_S = 0.1
"""How soon a stream notices that the collector stops."""

RETRY_MS = 2_000
ASK_AGAIN_S = 5.0
"""How long a stream goes on after its token was revoked."""


class Streams:
    """How many streams are open in this process."""

    def __init__(self) -> None:
        self.count = 0


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses=ERRORS | {200: {"description": "A stream of events", "content": {"text/event-stream": {}}}},
)
async def stream_events(
    request: Request,
    at: Annotated[Services, Depends(services)],
    last_event_id: Annotated[str | None, Header(description="the id of the last event seen")] = None,
    after: Annotated[str | None, Query(description="the same, for those who cannot set a header")] = None,
) -> StreamingResponse:
    """Events as they happen, behind Last-Event-ID where it is given, else from now on."""
    given = last_event_id or after
    wanted = None if given is None else _event_id(given)
    streams = _streams(request)
    if streams.count >= MOST_STREAMS:
        raise Unavailable("too_many_streams", f"{MOST_STREAMS} event streams are open", retry_after_s=5)
    newest = await to_thread.run_sync(_newest, at.engine)
    # An id beyond the newest is of another database; waiting for it would be waiting for ever.
    start = newest if wanted is None else min(wanted, newest)
    return StreamingResponse(
        _stream(at, start=start, streams=streams, may_go_on=partial(is_still_good, request, at)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(
    at: Services, *, start: int, streams: Streams, may_go_on: Callable[[], Awaitable[bool]]
) -> AsyncIterator[str]:
    streams.count += 1
    try:
        yield f"retry: {RETRY_MS}\n\n"
        last, begun = start, time.monotonic()
        said = polled = asked = begun
        while not at.stopping.is_set() and time.monotonic() - begun < LONGEST_S:
            if time.monotonic() - asked >= ASK_AGAIN_S:
                if not await may_go_on():
                    return
                asked = time.monotonic()
            try:
                rows = await to_thread.run_sync(_after, at.engine, last)
            except sa.exc.SQLAlchemyError:
                # Nothing is missed: it goes on behind the last event. To end the stream would bring the
                # client back to be refused, and a browser does not try again after that.
                yield ": the database is away\n\n"
                await _pause(at, AWAY_S)
                continue
            polled = time.monotonic()
            for row in rows:
                yield _text(row)
                last, said = row.id, polled
            if polled - said >= KEEP_ALIVE_S:
                yield ": alive\n\n"
                said = polled
            if len(rows) < EVENTS_AT_A_TIME:
                await _pause(at, POLL_S)
    finally:
        streams.count -= 1


async def _pause(at: Services, length_s: float) -> None:
    end = time.monotonic() + length_s
    while time.monotonic() < end and not at.stopping.is_set():
        await anyio.sleep(STEP_S)


def _streams(request: Request) -> Streams:
    state = request.app.state
    if not hasattr(state, "event_streams"):
        state.event_streams = Streams()
    found = state.event_streams
    assert isinstance(found, Streams)
    return found


def _event_id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Refused(
            400, "bad_event_id", "Last-Event-ID: not the id of an event", hint="leave it out to begin now"
        )
    return int(text)


def _newest(engine: sa.Engine) -> int:
    with reading(engine) as connection:
        return newest_event(connection)


def _after(engine: sa.Engine, last: int) -> Sequence[sa.Row[Any]]:
    with reading(engine) as connection:
        return connection.execute(
            sa.select(events).where(events.c.id > last).order_by(events.c.id).limit(EVENTS_AT_A_TIME)
        ).all()


def _text(row: sa.Row[Any]) -> str:
    # One line of ASCII: no text of anybody can end an event or begin another.
    data = json.dumps(row.data, separators=(",", ":"), ensure_ascii=True)
    return f"id: {row.id}\nevent: {row.kind}\ndata: {data}\n\n"
