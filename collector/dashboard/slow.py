"""Slow regions: each against its own usual, with how sure that is; and the paths behind them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from markupsafe import Markup

from collector.dashboard.formats import moment_of
from collector.dashboard.headline import headline
from collector.dashboard.page import link, page
from collector.dashboard.region_rows import interval, scale_of
from collector.dashboard.sparks import sparks_of
from collector.dashboard.verdict_rows import Judged, judged_round, names_of_regions
from collector.session import reading
from collector.verdicts.slowness import By
from collector.web.reads_names import FleetName, Since, SweepId, Until, span_of, the_fleet
from collector.web.reads_slow import Part, slow_body
from collector.web.state import Services, services

router = APIRouter()

MOST_PATHS = 100
SORTS = ("change", "p50", "p95", "loss", "floor", "region")


@router.get("/slow")
def get_slow_page(
    request: Request,
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    sweep_id: SweepId = None,
    since: Since = None,
    until: Until = None,
    region: Annotated[str | None, Query(description="only paths of this region")] = None,
    sort: Annotated[
        str, Query(pattern=f"^({'|'.join(SORTS)})$", description="what regions are ordered by")
    ] = "change",
    paths_from: Annotated[int, Query(alias="from", ge=0, le=10_000_000, description="paths left out")] = 0,
) -> Response:
    """Regions with their verdicts, and their paths."""
    since, until = since or None, until or None
    by = By(sort) if sort in set(By) else None
    part = Part(region=region or None, start=paths_from, count=MOST_PATHS)
    body = slow_body(at, fleet=fleet, sweep_id=sweep_id, since=since, until=until, by=by, part=part)
    judged = Judged()
    sparks: dict[str, Markup] = {}
    if body["fleet"] is not None:
        with reading(at.engine) as connection:
            owner = the_fleet(connection, body["fleet"], None)
            assert owner is not None
            shown = None if body["sweep_id"] is None else UUID(body["sweep_id"])
            judged = judged_round(
                connection,
                fleet_number=owner.id,
                sweep_id=shown,
                span=span_of(since, until),
                before=moment_of(body["since"]),
            )
            if (judged_at := moment_of(judged.at)) is not None:
                sparks = sparks_of(connection, fleet_number=owner.id, until=judged_at)
    names = names_of_regions(
        [{"region": row["region"], "name": name} for row in body["regions"] for name in row["testers"]]
    )
    scale = scale_of(body["regions"])
    rows = [
        row
        | {
            "name": names.get(row["region"], row["region"]),
            "interval": interval(row, scale, at.settings.verdict),
        }
        for row in body["regions"]
    ]
    counts = {row["region"]: row["path_count"] for row in body["regions"]}
    asked = {"sweep_id": sweep_id, "since": since, "until": until, "region": region, "sort": sort}
    return page(
        request,
        "slow.html",
        title="Slow regions",
        active="slow",
        body=body,
        headline=headline(judged.said(names)) if body["path_count"] else None,
        judged=judged,
        rows=_sorted(rows, sort),
        scale=scale,
        sparks=sparks,
        thresholds=at.settings.verdict,
        region=region,
        sort=sort,
        asked=asked,
        paths=body["paths"],
        paths_all=counts.get(region, 0) if region else body["path_count"],
        paths_from=paths_from,
        paths_most=MOST_PATHS,
        exports=[
            ("JSON", link("/api/v1/slow", fleet=fleet, sweep_id=sweep_id, since=since, until=until, by=by)),
            ("verdicts as JSON", link("/api/v1/verdicts", fleet=fleet, sweep_id=sweep_id)),
        ],
    )


def _sorted(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """Return regions in order; by a figure they come ranked already."""
    if sort == "region":
        return sorted(rows, key=lambda row: row["name"])
    if sort == "change":
        return sorted(rows, key=lambda row: (row["change_ratio"] is None, -(row["change_ratio"] or 0.0)))
    return rows
