"""GET slow: regions and paths, slowest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from collector.errors import Refused
from collector.history.figures import Integers
from collector.history.histogram import RELATIVE_ERROR
from collector.history.queries import RunFilter, newest_sweep, region_of
from collector.history.queries_window import read_window, servers_of
from collector.session import reading
from collector.verdicts.floor import server_places
from collector.verdicts.slowness import By, default_by, label
from collector.verdicts.stored import VerdictFilter, last_round
from collector.verdicts.verdict import Scope
from collector.web.ranking import (
    Found,
    Paths,
    Regions,
    found_in,
    found_in_sums,
    paths_of,
    ranked_dicts,
    regions_of,
    with_usual,
)
from collector.web.reads_answers import ERRORS, answer, hinted, time_or_none
from collector.web.reads_long import asked_of, last_day_of, read_long, runs_left_out
from collector.web.reads_matrix import NO_FLEET, NO_RESULTS
from collector.web.reads_names import FleetName, Since, SweepId, Until, span_of, the_fleet
from collector.web.reads_page import MAX_LIMIT, Cursor, cursor_of, key_in
from collector.web.reads_verdicts import verdict_fields
from collector.web.state import Services, services

router = APIRouter(tags=["slow"])

PATHS = "paths"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Which of the ranked paths are listed: of one region or of all, from one place on; no count is all."""

    region: str | None
    start: int
    count: int | None


@router.get("/slow", responses=ERRORS)
def get_slow(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    sweep_id: SweepId = None,
    since: Since = None,
    until: Until = None,
    by: Annotated[
        By | None,
        Query(
            description="what is ranked by; floor where one is known, else p50. `baseline`: the p50 against "
            "its usual at that hour (`usual_ratio`), of a sweep or of a day at most"
        ),
    ] = None,
    region: Annotated[
        str | None, Query(description="paths of this region alone; regions are listed all")
    ] = None,
    limit: Annotated[
        int | None, Query(ge=1, le=MAX_LIMIT, description="how many paths a page holds at most; none: all")
    ] = None,
    cursor: Cursor = None,
) -> Response:
    """Regions and paths, slowest first, by default of the newest sweep (its last day).

    The ranking is of trusted runs; beside it stand the verdicts of the newest round of the sweep, or of
    the window, that was judged (`verdict_round`): null for what has none. Over more than a day
    percentiles are within `percentile_error` of the exact ones.

    Paths come in pages where `limit` is given, each ranked at its time: while a sweep runs, a path may
    move from one page to another.
    """
    start = 0 if cursor is None else max(0, key_in(cursor, PATHS, int)[0])
    part = Part(region=region, start=start, count=limit)
    return answer(slow_body(at, fleet=fleet, sweep_id=sweep_id, since=since, until=until, by=by, part=part))


def slow_body(
    at: Services,
    *,
    fleet: str | None,
    sweep_id: UUID | None,
    since: str | None,
    until: str | None,
    by: By | None = None,
    part: Part,
) -> dict[str, Any]:
    """Return regions and a part of the paths as the API answers them."""
    span = span_of(since, until)
    is_window = span.since is not None or span.until is not None
    with reading(at.engine) as connection:
        owner = the_fleet(connection, fleet, sweep_id)
        if owner is not None and sweep_id is None and not is_window:
            sweep_id = newest_sweep(connection, fleet_number=owner.id)
        if owner is None or (sweep_id is None and not is_window):
            used = by or By.P50
            return {
                "fleet": None if owner is None else owner.name,
                "sweep_id": None,
                "since": None,
                "until": None,
                "percentile_error": 0.0,
                "by": used,
                "by_label": label(used, regions=0),
                "verdict_round": None,
                "regions": [],
                "path_count": 0,
                "paths": [],
                "next": None,
                "left_out": [],
                "hint": NO_FLEET
                if owner is None
                else "nothing was measured; `orchestrate up` begins a sweep",
            }
        chosen = RunFilter(fleet_number=owner.id, sweep_id=sweep_id, since=span.since, until=span.until)
        if sweep_id is not None and not is_window:
            chosen = replace(chosen, since=last_day_of(connection, chosen))
        asked = asked_of(connection, chosen)
        if asked is not None and by is By.BASELINE:
            raise Refused(
                400,
                "bad_parameter",
                "by=baseline is of a sweep, or of a day at most",
                hint="narrow the window with since= and until=, or name a sweep with sweep_id=",
            )
        if asked is None:
            found = found_in(read_window(connection, chosen))
        else:
            found = found_in_sums(read_long(connection, asked), runs_left_out(connection, asked))
        rows = {row.id: row for row in servers_of(connection, found.server)}
        kept = last_round(
            connection,
            VerdictFilter(
                fleet_number=owner.id,
                sweep_id=sweep_id,
                since=None if sweep_id is not None else span.since,
                until=span.until,
            ),
        )
        paths = paths_of(found, servers=rows, places=server_places(owner.spec))
        if by is By.BASELINE:
            paths = with_usual(
                connection, paths, found, fleet_number=owner.id, thresholds=at.settings.verdict
            )
    regions = regions_of(found, paths)
    used = by or default_by(paths)
    order = paths.slowest_first(used)
    ranks, following = _listed(order, regions, part=part)
    said = {(row.scope, row.key): row for row in kept}
    body = {
        "fleet": owner.name,
        "sweep_id": None if sweep_id is None else str(sweep_id),
        "since": time_or_none(chosen.since if asked is None else asked.since),
        "until": time_or_none(chosen.until if asked is None else asked.until),
        "percentile_error": 0.0 if asked is None else RELATIVE_ERROR,
        "by": used,
        "by_label": label(used, regions=len(regions)),
        "verdict_round": _round(kept),
        "regions": _region_dicts(found, paths, regions, said, by=used),
        "path_count": len(paths),
        "paths": _path_dicts(found, paths, rows, said, ranks=ranks, order=order[ranks - 1]),
        "next": None if following is None else cursor_of(PATHS, following),
        "left_out": [
            {
                "tester": run.name,
                "run_id": str(run.run_id),
                "reason": run.reason or ("abandoned" if run.trusted is None else "not trusted"),
            }
            for run in found.left_out
        ],
    }
    return hinted(body, None if len(paths) else NO_RESULTS)


