"""GET path: one tester against one address, over time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from collector.history.figures import CellState, Figure, Rows, pool, state_of
from collector.history.histogram import RELATIVE_ERROR
from collector.history.queries import RunFilter
from collector.history.queries_results import ResultFilter, newest_results
from collector.history.queries_window import Window, read_window
from collector.history.raw import PathSums
from collector.history.rolled import Asked, fitted, read_rolled, series, span_of_results
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
from collector.web.reads_long import asked_of
from collector.web.reads_names import Since, Until, fleet_number, span_of, the_server, the_tester
from collector.web.reads_page import DEFAULT_LIMIT, Cursor, Limit, cursor_of, key_in
from collector.web.reads_results import next_of, result_key
from collector.web.reads_slow import server_places, tester_place
from collector.web.state import Services, services

router = APIRouter(tags=["path"])


class Resolution(StrEnum):
    """What a point of a path stands for."""

    RUN = "run"
    HOUR = "hour"
    DAY = "day"


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
    resolution: Annotated[
        Resolution, Query(description="a point for each run, hour or day")
    ] = Resolution.RUN,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """One path: its figures over the window, and its points, newest first.

    Over more than a day, and by the hour or the day, percentiles are within `percentile_error` of
    the exact ones.
    """
    span = span_of(since, until)
    by_run = resolution is Resolution.RUN
    after = None if cursor is None or not by_run else result_key(cursor)
    before = None if cursor is None or by_run else key_in(cursor, f"path by {resolution}", datetime)[0]
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
        asked = asked_of(connection, chosen, server_number=found.id)
        if asked is None:
            window = read_window(connection, chosen, server_number=found.id)
            summary, best_us = _summary(window, resolved=found.ip_addr is not None)
        else:
            summary, best_us = _summed(read_rolled(connection, asked), resolved=found.ip_addr is not None)
        if by_run:
            rows = newest_results(
                connection,
                chosen,
                only=ResultFilter(server_numbers=(found.id,)),
                after=after,
                limit=limit + 1,
            )
            bad = _not_trusted(connection, rows)
            points = _points(rows[:limit], bad=bad, resolved=found.ip_addr is not None)
            more = next_of(rows, limit=limit)
        else:
            points = _periods(connection, chosen, found, resolution, before=before)
            more = None
            if len(points) > limit:
                points = points[:limit]
                last = datetime.fromisoformat(points[-1]["ts"])
                more = cursor_of(f"path by {resolution}", last)
        spec = connection.execute(sa.select(fleets.c.spec).where(fleets.c.id == row.fleet_id)).scalar()
    if summary is not None:
        floor = against_floor(
            best_us=best_us, one=tester_place(row), other=server_places(spec).get(found.name)
        )
        summary["floor_ratio"] = floor.ratio
    body = {
        "tester": {"tester_id": str(row.uuid), "name": row.name, "region": region_of(row)},
        "server": server_dict(found),
        "since": time_or_none(begin if asked is None else asked.since),
        "until": time_or_none(span.until if asked is None else asked.until),
        "percentile_error": 0.0 if asked is None else RELATIVE_ERROR,
        "resolution": resolution,
        "summary": summary,
        "points": points,
        "next": more,
    }
    return answer(
        hinted(body, None if points or cursor else "no result of this path is stored in this window")
    )


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


def _summed(paths: PathSums, *, resolved: bool) -> tuple[dict[str, Any] | None, int | None]:
    """Return the figures of the trusted runs, from rollups; None without any."""
    if not len(paths):
        return None, None
    figure = paths.sums.figures().one(0)
    runs_of = int(paths.sums.runs[0])
    cell = cell_dict(figure, state=_state(figure, resolved=resolved, trusted=bool(runs_of)), runs=runs_of)
    return cell | {"pdv_us": figure.pdv_us, "ipdv_us": figure.ipdv_us}, figure.min_us


def _periods(
    connection: sa.Connection,
    chosen: RunFilter,
    server: sa.Row[Any],
    resolution: Resolution,
    *,
    before: datetime | None,
) -> list[dict[str, Any]]:
    """Return a point for each hour or day, newest first."""
    span = span_of_results(connection, chosen.conditions())
    if span is None:
        return []
    asked = Asked(
        tester_number=chosen.tester_number,
        server_number=server.id,
        since=chosen.since or span.start,
        until=chosen.until or span.end,
    )
    points = []
    for at, path in reversed(
        series(connection, fitted(connection, asked), by_day=resolution is Resolution.DAY)
    ):
        if before is not None and at >= before:
            continue
        figure, runs_of = path.sums.figures().one(0), int(path.sums.runs[0])
        state = _state(figure, resolved=server.ip_addr is not None, trusted=bool(runs_of))
        points.append({"ts": time_text(at), "runs": runs_of} | _point_figures(figure) | {"state": state})
    return points


def _not_trusted(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> set[Any]:
    if not rows:
        return set()
    query = sa.select(runs.c.run_id).where(
        runs.c.run_id.in_([row.run_id for row in rows]), runs.c.trusted.is_(sa.false())
    )
    return set(connection.execute(query).scalars())


def _points(rows: Sequence[sa.Row[Any]], *, bad: set[Any], resolved: bool) -> list[dict[str, Any]]:
    figures = pool(
        Rows(
            probes=[row.probes for row in rows],
            late_known=np.array([row.late is not None for row in rows], dtype=np.bool_),
        ),
        group=np.arange(len(rows)),
        groups=len(rows),
    )
    return [
        _point(row, figures.one(number), trusted=row.run_id not in bad, resolved=resolved)
        for number, row in enumerate(rows)
    ]


def _point(row: sa.Row[Any], figure: Figure, *, trusted: bool, resolved: bool) -> dict[str, Any]:
    return {
        "ts": time_text(row.ts),
        "run_id": str(row.run_id),
        "state": _state(figure, resolved=resolved, trusted=trusted),
        "trusted": trusted,
    } | _point_figures(figure)


def _point_figures(figure: Figure) -> dict[str, Any]:
    return {
        "n": figure.n,
        "answered": figure.answered,
        "loss_ratio": figure.loss_ratio,
        "min_us": figure.min_us,
        "p50_us": figure.p50_us,
        "p95_us": figure.p95_us,
        "p50_note": figure.p50_note,
        "p95_note": figure.p95_note,
        "max_us": figure.max_us,
    }


def _state(figure: Figure, *, resolved: bool, trusted: bool) -> CellState:
    if not trusted:
        return CellState.TESTER_BAD
    return state_of(resolved=resolved, n=figure.n, answered=figure.answered, late=figure.late or 0)
