"""Rollups against the raw results that they are made of, on each engine."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
import sqlalchemy as sa

from collector.history.again import make_again
from collector.history.figures import Figure, Figures, Rows, pool
from collector.history.partitions import PARTITIONED, make_partition
from collector.history.rolled import Asked, read_rolled, series
from collector.history.rollups import Roller
from collector.history.segments import DAY, HOUR, hour_of
from collector.session import engine_of, writing
from collector.tables import (
    dirty_days,
    fleets,
    metadata,
    ping_results,
    ping_rollups_day,
    ping_rollups_hour,
    pruned,
    runs,
    testers,
)
from wire.report import LATE, LOST, NOT_SENT

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=4)


@dataclass(frozen=True, kw_only=True)
class Past:
    """A database with results of some days, put there by hand."""

    engine: sa.Engine
    stored: list[tuple[datetime, int, int, bool, list[int], bool]]

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
                    make_partition(connection, periods, periods.start_of(at))
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


@pytest.fixture
def past(database_url: str) -> Iterator[Past]:
    engine = engine_of(database_url)
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
    yield Past(engine=engine, stored=[])
    engine.dispose()


def some_probes(chance: random.Random) -> list[int]:
    base = chance.choice([300, 20_000, 180_000])
    return [
        chance.choice([LOST, LATE, NOT_SENT])
        if chance.random() < 0.1
        else int(base * chance.lognormvariate(0, 0.3))
        for _ in range(chance.randint(0, 12))
    ]


def fill(past: Past, chance: random.Random, *, count: int = 120) -> None:
    for _ in range(count):
        past.add(
            START + timedelta(seconds=chance.randrange(3 * 86_400)),
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


def test_figures_over_any_time_are_those_of_the_raw_results(past: Past, chance: random.Random) -> None:
    fill(past, chance)
    assert_same(past, since=START, until=NOW)
    roller = Roller(past.engine)
    # The hour of "now" has not ended: it is read raw.
    roller.roll_up(START + timedelta(days=2, hours=5, minutes=30))

    for _ in range(6):
        one, other = sorted(chance.sample(range(4 * 86_400), 2))
        assert_same(past, since=START + timedelta(seconds=one), until=START + timedelta(seconds=other))
    assert_same(past, since=START, until=NOW)
    assert past.rows(ping_rollups_day)
    assert roller.roll_up(NOW + DAY)
    assert past.rows(dirty_days) == []
    assert_same(past, since=START, until=NOW)


def test_doing_it_again_changes_nothing(past: Past, chance: random.Random) -> None:
    fill(past, chance, count=40)
    roller = Roller(past.engine)
    roller.roll_up(NOW)
    before = past.rows(ping_rollups_hour), past.rows(ping_rollups_day)
    assert roller.roll_up(NOW) == 0
    assert sum(redone.hours for redone in make_again(past.engine, since=None, until=None, now=NOW)) > 0

    assert past.rows(dirty_days) == []
    assert (past.rows(ping_rollups_hour), past.rows(ping_rollups_day)) == before


def test_a_late_report_changes_exactly_the_hours_that_it_belongs_to(
    past: Past, chance: random.Random
) -> None:
    fill(past, chance)
    Roller(past.engine).roll_up(NOW)
    hours, days = past.rows(ping_rollups_hour), past.rows(ping_rollups_day)
    at = START + timedelta(days=1, hours=7, minutes=3)
    past.add(at, 2, servers={1: [5_000, LOST, 6_000], 3: [7_000]})

    assert Roller(past.engine).roll_up(NOW) == 1

    changed = {row[:3] for row in set(past.rows(ping_rollups_hour)) ^ set(hours)}
    assert changed == {(2, 1, hour_of(at)), (2, 3, hour_of(at))}
    changed = {row[:3] for row in set(past.rows(ping_rollups_day)) ^ set(days)}
    assert changed == {(2, 1, START + DAY), (2, 3, START + DAY)}
    assert_same(past, since=START, until=NOW)


def test_what_is_late_for_raw_results_that_are_gone_is_added(past: Past) -> None:
    at = START + timedelta(hours=7, minutes=3)
    past.add(at, 1, servers={1: [1_000] * 7})
    Roller(past.engine).roll_up(NOW)
    with writing(past.engine) as connection:
        connection.execute(sa.delete(ping_results))
        connection.execute(sa.insert(pruned).values(name="ping_results", before=START + DAY))
    past.add(at + timedelta(minutes=1), 1, servers={1: [3_000] * 7})

    Roller(past.engine).roll_up(NOW)

    assert_same(past, since=START, until=NOW)
    assert past.rolled(since=START, until=NOW)[1, 1].n == 14


def test_a_series_has_a_point_for_each_hour_or_day_with_results(past: Past, chance: random.Random) -> None:
    fill(past, chance, count=60)
    Roller(past.engine).roll_up(START + timedelta(days=2, hours=5, minutes=30))
    asked = Asked(tester_number=1, server_number=2, since=START + timedelta(minutes=90), until=NOW)
    for step, by_day in ((HOUR, False), (DAY, True)):
        with past.engine.connect() as connection:
            points = series(connection, asked, by_day=by_day)
        for at, path in points:
            exact = past.exact(1, 2, since=max(at, asked.since), until=at + step)
            figure = path.sums.regrouped(np.zeros(len(path), dtype=np.int64), groups=1).figures().one(0)
            assert (figure.n, figure.min_us, figure.answered) == (exact.n, exact.min_us, exact.answered)
        whole = past.exact(1, 2, since=asked.since, until=NOW)
        assert sum(int(path.sums.sent.sum()) for _, path in points) == whole.n


def test_rollups_have_no_foreign_keys() -> None:
    assert not any(metadata.tables[name].foreign_keys for name in ("ping_rollups_hour", "ping_rollups_day"))
