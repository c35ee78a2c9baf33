"""GET slow: regions and paths, slowest first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from collector.history.figures import Rows, pool
from collector.history.queries import RunFilter, newest_sweep
from collector.history.queries_window import Window, is_left_out, read_window, servers_of
from collector.session import reading
from collector.verdicts.floor import FloorFigure, Place, against_floor, place_of
from collector.verdicts.slowness import By, Entry, default_by, label, region_floor, slowest_first
from collector.web.reads_answers import ERRORS, answer, figure_dict, hinted, region_of
from collector.web.reads_matrix import NO_FLEET, NO_RESULTS
from collector.web.reads_names import FleetName, SweepId, the_fleet
from collector.web.state import Services, services

router = APIRouter(tags=["slow"])

KEYS = ("n", "answered", "p50_us", "p50_note", "p95_us", "p95_note", "loss_ratio", "loss_low", "loss_high")


@dataclass(frozen=True, kw_only=True, slots=True)
class PathEntry(Entry):
    """A path in its ranking; tester and server by the tables' numbers."""

    tester: int
    server: int


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
    by: Annotated[
        By | None, Query(description="what is ranked by; floor where one is known, else p50")
    ] = None,
) -> Response:
    """Regions and paths of a sweep, slowest first: a ranking of trusted runs, not a verdict."""
    with reading(at.engine) as connection:
        owner = the_fleet(connection, fleet, sweep_id)
        if owner is not None and sweep_id is None:
            sweep_id = newest_sweep(connection, fleet_number=owner.id)
        if owner is None or sweep_id is None:
            used = by or By.P50
            return answer(
                {
                    "fleet": None if owner is None else owner.name,
                    "sweep_id": None,
                    "by": used,
                    "by_label": label(used, regions=0),
                    "regions": [],
                    "paths": [],
                    "left_out": [],
                    "hint": NO_FLEET
                    if owner is None
                    else "nothing was measured; `orchestrate up` begins a sweep",
                }
            )
        window = read_window(connection, RunFilter(fleet_number=owner.id, sweep_id=sweep_id))
        rows = {row.id: row for row in servers_of(connection, window.server)}
    testers = {run.tester_id: run for run in window.runs}
    paths = _paths(window, testers=testers, servers=rows, places=server_places(owner.spec))
    regions = _regions(window, paths=paths, testers=testers)
    used = by or default_by(paths)
    body = {
        "fleet": owner.name,
        "sweep_id": str(sweep_id),
        "by": used,
        "by_label": label(used, regions=len(regions)),
        "regions": [
            {
                "rank": rank,
                "region": entry.key[0],
                "testers": entry.testers,
                "server_count": entry.server_count,
                "path_count": entry.path_count,
            }
            | _figures(entry)
            for rank, entry in enumerate(slowest_first(regions, by=used), start=1)
        ],
        "paths": [
            {
                "rank": rank,
                "tester": testers[entry.tester].name,
                "region": region_of(testers[entry.tester]),
                "server": rows[entry.server].name,
                "address": rows[entry.server].ip_addr,
            }
            | _figures(entry)
            for rank, entry in enumerate(slowest_first(paths, by=used), start=1)
        ],
        "left_out": [
            {
                "tester": run.name,
                "run_id": str(run.run_id),
                "reason": run.reason or ("abandoned" if run.trusted is None else "not trusted"),
            }
            for run in window.runs
            if is_left_out(run)
        ],
    }
    return answer(hinted(body, None if paths else NO_RESULTS))


def server_places(spec: object) -> dict[str, Place]:
    """Return where a fleet's servers stand, by name, as far as its specification says."""
    listed = spec.get("servers") if isinstance(spec, dict) else None
    places: dict[str, Place] = {}
    for server in listed if isinstance(listed, list) else []:
        if not isinstance(server, dict) or not isinstance(server.get("name"), str):
            continue
        place = place_of(server.get("location"))
        if place is not None:
            places[server["name"]] = place
    return places


def tester_place(row: sa.Row[Any]) -> Place | None:
    """Return where a tester stands, as far as its configuration says."""
    return place_of(row.config.get("location")) if isinstance(row.config, dict) else None


def _paths(
    window: Window,
    *,
    testers: dict[int, sa.Row[Any]],
    servers: dict[int, sa.Row[Any]],
    places: dict[str, Place],
) -> list[PathEntry]:
    pairs = ((window.tester << 32) | window.server)[window.trusted]
    if not len(pairs):
        return []
    known, group = np.unique(pairs, return_inverse=True)
    figures = pool(_trusted(window), group=group, groups=len(known))
    found = []
    for number, pair in enumerate(known.tolist()):
        tester, server = pair >> 32, pair & 0xFFFF_FFFF
        figure, row = figures.one(number), servers[server]
        floor = against_floor(
            best_us=figure.min_us, one=tester_place(testers[tester]), other=places.get(row.name)
        )
        key = (testers[tester].name, row.name, row.ip_addr or "", str(row.uuid))
        found.append(PathEntry(key=key, figure=figure, floor=floor, tester=tester, server=server))
    return found


def _regions(
    window: Window, *, paths: Sequence[PathEntry], testers: dict[int, sa.Row[Any]]
) -> list[RegionEntry]:
    members: dict[str, list[PathEntry]] = defaultdict(list)
    for path in paths:
        members[region_of(testers[path.tester])].append(path)
    if not members:
        return []
    place = {region: number for number, region in enumerate(members)}
    of_tester = {path.tester: place[region_of(testers[path.tester])] for path in paths}
    lookup = np.zeros(max(of_tester) + 1, dtype=np.int64)
    lookup[list(of_tester)] = list(of_tester.values())
    figures = pool(_trusted(window), group=lookup[window.tester[window.trusted]], groups=len(members))
    return [
        RegionEntry(
            key=(region,),
            figure=figures.one(place[region]),
            floor=region_floor([path.floor for path in found]),
            testers=sorted({testers[path.tester].name for path in found}),
            server_count=len({path.key[1] for path in found}),
            path_count=len(found),
        )
        for region, found in members.items()
    ]


def _trusted(window: Window) -> Rows:
    return Rows(
        probes=[probes for probes, wanted in zip(window.rows.probes, window.trusted, strict=True) if wanted],
        late_known=window.rows.late_known[window.trusted],
    )


def _figures(entry: Entry) -> dict[str, Any]:
    figures = figure_dict(entry.figure)
    return {key: figures[key] for key in KEYS} | {
        "best_us": entry.figure.min_us,
        **floor_dict(entry.floor),
    }


def floor_dict(floor: FloorFigure) -> dict[str, Any]:
    """Return a floor figure as answers have it."""
    return {"floor_ratio": floor.ratio, "floor_flag": floor.flag}
