"""A database with results of some days, put there by hand, and what they come to."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import sqlalchemy as sa

from collector.history.figures import Figure, Figures, Rows, pool
from collector.history.partitions import PARTITIONED, make_partition
from collector.history.rolled import Asked, read_rolled
from collector.session import writing
from collector.tables import fleets, ping_results, runs, testers
from wire.report import LATE, LOST, NOT_SENT

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=4)


@dataclass(frozen=True, kw_only=True)
class Past:
    """A database with results of some days, put there by hand."""

    engine: sa.Engine
    stored: list[tuple[datetime, int, int, bool, list[int], bool]]
    partitions: set[str] = field(default_factory=set)

    def add(
        self,
        at: datetime,
        tester: int,
        *,
        servers: dict[int, list[int]],
        trusted: bool = True,
        late: bool = True,
    ) -> UUID:
        run_id = uuid4()
        with writing(self.engine) as connection:
            if connection.dialect.name == "postgresql":
                for periods in PARTITIONED:
                    if (name := periods.name(periods.start_of(at))) not in self.partitions:
                        make_partition(connection, periods, periods.start_of(at))
                        self.partitions.add(name)
            connection.execute(
                sa.insert(runs).values(
                    tester_id=tester,
                    run_id=run_id,
                    sweep_id=uuid4(),
                    index=0,
                    stored=len(servers),
                    announced_at=at,
                    started_at=at,
                    clock_corrected=False,
                    trusted=trusted,
                    state="complete",
                    dirty=True,
                )
            )
            for server, probes in servers.items():
                self.stored.append((at, tester, server, trusted, probes, late))
                connection.execute(
                    sa.insert(ping_results).values(
                        tester_id=tester,
                        server_id=server,
                        ts=at,
                        run_id=run_id,
                        state="ok",
                        planned=len(probes),
                        sent=len(probes) - probes.count(NOT_SENT),
                        answered=sum(value >= 0 for value in probes),
                        late=probes.count(LATE) if late else None,
                        warmup=False,
                        probes=np.array(probes, dtype="<i4").tobytes(),
                    )
                )
        return run_id

    def exact(self, tester: int, server: int, *, since: datetime, until: datetime) -> Figure:
        found = [
            (probes, late)
            for at, of, to, trusted, probes, late in self.stored
            if (of, to, trusted) == (tester, server, True) and since <= at < until
        ]
        rows = Rows(
            probes=[np.array(probes, dtype="<i4").tobytes() for probes, _ in found],
            late_known=np.array([late for _, late in found], dtype=np.bool_),
        )
        return pool(rows, group=np.zeros(len(found), dtype=np.int64), groups=1).one(0)

    def rolled(self, *, since: datetime, until: datetime) -> dict[tuple[int, int], Figure]:
        with self.engine.connect() as connection:
            paths = read_rolled(connection, Asked(fleet_number=1, since=since, until=until))
        figures: Figures = paths.sums.figures()
        return {
            (tester, server): figures.one(number)
            for number, (tester, server) in enumerate(
                zip(paths.tester.tolist(), paths.server.tolist(), strict=True)
            )
            if paths.sums.runs[number]
        }

    def rows(self, table: sa.Table) -> list[Any]:
        with self.engine.connect() as connection:
            return sorted(map(tuple, connection.execute(sa.select(table))))


def begun(engine: sa.Engine) -> Past:
    """Return a past without results, of a fleet with two testers."""
    with writing(engine) as connection:
        connection.execute(
            sa.insert(fleets).values(
                uuid=uuid4(), name="edge", spec={}, registered_at=START, registered_by="me"
            )
        )
        for name in ("oslo", "rome"):
            connection.execute(
                sa.insert(testers).values(uuid=uuid4(), fleet_id=1, name=name, config={}, created_at=START)
            )
    return Past(engine=engine, stored=[])


def some_probes(chance: random.Random) -> list[int]:
    base = chance.choice([300, 20_000, 180_000, 90_000_000])
    return [
        chance.choice([LOST, LATE, NOT_SENT])
        if chance.random() < 0.1
        else int(base * chance.lognormvariate(0, 0.3))
        for _ in range(chance.randint(0, 12))
    ]


def fill(past: Past, chance: random.Random, *, count: int = 120, start: datetime = START) -> None:
    for _ in range(count):
        past.add(
            start + timedelta(seconds=chance.randrange(3 * 86_400)),
            chance.choice([1, 2]),
            servers={server: some_probes(chance) for server in chance.sample([1, 2, 3], 2)},
            trusted=chance.random() < 0.9,
            late=chance.random() < 0.9,
        )


EXACT = (
    "planned",
    "n",
    "answered",
    "late",
    "min_us",
    "max_us",
    "ipdv_us",
    "loss_ratio",
    "loss_low",
    "loss_high",
)


def assert_same(past: Past, *, since: datetime, until: datetime) -> None:
    found = past.rolled(since=since, until=until)
    wanted = {(of, to) for at, of, to, trusted, _, _ in past.stored if trusted and since <= at < until}
    assert set(found) == wanted
    for (tester, server), figure in found.items():
        exact = past.exact(tester, server, since=since, until=until)
        assert [getattr(figure, name) for name in EXACT] == [getattr(exact, name) for name in EXACT]
        assert (figure.p50_note, figure.p95_note) == (exact.p50_note, exact.p95_note)
        for one, other in ((figure.p50_us, exact.p50_us), (figure.p95_us, exact.p95_us)):
            assert (one is None) == (other is None)
            assert one is None or other is None or abs(one - other) <= 0.01 * other
