"""GET /metrics: what Prometheus asks for."""

import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

import anyio
import psycopg
import sqlalchemy as sa
import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from collector.auth import caller_of, require_reader
from collector.errors import ConfigurationError, Refused, Unavailable
from collector.metrics.latest_runs import LatestRuns, read_latest_runs
from collector.metrics.page import OPENMETRICS, PLAIN, content_type_for, page, zipped
from collector.web.encodings import gzip_wanted
from collector.web.failures import unavailable
from collector.web.health import VERSION
from collector.web.reads_answers import Problem
from collector.web.state import Services, services

router = APIRouter(tags=["health"])

DATABASE_DEADLINE_S = 4.0
"""Prometheus itself waits for 10 s; what is known without the database has to come before."""

REMEMBERED_S = 3_600.0
MOST_REMEMBERED = 100
AT_A_TIME = 2
"""Scrapes that ask the database, or write their answer; others wait their turn."""

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Figures in the text format of Prometheus, or as OpenMetrics where Accept asks for it",
        "content": {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in (PLAIN, OPENMETRICS)},
    },
    401: {"model": Problem, "description": "Credentials are missing or wrong"},
    403: {"model": Problem, "description": "These credentials may not read"},
    503: {
        "model": Problem,
        "description": "The database is away, and these credentials were not seen lately",
    },
}

DATABASE_ERRORS = (sa.exc.SQLAlchemyError, psycopg.Error, Unavailable, ConfigurationError, TimeoutError)


class Scrapes:
    """What one application keeps for its scrapes.

    Threads of their own, since all others may be waiting for a database that does not answer. Who
    was let in lately is remembered, so that a scrape comes through while nobody can look up tokens.
    """

    def __init__(self) -> None:
        self.asking = CapacityLimiter(AT_A_TIME)
        self.writing = CapacityLimiter(AT_A_TIME)
        self._let_in: dict[str, float] = {}

    def remember(self, credentials: str) -> None:
        """Remember credentials that were good, as their digest."""
        if len(self._let_in) >= MOST_REMEMBERED:
            self._let_in.clear()
        self._let_in[_digest(credentials)] = time.monotonic()

    def forget(self, credentials: str) -> None:
        """Remember credentials no more."""
        self._let_in.pop(_digest(credentials), None)

    def remembers(self, credentials: str) -> bool:
        """Return whether credentials were good a short time ago."""
        at = self._let_in.get(_digest(credentials))
        return at is not None and time.monotonic() - at < REMEMBERED_S


@router.get("/metrics", response_class=StreamingResponse, responses=ANSWERS, summary="Figures for Prometheus")
async def get_metrics(request: Request, at: Annotated[Services, Depends(services)]) -> StreamingResponse:
    """The newest results in ping_exporter's names, and the collector's own work.

    200 also while the database is away: `collector_database_up` is 0 then, and what stands in the
    database is missing. Needs a reader token where other reads do.
    """
    scrapes = _scrapes(request)
    found: LatestRuns | None = None
    try:
        with anyio.fail_after(DATABASE_DEADLINE_S):
            await _let_in(request, at, scrapes)
            ask = partial(
                read_latest_runs,
                at.engine,
                now=at.now(),
                max_age=timedelta(seconds=at.settings.metrics_max_age_s),
            )
            found = await to_thread.run_sync(ask, limiter=scrapes.asking, abandon_on_cancel=True)
    except DATABASE_ERRORS as error:
        failure = _failure(error)
        at.counts.database_failed(failure.code)
        if not at.settings.reading_is_open and not scrapes.remembers(_credentials(request)):
            raise failure from None
        structlog.get_logger("collector").warning("metrics.without_database", code=failure.code)
    content_type = content_type_for(request.headers.get("accept", ""))
    pieces = page(
        at.counts, found, version=VERSION, database=at.engine.dialect.name, content_type=content_type
    )
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding", "Content-Type": content_type}
    if gzip_wanted(request.headers.get("accept-encoding", "")):
        pieces = zipped(pieces)
        headers["Content-Encoding"] = "gzip"
    return StreamingResponse(_in_threads(pieces, scrapes.writing), headers=headers)


async def _let_in(request: Request, at: Services, scrapes: Scrapes) -> None:
    """Refuse who may not read."""
    credentials = _credentials(request)
    if not credentials:
        await require_reader(None, at)
        return
    try:
        found = await caller_of(request, at, limiter=scrapes.asking)
        await require_reader(found, at)
    except Unavailable:
        raise
    except Refused:
        # Revoked, perhaps: what they were before does not count any more.
        scrapes.forget(credentials)
        raise
    scrapes.remember(credentials)


async def _in_threads(pieces: Iterator[bytes], limiter: CapacityLimiter) -> AsyncIterator[bytes]:
    while (piece := await to_thread.run_sync(next, pieces, None, limiter=limiter)) is not None:
        yield piece


def _failure(error: BaseException) -> Unavailable:
    if isinstance(error, Unavailable):
        return error
    known = unavailable(error)
    if known is not None:
        return known
    return Unavailable("database_unavailable", "the database does not answer", retry_after_s=15)


def _credentials(request: Request) -> str:
    return request.headers.get("authorization", "")


def _digest(credentials: str) -> str:
    return hashlib.sha256(credentials.encode()).hexdigest()


def _scrapes(request: Request) -> Scrapes:
    state = request.app.state
    if not hasattr(state, "scrapes"):
        state.scrapes = Scrapes()
    found = state.scrapes
    assert isinstance(found, Scrapes)
    return found
