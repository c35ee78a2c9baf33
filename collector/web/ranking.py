"""The paths of a window and their regions, with the figures that they are ranked by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from collector.history.figures import LOST_FIGURE, Figures, Floats, Integers, Rows, pool
from collector.history.queries import region_of
from collector.history.queries_window import Window, is_left_out
from collector.verdicts.baseline import pairs_of, read_baselines
from collector.verdicts.floor import BELOW_FLOOR, Place, against_floors, place_of
from collector.verdicts.slowness import Ranked, medians_by_group
from collector.verdicts.thresholds import Thresholds
from collector.web.reads_answers import figure_columns
from collector.web.reads_long import Long

KEYS = ("n", "answered", "p50_us", "p50_note", "p95_us", "p95_note", "loss_ratio", "loss_low", "loss_high")


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


def found_in_sums(long: Long, left_out: Sequence[sa.Row[Any]]) -> Found:
    """Return the paths of a long window."""
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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Paths(Ranked):
    """The paths of a window; testers and servers by the tables' numbers."""

    tester: Integers
    server: Integers


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Regions(Ranked):
    """The regions of a window, by their names; `of` is the region of each path."""

    names: Sequence[str]
    of: Integers


def paths_of(found: Found, *, servers: Mapping[int, sa.Row[Any]], places: Mapping[str, Place]) -> Paths:
    """Return the paths with their figures, in no order."""
    figures = found.figures(np.arange(len(found.tester)), len(found.tester))
    tester_places = {number: tester_place(row) for number, row in found.testers.items()}
    server_places = {number: places.get(row.name) for number, row in servers.items()}
    testers, of_server = found.tester.tolist(), found.server.tolist()
    ratio, is_below = against_floors(
        best_us=figures.min_us,
        one=[tester_places[number] for number in testers],
        other=[server_places[number] for number in of_server],
    )
    tester_order = _order({number: row.name for number, row in found.testers.items()})
    server_order = _order(
        {number: (row.name, row.ip_addr or "", str(row.uuid)) for number, row in servers.items()}
    )
    by_name = [
        (tester_order[tester] << 32) | server_order[server]
        for tester, server in zip(testers, of_server, strict=True)
    ]
    return Paths(
        figures=figures,
        by_name=np.array(by_name, dtype=np.int64),
        floor_ratio=ratio,
        is_below_floor=is_below,
        tester=found.tester,
        server=found.server,
    )


def regions_of(found: Found, paths: Paths) -> Regions:
    """Return the regions of some paths, in the order of their names."""
    region = {number: region_of(row) for number, row in found.testers.items()}
    of_path = [region[number] for number in paths.tester.tolist()]
    names = sorted(set(of_path))
    place = {name: number for number, name in enumerate(names)}
    of = np.array([place[name] for name in of_path], dtype=np.int64)
    return Regions(
        figures=found.figures(of, len(names)),
        by_name=np.arange(len(names)),
        floor_ratio=medians_by_group(paths.floor_ratio, of, groups=len(names)),
        is_below_floor=np.bincount(of[paths.is_below_floor], minlength=len(names)) > 0,
        usual=None if paths.usual is None else medians_by_group(paths.usual, of, groups=len(names)),
        names=names,
        of=of,
    )


def with_usual(
    connection: sa.Connection, paths: Paths, found: Found, *, fleet_number: int, thresholds: Thresholds
) -> Paths:
    """Return the paths with the growth of their p50 over the baseline at the hour of their newest run.

    What has been measured since the window began has no part in what it is held against.
    Unknown where there is no baseline or no p50; infinite where the p50 is lost.
    """
    grown = np.full(len(paths), np.nan)
    known = np.flatnonzero(np.isin(paths.tester, list(found.started_at)))
    if len(known):
        starts = {*found.started_at.values(), *([] if found.since is None else [found.since])}
        baselines = read_baselines(
            connection, fleet_number=fleet_number, starts=starts, thresholds=thresholds
        )
        tester = paths.tester[known]
        begun = [found.started_at[number] for number in tester.tolist()]
        usual_us = baselines.of(pairs_of(tester, paths.server[known]), begun)
        grown[known] = _growth(paths.figures.p50_us[known], usual_us)
    return replace(paths, usual=grown)


def ranked_dicts(ranked: Ranked, places: Integers) -> list[dict[str, Any]]:
    """Return the figures of some that were ranked, as answers have them."""
    columns = figure_columns(ranked.figures, places)
    columns["best_us"] = columns["min_us"]
    columns["floor_ratio"] = known_or_none(ranked.floor_ratio[places])
    columns["floor_flag"] = [
        BELOW_FLOOR if below else None for below in ranked.is_below_floor[places].tolist()
    ]
    keys: tuple[str, ...] = (*KEYS, "best_us", "floor_ratio", "floor_flag")
    if ranked.usual is not None:
        columns["usual_ratio"] = known_or_none(ranked.usual[places])
        keys = (*keys, "usual_ratio")
    return [dict(zip(keys, row, strict=True)) for row in zip(*(columns[key] for key in keys), strict=True)]


def known_or_none(values: Floats) -> list[float | None]:
    """Return numbers, None where one is unknown or infinite: JSON has neither."""
    return [
        value if finite else None for value, finite in zip(values.tolist(), np.isfinite(values), strict=True)
    ]


def tester_place(row: sa.Row[Any]) -> Place | None:
    """Return where a tester stands, as far as its configuration says."""
    return place_of(row.config.get("location")) if isinstance(row.config, dict) else None


def _growth(p50_us: Integers, usual_us: Floats) -> Floats:
    grown = np.where(p50_us >= 0, p50_us / usual_us - 1.0, np.where(p50_us == LOST_FIGURE, np.inf, np.nan))
    return np.where(np.isnan(usual_us), np.nan, grown)


def _order(names: Mapping[int, Any]) -> dict[int, int]:
    """Return the place of each number in the order of what it is called."""
    return {
        number: place
        for place, number in enumerate(sorted(names, key=lambda number: (names[number], number)))
    }
