"""The matrix: every tester against every server, with the finding as its headline."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response
from markupsafe import Markup

from collector.dashboard.formats import moment_of
from collector.dashboard.headline import headline
from collector.dashboard.live import live_before
from collector.dashboard.matrix_table import (
    TITLES_UP_TO,
    Show,
    Sort,
    View,
    heading_groups,
    in_bands,
    is_losing,
)
from collector.dashboard.page import link, page
from collector.dashboard.region_rows import by_change, scale_of, single_paths
from collector.dashboard.ribbon import Ribbon, ribbon_of
from collector.dashboard.scale import STEPS, top_of
from collector.dashboard.sparks import sparks_of
from collector.dashboard.verdict_rows import Judged, judged_round, names_of_regions
from collector.history.queries import region_of
from collector.session import reading
from collector.tables import servers, testers
from collector.verdicts.verdict import Scope
from collector.web.matrix_axes import By, ByName, Groups, Only, Regions, Servers, Testers
from collector.web.reads_matrix import matrix_body, tester_head
from collector.web.reads_names import FleetName, Since, SweepId, Until, span_of, the_fleet
from collector.web.state import Services, services

router = APIRouter()

ROWS_AT_A_TIME = 200
MOST_CELLS = 12_000
"""A page of the matrix: at most so many rows, and fewer where there are many columns."""

MOST_REGIONS = 9


@router.get("/matrix")
def get_matrix_page(
    request: Request,
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
    show: Annotated[Show, Query(description="what the numbers are")] = Show.P50,
    sort: Annotated[str, Query(max_length=300, description="place, name, change, or a column")] = Sort.PLACE,
    rows_from: Annotated[int, Query(alias="from", ge=0, le=1_000_000, description="rows left out")] = 0,
) -> Response:
    """The matrix as a table, with the finding as its headline."""
    live = live_before(request, at)
    only = Only(testers=tester or (), regions=region or (), servers=server or (), groups=group or ())
    ask = partial(matrix_body, at, since=since or None, until=until or None, only=only, by=by, usual=True)
    # Of the newest figures alone: what is shown of another time does not move.
    ribbon = None if sweep_id or since or until else _ribbon(at, fleet)
    if ribbon is not None and ribbon.before is not None:
        # Half a sweep is no matrix: until it has ended, the one before stands, and the ribbon tells.
        body = ask(fleet=None, sweep_id=UUID(ribbon.before))
    else:
        body = ask(fleet=fleet, sweep_id=sweep_id)
    judged = Judged()
    choices: dict[str, list[str]] = {}
    sparks: dict[str, Markup] = {}
    if body["fleet"] is not None:
        with reading(at.engine) as connection:
            owner = the_fleet(connection, body["fleet"], None)
            assert owner is not None
            choices = _choices(connection, owner.id)
            if not (tester or region) and by is By.SERVER and body["servers"]:
                _add_silent(connection, owner.id, body)
            judged = judged_round(
                connection,
                fleet_number=owner.id,
                sweep_id=None if body["sweep_id"] is None else UUID(body["sweep_id"]),
                span=span_of(since or None, until or None),
                before=moment_of(body["since"]),
            )
            if (judged_at := moment_of(judged.at)) is not None:
                sparks = sparks_of(connection, fleet_number=owner.id, until=judged_at)
    names = names_of_regions(body["testers"])
    regions = judged.of(Scope.REGION)
    scale = scale_of(list(regions.values()))
    rows = _rows(body, regions)
    ordered = _sorted(rows, body["servers"], sort=sort)
    most = max(1, min(ROWS_AT_A_TIME, MOST_CELLS // max(1, len(body["servers"]))))
    shown = ordered[rows_from : rows_from + most]
    bands = in_bands(shown) if sort == Sort.PLACE and by is not By.REGION else [(None, shown)]
    view = _view(body, at, show=show)
    asked = {
        "sweep_id": sweep_id,
        "since": since,
        "until": until,
        "tester": list(only.testers),
        "region": list(only.regions),
        "server": list(only.servers),
        "group": list(only.groups),
        "by": None if by is By.SERVER else by.value,
        "show": None if show is Show.P50 else show.value,
        "sort": None if sort == Sort.PLACE else sort,
    }
    starts = _starts(body["servers"])
    path = {"fleet": fleet or (body["fleet"] if sweep_id is not None else None)}
    return page(
        request,
        "matrix.html",
        title="Matrix",
        active="matrix",
        body=body,
        headline=headline(judged.said(names)) if body["servers"] else None,
        judged=judged,
        ribbon=ribbon,
        live=live,
        counts=_counts(body, at),
        bands=[
            (
                name,
                [
                    row
                    | {"html": view.row(row["cells"], tester=_tester(row, path, since, until), starts=starts)}
                    for row in members
                ],
            )
            for name, members in bands
        ],
        groups=heading_groups(body["servers"]) if by is By.SERVER else [],
        starts=starts,
        by=by.value,
        show=show.value,
        sort=sort,
        asked=asked,
        top_us=view.top_us,
        steps=range(STEPS),
        thresholds=at.settings.verdict,
        choices=choices,
        regions=by_change(list(regions.values()), names, scale, at.settings.verdict)[:MOST_REGIONS],
        scale=scale,
        sparks=sparks,
        singles=single_paths(body, regions, judged.of(Scope.SERVER), at.settings.verdict),
        names=names,
        is_filtered=bool(tester or region or server or group),
        rows_from=rows_from,
        rows_most=most,
        rows_all=len(ordered),
        exports=_exports(body, {**asked, "show": None, "sort": None}, fleet=fleet),
    )


@router.get("/matrix/ribbon")
def get_ribbon(
    request: Request, at: Annotated[Services, Depends(services)], fleet: FleetName = None
) -> Response:
    """How far the running sweep is, alone; empty where none runs."""
    live = live_before(request, at)
    return page(request, "ribbon.html", title="Ribbon", ribbon=_ribbon(at, fleet), live=live)


def _ribbon(at: Services, fleet: str | None) -> Ribbon | None:
    with reading(at.engine) as connection:
        owner = the_fleet(connection, fleet, None)
    return None if owner is None else ribbon_of(at, fleet=owner.name)


def _add_silent(connection: sa.Connection, fleet_number: int, body: dict[str, Any]) -> None:
    """Add the testers without a run in the window: a row of nothing is seen, a missing one is not."""
    there = {head["tester_id"] for head in body["testers"]}
    query = sa.select(testers).where(testers.c.fleet_id == fleet_number, testers.c.retired_at.is_(None))
    for row in connection.execute(query.order_by(testers.c.name)):
        if str(row.uuid) not in there:
            body["testers"].append(tester_head(row) | {"trusted": True, "reason": None})
            body["cells"].append([None] * len(body["servers"]))


def _rows(body: dict[str, Any], regions: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"head": head, "cells": cells, "verdict": regions.get(head["region"])}
        for head, cells in zip(body["testers"], body["cells"], strict=True)
    ]


def _sorted(
    rows: list[dict[str, Any]], columns: Sequence[dict[str, Any]], *, sort: str
) -> list[dict[str, Any]]:
    """Return the rows in order; what has no figure to be sorted by comes last."""
    if sort == Sort.CHANGE:
        return sorted(rows, key=lambda row: _falling((row["verdict"] or {}).get("change_ratio")))
    place = next((at for at, head in enumerate(columns) if sort in (head["server_id"], head["name"])), None)
    if place is None:
        # By name, with those that are silent where they belong.
        return sorted(rows, key=lambda row: row["head"]["name"])
    return sorted(rows, key=lambda row: _falling((row["cells"][place] or {}).get("p50_us")))


def _falling(value: float | None) -> tuple[bool, float]:
    return value is None, -(value or 0.0)


def _view(body: dict[str, Any], at: Services, *, show: Show) -> View:
    cells = [cell for row in body["cells"] for cell in row if cell is not None]
    name = "p95_us" if show is Show.P95 else "p50_us"
    return View(
        show=show,
        top_us=top_of(cell[name] for cell in cells if cell[name] is not None),
        thresholds=at.settings.verdict,
        addresses=[
            None if head["server_id"] is None else link("", server=head["server_id"]).replace("?", "&")
            for head in body["servers"]
        ],
        has_titles=len(cells) <= TITLES_UP_TO,
    )


def _tester(row: dict[str, Any], path: dict[str, Any], since: str | None, until: str | None) -> str | None:
    number = row["head"]["tester_id"]
    return None if number is None else link("/path", **path, tester=number, since=since, until=until)


def _starts(columns: Sequence[dict[str, Any]]) -> set[int]:
    """Return the columns that begin a group, but for the first of all."""
    return {at for at in range(1, len(columns)) if columns[at]["group"] != columns[at - 1]["group"]}


def _counts(body: dict[str, Any], at: Services) -> dict[str, int]:
    # Nobody measures itself: that is no path, and nothing that is missing.
    cells = [
        cell
        for head, row in zip(body["testers"], body["cells"], strict=True)
        for server, cell in zip(body["servers"], row, strict=True)
        if cell is not None or server["name"] != head["name"]
    ]
    return {
        "testers": len(body["testers"]),
        "servers": len(body["servers"]),
        "paths": len(cells),
        "judged": sum(bool(cell and cell.get("usual_us") is not None) for cell in cells),
        "slower": sum(bool(cell and cell.get("slower")) for cell in cells),
        "losing": sum(cell is not None and is_losing(cell, at.settings.verdict) for cell in cells),
        "without": sum(cell is None or not cell["answered"] for cell in cells),
    }


def _choices(connection: sa.Connection, fleet_number: int) -> dict[str, list[str]]:
    """Return what can be filtered by: all of the fleet, also what the filters leave out now."""
    of_fleet = connection.execute(sa.select(testers).where(testers.c.fleet_id == fleet_number)).all()
    known = connection.execute(
        sa.select(servers.c.name, servers.c.group).where(servers.c.fleet_id == fleet_number).distinct()
    ).all()
    return {
        "region": sorted({region_of(row) for row in of_fleet}),
        "tester": sorted({row.name for row in of_fleet}),
        "group": sorted({row.group for row in known}),
        "server": sorted({row.name for row in known}),
    }


def _exports(body: dict[str, Any], asked: dict[str, Any], *, fleet: str | None) -> list[tuple[str, str]]:
    if asked["sweep_id"] is None and asked["since"] is None and asked["until"] is None:
        # A link that is kept goes on to name what is shown now.
        asked = asked | {"sweep_id": body["sweep_id"]}
    usual = None if asked["by"] else True
    return [
        (
            text,
            link(
                "/api/v1/matrix",
                fleet=fleet,
                **asked,
                usual=usual,
                format=None if form == "json" else form,
            ),
        )
        for text, form in (("CSV", "csv"), ("Parquet", "parquet"), ("JSON", "json"))
    ]
