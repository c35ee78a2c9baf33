"""A fleet with a past at a real collector, whose every probe is known."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from wire.identity import run_id_of
from wire.job import ProbePlan
from wire.report import LOST, Report, Results

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PROBES = 20

HOSTILE = (
    "<script>alert(1)</script>",
    "'; DROP TABLE runs; --",
    "=cmd|' /C calc'!A0",
    "\x1b[2J\x07\u202egnp.exe",
    "שלום עולם",
    "x" * 255,
)
"""Names that somebody may have registered: HTML, SQL, a formula, control characters, right to left, long."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A fleet of one tester a region; `probes` holds all probes of a sweep by tester and server."""

    fleet: str
    testers: Sequence[str]
    servers: Sequence[str]
    sweeps: list[UUID] = field(default_factory=list)
    probes: dict[UUID, dict[tuple[str, str], list[int]]] = field(default_factory=dict)
    runs: dict[UUID, list[UUID]] = field(default_factory=dict)


def a_world(
    served: Any,
    *,
    sweeps: Sequence[Mapping[str, float]],
    testers: Sequence[str] = ("oslo", "tokyo", "lima", "cape"),
    servers: Sequence[str] = ("ams", "dub", "fra", "gru", "iad", "nrt"),
    runs: int = 2,
    hours_between: float = 1.0,
    name: str | None = None,
) -> World:
    """Fill a collector: in each sweep a tester or server named in its mapping is so many times slower.

    A factor of 0 is silence. The last sweep is at noon.
    """
    fleet_id, rng = uuid4(), random.Random(5)
    world = World(fleet=name or f"edge-{fleet_id.hex[:6]}", testers=testers, servers=servers)
    ids = {tester: uuid4() for tester in testers}
    with served.client() as client:
        client.put_fleet(fleet_id, name=world.fleet, spec={"version": 1}, orchestrator="a@b")
        for tester, tester_id in ids.items():
            client.put_tester(
                tester_id, fleet_id=fleet_id, name=tester, location=tester, vps_provider=None,
                config={"driver": "local", "location": {"region": tester}}, token_sha256=None,
            )  # fmt: skip
        for place, slower in enumerate(sweeps):
            sweep_id = uuid4()
            start = NOON - timedelta(hours=hours_between * (len(sweeps) - 1 - place))
            client.put_sweep(sweep_id, fleet_id=fleet_id, spec={}, started_at=start)
            probes: dict[tuple[str, str], list[int]] = defaultdict(list)
            world.runs[sweep_id] = []
            for index in range(runs):
                for number, (tester, tester_id) in enumerate(ids.items()):
                    rtts = [
                        _rtts(rng, number, column, slower.get(tester, 1.0) * slower.get(server, 1.0))
                        for column, server in enumerate(servers)
                    ]
                    for server, row in zip(servers, rtts, strict=True):
                        probes[tester, server] += row
                    report = _report(
                        tester_id, sweep_id, index=index, of=runs, servers=servers, rtts=rtts,
                        start=start + timedelta(minutes=5 * index),
                    )  # fmt: skip
                    client.put_report(report.run_id, report.to_bytes())
                    world.runs[sweep_id].append(report.run_id)
            client.finish_sweep(sweep_id, outcome="complete")
            world.sweeps.append(sweep_id)
            world.probes[sweep_id] = probes
    return world


def _rtts(rng: random.Random, number: int, column: int, factor: float) -> list[int]:
    base = (20_000 + 9_000 * ((number * 7 + column * 5) % 11)) * factor
    return [int(base * rng.uniform(1.0, 1.03)) if factor else LOST for _ in range(PROBES)]


def _report(
    tester_id: UUID,
    sweep_id: UUID,
    *,
    index: int,
    of: int,
    servers: Sequence[str],
    rtts: Sequence[list[int]],
    start: datetime,
) -> Report:
    rows = len(servers)
    return Report(
        run_id=run_id_of(sweep_id=sweep_id, tester_id=tester_id, index=index),
        tester_id=tester_id,
        sweep_id=sweep_id,
        index=index,
        of=of,
        started_at=start,
        finished_at=start + timedelta(seconds=10),
        end="complete",
        probe=ProbePlan(count=PROBES),
        engine={"name": "linux"},
        health={"trusted": True, "reason": None},
        results=Results(
            server=list(servers),
            group=["edge"] * rows,
            host=[f"192.0.2.{number + 1}" for number in range(rows)],
            address=[f"192.0.2.{number + 1}" for number in range(rows)],
            family=[4] * rows,
            probe_type=["icmp"] * rows,
            port=[None] * rows,
            planned=[PROBES] * rows,
            late=[0] * rows,
            duplicate=[0] * rows,
            reordered=[0] * rows,
            warmup=[True] * rows,
            rtt_us=[rtt for row in rtts for rtt in row],
        ),
    )
