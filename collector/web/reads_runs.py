"""GET runs."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from collector.errors import Refused
from collector.history.queries import RunFilter, RunKey, newest_runs
from collector.history.queries_results import newest_results
from collector.history.queries_summary import counted_by_state, worst_of_run
from collector.session import reading
from collector.tables import RunState
from collector.web.export_answer import EXPORTED, Format, FormatName, export, export_page
from collector.web.export_runs import RUNS_TABLE, run_pages, run_rows
from collector.web.reads_answers import ERRORS, answer, hinted, run_dict
from collector.web.reads_names import (
    FleetName,
    Since,
    SweepId,
    TesterName,
    Trusted,
    Until,
    fleet_number,
    span_of,
    the_tester,
)
from collector.web.reads_page import DEFAULT_LIMIT, MAX_LIMIT, Cursor, ExportLimit, Limit, cursor_of, key_in
from collector.web.reads_results import next_of, result_dict, result_key
from collector.web.state import Services, services
from collector.web.summary import results_dict, worst_dict

router = APIRouter(tags=["runs"])

RUNS = "runs"
MOST_WORST = 10


@router.get("/runs", responses=ERRORS | EXPORTED)
def list_runs(
    at: Annotated[Services, Depends(services)],
    sweep_id: SweepId = None,
    fleet: FleetName = None,
    tester: TesterName = None,
    state: Annotated[RunState | None, Query(description="what is known of the run")] = None,
    trusted: Trusted = None,
    since: Since = None,
    until: Until = None,
    limit: ExportLimit = None,
    cursor: Cursor = None,
    format: FormatName = Format.JSON,  # noqa: A002  # its name in the API
) -> Response:
    """Runs, those announced last first; one that has not started counts as begun when announced.

    CSV and Parquet are streamed; where `limit` is given, the header Next-Cursor leads on.
    """
    after = _key(cursor)
    chosen = chosen_runs(
        at,
        fleet=fleet,
        tester=tester,
        sweep_id=sweep_id,
        state=state,
        trusted=trusted,
        since=since,
        until=until,
    )
    if format is not Format.JSON and limit is None:
        return export(at, RUNS_TABLE, format, partial(run_pages, chosen=chosen, after=after))
    size = DEFAULT_LIMIT if limit is None else limit
    if format is Format.JSON:
        return answer(runs_body(at, chosen, limit=size, cursor=cursor))
    page, more = _page_of(at, chosen, after=after, limit=size)
    return export_page(at, RUNS_TABLE, format, run_rows(page), next_cursor=more)


def chosen_runs(
    at: Services,
    *,
    fleet: str | None = None,
    tester: str | None = None,
    sweep_id: UUID | None = None,
    state: RunState | None = None,
    trusted: bool | None = None,
    since: str | None = None,
    until: str | None = None,
) -> RunFilter:
    """Return which runs the parameters of a question mean; refuse what is unknown or makes no sense."""
    span = span_of(since, until)
    with reading(at.engine) as connection:
        number = fleet_number(connection, fleet)
        made_by = None if tester is None else the_tester(connection, tester, fleet_number=number)
    return RunFilter(
        fleet_number=number,
        tester_number=None if made_by is None else made_by.id,
        sweep_id=sweep_id,
        state=None if state is None else state.value,
        trusted=trusted,
        since=span.since,
        until=span.until,
        announced_too=True,
    )


def runs_body(at: Services, chosen: RunFilter, *, limit: int, cursor: str | None) -> dict[str, Any]:
    """Return a page of runs as the API answers it."""
    page, more = _page_of(at, chosen, after=_key(cursor), limit=limit)
    body = {"runs": [run_dict(row) for row in page], "next": more}
    return hinted(body, None if page or cursor else "no run was announced that fits")


def _page_of(
    at: Services, chosen: RunFilter, *, after: RunKey | None, limit: int
) -> tuple[Sequence[sa.Row[Any]], str | None]:
    with reading(at.engine) as connection:
        rows = newest_runs(connection, chosen, after=after, limit=limit + 1)
    page = rows[:limit]
    return page, cursor_of(RUNS, page[-1].announced_at, page[-1].run_id) if len(rows) > limit else None


@router.get("/runs/{run_id}", responses=ERRORS)
def get_run(
    at: Annotated[Services, Depends(services)],
    run_id: UUID,
    limit: Limit = MAX_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """One run, counted, with its worst results and all of them; `next` where they are more than a page."""
    return answer(run_body(at, run_id, limit=limit, cursor=cursor))


def run_body(at: Services, run_id: UUID, *, limit: int, cursor: str | None) -> dict[str, Any]:
    """Return a run with its results as the API answers it."""
    chosen = RunFilter(run_id=run_id)
    with reading(at.engine) as connection:
        found = newest_runs(connection, chosen, limit=1)
        if not found:
            raise Refused(
                404,
                "unknown_run",
                f"there is no run {run_id}",
                hint="GET /api/v1/runs lists those there are",
            )
        rows = newest_results(
            connection, chosen, after=None if cursor is None else result_key(cursor), limit=limit + 1
        )
        counts = _summary(connection, found[0], chosen)
    body = run_dict(found[0]) | {"summary": counts, "results": [result_dict(row) for row in rows[:limit]]}
    return body | {"next": next_of(rows, limit=limit)}


def _summary(connection: sa.Connection, run: sa.Row[Any], chosen: RunFilter) -> dict[str, Any]:
    if run.started_at is None or not run.stored:
        return results_dict(()) | {"worst": []}
    counted = counted_by_state(connection, since=run.started_at, until=run.started_at, chosen=chosen)
    worst = worst_of_run(connection, run, limit=MOST_WORST)
    return results_dict(counted) | {"worst": [worst_dict(row) for row in worst]}


def _key(cursor: str | None) -> RunKey | None:
    if cursor is None:
        return None
    announced_at, run_id = key_in(cursor, RUNS, datetime, UUID)
    return announced_at, run_id