def _round(kept: Sequence[sa.Row[Any]]) -> dict[str, Any] | None:
    """Return which round the verdicts are of, with what it says of the fleet and of servers."""
    if not kept:
        return None
    of_fleet = next(row for row in kept if row.scope == Scope.FLEET)
    return {
        "sweep_id": str(of_fleet.sweep_id),
        "round": of_fleet.round,
        "at": time_or_none(of_fleet.at),
        "settings_version": of_fleet.settings_version,
        "fleet": {"label": of_fleet.label} | verdict_fields(of_fleet),
        "servers": [
            {"server_id": row.key, "label": row.label} | verdict_fields(row)
            for row in kept
            if row.scope == Scope.SERVER
        ],
    }


def _region_dicts(
    found: Found, paths: Paths, regions: Regions, said: Mapping[tuple[str, str], sa.Row[Any]], *, by: By
) -> list[dict[str, Any]]:
    order = regions.slowest_first(by)
    counts = np.bincount(regions.of, minlength=len(regions))
    testers: list[set[str]] = [set() for _ in range(len(regions))]
    servers: list[set[int]] = [set() for _ in range(len(regions))]
    for region, tester, server in zip(
        regions.of.tolist(), paths.tester.tolist(), paths.server.tolist(), strict=True
    ):
        testers[region].add(found.testers[tester].name)
        servers[region].add(server)
    return [
        {
            "rank": rank,
            "region": regions.names[place],
            "testers": sorted(testers[place]),
            "server_count": len(servers[place]),
            "path_count": int(counts[place]),
        }
        | figures
        | verdict_fields(said.get((Scope.REGION, regions.names[place])))
        for rank, (place, figures) in enumerate(
            zip(order.tolist(), ranked_dicts(regions, order), strict=True), start=1
        )
    ]


def _listed(order: Integers, regions: Regions, *, part: Part) -> tuple[Integers, int | None]:
    """Return the ranks of the paths that are listed, and where the next part begins, None at the end."""
    ranks = np.arange(1, len(order) + 1)
    if part.region is not None:
        wanted = np.array([name == part.region for name in regions.names], dtype=bool)
        ranks = ranks[wanted[regions.of[order]]]
    if part.count is None:
        return ranks[part.start :], None
    end = part.start + part.count
    return ranks[part.start : end], end if end < len(ranks) else None


def _path_dicts(
    found: Found,
    paths: Paths,
    servers: Mapping[int, sa.Row[Any]],
    said: Mapping[tuple[str, str], sa.Row[Any]],
    *,
    ranks: Integers,
    order: Integers,
) -> list[dict[str, Any]]:
    testers = {number: (row.name, str(row.uuid), region_of(row)) for number, row in found.testers.items()}
    called = {number: (row.name, str(row.uuid), row.ip_addr) for number, row in servers.items()}
    listed = []
    for rank, tester_number, server_number, figures in zip(
        ranks.tolist(),
        paths.tester[order].tolist(),
        paths.server[order].tolist(),
        ranked_dicts(paths, order),
        strict=True,
    ):
        tester, tester_id, region = testers[tester_number]
        server, server_id, address = called[server_number]
        named = {
            "rank": rank,
            "tester": tester,
            "tester_id": tester_id,
            "server_id": server_id,
            "region": region,
            "server": server,
            "address": address,
        }
        verdict = said.get((Scope.PATH, f"{tester_id} {server_id}"))
        listed.append(named | figures | verdict_fields(verdict))
    return listed
