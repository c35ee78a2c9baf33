"""GET results: as JSON by pages, as CSV or as Parquet."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from collector.history.queries import RunFilter
from collector.history.queries_results import ResultFilter, ResultKey, key_of, newest_results
from collector.session import reading
from collector.tables import ResultState
from collector.web.export_answer import EXPORTED, Format, FormatName, export, export_page
from collector.web.export_results import RESULTS_TABLE, result_pages, result_rows
from collector.web.reads_answers import ERRORS, answer, hinted, time_text
from collector.web.reads_names import (
    FleetName,
    ServerName,
    Since,
    SweepId,
    TesterName,
    Trusted,
    Until,
    fleet_number,
    span_of,
    the_servers,
    the_tester,
)
from collector.web.reads_page import DEFAULT_LIMIT, Cursor, ExportLimit, cursor_of, key_in
from collector.web.state import Services, services

router = APIRouter(tags=["results"])

RESULTS = "results"


@router.get("/results", responses=ERRORS | EXPORTED)
def list_results(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    sweep_id: SweepId = None,
    run_id: Annotated[UUID | None, Query(description="a run's UUID")] = None,
    tester: TesterName = None,
    server: ServerName = None,
    state: Annotated[ResultState | None, Query(description="what was found")] = None,
    trusted: Trusted = None,
    since: Since = None,
    until: Until = None,
    limit: ExportLimit = None,
    cursor: Cursor = None,
    format: FormatName = Format.JSON,  # noqa: A002  # its name in the API
) -> Response:
    """Results, newest first.

    CSV and Parquet are streamed; where `limit` is given, the header Next-Cursor leads on.
    """
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
        trusted=trusted,
        since=span.since,
        until=span.until,
    )
    only = ResultFilter(server_numbers=None if asked is None else tuple(row.id for row in asked), state=state)
    if format is not Format.JSON and limit is None:
        return export(at, RESULTS_TABLE, format, partial(result_pages, chosen=chosen, only=only, after=after))
    size = DEFAULT_LIMIT if limit is None else limit
    with reading(at.engine) as connection:
        rows = newest_results(connection, chosen, only=only, after=after, limit=size + 1)
    more = next_of(rows, limit=size)
    if format is not Format.JSON:
        return export_page(at, RESULTS_TABLE, format, result_rows(rows[:size]), next_cursor=more)
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
