"""Two sweeps read from the tables, for their comparison."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from collector.errors import Refused
from collector.history.by_time import of_tester
from collector.history.figures import Integers
from collector.history.queries import RunFilter, region_of
from collector.history.queries_window import MAX_PROBES, servers_of
from collector.history.rolled import span_of_results
from collector.history.segments import DAY
from collector.tables import UtcTime, ping_results, runs, testers
from collector.verdicts.baseline import pairs_of
from collector.verdicts.difference import Difference, difference
from collector.verdicts.fleet import ServerOf, TesterOf
from collector.verdicts.medians import medians_of
from collector.verdicts.recent import RUNS_AT_A_TIME, is_usable
from collector.verdicts.sides import Side, TwoSides
from collector.verdicts.thresholds import Thresholds

MOST_BLOCKS = 24
"""Runs of which each is drawn for itself; of more, neighbours are drawn together."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SweepResults:
    """What the usable runs of a sweep's last day found; `runs` are all of that day, with their testers.

    `pair` (tester and server by the tables' numbers), `block` and `probes` have an item for each result.
    """

    sweep_id: UUID
    runs: Sequence[sa.Row[Any]]
    used_count: int
    since: datetime | None
    until: datetime | None
    blocks_of: dict[int, int]
    pair: Integers
    block: Integers
    probes: Sequence[bytes]

    @property
    def left_out(self) -> list[sa.Row[Any]]:
        """Return the runs that have results and are not to be trusted."""
        return [run for run in self.runs if run.stored and not is_usable(run)]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Compared:
    """Two sweeps and what changed from the first to the second."""

    before: SweepResults
    after: SweepResults
    sides: TwoSides
    difference: Difference


def compare(connection: sa.Connection, *, before: UUID, after: UUID, thresholds: Thresholds) -> Compared:
    """Return what changed from one sweep to another; raise `Refused` where they hold too many probes.

    Of a sweep that has lasted more than a day it is the last day that is compared.
    """
    one, two = (read_sweep(connection, sweep_id) for sweep_id in (before, after))
    sides = two_sides(connection, one, two, thresholds=thresholds)
    found = difference(sides, thresholds=thresholds, seed=_seed_of(before, after))
    return Compared(before=one, after=two, sides=sides, difference=found)


def read_sweep(connection: sa.Connection, sweep_id: UUID) -> SweepResults:
    """Return the results of a sweep."""
    chosen = RunFilter(sweep_id=sweep_id)
    span = span_of_results(connection, chosen.conditions())
    if span is not None and span.end - span.start > DAY:
        # A sweep without an end has runs without number.
        chosen = replace(chosen, since=span.end - DAY)
    query: sa.Select[Any] = (
        sa.select(
            runs.c.tester_id, runs.c.run_id, runs.c.started_at, runs.c.stored, runs.c.trusted, runs.c.state,
            runs.c.reason, testers.c.uuid, testers.c.name, testers.c.location, testers.c.config,
        )
        .select_from(runs.join(testers, testers.c.id == runs.c.tester_id))
        .where(*chosen.conditions())
        .order_by(testers.c.id, runs.c.started_at, runs.c.run_id)
    )  # fmt: skip
    made = connection.execute(query).all()
    used = [run for run in made if is_usable(run)]
    rows = _Rows(of_run=_blocks(used))
    for start in range(0, len(used), RUNS_AT_A_TIME):
        rows.read(connection, used[start : start + RUNS_AT_A_TIME])
    return SweepResults(
        sweep_id=sweep_id,
        runs=made,
        used_count=len(used),
        since=min((run.started_at for run in used), default=None),
        until=max((run.started_at for run in used), default=None),
        blocks_of={tester: 1 + block for (tester, _), block in sorted(rows.of_run.items(), key=_by_block)},
        pair=pairs_of(np.array(rows.tester, dtype=np.int64), np.array(rows.server, dtype=np.int64)),
        block=np.array(rows.block, dtype=np.int64),
        probes=rows.probes,
    )


