"""Raw results in heaps, as cheaply as each engine gives them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from collector.history.by_time import results_with_runs
from collector.history.segments import Span
from collector.history.sums import Heaps, Integers, Sums, joined, sums_of
from collector.tables import UtcTime, ping_results, runs


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PathSums:
    """Sums by path; testers and servers by the tables' numbers."""

    tester: Integers
    server: Integers
    sums: Sums

    def __len__(self) -> int:
        return len(self.tester)


def between(column: sa.ColumnElement[Any], spans: Sequence[Span]) -> sa.ColumnElement[bool]:
    """Return that a time lies in one of some spans."""
    return sa.or_(
        *(
            sa.and_(column >= sa.literal(span.start, UtcTime), column < sa.literal(span.end, UtcTime))
            for span in spans
        )
    )


def read_raw(
    connection: sa.Connection, spans: Sequence[Span], *conditions: sa.ColumnElement[bool]
) -> PathSums:
    """Return the sums of raw results in some spans; conditions are on `ping_results` and `runs`."""
    with_runs = results_with_runs(connection)
    # Every result has its run's start: said of both, neither table is read as a whole.
    wanted = (between(ping_results.c.ts, spans), between(runs.c.started_at, spans), *conditions)
    trusted = sa.func.coalesce(runs.c.trusted, sa.true())
    unknown = sa.case((sa.and_(ping_results.c.late.is_(None), ping_results.c.planned > 0), 1), else_=0)
    key = (ping_results.c.tester_id, ping_results.c.server_id)
    if connection.dialect.name == "postgresql":
        # Postgres hands over one row for each path; both aggregates see the results in one order.
        query = (
            sa.select(
                *key,
                trusted,
                sa.func.count(),
                sa.func.sum(unknown),
                sa.func.string_agg(sa.func.int4send(ping_results.c.planned), sa.literal(b"", sa.LargeBinary)),
                sa.func.string_agg(ping_results.c.probes, sa.literal(b"", sa.LargeBinary)),
            )
            .select_from(with_runs)
            .where(*wanted)
            .group_by(*key, trusted)
        )
        byte_order = ">i4"
    else:
        query = sa.select(
            *key, trusted, sa.literal(1), unknown, ping_results.c.planned, ping_results.c.probes
        )
        query = query.select_from(with_runs).where(*wanted)
        byte_order = ""
    rows = connection.execute(query).all()
    if not rows:
        return nothing()
    tester, server, good, results, late_unknown, planned, probes = zip(*rows, strict=True)
    lengths = (
        np.frombuffer(b"".join(planned), dtype=byte_order).astype(np.int64)
        if byte_order
        else np.array(planned, dtype=np.int64)
    )
    heaps = Heaps(
        results=np.array(results, dtype=np.int64),
        planned=lengths,
        late_unknown=np.array(late_unknown, dtype=np.int64),
        trusted=np.array(good, dtype=np.bool_),
        probes=probes,
    )
    testers, servers, group, groups = grouped(tester, server)
    return PathSums(tester=testers, server=servers, sums=sums_of(heaps, group=group, groups=groups))


def grouped(tester: Sequence[int], server: Sequence[int]) -> tuple[Integers, Integers, Integers, int]:
    """Return the paths among pairs of tester and server, and to which one each pair belongs."""
    pairs = (np.array(tester, dtype=np.int64) << 32) | np.array(server, dtype=np.int64)
    known, group = np.unique(pairs, return_inverse=True)
    return known >> 32, known & 0xFFFF_FFFF, group.astype(np.int64), len(known)


def nothing() -> PathSums:
    """Return the sums of no path."""
    none = np.zeros(0, dtype=np.int64)
    heaps = Heaps(
        results=none, planned=none, late_unknown=none, trusted=np.zeros(0, dtype=np.bool_), probes=()
    )
    return PathSums(tester=none, server=none, sums=sums_of(heaps, group=none, groups=0))


def together(parts: Sequence[PathSums]) -> PathSums:
    """Return the sums of several times as one."""
    some = [part for part in parts if len(part)]
    if len(some) < 2:
        return some[0] if some else nothing()
    testers, servers, group, groups = grouped(
        np.concatenate([part.tester for part in some]).tolist(),
        np.concatenate([part.server for part in some]).tolist(),
    )
    sums = joined([part.sums for part in some]).regrouped(group, groups=groups)
    return PathSums(tester=testers, server=servers, sums=sums)
