"""Writes the generated history: runs, results, heartbeats, rollups, verdicts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from collector.auth import digest_of_token
from collector.history.rollups import Roller
from collector.ingest.columns import Columns
from collector.ingest.summary import summary_of
from collector.ingest.writer import Batch, BatchRun, Writer, writer_of
from collector.session import writing
from collector.tables import RunState, fleets, heartbeats, runs, servers, sweeps, testers
from collector.verdicts.evaluate import Judge
from collector.verdicts.floor import distance_km
from collector.verdicts.thresholds import DEFAULTS
from tests.dashboard import truth
from tests.dashboard.world import SERVERS, TESTERS, UNPLACED_AT, Vantage
from wire.fields import time_text
from wire.report import LOST

PLACE_OF = {server.name: place for place, server in enumerate(SERVERS)}
ROW_OF = {tester.name: place for place, tester in enumerate(TESTERS)}
SHAPE = (len(TESTERS), len(SERVERS), truth.PROBES)
RUN_S = 8
ROUTE = 1.45
"""How much longer than light in fibre a route takes, at best."""


def write_history(engine: sa.Engine, *, seed: int = 20) -> None:
    """Write everything into a database with tables and nothing in them, and judge its last day."""
    chance = np.random.default_rng(seed)
    writer = writer_of(engine)
    numbers = _register(engine)
    base_us = _base_us(chance)
    for sweep in range(truth.SWEEPS):
        for round_number in range(truth.rounds_of(sweep)):
            at = truth.start_of(sweep) + round_number * truth.ROUND_EVERY
            writer.prepare(at)
            rtt_us = _rtt_us(base_us, sweep, round_number, at, chance)
            _write_round(engine, writer, numbers, sweep, round_number, at, rtt_us)
    Roller(engine).roll_up(truth.END)
    Judge(engine, DEFAULTS).judge_due(truth.END)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Numbers:
    """The tables' own numbers; `moved` is that of the address that came late."""

    testers: list[int]
    servers: list[int]
    moved: int

    def servers_at(self, sweep: int) -> list[int]:
        known = list(self.servers)
        if sweep == truth.SWEEPS - 1:
            known[PLACE_OF[truth.MOVED]] = self.moved
        return known


def _register(engine: sa.Engine) -> _Numbers:
    begun = truth.start_of(0)
    with writing(engine) as connection:
        connection.execute(sa.insert(fleets).values(_fleet_row(begun)))
        fleet = connection.execute(sa.select(fleets.c.id)).scalar_one()
        connection.execute(sa.insert(testers), [_tester_row(one, fleet, begun) for one in TESTERS])
        gone = Vantage(name=truth.RETIRED, provider="aws", region="eu-north-9", place=None)
        connection.execute(sa.insert(testers).values(_tester_row(gone, fleet, begun) | {"retired_at": begun}))
        connection.execute(
            sa.insert(servers),
            [_server_row(one.name, one.group, one.address, fleet) for one in SERVERS]
            + [_server_row(truth.MOVED, SERVERS[PLACE_OF[truth.MOVED]].group, truth.MOVED_TO, fleet)],
        )
        connection.execute(sa.insert(sweeps), [_sweep_row(n, fleet) for n in range(truth.SWEEPS)])
        made = connection.execute(sa.select(testers.c.id, testers.c.name)).all()
        of_testers = {row.name: int(row.id) for row in made}
        of_servers = list(connection.execute(sa.select(servers.c.id).order_by(servers.c.id)).scalars())
        connection.execute(
            sa.insert(heartbeats), [_heartbeat_row(of_testers[one.name], one.name) for one in TESTERS]
        )
    return _Numbers(
        testers=[of_testers[one.name] for one in TESTERS], servers=of_servers[:-1], moved=of_servers[-1]
    )


def _fleet_row(at: datetime) -> dict[str, Any]:
    spec = {
        "version": 1,
        "servers": [
            {
                "name": one.name,
                "group": one.group,
                "location": {"lat": one.place.lat, "lon": one.place.lon},
            }
            for one in SERVERS
        ],
    }
    return {
        "uuid": truth.FLEET_ID,
        "name": truth.FLEET,
        "spec": spec,
        "registered_at": at,
        "registered_by": "me@here",
    }


def _tester_row(one: Vantage, fleet: int, at: datetime) -> dict[str, Any]:
    place = {} if one.place is None else {"lat": one.place.lat, "lon": one.place.lon}
    return {
        "uuid": truth.tester_id(one.name),
        "fleet_id": fleet,
        "name": one.name,
        "location": one.region,
        "vps_provider": one.provider,
        "config": {"driver": "amazonec2", "location": {"region": one.region} | place},
        "token_sha256": digest_of_token(one.name),
        "created_at": at,
        "retired_at": None,
    }