def two_sides(
    connection: sa.Connection, before: SweepResults, after: SweepResults, *, thresholds: Thresholds
) -> TwoSides:
    """Return the paths that both sweeps have probes of; another address of a server is another path."""
    least = thresholds.least_probes
    of_before, of_after = _sent_pairs(before), _sent_pairs(after)
    every = np.union1d(of_before, of_after)
    rows = {run.tester_id: run for one in (before, after) for run in one.runs}
    listed = {row.id: row for row in servers_of(connection, every & 0xFFFF_FFFF)}
    used = {int(number) for number in np.unique(every >> 32)}
    regions = sorted({region_of(rows[number]) for number in used})
    # By their keys, so that the tables' own numbers have no part in the draws.
    of_testers = sorted(used, key=lambda number: str(rows[number].uuid))
    of_servers = sorted(listed, key=lambda number: str(listed[number].uuid))
    tester_place = {number: place for place, number in enumerate(of_testers)}
    server_place = {number: place for place, number in enumerate(of_servers)}

    def places(of: Integers) -> list[tuple[int, int]]:
        found = [(tester_place[pair >> 32], server_place[pair & 0xFFFF_FFFF]) for pair in of.tolist()]
        return sorted(found)

    common = places(np.intersect1d(of_before, of_after))
    ordered = np.array(
        [(of_testers[tester] << 32) | of_servers[server] for tester, server in common], dtype=np.int64
    )
    return TwoSides(
        regions=regions,
        testers=[
            TesterOf(key=str(row.uuid), name=row.name, region=regions.index(region_of(row)))
            for row in (rows[number] for number in of_testers)
        ],
        servers=[
            ServerOf(key=str(row.uuid), name=row.name, address=row.ip_addr)
            for row in (listed[number] for number in of_servers)
        ],
        tester=np.array([tester for tester, _ in common], dtype=np.int64),
        server=np.array([server for _, server in common], dtype=np.int64),
        before=_side(before, ordered, least=least),
        after=_side(after, ordered, least=least),
        only_before=places(np.setdiff1d(of_before, of_after)),
        only_after=places(np.setdiff1d(of_after, of_before)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rows:
    """Results, column by column; `of_run` is the block of each run by its tester and UUID."""

    of_run: dict[tuple[int, UUID], int]
    tester: list[int] = field(default_factory=list)
    server: list[int] = field(default_factory=list)
    block: list[int] = field(default_factory=list)
    probes: list[bytes] = field(default_factory=list)

    def read(self, connection: sa.Connection, chunk: Sequence[sa.Row[Any]]) -> None:
        times = [run.started_at for run in chunk]
        query = sa.select(
            ping_results.c.tester_id, ping_results.c.server_id, ping_results.c.run_id, ping_results.c.probes
        ).where(
            ping_results.c.ts.between(sa.literal(min(times), UtcTime), sa.literal(max(times), UtcTime)),
            of_tester(connection).in_({run.tester_id for run in chunk}),
            ping_results.c.run_id.in_([run.run_id for run in chunk]),
        )
        for row in connection.execute(query):
            self.tester.append(row[0])
            self.server.append(row[1])
            self.block.append(self.of_run[row[0], row[2]])
            self.probes.append(row[3])
        if sum(map(len, self.probes)) > MAX_PROBES * 4:
            raise Refused(
                422,
                "window_too_large",
                f"the sweep holds more than {MAX_PROBES} probes in its last day",
                hint="compare smaller sweeps, or /api/v1/path day by day",
            )


def _blocks(used: Sequence[sa.Row[Any]]) -> dict[tuple[int, UUID], int]:
    """Return which block each run belongs to; the runs come in order, tester by tester."""
    of_testers: dict[int, list[UUID]] = {}
    for run in used:
        of_testers.setdefault(run.tester_id, []).append(run.run_id)
    return {
        (tester, run_id): place * min(len(mine), MOST_BLOCKS) // len(mine)
        for tester, mine in of_testers.items()
        for place, run_id in enumerate(mine)
    }


def _by_block(item: tuple[tuple[int, UUID], int]) -> tuple[int, int]:
    (tester, _), block = item
    return tester, block


def _sent_pairs(one: SweepResults) -> Integers:
    """Return the paths that a probe was sent on, in order."""
    sent = medians_of(one.probes, least=1).sent > 0
    return np.unique(one.pair[sent])


def _side(one: SweepResults, pairs: Integers, *, least: int) -> Side:
    """Return what a sweep found on some paths."""
    order = np.argsort(pairs)
    place = np.minimum(np.searchsorted(pairs[order], one.pair), max(len(pairs) - 1, 0))
    is_wanted = pairs[order][place] == one.pair if len(pairs) else np.zeros(len(one.pair), dtype=np.bool_)
    path = order[place[is_wanted]] if len(pairs) else np.zeros(0, dtype=np.int64)
    joined: list[list[bytes]] = [[] for _ in range(len(pairs))]
    wanted = np.flatnonzero(is_wanted).tolist()
    for number, row in zip(path.tolist(), wanted, strict=True):
        joined[number].append(one.probes[row])
    p50 = medians_of([one.probes[row] for row in wanted], least=least).median_us
    known = np.isfinite(p50) & (p50 > 0)
    rows = max(one.blocks_of.values(), default=1)
    cell = (one.block[is_wanted] * len(pairs) + path)[known]
    size = rows * len(pairs)
    count = np.bincount(cell, minlength=size)
    total = np.bincount(cell, weights=np.log(p50[known]), minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        blocks_us = np.exp(total / count).reshape(rows, len(pairs))
    blocks = [one.blocks_of[int(pair) >> 32] for pair in pairs.tolist()]
    return Side(
        probes=[b"".join(parts) for parts in joined],
        blocks_us=blocks_us,
        blocks=np.array(blocks, dtype=np.int64),
    )


def _seed_of(before: UUID, after: UUID) -> int:
    """Return the seed of the draws, so that the same question has the same answer."""
    return int.from_bytes(hashlib.sha256(f"{before}:{after}".encode()).digest()[:6], "big")
