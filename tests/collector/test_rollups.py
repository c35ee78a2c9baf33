"""Rollups against the raw results that they are made of, on each engine."""

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from collector.history.again import make_again
from collector.history.periods import Period
from collector.history.rolled import Asked, series
from collector.history.rollups import Roller
from collector.history.segments import DAY, HOUR, hour_of
from collector.session import engine_of, writing
from collector.tables import (
    dirty_days,
    metadata,
    ping_results,
    ping_rollups_day,
    ping_rollups_hour,
    pruned,
)
from tests.collector.a_past import NOW, START, Past, assert_same, begun, fill
from wire.report import LOST


@pytest.fixture
def past(database_url: str) -> Iterator[Past]:
    engine = engine_of(database_url)
    yield begun(engine)
    engine.dispose()


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
    for step in (HOUR, DAY):
        with past.engine.connect() as connection:
            points = series(connection, asked, Period(length=step))
        figures = points.sums.figures()
        assert list(points.starts) == sorted(set(points.starts))
        for number, at in enumerate(points.starts):
            exact = past.exact(1, 2, since=max(at, asked.since), until=at + step)
            figure = figures.one(number)
            assert (figure.n, figure.min_us, figure.answered) == (exact.n, exact.min_us, exact.answered)
        whole = past.exact(1, 2, since=asked.since, until=NOW)
        assert int(points.sums.sent.sum()) == whole.n


def test_rollups_have_no_foreign_keys() -> None:
    assert not any(metadata.tables[name].foreign_keys for name in ("ping_rollups_hour", "ping_rollups_day"))
