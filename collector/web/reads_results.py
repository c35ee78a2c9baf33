"""GET results, as JSON by pages or as CSV."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from collector.history.queries import RunFilter
from collector.history.queries_results import ResultKey, key_of, newest_results
from collector.session import reading
from collector.web.reads_answers import ERRORS, answer, hinted, time_text
from collector.web.reads_names import (
    FleetName,
    ServerName,
    Since,
    SweepId,
    TesterName,
    Until,
    fleet_number,
    span_of,
    the_servers,
    the_tester,
)
from collector.web.reads_page import DEFAULT_LIMIT, MAX_LIMIT, Cursor, cursor_of, key_in
from collector.web.state import Services, services

router = APIRouter(tags=["results"])

RESULTS = "results"
CSV_ROWS_AT_A_TIME = 1_000

FIELDS = (
    "ts",
    "run_id",
    "tester_id",
    "tester",
    "server_id",
    "server",
    "group",
    "host",
    "address",
    "family",
    "probe_type",
    "port",
    "state",
    "planned",
    "sent",
    "answered",
    "late",
    "duplicate",
    "reordered",
    "min_us",
    "p50_us",
    "max_us",
    "mean_us",
    "dev_us",
    "rtt_us",
    "details",
)

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet runs a text that begins so; a single quote in front makes it a text again."""


class Format(StrEnum):
    """How results are written."""

    JSON = "json"
    CSV = "csv"


@router.get(
    "/results",
    responses=ERRORS
    | {200: {"description": "A page of results, or all of them as CSV", "content": {"text/csv": {}}}},
)
def list_results(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    sweep_id: SweepId = None,
    run_id: Annotated[UUID | None, Query(description="a run's UUID")] = None,
    tester: TesterName = None,
    server: ServerName = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int | None,
        Query(ge=1, le=MAX_LIMIT, description="how many items a page holds; CSV without it has no end"),
    ] = None,
    cursor: Cursor = None,
    format: Annotated[Format, Query(description="json, or csv")] = Format.JSON,  # noqa: A002  # its name in the API
) -> Response:
    """Results, newest first. CSV is streamed; where `limit` is given, the header Next-Cursor leads on."""
    span = span_of(since, until)
    after = None if cursor is None else result_key(cursor)
    with reading(at.engine) as connection:
        number = fleet_number(connection, fleet)
        made_by = None if tester is None else the_tester(connection, tester, fleet_number=number)
        asked = None if server is None else the_servers(connection, server, fleet_number=number)
    chosen = RunFilter(
        fleet_number=number,
        tester_number=None if made_by is None else made_by.id,
        sweep_id=sweep_id,
        run_id=run_id,
        since=span.since,
        until=span.until,
    )
    servers = None if asked is None else tuple(row.id for row in asked)
    if format is Format.CSV and limit is None:
        pages = _pages(at.engine, chosen, servers=servers, after=after)
        return _csv(pages, next_cursor=None)
    size = DEFAULT_LIMIT if limit is None else limit
    with reading(at.engine) as connection:
        rows = newest_results(connection, chosen, server_numbers=servers, after=after, limit=size + 1)
    more = next_of(rows, limit=size)
    if format is Format.CSV:
        return _csv(iter([rows[:size]]), next_cursor=more)
    body = {"results": [result_dict(row) for row in rows[:size]], "next": more}
    return answer(hinted(body, None if rows or cursor else "no result was stored that fits"))


def result_key(cursor: str) -> ResultKey:
    """Return the key in a cursor of results; refuse with 400."""
    ts, tester_number, run_id, server_number = key_in(cursor, RESULTS, datetime, int, UUID, int)
    return ResultKey(ts=ts, tester_number=tester_number, run_id=run_id, server_number=server_number)


def next_of(rows: Sequence[sa.Row[Any]], *, limit: int) -> str | None:
    """Return the cursor of the next page, None where `rows`, read one beyond the limit, end."""
    if len(rows) <= limit:
        return None
    key = key_of(rows[limit - 1])
    return cursor_of(RESULTS, key.ts, key.tester_number, key.run_id, key.server_number)


def result_dict(row: sa.Row[Any]) -> dict[str, Any]:
    """Return a result."""
    return {
        "ts": time_text(row.ts),
        "run_id": str(row.run_id),
        "tester_id": str(row.tester_uuid),
        "tester": row.tester_name,
        "server_id": str(row.server_uuid),
        "server": row.server_name,
        "group": row.group,
        "host": row.host,
        "address": row.ip_addr,
        "family": row.family,
        "probe_type": row.probe_type,
        "port": row.port,
        "state": row.state,
        "planned": row.planned,
        "sent": row.sent,
        "answered": row.answered,
        "late": row.late,
        "duplicate": row.duplicate,
        "reordered": row.reordered,
        "min_us": row.min_us,
        "p50_us": row.p50_us,
        "max_us": row.max_us,
        "mean_us": row.mean_us,
        "dev_us": row.dev_us,
        "rtt_us": np.frombuffer(row.probes, dtype="<i4").tolist(),
        "details": row.details,
    }


def _pages(
    engine: sa.Engine, chosen: RunFilter, *, servers: tuple[int, ...] | None, after: ResultKey | None
) -> Iterator[Sequence[sa.Row[Any]]]:
    """Give all results, each page from a transaction of its own: a slow reader holds none open."""
    while True:
        with reading(engine) as connection:
            rows = newest_results(
                connection, chosen, server_numbers=servers, after=after, limit=CSV_ROWS_AT_A_TIME
            )
        if rows:
            yield rows
            after = key_of(rows[-1])
        if len(rows) < CSV_ROWS_AT_A_TIME:
            return


def _csv(pages: Iterator[Sequence[sa.Row[Any]]], *, next_cursor: str | None) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="results.csv"'}
    if next_cursor is not None:
        headers["Next-Cursor"] = next_cursor
    return StreamingResponse(_lines(pages), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(pages: Iterator[Sequence[sa.Row[Any]]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(FIELDS)
    for rows in pages:
        writer.writerows([_csv_value(value) for value in result_dict(row).values()] for row in rows)
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def _csv_value(value: object) -> object:
    if isinstance(value, (list, dict)):
        return json.dumps(value, separators=(",", ":"))
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value
