"""GET matrix."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from collector.errors import Refused
from collector.history.figures import CellState, Rows, pool, state_of
from collector.history.histogram import RELATIVE_ERROR
from collector.history.queries import RunFilter, newest_sweep, region_of
from collector.history.queries_window import Window, read_window, servers_of
from collector.history.raw import PathSums
from collector.session import reading
from collector.web.export_answer import EXPORTED, Format, FormatName, export_page
from collector.web.export_matrix import MATRIX_TABLE, matrix_rows
from collector.web.reads_answers import (
    ERRORS,
    answer,
    cell_dict,
    hinted,
    server_dict,
    time_or_none,
)
from collector.web.reads_long import Long, asked_of, last_day_of, read_long
from collector.web.reads_names import FleetName, Since, SweepId, Until, span_of, the_fleet
from collector.web.state import Services, services

router = APIRouter(tags=["matrix"])

MAX_CELLS = 500_000
NO_FLEET = "no fleet is registered; `orchestrate up` registers one"
NO_RESULTS = "no result is stored in this window; GET /api/v1/runs says how its runs stand"


@router.get("/matrix", responses=ERRORS | EXPORTED)
def get_matrix(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    sweep_id: SweepId = None,
    since: Since = None,
    until: Until = None,
    format: FormatName = Format.JSON,  # noqa: A002  # its name in the API
) -> Response:
    """Every tester against every server, by default in the newest sweep (its last day) of the fleet.

    Over more than a day percentiles are within `percentile_error` of the exact ones.
    CSV and Parquet have a row for each path.
    """
    body = matrix_body(at, fleet=fleet, sweep_id=sweep_id, since=since, until=until)
    if format is Format.JSON:
        return answer(body)
    return export_page(at, MATRIX_TABLE, format, matrix_rows(body))


def matrix_body(
    at: Services, *, fleet: str | None, sweep_id: UUID | None, since: str | None, until: str | None
) -> dict[str, Any]:
    """Return the matrix as the API answers it."""
    span = span_of(since, until)
    with reading(at.engine) as connection:
        owner = the_fleet(connection, fleet, sweep_id)
        if owner is None:
            return _body(None, None, rows=[], columns=[], cells=[]) | {"hint": NO_FLEET}
        if sweep_id is None and span.since is None and span.until is None:
            sweep_id = newest_sweep(connection, fleet_number=owner.id)
            if sweep_id is None:
                body = _body(owner.name, None, rows=[], columns=[], cells=[])
                return body | {"hint": "nothing was measured; `orchestrate up` begins a sweep"}
        chosen = RunFilter(fleet_number=owner.id, sweep_id=sweep_id, since=span.since, until=span.until)
        asked = asked_of(connection, chosen)
        if asked is not None:
            long = read_long(connection, asked)
            columns = servers_of(connection, long.paths.server)
            return _long_body(owner.name, long, columns)
        if sweep_id is not None and span.since is None and span.until is None:
            # A sweep without an end is shown as it has been lately.
            chosen = replace(chosen, since=last_day_of(connection, chosen))
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
    return hinted(body, None if columns else NO_RESULTS)


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


def _long_body(fleet: str, long: Long, columns: Sequence[sa.Row[Any]]) -> dict[str, Any]:
    paths, order = long.paths, list(long.testers)
    sums = paths.sums
    body = _body(
        fleet,
        None,
        rows=[
            _summed_tester(row, results=int(sums.runs[of].sum()), left_out=int(sums.left_out[of].sum()))
            for number, row in long.testers.items()
            for of in (paths.tester == number,)
        ],
        columns=[server_dict(row) for row in columns],
        cells=_summed_cells(paths, testers=order, columns=columns),
    )
    body["since"], body["until"] = time_or_none(long.asked.since), time_or_none(long.asked.until)
    body["percentile_error"] = RELATIVE_ERROR
    return hinted(body, None if columns else NO_RESULTS)


def _summed_tester(row: sa.Row[Any], *, results: int, left_out: int) -> dict[str, Any]:
    return {
        "tester_id": str(row.uuid),
        "name": row.name,
        "region": region_of(row),
        "trusted": not left_out or bool(results),
        "reason": f"{left_out} of {results + left_out} results left out: not trusted" if left_out else None,
    }


def _summed_cells(
    paths: PathSums, *, testers: list[int], columns: Sequence[sa.Row[Any]]
) -> list[list[dict[str, Any] | None]]:
    width = len(columns)
    _check_size(len(testers) * width)
    if not width:
        return [[] for _ in testers]
    place = _places(paths.tester, testers) * width + _places(paths.server, [row.id for row in columns])
    figures = paths.sums.figures()
    cells: list[dict[str, Any] | None] = [None] * (len(testers) * width)
    for number, at in enumerate(place.tolist()):
        figure, runs = figures.one(number), int(paths.sums.runs[number])
        state = state_of(
            resolved=columns[at % width].ip_addr is not None,
            n=figure.n,
            answered=figure.answered,
            late=figure.late or 0,
        )
        cells[at] = cell_dict(figure, state=state if runs else CellState.TESTER_BAD, runs=runs)
    return [cells[start : start + width] for start in range(0, len(cells), width)]


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
    _check_size(size)
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


def _check_size(size: int) -> None:
    if size > MAX_CELLS:
        raise Refused(
            422,
            "window_too_large",
            f"the matrix has {size} cells, {MAX_CELLS} are allowed",
            hint="narrow the window with sweep_id=, or with since= and until=",
        )


def _places(numbers: Any, order: list[int]) -> Any:
    """Return at which place of `order` each number stands."""
    known = np.array(order, dtype=np.int64)
    ascending = np.argsort(known)
    return ascending[np.searchsorted(known[ascending], numbers)]