def _server_row(name: str, group: str, address: str, fleet: int) -> dict[str, Any]:
    return {
        "uuid": truth.server_id(name, address),
        "fleet_id": fleet,
        "name": name,
        "ip_addr": address,
        "family": 4,
        "probe_type": "icmp",
        "host": f"{name}.example.net",
        "group": group,
    }


def _sweep_row(number: int, fleet: int) -> dict[str, Any]:
    started_at = truth.start_of(number)
    is_newest = number == truth.SWEEPS - 1
    rounds = truth.rounds_of(number)
    return {
        "id": truth.sweep_id(number),
        "fleet_id": fleet,
        "started_at": started_at,
        "finished_at": started_at + (rounds - 1) * truth.ROUND_EVERY + timedelta(seconds=RUN_S + 22),
        "spec": {"repeat": rounds, "testers": [one.name for one in TESTERS]},
        "outcome": "partial" if is_newest else "complete",
        "note": f"{truth.ABANDONED}: {truth.ABANDONED_REASON}" if is_newest else None,
        "cost_usd": 0.42,
    }


def _heartbeat_row(number: int, name: str) -> dict[str, Any]:
    at = truth.END - timedelta(minutes=20)
    body = {
        "v": 1,
        "tester_id": str(truth.tester_id(name)),
        "state": "waiting",
        "sweep_id": str(truth.NEWEST_ID),
        "run_id": None,
        "index": truth.ROUNDS - 1,
        "of": truth.ROUNDS,
        "next_run_at": None,
        "spooled_count": 0,
        "spooled_bytes": 0,
        "rejected_count": 0,
        "skipped_count": 0,
        "last_error": None,
        "version": "0.1.0",
    }
    return {"tester_id": number, "at": at, "body": body, "clock_offset_us": 120}


def _base_us(chance: np.random.Generator) -> NDArray[np.float64]:
    """Return what each path takes on a quiet day."""
    km = np.array(
        [[distance_km(tester.place or UNPLACED_AT, server.place) for server in SERVERS] for tester in TESTERS]
    )
    detour: NDArray[np.float64] = chance.uniform(1.0, 1.25, km.shape)
    return km / 102.0 * 1_000.0 * ROUTE * detour + 900.0


def _rtt_us(
    base_us: NDArray[np.float64], sweep: int, round_number: int, at: datetime, chance: np.random.Generator
) -> NDArray[np.int32]:
    """Return the probes of a round by tester and server, with everything in it that was planted."""
    rhythm = 1 + 0.01 * np.sin(at.hour / 24 * 2 * np.pi)
    between = 1 + 0.004 * chance.standard_normal(base_us.shape)
    usual = base_us * rhythm * between
    is_newest = sweep == truth.SWEEPS - 1
    if is_newest:
        usual[ROW_OF[truth.SLOW]] *= truth.SLOW_RATIO
        usual[:, PLACE_OF[truth.LATE_SERVER]] += truth.LATE_US
        usual[ROW_OF[truth.UNFIT]] *= 3
    if is_newest and round_number == truth.VOIDED_ROUND:
        usual[ROW_OF[truth.VOIDED]] *= 2
    noise = chance.standard_gamma(2.0, SHAPE)
    rtt: NDArray[np.int32] = (usual[:, :, None] * (1 + 0.005 * noise)).astype(np.int32)
    rtt[:, PLACE_OF[truth.SILENT]] = LOST
    if at >= truth.LOSSY_SINCE:
        tester, server = ROW_OF[truth.LOSSY[0]], PLACE_OF[truth.LOSSY[1]]
        # Every fourth, not each fourth by chance: the truth is then exact.
        rtt[tester, server, :: round(1 / truth.LOSSY_RATIO)] = LOST
    return rtt


def _write_round(
    engine: sa.Engine,
    writer: Writer,
    numbers: _Numbers,
    sweep: int,
    round_number: int,
    at: datetime,
    rtt_us: NDArray[np.int32],
) -> None:
    is_gone = sweep == truth.SWEEPS - 1 and round_number == truth.ABANDONED_ROUND
    there = [place for place, one in enumerate(TESTERS) if not (is_gone and one.name == truth.ABANDONED)]
    columns = _columns(rtt_us[there])
    batch = Batch(
        runs=[
            BatchRun(
                ts=at,
                tester_number=numbers.testers[place],
                run_id=truth.run_id(sweep, round_number, TESTERS[place].name),
                rows=len(SERVERS),
            )
            for place in there
        ],
        server_numbers=np.tile(np.array(numbers.servers_at(sweep), dtype=np.int32), len(there)),
        columns=columns,
        summary=summary_of(columns),
    )
    with writing(engine) as connection:
        writer.write(connection, batch)
        connection.execute(sa.insert(runs), list(_run_rows(numbers, sweep, round_number, at)))


