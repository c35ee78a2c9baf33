"""GET path: one tester against one address, over time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Annotated, Any

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from collector.errors import Refused
from collector.history.figures import CellState, Figure, Rows, pool, state_of
from collector.history.gone import gone_before
from collector.history.histogram import RELATIVE_ERROR
from collector.history.periods import MINUTE, Period, fitting, period_of
from collector.history.queries import RunFilter, region_of
from collector.history.queries_results import ResultFilter, newest_results
from collector.history.queries_series import raw_series
from collector.history.queries_window import Window, read_window
from collector.history.rolled import Asked, Series, fitted, read_rolled, series, span_of_results
from collector.history.segments import DAY, HOUR, Span, hour_of
from collector.history.sums import Sums
from collector.session import reading
from collector.tables import MICROSECOND, fleets, runs
from collector.verdicts.floor import against_floor, server_places
from collector.web.ranking import tester_place
from collector.web.reads_answers import (
    ERRORS,
    answer,
    cell_dict,
    hinted,
    server_dict,
    time_or_none,
    time_text,
)
from collector.web.reads_long import asked_of
from collector.web.reads_names import Since, Until, fleet_number, span_of, the_server, the_tester
from collector.web.reads_page import DEFAULT_LIMIT, MAX_LIMIT, Cursor, cursor_of, key_in
from collector.web.reads_results import next_of, result_key
from collector.web.state import Services, services

router = APIRouter(tags=["path"])


RUN, AUTO = "run", "auto"
NAMED = {"hour": Period(length=HOUR), "day": Period(length=DAY)}
PATTERN = r"^(run|hour|day|auto|[1-9][0-9]{0,3}[mhd])$"
MOST_POINTS = 5_000
"""Periods that one answer may hold; by the hour and the day there are pages instead."""

DEFAULT_POINTS = 300
"""About as many as a chart has room for."""

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
        str,
        Query(
            pattern=PATTERN,
            description="what a point is: a run, hour or day; 15m, 6h, 7d; or auto, as `points` says",
        ),
    ] = RUN,
    points: Annotated[
        int | None,
        Query(ge=2, le=MOST_POINTS, description=f"at most so many points, by auto; {DEFAULT_POINTS} else"),
    ] = None,
    limit: Annotated[
        int | None,
        Query(
            ge=1,
            le=MAX_LIMIT,
            description=f"points of a page at most; {DEFAULT_LIMIT} by run, hour and day, else all",
        ),
    ] = None,
    cursor: Cursor = None,
) -> Response:
    """One path: its figures over the window, and its points, newest first.

    Points below an hour are made of single results, others of sums by the hour or the day. Periods
    begin at whole multiples of their length, days at midnight UTC and weeks on a Monday. Over more
    than a day, and from an hour on, percentiles are within `percentile_error` of the exact ones.
    """
    return answer(
        path_body(
            at,
            tester=tester,
            server=server,
            fleet=fleet,
            address=address,
            since=since,
            until=until,
            resolution=resolution,
            points=points,
            limit=limit,
            cursor=cursor,
        )
    )


def path_body(
    at: Services,
    *,
    tester: str,
    server: str,
    fleet: str | None = None,
    address: str | None = None,
    since: str | None = None,
    until: str | None = None,
    resolution: str = RUN,
    points: int | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Return a path as the API answers it."""
    span = span_of(since, until)
    by_run = resolution == RUN
    period = _period(resolution, points)
    size = limit or (DEFAULT_LIMIT if by_run or resolution in NAMED else MOST_POINTS)
    after = None if cursor is None or not by_run else result_key(cursor)
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
        ends = cache(partial(span_of_results, connection, chosen.conditions()))
        asked = asked_of(connection, chosen, server_number=found.id, ends=ends)
        resolved = found.ip_addr is not None
        sums: Sums | None = None
        if by_run:
            rows = newest_results(
                connection,
                chosen,
                only=ResultFilter(server_numbers=(found.id,)),
                after=after,
                limit=size + 1,
            )
            bad = _not_trusted(connection, rows)
            shown = _points(rows[:size], bad=bad, resolved=resolved)
            more = next_of(rows, limit=size)
        else:
            whole = _whole(ends(), chosen, found)
            if period is None:
                period = _fitting(connection, whole, points=points or DEFAULT_POINTS)
            elif resolution not in NAMED:
                _check_points(whole, period)
            listed = f"path by {period}"
            before = None if cursor is None else key_in(cursor, listed, datetime)[0]
            shown, made = _periods(connection, whole, period, before=before, resolved=resolved)
            if before is None and made is not None and period.is_of_days:
                # Days are all that there is of the window; hours may be gone that are still in days.
                sums = made.sums.regrouped(np.zeros(len(made), dtype=np.int64), groups=min(1, len(made)))
            more = None
            if len(shown) > size:
                shown = shown[:size]
                more = cursor_of(listed, datetime.fromisoformat(shown[-1]["ts"]))
        if asked is None:
            window = read_window(connection, chosen, server_number=found.id)
            summary, best_us = _summary(window, resolved=resolved)
        else:
            sums = read_rolled(connection, asked).sums if sums is None else sums
            summary, best_us = _summed(sums, resolved=resolved)
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
        "percentile_error": 0.0 if asked is None and (period is None or period.is_raw) else RELATIVE_ERROR,
        "resolution": resolution if resolution in NAMED or period is None else str(period),
        "resolution_s": None if period is None else int(period.length.total_seconds()),
        "summary": summary,
        "points": shown,
        "next": more,
    }
    return hinted(body, None if shown or cursor else "no result of this path is stored in this window")


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


