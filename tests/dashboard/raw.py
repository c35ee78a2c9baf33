"""The generated history counted by hand from its raw rows, with nothing of the collector's own arithmetic."""

import struct
from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.tables import ping_results, runs, servers, testers
from tests.collector.reads.naive import naive_figures
from tests.dashboard.origin import Origin

Path = tuple[str, str]
"""The UUIDs of a tester and of a server's address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """A result as it is stored."""

    path: Path
    index: int
    trusted: bool
    probes: list[int]


def raw_of(past: Origin, sweep_id: UUID) -> list[Raw]:
    """Return every result of a sweep."""
    query = (
        sa.select(testers.c.uuid, servers.c.uuid, runs.c.index, runs.c.trusted, ping_results.c.probes)
        .select_from(ping_results)
        .join(runs, runs.c.run_id == ping_results.c.run_id)
        .join(testers, testers.c.id == ping_results.c.tester_id)
        .join(servers, servers.c.id == ping_results.c.server_id)
        .where(runs.c.sweep_id == sweep_id)
    )
    return [
        Raw(
            path=(str(tester), str(server)),
            index=index,
            trusted=bool(trusted),
            probes=list(struct.unpack(f"<{len(probes) // 4}i", probes)),
        )
        for tester, server, index, trusted, probes in past.rows(query)
    ]


def figures_by_path(found: list[Raw]) -> dict[Path, dict[str, Any]]:
    """Return the figures of each path: of its trusted runs, or of the others where it has none."""
    pooled: dict[Path, dict[bool, list[int]]] = defaultdict(lambda: {True: [], False: []})
    for one in found:
        pooled[one.path][one.trusted] += one.probes
    return {path: naive_figures(by[True] or by[False]) for path, by in pooled.items()}