def _run_rows(numbers: _Numbers, sweep: int, round_number: int, at: datetime) -> Iterator[dict[str, Any]]:
    for number, one in zip(numbers.testers, TESTERS, strict=True):
        reason = _void_reason(one.name, sweep, round_number)
        row: dict[str, Any] = {
            "tester_id": number,
            "run_id": truth.run_id(sweep, round_number, one.name),
            "sweep_id": truth.sweep_id(sweep),
            "index": round_number,
            "of": truth.rounds_of(sweep),
            "planned": len(SERVERS),
            "stored": len(SERVERS),
            "announced_at": at,
            "expected_s": 10.0,
            "reported_at": at + timedelta(seconds=RUN_S + 1),
            "started_at": at,
            "finished_at": at + timedelta(seconds=RUN_S),
            "clock_offset_us": 120,
            "clock_corrected": False,
            "body_sha256": UUID(int=0).hex * 2,
            "probe": {"type": "icmp", "count": truth.PROBES},
            "engine": {"name": "linux"},
            "health": _health(reason),
            "trusted": reason is None,
            "reason": reason,
            "state": RunState.COMPLETE,
            "dirty": True,
        }
        abandoned = (truth.SWEEPS - 1, truth.ABANDONED_ROUND, truth.ABANDONED)
        if (sweep, round_number, one.name) == abandoned:
            unknown = ("reported_at", "started_at", "finished_at", "clock_offset_us", "body_sha256")
            row |= dict.fromkeys((*unknown, "probe", "engine", "health", "trusted"))
            row |= {"stored": 0, "reason": truth.ABANDONED_REASON, "state": RunState.ABANDONED}
            row["dirty"] = False
        yield row


def _void_reason(name: str, sweep: int, round_number: int) -> str | None:
    if sweep != truth.SWEEPS - 1:
        return None
    if name == truth.UNFIT:
        return truth.UNFIT_REASON
    return truth.VOIDED_REASON if (name, round_number) == (truth.VOIDED, truth.VOIDED_ROUND) else None


def _health(reason: str | None) -> dict[str, Any]:
    is_loopback = reason == truth.VOIDED_REASON
    figures = {
        "loopback_us": {"min": 21, "p50": 7_300 if is_loopback else 34, "answered": 20},
        "timer_error_us": {"p50": 62, "max": 140},
        "stamp_delay_us": {"p50": 4, "p99": 19},
    }
    return figures | {
        "tester_version": "0.1.0",
        "python": "3.12.7",
        "kernel": "6.8.0-1021-aws",
        "engine": "linux",
        "engine_version": "1",
        "socket": "raw",
        "receive_buffer_bytes": 212_992,
        "gateway_us": {"min": 140, "p50": 180},
        "cloud_host": {"instance_type": "t3.micro", "zone": "a"},
        "clock_offset_us": 120,
        "clock_offset_error_us": 900,
        "behind_us": 40,
        "dropped": 0,
        "unstamped": 0,
        "cpu_steal_ratio": 0.31 if reason == truth.UNFIT_REASON else 0.002,
        "end": figures,
        "trusted": reason is None,
        "reason": reason,
        "at": time_text(truth.END),
    }


def _columns(rtt_us: NDArray[np.int32]) -> Columns:
    """Return the columns of some testers' rows; what names servers is not looked at any more."""
    count = rtt_us.shape[0] * rtt_us.shape[1]
    text: list[str] = [""] * count
    none: list[int | None] = [None] * count
    # Not null, which would be a name that did not resolve.
    address: list[str | None] = [""] * count
    zero = np.zeros(count, dtype=np.int32)
    return Columns(
        server=text,
        group=text,
        host=text,
        address=address,
        family=none,
        probe_type=text,
        port=none,
        planned=np.full(count, truth.PROBES, dtype=np.int32),
        late=zero,
        duplicate=zero,
        reordered=zero,
        warmup=np.ones(count, dtype=np.bool_),
        rtt_us=rtt_us.reshape(-1),
        details={},
    )
