"""What `/metrics` learns from requests and from housekeeping."""

import time

import psycopg
import sqlalchemy as sa
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.history.partitions import PARTITIONED
from collector.history.retention import Old
from collector.metrics.own import VERDICTS, OwnMetrics
from collector.web.failures import unavailable

METHODS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS")
REPORT_ROUTE = "/api/v1/runs/{run_id}/report"
UNKNOWN = "unknown"
GONE = "gone"
"""The status of a request whose client left before there was one."""


class WatchRequests:
    """Counts requests and how long they took.

    An event stream counts when it begins: it lasts for an hour, which says nothing of the collector.
    """

    def __init__(self, app: ASGIApp, *, own: OwnMetrics) -> None:
        self._app = app
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = GONE
        streaming = False

        async def send_and_look(message: Message) -> None:
            nonlocal status, streaming
            if message["type"] == "http.response.start":
                status = str(message["status"])
                if _is_event_stream(message):
                    streaming = True
                    self._own.stream_opened()
                    self._count(scope, status, begun)
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        except ClientDisconnect:
            # Nobody is left to be answered, which is no fault of ours and nothing for the log.
            return
        except Exception:
            # Answered further out, with this.
            status = "500" if status == GONE else status
            raise
        finally:
            if streaming:
                self._own.stream_ended()
            else:
                self._count(scope, status, begun)

    def _count(self, scope: Scope, status: str, begun: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else UNKNOWN
        seconds = time.perf_counter() - begun
        self._own.request(method=method, route=route_of(scope), status=status, seconds=seconds)


class WatchHouse:
    """Counts what housekeeping does (`collector.history.housekeeping.Watch`)."""

    def __init__(self, own: OwnMetrics) -> None:
        self._own = own

    def rolled_up(self, hours: int) -> None:
        """Take note of a round of the rollup job."""
        self._own.rolled_up(hours)

    def removed(self, removed: Old) -> None:
        """Take note of what retention removed."""
        # A partition's name begins with its table's.
        for periods in PARTITIONED:
            if removed.what.startswith(periods.table):
                self._own.removed(periods.table)
        if removed.what == VERDICTS:
            self._own.removed(VERDICTS)

    def failed(self, error: sa.exc.SQLAlchemyError | psycopg.Error) -> None:
        """Take note of a step that the database failed."""
        self._own.database_failed(failure_code(error))


class WatchAlerts:
    """Counts what is told (`collector.alerts.teller.Watch`)."""

    def __init__(self, own: OwnMetrics) -> None:
        self._own = own

    def evaluated(self, occasions: int) -> None:
        """Take note of what was held against the rules."""
        self._own.occasions(occasions)

    def told(self, receiver: str, outcome: str) -> None:
        """Take note of an attempt."""
        self._own.alert_told(receiver, outcome)

    def alerts_wait(self, count: int) -> None:
        """Take note of what waits."""
        self._own.alerts_wait(count)

    def failed(self, error: sa.exc.SQLAlchemyError | psycopg.Error) -> None:
        """Take note of a step that the database failed."""
        self._own.database_failed(failure_code(error))


def refused_of(own: OwnMetrics, scope: Scope, *, status: int, code: str) -> None:
    """Count a refusal: of a report, or for its credentials."""
    if route_of(scope) == REPORT_ROUTE:
        own.report_refused(code)
    if status in (401, 429) or code == "forbidden":
        own.authentication_failed(code)


def failure_code(error: BaseException) -> str:
    """Return the code of the answer to a failure of the database."""
    answer = unavailable(error)
    return "internal" if answer is None else answer.code


def route_of(scope: Scope) -> str:
    """Return the template of the route that served a request, with the prefixes of its routers."""
    path = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return UNKNOWN
    # The route knows its own part alone. Prefixes have no parameters, so they are as they were asked.
    before = scope["path"].count("/") - path.count("/")
    if before <= 0 or ":path}" in path:
        return path
    return "/".join(scope["path"].split("/")[: before + 1]) + path


def _is_event_stream(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in message.get("headers", ())
    )
