"""GET slow: regions and paths, slowest first."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from collector.errors import Refused
from collector.history.figures import Figures, Integers, Rows, pool
from collector.history.histogram import RELATIVE_ERROR
from collector.history.queries import RunFilter, newest_sweep, region_of
from collector.history.queries_window import Window, is_left_out, read_window, servers_of
from collector.session import reading
from collector.verdicts.floor import FloorFigure, Place, against_floor, place_of, server_places
from collector.verdicts.slowness import (
    By,
    Entry,
    PathEntry,
    default_by,
    label,
    region_floor,
    region_usual,
    slowest_first,
)
from collector.verdicts.stored import VerdictFilter, last_round
from collector.verdicts.verdict import Scope
from collector.web.reads_answers import ERRORS, answer, figure_dict, hinted, time_or_none
from collector.web.reads_long import Long, asked_of, last_day_of, read_long, runs_left_out
from collector.web.reads_matrix import NO_FLEET, NO_RESULTS
from collector.web.reads_names import FleetName, Since, SweepId, Until, span_of, the_fleet
from collector.web.reads_usual import usual_dict, with_usual
from collector.web.reads_verdicts import verdict_fields
from collector.web.state import Services, services

router = APIRouter(tags=["slow"])

KEYS = ("n", "answered", "p50_us", "p50_note", "p95_us", "p95_note", "loss_ratio", "loss_low", "loss_high")


@dataclass(frozen=True, kw_only=True, slots=True)
class RegionEntry(Entry):
    """A region in its ranking."""

    testers: list[str]
    server_count: int
    path_count: int


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
) -> Response:
    """Regions and paths, slowest first, by default of the newest sweep (its last day).

    The ranking is of trusted runs; beside it stand the verdicts of the newest round of the sweep, or of
    the window, that was judged (`verdict_round`): null for what has none. Over more than a day
    percentiles are within `percentile_error` of the exact ones.
    """
    return answer(slow_body(at, fleet=fleet, sweep_id=sweep_id, since=since, until=until, by=by))


def slow_body(
    at: Services,
    *,
    fleet: str | None,
    sweep_id: UUID | None,
    since: str | None,
    until: str | None,
    by: By | None = None,
) -> dict[str, Any]:
    """Return regions and paths as the API answers them."""
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
                "paths": [],
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
            found = _of_sums(read_long(connection, asked), runs_left_out(connection, asked))
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
                connection,
                paths,
                since=found.since,
                started_at=found.started_at,
                fleet_number=owner.id,
                thresholds=at.settings.verdict,
            )
    testers = found.testers
    regions = _regions(found, paths=paths)
    used = by or default_by(paths)
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
        "regions": [
            {
                "rank": rank,
                "region": entry.key[0],
                "testers": entry.testers,
                "server_count": entry.server_count,
                "path_count": entry.path_count,
            }
            | path_figures(entry)
            | usual_dict(entry, by=used)
            | verdict_fields(said.get((Scope.REGION, entry.key[0])))
            for rank, entry in enumerate(slowest_first(regions, by=used), start=1)
        ],
        "paths": [
            {
                "rank": rank,
                "tester": testers[entry.tester].name,
                "tester_id": str(testers[entry.tester].uuid),
                "server_id": str(rows[entry.server].uuid),
                "region": region_of(testers[entry.tester]),
                "server": rows[entry.server].name,
                "address": rows[entry.server].ip_addr,
            }
            | path_figures(entry)
            | usual_dict(entry, by=used)
            | verdict_fields(
                said.get((Scope.PATH, f"{testers[entry.tester].uuid} {rows[entry.server].uuid}"))
            )
            for rank, entry in enumerate(slowest_first(paths, by=used), start=1)
        ],
        "left_out": [
            {
                "tester": run.name,
                "run_id": str(run.run_id),
                "reason": run.reason or ("abandoned" if run.trusted is None else "not trusted"),
            }
            for run in found.left_out
        ],
    }
    return hinted(body, None if paths else NO_RESULTS)


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


def tester_place(row: sa.Row[Any]) -> Place | None:
    """Return where a tester stands, as far as its configuration says."""
    return place_of(row.config.get("location")) if isinstance(row.config, dict) else None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Found:
    """The paths of a window; `figures` pools them into groups, by the group of each path."""

    tester: Integers
    server: Integers
    figures: Callable[[Integers, int], Figures]
    testers: dict[int, sa.Row[Any]]
    left_out: Sequence[sa.Row[Any]]
    since: datetime | None = None
    started_at: dict[int, datetime] = field(default_factory=dict)
    """When the newest run with results of each tester began; empty for a window of sums."""


def found_in(window: Window) -> Found:
    """Return the paths of a window of single results."""
    pairs = ((window.tester << 32) | window.server)[window.trusted]
    known, path = np.unique(pairs, return_inverse=True)
    trusted = Rows(
        probes=[probes for probes, wanted in zip(window.rows.probes, window.trusted, strict=True) if wanted],
        late_known=window.rows.late_known[window.trusted],
    )
    begun = [run for run in window.runs if run.stored and run.started_at is not None]
    return Found(
        tester=known >> 32,
        server=known & 0xFFFF_FFFF,
        figures=lambda group, groups: pool(trusted, group=group[path], groups=groups),
        testers={run.tester_id: run for run in window.runs},
        left_out=[run for run in window.runs if is_left_out(run)],
        since=window.since,
        started_at={
            run.tester_id: run.started_at
            for run in sorted(begun, key=lambda run: run.started_at)
            if not is_left_out(run)
        },
    )


def _of_sums(long: Long, left_out: Sequence[sa.Row[Any]]) -> Found:
    some = np.flatnonzero(long.paths.sums.runs)
    whole = long.paths.sums

    def figures(group: Integers, groups: int) -> Figures:
        # Paths without a trusted run add nothing, wherever they go.
        goes = np.zeros(len(whole), dtype=np.int64)
        goes[some] = group
        return whole.regrouped(goes, groups=groups).figures()

    return Found(
        tester=long.paths.tester[some],
        server=long.paths.server[some],
        figures=figures,
        testers=long.testers,
        left_out=left_out,
    )


def paths_of(found: Found, *, servers: dict[int, sa.Row[Any]], places: dict[str, Place]) -> list[PathEntry]:
    """Return the paths with their figures, in no order."""
    count = len(found.tester)
    if not count:
        return []
    figures = found.figures(np.arange(count), count)
    entries = []
    for number, (tester, server) in enumerate(zip(found.tester.tolist(), found.server.tolist(), strict=True)):
        figure, row = figures.one(number), servers[server]
        of = found.testers[tester]
        floor = against_floor(best_us=figure.min_us, one=tester_place(of), other=places.get(row.name))
        key = (of.name, row.name, row.ip_addr or "", str(row.uuid))
        entries.append(PathEntry(key=key, figure=figure, floor=floor, tester=tester, server=server))
    return entries


def _regions(found: Found, *, paths: Sequence[PathEntry]) -> list[RegionEntry]:
    members: dict[str, list[PathEntry]] = defaultdict(list)
    for path in paths:
        members[region_of(found.testers[path.tester])].append(path)
    if not members:
        return []
    place = {region: number for number, region in enumerate(members)}
    group = np.array([place[region_of(found.testers[path.tester])] for path in paths], dtype=np.int64)
    figures = found.figures(group, len(members))
    return [
        RegionEntry(
            key=(region,),
            figure=figures.one(place[region]),
            floor=region_floor([path.floor for path in of_region]),
            usual=region_usual(of_region),
            testers=sorted({found.testers[path.tester].name for path in of_region}),
            server_count=len({path.key[1] for path in of_region}),
            path_count=len(of_region),
        )
        for region, of_region in members.items()
    ]


def path_figures(entry: Entry) -> dict[str, Any]:
    """Return the figures of an entry of a ranking."""
    figures = figure_dict(entry.figure)
    return {key: figures[key] for key in KEYS} | {
        "best_us": entry.figure.min_us,
        **floor_dict(entry.floor),
    }


def floor_dict(floor: FloorFigure) -> dict[str, Any]:
    """Return a floor figure as answers have it."""
    return {"floor_ratio": floor.ratio, "floor_flag": floor.flag}
