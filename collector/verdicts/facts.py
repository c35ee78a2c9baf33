"""The facts of a round, read from the tables with a bounded number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from collector.history.figures import Integers
from collector.history.queries import region_of
from collector.tables import fleets, servers
from collector.verdicts.baseline import Baselines, pairs_of, read_baselines
from collector.verdicts.fleet import Fleet, ServerOf, TesterOf
from collector.verdicts.floor import against_floor, place_of, server_places
from collector.verdicts.polish import Floats
from collector.verdicts.recent import Results, earlier_runs, is_usable, results_of, runs_of_round
from collector.verdicts.rounds import Booleans, RoundFacts
from collector.verdicts.thresholds import Thresholds


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Gathered:
    """The facts of a round, and when its last run began."""

    fleet: Fleet
    at: datetime


def gather(
    connection: sa.Connection, *, fleet_number: int, sweep_id: UUID, round_number: int, thresholds: Thresholds
) -> Gathered | None:
    """Return the facts of a round, None where none of its runs has begun.

    Its testers' runs before it are those of any sweep: the last rounds are each tester's own.
    """
    made = runs_of_round(connection, sweep_id, round_number)
    begun = [run for run in made if run.started_at is not None]
    if not begun:
        return None
    newest = {run.tester_id: run for run in reversed(begun) if is_usable(run)}
    rows = {run.tester_id: run for run in made}
    before = {run.tester_id: newest.get(run.tester_id, run).started_at for run in begun}
    earlier = earlier_runs(connection, before, count=thresholds.rounds - 1)
    ages = [newest, *earlier]
    starts = [run.started_at for age in ages for run in age.values()]
    regions = sorted({region_of(run) for run in rows.values()})
    region_place = {name: place for place, name in enumerate(regions)}
    numbers = sorted(rows)
    untrusted = _untrusted(rows, newest, region_place)
    at = max(run.started_at for run in begun)
    if not starts:
        nowhere = np.full(len(regions), np.nan)
        made_by = [_tester(rows[number], region_place) for number in numbers]
        none = _none()
        fleet = Fleet(
            regions=regions, testers=made_by, servers=[], rounds=[none], untrusted=untrusted,
            floor_ratio=nowhere,
        )  # fmt: skip
        return Gathered(fleet=fleet, at=at)
    baselines = read_baselines(connection, fleet_number=fleet_number, starts=starts, thresholds=thresholds)
    found = [results_of(connection, list(age.values()), least=thresholds.least_probes) for age in ages]
    listed = connection.execute(
        sa.select(servers).where(servers.c.fleet_id == fleet_number).order_by(servers.c.id)
    ).all()
    known = {row.id: row for row in listed}
    used = sorted({number for one in found for number in np.unique(one.server).tolist()})
    testers, of_servers = np.array(numbers, dtype=np.int64), np.array(used, dtype=np.int64)
    rounds = []
    for age, one in zip(ages, found, strict=True):
        started = [age[number].started_at for number in one.tester.tolist()]
        baseline = baselines.of(pairs_of(one.tester, one.server), started)
        moved = (
            _moved(one, baseline, baselines, listed)
            if one is found[0]
            else np.zeros(len(one.tester), dtype=np.bool_)
        )
        rounds.append(_facts(one, baseline, moved, testers=testers, servers=of_servers))
    path_ratio = _floors(
        connection,
        fleet_number,
        found,
        rows=rows,
        servers_by_number=known,
        testers=testers,
        servers=of_servers,
    )
    by_region: dict[int, list[float]] = {}
    for (tester, _), ratio in path_ratio.items():
        by_region.setdefault(region_place[region_of(rows[numbers[tester]])], []).append(ratio)
    fleet = Fleet(
        regions=regions,
        testers=[_tester(rows[number], region_place) for number in numbers],
        servers=[
            ServerOf(key=str(known[number].uuid), name=known[number].name, address=known[number].ip_addr)
            for number in used
        ],
        rounds=rounds,
        untrusted=untrusted,
        floor_ratio=np.array(
            [median(by_region[place]) if place in by_region else np.nan for place in range(len(regions))]
        ),
        path_floor_ratio=path_ratio,
    )
    return Gathered(fleet=fleet, at=at)


def _tester(row: sa.Row[Any], region_place: dict[str, int]) -> TesterOf:
    return TesterOf(key=str(row.uuid), name=row.name, region=region_place[region_of(row)])


def _untrusted(
    rows: dict[int, sa.Row[Any]], newest: dict[int, sa.Row[Any]], region_place: dict[str, int]
) -> Booleans:
    """Return which regions have runs that say they are not to be trusted, and no other."""
    found = np.zeros(len(region_place), dtype=np.bool_)
    for number, row in rows.items():
        if number not in newest and row.trusted is False:
            found[region_place[region_of(row)]] = True
    for number in newest:
        found[region_place[region_of(rows[number])]] = False
    return found


def _facts(
    one: Results, baseline: Floats, moved: Booleans, *, testers: Integers, servers: Integers
) -> RoundFacts:
    return RoundFacts(
        tester=np.searchsorted(testers, one.tester).astype(np.int64),
        server=np.searchsorted(servers, one.server).astype(np.int64),
        now_us=one.medians.median_us,
        low_us=one.medians.low_us,
        high_us=one.medians.high_us,
        baseline_us=baseline,
        sent=one.medians.sent,
        answered=one.medians.answered,
        moved=moved,
    )


def _none() -> RoundFacts:
    whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
    return RoundFacts(
        tester=whole, server=whole, now_us=real, low_us=real, high_us=real, baseline_us=real,
        sent=whole, answered=whole, moved=np.zeros(0, dtype=np.bool_),
    )  # fmt: skip


def _moved(one: Results, baseline: Floats, baselines: Baselines, listed: Sequence[sa.Row[Any]]) -> Booleans:
    """Return which paths have no baseline, while the same server had one at an address that is gone."""
    moved = np.zeros(len(one.tester), dtype=np.bool_)
    known = {*baselines.recent.pair.tolist()}.union(
        *(hour.pair.tolist() for hour in baselines.by_hour.values())
    )
    if not known:
        return moved
    names = {row.id: (row.name, row.family, row.port, row.probe_type) for row in listed}
    alike: dict[object, list[int]] = {}
    for number, name in names.items():
        alike.setdefault(name, []).append(number)
    here = set(pairs_of(one.tester, one.server).tolist())
    for place in np.flatnonzero(np.isnan(baseline)).tolist():
        tester, server = int(one.tester[place]), int(one.server[place])
        others = ((tester << 32) | other for other in alike[names[server]] if other != server)
        moved[place] = any(pair in known and pair not in here for pair in others)
    return moved


def _floors(
    connection: sa.Connection,
    fleet_number: int,
    found: Sequence[Results],
    *,
    rows: dict[int, sa.Row[Any]],
    servers_by_number: dict[int, sa.Row[Any]],
    testers: Integers,
    servers: Integers,
) -> dict[tuple[int, int], float]:
    """Return the best RTT over the distance floor of each path where both ends are known."""
    spec = connection.execute(sa.select(fleets.c.spec).where(fleets.c.id == fleet_number)).scalar()
    of_servers = server_places(spec)
    of_testers = {
        number: place_of(row.config.get("location")) if isinstance(row.config, dict) else None
        for number, row in rows.items()
    }
    if not of_servers or not any(of_testers.values()):
        return {}
    best: dict[tuple[int, int], float] = {}
    for one in found:
        for tester, server, us in zip(
            one.tester.tolist(), one.server.tolist(), one.medians.best_us.tolist(), strict=True
        ):
            if us == us and us < best.get((tester, server), np.inf):
                best[tester, server] = us
    ratios = {}
    for (tester, server), us in best.items():
        ratio = against_floor(
            best_us=int(us), one=of_testers[tester], other=of_servers.get(servers_by_number[server].name)
        ).ratio
        if ratio is not None:
            place = (int(np.searchsorted(testers, tester)), int(np.searchsorted(servers, server)))
            ratios[place] = ratio
    return ratios
