"""GET hours and days: the sums of paths as they are stored, to take along."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from collector.history.histogram import RELATIVE_ERROR
from collector.history.queries_sums import Names, SumFilter, SumKey, stored_sums, testers_of_fleet
from collector.session import reading
from collector.web.export_answer import EXPORTED, Format, FormatName, export, export_page
from collector.web.export_sums import SUM_TABLES, sum_key_of, sum_pages, sum_rows
from collector.web.export_table import Kind, Row, Table
from collector.web.reads_answers import ERRORS, answer, hinted, time_text
from collector.web.reads_names import (
    FleetName,
    ServerName,
    Since,
    TesterName,
    Until,
    fleet_number,
    span_of,
    the_servers,
    the_tester,
)
from collector.web.reads_page import DEFAULT_LIMIT, Cursor, ExportLimit, cursor_of, key_in
from collector.web.state import Services, services

router = APIRouter(tags=["history"])

NOTHING = "nothing is summed up that fits; an hour is when it has ended, GET /api/v1/results has the rest"


@router.get("/hours", responses=ERRORS | EXPORTED)
def list_hours(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    tester: TesterName = None,
    server: ServerName = None,
    since: Since = None,
    until: Until = None,
    limit: ExportLimit = None,
    cursor: Cursor = None,
    format: FormatName = Format.JSON,  # noqa: A002  # its name in the API
) -> Response:
    """Sums of each path by the hour that have been made, path by path, the oldest hour first.

    Counts and extremes are exact, percentiles within `percentile_error`.
    """
    with reading(at.engine) as connection:
        chosen = _chosen(connection, fleet, tester, server, since, until)
    return _listed(at, "hour", chosen, limit=limit, cursor=cursor, form=format)


@router.get("/days", responses=ERRORS | EXPORTED)
def list_days(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    tester: TesterName = None,
    server: ServerName = None,
    since: Since = None,
    until: Until = None,
    limit: ExportLimit = None,
    cursor: Cursor = None,
    format: FormatName = Format.JSON,  # noqa: A002  # its name in the API
) -> Response:
    """Sums of each path by the day that have been made, path by path, the oldest day first.

    Counts and extremes are exact, percentiles within `percentile_error`.
    """
    with reading(at.engine) as connection:
        chosen = _chosen(connection, fleet, tester, server, since, until)
    return _listed(at, "day", chosen, limit=limit, cursor=cursor, form=format)


def _chosen(
    connection: sa.Connection,
    fleet: str | None,
    tester: str | None,
    server: str | None,
    since: str | None,
    until: str | None,
) -> SumFilter:
    span, number = span_of(since, until), fleet_number(connection, fleet)
    testers = None if number is None else testers_of_fleet(connection, number)
    if tester is not None:
        testers = (int(the_tester(connection, tester, fleet_number=number).id),)
    asked = None if server is None else the_servers(connection, server, fleet_number=number)
    return SumFilter(
        tester_numbers=testers,
        server_numbers=None if asked is None else tuple(row.id for row in asked),
        since=span.since,
        until=span.until,
    )


def _listed(
    at: Services, period: str, chosen: SumFilter, *, limit: int | None, cursor: str | None, form: Format
) -> Response:
    table = SUM_TABLES[period]
    after = None
    if cursor is not None:
        tester, server, time = key_in(cursor, table.name, int, int, datetime)
        after = SumKey(tester_number=tester, server_number=server, at=time)
    if form is not Format.JSON and limit is None:
        return export(at, table, form, partial(sum_pages, period=period, chosen=chosen, after=after))
    size = DEFAULT_LIMIT if limit is None else limit
    with reading(at.engine) as connection:
        stored = stored_sums(connection, period, chosen, after=after, limit=size + 1)
        rows = sum_rows(stored[:size], Names(connection))
    more = None
    if len(stored) > size:
        last = sum_key_of(stored[size - 1])
        more = cursor_of(table.name, last.tester_number, last.server_number, last.at)
    if form is not Format.JSON:
        return export_page(at, table, form, rows, next_cursor=more)
    items = [_shown(table, row) for row in rows]
    body = {table.name: items, "percentile_error": RELATIVE_ERROR, "next": more}
    return answer(hinted(body, None if rows or cursor else NOTHING))


def _shown(table: Table, row: Row) -> dict[str, Any]:
    written: dict[Kind, Any] = {Kind.TIME: time_text, Kind.ID: str}
    return {
        column.name: written[column.kind](value) if column.kind in written else value
        for column, value in zip(table.columns, row, strict=True)
    }
