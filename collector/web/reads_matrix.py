"""GET matrix."""

from typing import Annotated, Any

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from collector.errors import Refused
from collector.history.figures import CellState, Rows, pool, state_of
from collector.history.queries import RunFilter, newest_sweep
from collector.history.queries_window import Window, read_window, servers_of
from collector.session import reading
from collector.web.reads_answers import (
    ERRORS,
    answer,
    cell_dict,
    hinted,
    region_of,
    server_dict,
    time_or_none,
)
from collector.web.reads_names import FleetName, Since, SweepId, Until, span_of, the_fleet
from collector.web.state import Services, services

router = APIRouter(tags=["matrix"])

MAX_CELLS = 500_000
NO_FLEET = "no fleet is registered; `orchestrate up` registers one"
NO_RESULTS = "no result is stored in this window; GET /api/v1/runs says how its runs stand"


@router.get("/matrix", responses=ERRORS)
def get_matrix(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    sweep_id: SweepId = None,
    since: Since = None,
    until: Until = None,
) -> Response:
    """Every tester against every server, by default in the newest sweep of the fleet."""
    span = span_of(since, until)
    with reading(at.engine) as connection:
        owner = the_fleet(connection, fleet, sweep_id)
        if owner is None:
            return answer(_body(None, None, rows=[], columns=[], cells=[]) | {"hint": NO_FLEET})
        if sweep_id is None and span.since is None and span.until is None:
            sweep_id = newest_sweep(connection, fleet_number=owner.id)
            if sweep_id is None:
                body = _body(owner.name, None, rows=[], columns=[], cells=[])
                return answer(body | {"hint": "nothing was measured; `orchestrate up` begins a sweep"})
        chosen = RunFilter(fleet_number=owner.id, sweep_id=sweep_id, since=span.since, until=span.until)
        window = read_window(connection, chosen)
        columns = servers_of(connection, window.server)
    testers = _testers(window)
    body = _body(
        owner.name,
        None if sweep_id is None else str(sweep_id),
        rows=[_tester_dict(runs) for runs in testers.values()],
        columns=[server_dict(row) for row in columns],
        cells=_cells(window, testers=list(testers), columns=columns),
    )
    body["since"] = time_or_none(span.since or window.since)
    body["until"] = time_or_none(span.until or window.until)
    return answer(hinted(body, None if columns else NO_RESULTS))


def _body(
    fleet: str | None,
    sweep_id: str | None,
    *,
    rows: list[dict[str, Any]],
    columns: list[dict[str, Any]],
    cells: list[list[dict[str, Any] | None]],
) -> dict[str, Any]:
    return {
        "fleet": fleet,
        "sweep_id": sweep_id,
        "since": None,
        "until": None,
        "testers": rows,
        "servers": columns,
        "cells": cells,
    }


def _testers(window: Window) -> dict[int, list[sa.Row[Any]]]:
    """Return the runs of each tester, in the order of the rows."""
    found: dict[int, list[sa.Row[Any]]] = {}
    for run in window.runs:
        found.setdefault(run.tester_id, []).append(run)
    return found


def _tester_dict(runs: list[sa.Row[Any]]) -> dict[str, Any]:
    """Return a row's head; a tester is trusted where none of its runs failed or one did not."""
    bad = [run for run in runs if run.trusted is False]
    trusted = not bad or any(run.trusted for run in runs)
    reason = bad[-1].reason if bad else None
    if bad and trusted:
        reason = f"{len(bad)} of {len(runs)} runs left out: {reason}"
    return {
        "tester_id": str(runs[0].uuid),
        "name": runs[0].name,
        "region": region_of(runs[0]),
        "trusted": trusted,
        "reason": reason,
    }


def _cells(window: Window, *, testers: list[int], columns: Any) -> list[list[dict[str, Any] | None]]:
    """Return the cells by row and column; None where a tester has no result for an address."""
    width = len(columns)
    size = len(testers) * width
    if size > MAX_CELLS:
        raise Refused(
            422,
            "window_too_large",
            f"the matrix has {size} cells, {MAX_CELLS} are allowed",
            hint="narrow the window with sweep_id=, or with since= and until=",
        )
    if not width:
        return [[] for _ in testers]
    group = _places(window.tester, testers) * width + _places(window.server, [row.id for row in columns])
    # A cell rests on its trusted runs; where it has none, it shows the others and says so.
    good = np.bincount(group[window.trusted], minlength=size) > 0
    used = window.trusted | ~good[group]
    figures = pool(
        Rows(
            probes=[probes for probes, wanted in zip(window.rows.probes, used, strict=True) if wanted],
            late_known=window.rows.late_known[used],
        ),
        group=group[used],
        groups=size,
    )
    runs = np.bincount(group[used], minlength=size)
    cells: list[dict[str, Any] | None] = [None] * size
    for place in np.flatnonzero(runs).tolist():
        figure = figures.one(place)
        state = state_of(
            resolved=columns[place % width].ip_addr is not None,
            n=figure.n,
            answered=figure.answered,
            late=figure.late or 0,
        )
        cells[place] = cell_dict(
            figure, state=state if good[place] else CellState.TESTER_BAD, runs=int(runs[place])
        )
    return [cells[start : start + width] for start in range(0, size, width)]


def _places(numbers: Any, order: list[int]) -> Any:
    """Return at which place of `order` each number stands."""
    known = np.array(order, dtype=np.int64)
    ascending = np.argsort(known)
    return ascending[np.searchsorted(known[ascending], numbers)]
