"""GET path: one tester against one address, over time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from collector.history.figures import CellState, Figure, Rows, pool, state_of
from collector.history.queries import RunFilter
from collector.history.queries_results import newest_results
from collector.history.queries_window import Window, read_window
from collector.session import reading
from collector.tables import fleets, runs
from collector.verdicts.floor import against_floor
from collector.web.reads_answers import (
    ERRORS,
    answer,
    cell_dict,
    hinted,
    region_of,
    server_dict,
    time_or_none,
    time_text,
)
from collector.web.reads_names import Since, Until, fleet_number, span_of, the_server, the_tester
from collector.web.reads_page import DEFAULT_LIMIT, Cursor, Limit
from collector.web.reads_results import next_of, result_key
from collector.web.reads_slow import server_places, tester_place
from collector.web.state import Services, services

router = APIRouter(tags=["path"])

DEFAULT_SPAN = timedelta(days=7)
"""How far back a path is looked at where nothing else is said, from its tester's newest result."""


@router.get("/path", responses=ERRORS)
def get_path(
    at: Annotated[Services, Depends(services)],
    tester: Annotated[str, Query(description="a tester's UUID or name")],
    server: Annotated[str, Query(description="a server's UUID or name")],
    fleet: Annotated[str | None, Query(description="a fleet's UUID or name")] = None,
    address: Annotated[str | None, Query(description="which address of the server")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """One path: its figures over the window, and a point for each run, newest first."""
    span = span_of(since, until)
    after = None if cursor is None else result_key(cursor)
    with reading(at.engine) as connection:
        row = the_tester(connection, tester, fleet_number=fleet_number(connection, fleet))
        found = the_server(connection, server, fleet_number=row.fleet_id, address=address)
        begin = span.since
        if span.since is None and span.until is None:
            newest = connection.execute(
                sa.select(sa.func.max(runs.c.started_at)).where(runs.c.tester_id == row.id, runs.c.stored > 0)
            ).scalar()
            begin = None if newest is None else newest - DEFAULT_SPAN
        chosen = RunFilter(tester_number=row.id, since=begin, until=span.until)
        window = read_window(connection, chosen, server_number=found.id)
        rows = newest_results(connection, chosen, server_numbers=(found.id,), after=after, limit=limit + 1)
        spec = connection.execute(sa.select(fleets.c.spec).where(fleets.c.id == row.fleet_id)).scalar()
    trusted = {run.run_id: run.trusted is not False for run in window.runs}
    summary, best_us = _summary(window, resolved=found.ip_addr is not None)
    if summary is not None:
        floor = against_floor(
            best_us=best_us, one=tester_place(row), other=server_places(spec).get(found.name)
        )
        summary["floor_ratio"] = floor.ratio
    body = {
        "tester": {"tester_id": str(row.uuid), "name": row.name, "region": region_of(row)},
        "server": server_dict(found),
        "since": time_or_none(begin),
        "until": time_or_none(span.until),
        "summary": summary,
        "points": _points(rows[:limit], trusted=trusted, resolved=found.ip_addr is not None),
        "next": next_of(rows, limit=limit),
    }
    return answer(hinted(body, None if rows or cursor else "no result of this path is stored in this window"))


def _summary(window: Window, *, resolved: bool) -> tuple[dict[str, Any] | None, int | None]:
    """Return the figures of the trusted runs, of all where none is; None without any."""
    if not len(window.rows):
        return None, None
    good = bool(window.trusted.any())
    used = window.trusted if good else ~window.trusted
    rows = Rows(
        probes=[probes for probes, wanted in zip(window.rows.probes, used, strict=True) if wanted],
        late_known=window.rows.late_known[used],
    )
    figure = pool(rows, group=np.zeros(len(rows), dtype=np.int64), groups=1).one(0)
    state = _state(figure, resolved=resolved, trusted=good)
    cell = cell_dict(figure, state=state, runs=len(rows))
    return cell | {"pdv_us": figure.pdv_us, "ipdv_us": figure.ipdv_us}, figure.min_us


def _points(rows: Sequence[sa.Row[Any]], *, trusted: dict[Any, bool], resolved: bool) -> list[dict[str, Any]]:
    figures = pool(
        Rows(
            probes=[row.probes for row in rows],
            late_known=np.array([row.late is not None for row in rows], dtype=np.bool_),
        ),
        group=np.arange(len(rows)),
        groups=len(rows),
    )
    return [
        _point(row, figures.one(number), trusted=trusted.get(row.run_id, True), resolved=resolved)
        for number, row in enumerate(rows)
    ]


def _point(row: sa.Row[Any], figure: Figure, *, trusted: bool, resolved: bool) -> dict[str, Any]:
    return {
        "ts": time_text(row.ts),
        "run_id": str(row.run_id),
        "state": _state(figure, resolved=resolved, trusted=trusted),
        "n": figure.n,
        "answered": figure.answered,
        "loss_ratio": figure.loss_ratio,
        "min_us": figure.min_us,
        "p50_us": figure.p50_us,
        "p95_us": figure.p95_us,
        "p50_note": figure.p50_note,
        "p95_note": figure.p95_note,
        "max_us": figure.max_us,
        "trusted": trusted,
    }


def _state(figure: Figure, *, resolved: bool, trusted: bool) -> CellState:
    if not trusted:
        return CellState.TESTER_BAD
    return state_of(resolved=resolved, n=figure.n, answered=figure.answered, late=figure.late or 0)