def _summed(sums: Sums, *, resolved: bool) -> tuple[dict[str, Any] | None, int | None]:
    """Return the figures of the trusted runs of a path, from rollups; None without any."""
    if not len(sums):
        return None, None
    figure = sums.figures().one(0)
    runs_of = int(sums.runs[0])
    cell = cell_dict(figure, state=_state(figure, resolved=resolved, trusted=bool(runs_of)), runs=runs_of)
    return cell | {"pdv_us": figure.pdv_us, "ipdv_us": figure.ipdv_us}, figure.min_us


def _period(resolution: str, points: int | None) -> Period | None:
    """Return the period that is asked for, None for single runs or one that is still to be chosen."""
    if points is not None and resolution != AUTO:
        raise Refused(400, "bad_parameter", "points: only with resolution=auto", hint="leave one of them out")
    if resolution in (RUN, AUTO):
        return None
    period = NAMED.get(resolution) or period_of(resolution)
    if period is None:
        raise Refused(
            422,
            "bad_resolution",
            f"resolution: {resolution} is neither below an hour, nor of whole hours, nor of whole days",
            hint="write it like 15m, 6h or 7d, or auto",
        )
    return period


def _whole(span: Span | None, chosen: RunFilter, server: sa.Row[Any]) -> Asked | None:
    """Return the time in which there may be points, None where there is nothing."""
    if span is None:
        return None
    # Of an open end, or one beyond the last result, nothing is left to be cut. By full hours, so that
    # it does not read single results of an hour of which there are sums.
    first, last = hour_of(span.start), hour_of(span.end - MICROSECOND) + HOUR
    return Asked(
        tester_number=chosen.tester_number,
        server_number=server.id,
        since=max(chosen.since or first, first),
        until=min(chosen.until or last, last),
    )


def _fitting(connection: sa.Connection, whole: Asked | None, *, points: int) -> Period:
    if whole is None:
        return NAMED["hour"]
    # Where single results or hours are gone, what is finer would have holes.
    least = MINUTE
    removed = gone_before(connection)
    for gone, length in ((removed.raw, HOUR), (removed.hourly, DAY)):
        if gone is not None and whole.since < gone:
            least = length
    return fitting(whole.since, whole.until, points=points, least=least)


def _check_points(whole: Asked | None, period: Period) -> None:
    count = 0 if whole is None else period.count(whole.since, whole.until)
    if whole is not None and count > MOST_POINTS:
        longer = fitting(whole.since, whole.until, points=MOST_POINTS)
        raise Refused(
            422,
            "too_many_points",
            f"the window has {count} periods of {period}, {MOST_POINTS} are allowed",
            hint=f"ask for resolution={longer} or longer, for auto, or narrow it with since= and until=",
        )


def _periods(
    connection: sa.Connection, whole: Asked | None, period: Period, *, before: datetime | None, resolved: bool
) -> tuple[list[dict[str, Any]], Series | None]:
    """Return a point for each period that has results, newest first, and the sums that they are made of."""
    if whole is None:
        return [], None
    if before is not None:
        whole = replace(whole, until=min(whole.until, before))
    if whole.until <= whole.since:
        return [], None
    found: list[tuple[datetime, Figure, int]]
    made = None
    if period.is_raw:
        found = raw_series(connection, whole, period)
    else:
        made = series(connection, fitted(connection, whole), period)
        figures = made.sums.figures()
        found = [
            (start, figures.one(number), int(made.sums.runs[number]))
            for number, start in enumerate(made.starts)
        ]
    return [
        {"ts": time_text(at), "runs": count}
        | _point_figures(figure)
        | {"state": _state(figure, resolved=resolved, trusted=bool(count))}
        for at, figure, count in reversed(found)
    ], made


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
        "p25_us": figure.p25_us,
        "p50_us": figure.p50_us,
        "p75_us": figure.p75_us,
        "p95_us": figure.p95_us,
        "p50_note": figure.p50_note,
        "p95_note": figure.p95_note,
        "max_us": figure.max_us,
    }


def _state(figure: Figure, *, resolved: bool, trusted: bool) -> CellState:
    if not trusted:
        return CellState.TESTER_BAD
    return state_of(resolved=resolved, n=figure.n, answered=figure.answered, late=figure.late or 0)
