"""An export on its way: streamed, of one state of the database, and never whole by mistake."""

import threading
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Any

import anyio
import sqlalchemy as sa
import structlog
from anyio import to_thread
from fastapi import Query
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from collector.errors import ExportBroken, Unavailable
from collector.session import snapshot
from collector.web.export_csv import csv_chunks
from collector.web.export_parquet import parquet_chunks
from collector.web.export_table import Pages, Row, Table
from collector.web.reads_answers import time_text
from collector.web.state import Services

RETRY_AFTER_S = 30
CSV = "text/csv; charset=utf-8"
PARQUET = "application/vnd.apache.parquet"


class Format(StrEnum):
    """How a list is written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


FormatName = Annotated[Format, Query(description="json by pages, csv or parquet")]

EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page as JSON; or all of it, or a page where `limit` is given, as CSV or Parquet",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/csv": {"schema": {"type": "string"}},
            PARQUET: {"schema": {"type": "string", "format": "binary"}},
        },
        "headers": {
            "Next-Cursor": {
                "description": "where the next page of CSV or Parquet begins, if there is one",
                "schema": {"type": "string"},
            }
        },
    }
}


def export(
    at: Services,
    table: Table,
    form: Format,
    pages: Callable[[sa.Connection], Pages],
) -> Response:
    """Return all rows that `pages` gives from a connection, which is opened with the first of them."""

    def chunks() -> Iterator[bytes]:
        with snapshot(at.engine) as connection:
            yield from _written(at, table, form, pages(connection))

    return Export(at, table, form, chunks())


def export_page(
    at: Services, table: Table, form: Format, rows: Sequence[Row], *, next_cursor: str | None = None
) -> Response:
    """Return rows that were read already; the header Next-Cursor leads on."""
    return Export(at, table, form, _written(at, table, form, iter([rows])), next_cursor=next_cursor)


def _written(at: Services, table: Table, form: Format, pages: Pages) -> Iterator[bytes]:
    if form is Format.CSV:
        return csv_chunks(table, pages)
    return parquet_chunks(table, pages, about={"exported_at": time_text(at.now()), "times": "UTC"})


class Export(Response):
    """Passes chunks on while its client takes them.

    A client that goes away, a database that fails and a time that is up all end the reading at
    once. What has begun then ends without its last chunk: the client sees a connection that breaks
    off, not a short file.
    """

    def __init__(
        self,
        at: Services,
        table: Table,
        form: Format,
        chunks: Iterator[bytes],
        *,
        next_cursor: str | None = None,
    ) -> None:
        headers = {"Content-Disposition": f'attachment; filename="{table.name}.{form}"'}
        if next_cursor is not None:
            headers["Next-Cursor"] = next_cursor
        self.status_code = 200
        self.media_type = CSV if form is Format.CSV else PARQUET
        self.background = None
        self.body = b""
        self.init_headers(headers)
        # The length is not known.
        del self.headers["content-length"]
        self._slots: threading.BoundedSemaphore = at.export_slots
        self._deadline_s = at.settings.export_deadline_s
        self._chunks = chunks
        self._name = table.name
        self._has_begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the overridden signature
        """Send the export."""
        if not self._slots.acquire(blocking=False):
            raise Unavailable(
                "too_many_exports",
                "as many exports as are allowed are on their way",
                retry_after_s=RETRY_AFTER_S,
                hint="ask for JSON by pages, or wait",
            )
        failure: Exception | None = None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._listen, receive, group.cancel_scope)
                # Kept from the group, which would wrap it.
                try:
                    with anyio.fail_after(self._deadline_s):
                        await self._pass_on(send)
                except Exception as error:  # noqa: BLE001  # raised again below
                    failure = error
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._close)
            self._slots.release()
        if failure is not None:
            raise self._told(failure)

    async def _listen(self, receive: Receive, scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async def _pass_on(self, send: Send) -> None:
        # The first chunk before the status, so that a database that is away is a 503.
        chunk = await to_thread.run_sync(next, self._chunks, None)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        self._has_begun = True
        while chunk is not None:
            if chunk:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            chunk = await to_thread.run_sync(next, self._chunks, None)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _close(self) -> None:
        # A generator: closing it ends its transaction.
        self._chunks.close()  # type: ignore[attr-defined]  # an iterator by its type

    def _told(self, failure: Exception) -> Exception:
        if not self._has_begun:
            if isinstance(failure, TimeoutError):
                return Unavailable(
                    "export_too_slow",
                    f"nothing was read within {self._deadline_s:g} s",
                    retry_after_s=RETRY_AFTER_S,
                    hint="narrow it with since= and until=",
                )
            return failure
        reason = "the time is up" if isinstance(failure, TimeoutError) else type(failure).__name__
        structlog.get_logger("collector").error("export.broken", table=self._name, reason=reason)
        broken = ExportBroken(f"an export of {self._name} broke off: {reason}")
        broken.__cause__ = failure
        return broken
