"""GET matrix."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from collector.history.histogram import RELATIVE_ERROR
from collector.history.queries import RunFilter, newest_sweep, region_of
from collector.history.queries_window import Window, read_window, servers_of
from collector.session import reading
from collector.tables import testers
from collector.verdicts.floor import place_of
from collector.web.export_answer import EXPORTED, Format, FormatName, export_page
from collector.web.export_matrix import MATRIX_TABLE, matrix_rows
from collector.web.matrix_axes import (
    Axis,
    By,
    ByName,
    Groups,
    Only,
    Regions,
    Servers,
    Testers,
    server_axis,
    tester_axis,
)
from collector.web.matrix_cells import Cells, summed_cells, window_cells
from collector.web.matrix_usual import Usual, add_usual
from collector.web.reads_answers import ERRORS, answer, hinted, time_or_none
from collector.web.reads_long import Long, asked_of, last_day_of, read_long
from collector.web.reads_names import FleetName, Since, SweepId, Until, span_of, the_fleet
from collector.web.state import Services, services

router = APIRouter(tags=["matrix"])

NO_FLEET = "no fleet is registered; `orchestrate up` registers one"
NO_RESULTS = "no result is stored in this window; GET /api/v1/runs says how its runs stand"
NONE_FITS = "results are stored, and none fits the filters"
NO_PEERS = "no tester of this fleet is a server as well; `from: testers` in fleet.yaml makes all of them"


@router.get("/matrix", responses=ERRORS | EXPORTED)
def get_matrix(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    sweep_id: SweepId = None,
    since: Since = None,
    until: Until = None,
    tester: Testers = None,
    region: Regions = None,
    server: Servers = None,
    group: Groups = None,
    by: ByName = By.SERVER,
    usual: Usual = False,
    format: FormatName = Format.JSON,  # noqa: A002  # its name in the API
) -> Response:
    """Every tester against every server, by default in the newest sweep (its last day) of the fleet.

    Over more than a day percentiles are within `percentile_error` of the exact ones.
    CSV and Parquet have a row for each path.
    """
    only = Only(testers=tester or (), regions=region or (), servers=server or (), groups=group or ())
    body = matrix_body(
        at, fleet=fleet, sweep_id=sweep_id, since=since, until=until, only=only, by=by, usual=usual
    )
    if format is Format.JSON:
        return answer(body)
    return export_page(at, MATRIX_TABLE, format, matrix_rows(body))


def matrix_body(
    at: Services,
    *,
    fleet: str | None,
    sweep_id: UUID | None,
    since: str | None,
    until: str | None,
    only: Only | None = None,
    by: By = By.SERVER,
    usual: bool = False,
) -> dict[str, Any]:
    """Return the matrix as the API answers it."""
    only = only or Only()
    span = span_of(since, until)
    with reading(at.engine) as connection:
        owner = the_fleet(connection, fleet, sweep_id)
        if owner is None:
            return _body(None, None) | {"hint": NO_FLEET}
        if sweep_id is None and span.since is None and span.until is None:
            sweep_id = newest_sweep(connection, fleet_number=owner.id)
            if sweep_id is None:
                hint = "nothing was measured; `orchestrate up` begins a sweep"
                return _body(owner.name, None) | {"hint": hint}
        chosen = RunFilter(fleet_number=owner.id, sweep_id=sweep_id, since=span.since, until=span.until)
        asked = asked_of(connection, chosen)
        if asked is not None:
            long = read_long(connection, asked)
            heads = _long_heads(long, only)
            seen = long.paths.server[np.isin(long.paths.tester, list(heads))]
            rows, columns, resolved = _axes(connection, owner.id, heads, seen, only, by)
            body = _body(
                owner.name,
                None,
                rows=rows,
                columns=columns,
                cells=summed_cells(long.paths, rows=rows, columns=columns, resolved=resolved),
            )
            body["since"], body["until"] = time_or_none(asked.since), time_or_none(asked.until)
            body["percentile_error"] = RELATIVE_ERROR
            return hinted(body, _hint(columns, only, by, some=bool(len(long.paths))))
        if sweep_id is not None and span.since is None and span.until is None:
            # A sweep without an end is shown as it has been lately.
            chosen = replace(chosen, since=last_day_of(connection, chosen))
        window = read_window(connection, chosen)
        heads = {
            number: _tester_dict(made)
            for number, made in _testers(window).items()
            if only.has_tester(made[0])
        }
        seen = window.server[np.isin(window.tester, list(heads))]
        rows, columns, resolved = _axes(connection, owner.id, heads, seen, only, by)
        cells = window_cells(window, rows=rows, columns=columns, resolved=resolved)
        if usual and by is By.SERVER:
            add_usual(
                connection,
                window,
                cells,
                fleet_number=owner.id,
                rows=rows,
                columns=columns,
                thresholds=at.settings.verdict,
                kept=at.usual,
            )
    body = _body(
        owner.name, None if sweep_id is None else str(sweep_id), rows=rows, columns=columns, cells=cells
    )
    body["since"] = time_or_none(span.since or window.since)
    body["until"] = time_or_none(span.until or window.until)
    return hinted(body, _hint(columns, only, by, some=bool(len(window.server))))


def _hint(columns: Axis, only: Only, by: By, *, some: bool) -> str | None:
    if len(columns):
        return None
    if by is By.REGION and some and only == Only():
        return NO_PEERS
    return NONE_FITS if some else NO_RESULTS


def _axes(
    connection: sa.Connection,
    fleet_number: int,
    heads: dict[int, dict[str, Any]],
    seen: Any,
    only: Only,
    by: By,
) -> tuple[Axis, Axis, list[bool]]:
    """Return rows and columns, and which columns have an address at all."""
    shown = [row for row in servers_of(connection, seen) if only.has_server(row)]
    peers: Sequence[sa.Row[Any]] = ()
    if by is By.REGION:
        peers = connection.execute(sa.select(testers).where(testers.c.fleet_id == fleet_number)).all()
    columns = server_axis(shown, by=by, testers=peers)
    resolved = [False] * len(columns)
    for row in shown:
        if row.ip_addr is not None and row.id in columns.place:
            resolved[columns.place[row.id]] = True
    return tester_axis(heads, by=by), columns, resolved


def _body(
    fleet: str | None,
    sweep_id: str | None,
    *,
    rows: Axis | None = None,
    columns: Axis | None = None,
    cells: Cells | None = None,
) -> dict[str, Any]:
    return {
        "fleet": fleet,
        "sweep_id": sweep_id,
        "since": None,
        "until": None,
        "testers": [] if rows is None else rows.heads,
        "servers": [] if columns is None else columns.heads,
        # Without a column there is an empty row for each tester.
        "cells": cells or [[] for _ in (() if rows is None else rows.heads)],
    }


def _long_heads(long: Long, only: Only) -> dict[int, dict[str, Any]]:
    sums = long.paths.sums
    return {
        number: _summed_tester(row, results=int(sums.runs[of].sum()), left_out=int(sums.left_out[of].sum()))
        for number, row in long.testers.items()
        if only.has_tester(row)
        for of in (long.paths.tester == number,)
    }


def _summed_tester(row: sa.Row[Any], *, results: int, left_out: int) -> dict[str, Any]:
    return tester_head(row) | {
        "trusted": not left_out or bool(results),
        "reason": f"{left_out} of {results + left_out} results left out: not trusted" if left_out else None,
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
    return tester_head(runs[0]) | {"trusted": trusted, "reason": reason}


def tester_head(row: sa.Row[Any]) -> dict[str, Any]:
    """Return who a tester is, and where it stands."""
    place = place_of(row.config.get("location")) if isinstance(row.config, dict) else None
    return {
        "tester_id": str(row.uuid),
        "name": row.name,
        "region": region_of(row),
        "place": None if place is None else {"lat": place.lat, "lon": place.lon},
    }
