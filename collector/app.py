"""The application: routes, and what each answer has in common."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import sqlalchemy as sa
import structlog
from anyio import CapacityLimiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.alerts.teller import Teller
from collector.dashboard import routes as dashboard
from collector.dashboard.empty_fields import DropEmptyFields
from collector.dashboard.problems import problem_page, wants_page
from collector.errors import Refused, Unavailable
from collector.history.housekeeping import Housekeeper
from collector.ingest.queue import ReportQueue
from collector.ingest.reports import store_reports
from collector.ingest.servers import Servers
from collector.ingest.writer import Writer, writer_of
from collector.metrics.own import OwnMetrics
from collector.metrics.storing import counted
from collector.session import engine_of
from collector.settings import Settings
from collector.verdicts.evaluate import Judge
from collector.web import events, fleets, health, legacy, metrics, reads, runs, sweeps, testers, tokens
from collector.web.bodies import CapBodies
from collector.web.failures import befalls_all, unavailable
from collector.web.methods import AnswerHead, methods_of
from collector.web.reads_answers import Problem
from collector.web.state import Services
from collector.web.watched import WatchAlerts, WatchHouse, WatchRequests, failure_code, refused_of
from wire.fields import time_text

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": description}
    for status, description in (
        (400, "Not JSON, bad gzip, another digest, or a parameter that is rubbish"),
        (401, "Credentials are missing or wrong"),
        (403, "These credentials may not do this, or the run is another tester's"),
        (404, "What is named is unknown"),
        (408, "The body took too long"),
        (409, "Something else is stored under this name or id"),
        (410, "The tester is retired"),
        (413, "The body is too large"),
        (415, "The Content-Encoding is unknown"),
        (422, "A field is not as it must be, or the version is unknown"),
        (429, "Too many wrong credentials came of late; Retry-After says when to try again"),
        (503, "The database is away, busy or full; Retry-After says when to try again"),
    )
}
"""The error answers of what writes."""

WRITERS = 2
"""Threads that store reports: while one waits for the disk, the other fills its transaction."""

LAST_WORDS_S = 2.0
"""What each thread has for its end, once no request is left."""

COLLECTOR_TIME = "Collector-Time"
CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def create_app(
    settings: Settings, *, engine: sa.Engine | None = None, writer: Writer | None = None
) -> FastAPI:
    """Return the application; nothing is opened before its first request or its start."""
    own = engine_of(settings.database_url) if engine is None else engine
    store = partial(
        store_reports,
        own,
        writer_of(own) if writer is None else writer,
        Servers(),
        most_offset=timedelta(seconds=settings.max_clock_offset_s),
    )
    counts = OwnMetrics()
    # SQLite has one writer at a time.
    writers = 1 if own.dialect.name == "sqlite" else WRITERS
    services = Services(
        engine=own,
        settings=settings,
        reports=ReportQueue(
            counted(store, counts), writers=writers, befalls_all=befalls_all, told=counts.reports_wait
        ),
        report_slots=CapacityLimiter(settings.report_threads),
        counts=counts,
        judge=Judge(own, settings.verdict),
        alerts=None if settings.alerts is None else Teller(own, settings.alerts, watch=WatchAlerts(counts)),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        keeper = Housekeeper(
            own,
            keep_events=timedelta(seconds=settings.keep_events_s),
            keep=settings.keep,
            watch=WatchHouse(counts),
            judge=lambda now, stopping: services.judge.judge_due(now, stopping=stopping),
        )
        keeper.start()
        if services.alerts is not None:
            services.alerts.start()
        yield
        services.stopping.set()
        # Every request was answered or given up by now: what still waits was acknowledged to nobody.
        services.reports.close(deadline_s=LAST_WORDS_S)
        if services.alerts is not None:
            services.alerts.stop(deadline_s=LAST_WORDS_S)
        keeper.stop(deadline_s=LAST_WORDS_S)
        own.dispose()

    app = FastAPI(
        title="Latency collector",
        version=health.VERSION,
        lifespan=lifespan,
        # The pages that FastAPI brings along load their scripts from somebody else's server.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.services = services
    for module in (health, metrics, legacy, reads, events, dashboard):
        app.include_router(module.router)
    for module in (fleets, testers, sweeps, runs, tokens):
        app.include_router(module.router, responses=ERRORS)
    _add_answers(app, services)
    return app


class TellTime:
    """Adds to every answer what costs nothing.

    The collector's clock, so that a client can compare it with its own; that nobody may take the
    answer for another type than it says; and that no proxy keeps it, unless the route says otherwise.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_time(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[COLLECTOR_TIME] = time_text(datetime.now(UTC))
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_time)


def _add_answers(app: FastAPI, services: Services) -> None:
    app.add_middleware(AnswerHead)
    app.add_middleware(DropEmptyFields)
    app.add_middleware(CapBodies, deadline_s=services.settings.body_deadline_s)
    # Added last, so that it stands outside: refusals of the body tell the time as well.
    app.add_middleware(TellTime)
    app.add_middleware(WatchRequests, own=services.counts)

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        if isinstance(error, Unavailable):
            _remember(services, request, error)
        refused_of(services.counts, request.scope, status=error.status, code=error.code)
        return _problem(request, error.body(), status=error.status, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
        message = f"{field}: {first['msg']}" if field else str(first["msg"])
        status, code = (400, "not_json") if first["type"] == "json_invalid" else (422, "invalid")
        refused_of(services.counts, request.scope, status=status, code=code)
        body = Refused(status, code, message, hint="see /openapi.json", fields={"field": field}).body()
        return _problem(request, body, status=status)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        code = CODES.get(error.status_code, "refused")
        body = Refused(error.status_code, code, str(error.detail), hint="see /openapi.json").body()
        headers = dict(error.headers or {})
        if error.status_code == 405:
            # Several routes share a path: each knows its own methods alone.
            headers["Allow"] = ", ".join(methods_of(app, request.url.path))
        return _problem(request, body, status=error.status_code, headers=headers)

    @app.exception_handler(sa.exc.SQLAlchemyError)
    @app.exception_handler(psycopg.Error)
    async def database_failed(request: Request, error: Exception) -> Response:
        answer = unavailable(error)
        if answer is None:
            raise error
        _remember(services, request, answer)
        services.counts.database_failed(failure_code(error))
        refused_of(services.counts, request.scope, status=answer.status, code=answer.code)
        return _problem(request, answer.body(), status=answer.status, headers=answer.headers)

    @app.exception_handler(Exception)
    async def failed(request: Request, _error: Exception) -> Response:
        # The text of the error may hold what was sent; the log has it.
        answer = Refused(500, "internal", "the collector failed on this request", hint="see its log")
        refused_of(services.counts, request.scope, status=answer.status, code=answer.code)
        return _problem(request, answer.body(), status=answer.status)


def _problem(
    request: Request, body: dict[str, Any], *, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error: to people as a page, to programs as JSON."""
    if wants_page(request):
        return problem_page(request, body, status=status, headers=headers)
    return JSONResponse(body, status_code=status, headers=dict(headers or {}))


def _remember(services: Services, request: Request, error: Unavailable) -> None:
    if request.method != "GET":
        services.storage.failed(error.message)
    structlog.get_logger("collector").error("request.unavailable", code=error.code, path=request.url.path)
