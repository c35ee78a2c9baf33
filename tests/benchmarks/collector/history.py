"""A history of any length, written by the collector's own writers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from collector.ingest.columns import Columns
from collector.ingest.summary import summary_of
from collector.ingest.writer import Batch, BatchRun, Writer, writer_of
from collector.session import writing
from collector.tables import RunState, fleets, runs, servers, testers
from wire.report import LATE, LOST

PROBES = 10
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HOURS = DAY // HOUR
END = datetime(2026, 10, 31, tzinfo=UTC)
"""Midnight behind the last day."""

FLEET = "months"
FLEET_ID = UUID(int=0x6D6F6E746873)

WHOLE_TESTERS, WHOLE_SERVERS, WHOLE_DAYS = 48, 50, 30
LOSS, LATENESS, SPIKES = 0.003, 0.0005, 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """How many testers measure how many servers, how often and for how long."""

    testers: int
    servers: int = WHOLE_SERVERS
    days: int
    every: timedelta = MINUTE

    @property
    def rows(self) -> int:
        """Return how many results the history has."""
        return self.testers * self.servers * self.days * (DAY // self.every)

    @property
    def since(self) -> datetime:
        """Return the midnight that the history begins at."""
        return END - self.days * DAY

    @property
    def words(self) -> str:
        """Return the shape for people."""
        return f"{self.rows / 1e6:.3g} M rows, {self.testers} × {self.servers} × {self.days} d"


def shape_of(rows: int) -> Shape:
    """Return a month of 48 testers and 50 servers each minute, with fewer testers and days.

    What a run and an hour of a path hold stays as it is, since costs depend on it.
    """
    scale = (rows / Shape(testers=WHOLE_TESTERS, days=WHOLE_DAYS).rows) ** 0.5
    days = max(2, round(WHOLE_DAYS * scale))
    return Shape(testers=max(1, round(rows / Shape(testers=1, days=days).rows)), days=days)


def tester_name(number: int) -> str:
    """Return the name of a tester, which is its region as well."""
    return f"region-{number:02}"


def server_name(number: int) -> str:
    """Return the name of a server."""
    return f"server-{number:03}"


def write_history(engine: sa.Engine, shape: Shape, *, seed: int = 7, last_hours: int | None = None) -> None:
    """Write the runs and results of a history in the order in which they would have come, hour by hour.

    With `last_hours` only those are written, at its end.
    """
    known = _register(engine, shape)
    writer = writer_of(engine)
    chance = np.random.default_rng(seed)
    base_us = np.exp(chance.normal(11, 0.9, (shape.testers, shape.servers))).astype(np.int64) + 300
    hours = shape.days * HOURS
    for hour in range(0 if last_hours is None else hours - last_hours, hours):
        start = shape.since + hour * HOUR
        writer.prepare(start)
        for place, tester in enumerate(known.testers):
            _write_hour(engine, writer, shape, start, tester, known.servers, base_us[place], chance)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    testers: Sequence[int]
    servers: Sequence[int]


def _register(engine: sa.Engine, shape: Shape) -> _Known:
    at = shape.since
    with writing(engine) as connection:
        connection.execute(
            sa.insert(fleets).values(
                uuid=FLEET_ID, name=FLEET, spec={"servers": []}, registered_at=at, registered_by="bench"
            )
        )
        fleet = connection.execute(sa.select(fleets.c.id).where(fleets.c.uuid == FLEET_ID)).scalar_one()
        connection.execute(
            sa.insert(testers),
            [
                {
                    "uuid": uuid5(FLEET_ID, tester_name(number)),
                    "fleet_id": fleet,
                    "name": tester_name(number),
                    "location": tester_name(number),
                    "config": {"driver": "local"},
                    "created_at": at,
                }
                for number in range(shape.testers)
            ],
        )
        connection.execute(
            sa.insert(servers),
            [
                {
                    "uuid": uuid5(FLEET_ID, server_name(number)),
                    "fleet_id": fleet,
                    "name": server_name(number),
                    "ip_addr": f"192.0.2.{number % 250}",
                    "family": 4,
                    "probe_type": "icmp",
                    "host": f"{server_name(number)}.example.net",
                    "group": "edge",
                }
                for number in range(shape.servers)
            ],
        )
        return _Known(
            testers=connection.execute(sa.select(testers.c.id).order_by(testers.c.name)).scalars().all(),
            servers=connection.execute(sa.select(servers.c.id).order_by(servers.c.name)).scalars().all(),
        )


def _write_hour(
    engine: sa.Engine,
    writer: Writer,
    shape: Shape,
    start: datetime,
    tester: int,
    server_numbers: Sequence[int],
    base_us: NDArray[np.int64],
    chance: np.random.Generator,
) -> None:
    count = HOUR // shape.every
    ids = chance.bytes(16 * count)
    batch_runs = [
        BatchRun(
            ts=start + number * shape.every,
            tester_number=tester,
            run_id=UUID(bytes=ids[number * 16 : number * 16 + 16], version=5),
            rows=shape.servers,
        )
        for number in range(count)
    ]
    columns = _columns(np.tile(base_us, count), chance)
    batch = Batch(
        runs=batch_runs,
        server_numbers=np.tile(np.array(server_numbers, dtype=np.int32), count),
        columns=columns,
        summary=summary_of(columns),
    )
    with writing(engine) as connection:
        writer.write(connection, batch)
        connection.execute(sa.insert(runs), list(_run_rows(batch_runs, chance)))


def _columns(base_us: NDArray[np.int64], chance: np.random.Generator) -> Columns:
    rows = len(base_us)
    wave = 1 + 0.01 * chance.standard_gamma(2, (rows, PROBES), dtype=np.float32)
    rtt = (base_us[:, None] * wave).astype(np.int32)
    luck = chance.random((rows, PROBES), dtype=np.float32)
    spikes = luck < SPIKES
    rtt[spikes] = (rtt[spikes] * (1 + 2 * chance.random(int(spikes.sum())))).astype(np.int32)
    rtt[luck > 1 - LOSS] = LOST
    rtt[luck > 1 - LATENESS] = LATE
    none: list[int | None] = [None] * rows
    text = [""] * rows
    address: list[str | None] = [""] * rows
    return Columns(
        server=text,
        group=text,
        host=text,
        address=address,
        family=none,
        probe_type=text,
        port=none,
        planned=np.full(rows, PROBES, dtype=np.int32),
        late=(rtt == LATE).sum(axis=1, dtype=np.int32),
        duplicate=np.zeros(rows, dtype=np.int32),
        reordered=np.zeros(rows, dtype=np.int32),
        warmup=np.ones(rows, dtype=np.bool_),
        rtt_us=rtt.reshape(-1),
        details={},
    )


def _run_rows(batch_runs: Sequence[BatchRun], chance: np.random.Generator) -> Iterator[dict[str, object]]:
    sweep = UUID(bytes=chance.bytes(16), version=4)
    for index, run in enumerate(batch_runs):
        yield {
            "tester_id": run.tester_number,
            "run_id": run.run_id,
            "sweep_id": sweep,
            "index": index,
            "planned": run.rows,
            "stored": run.rows,
            "announced_at": run.ts,
            "reported_at": run.ts + timedelta(seconds=9),
            "started_at": run.ts,
            "finished_at": run.ts + timedelta(seconds=8),
            "clock_offset_us": 0,
            "clock_corrected": False,
            "body_sha256": run.run_id.hex * 2,
            "probe": {"type": "icmp", "count": PROBES},
            "engine": {"name": "linux"},
            "health": {"trusted": True, "reason": None},
            "trusted": True,
            "state": RunState.COMPLETE,
            "dirty": True,
        }
