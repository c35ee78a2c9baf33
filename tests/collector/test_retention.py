"""What retention removes, what it leaves alone, and by whose clock; on each engine."""

import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from collector.history.housekeeping import Housekeeper
from collector.history.keep import Keep
from collector.history.partitions import RESULTS, week_of
from collector.history.retention import IN_USE, NOT_SUMMED_UP, Old, prune
from collector.history.rollups import Roller
from collector.history.segments import DAY
from collector.session import engine_of, writing
from collector.tables import (
    alert_deliveries,
    alert_occasions,
    dirty_days,
    legacy_results,
    ping_results,
    ping_rollups_day,
    ping_rollups_hour,
    runs,
    verdicts,
)
from collector.verdicts.occasions import note_round
from tests.collector.a_past import NOW, START, Past, assert_same, begun, fill

LATER = START
EARLY = START - timedelta(days=420)
"""Results of two times, more than a year apart: what is old is a whole partition of each table."""

YEARS = timedelta(days=3_650)
MONTHS = timedelta(days=90)
SHORT = Keep(raw=timedelta(days=20), hourly=timedelta(days=40), daily=timedelta(days=60))
EVERYTHING = (ping_results, ping_rollups_hour, ping_rollups_day)


@pytest.fixture
def past(database_url: str, chance: random.Random) -> Iterator[Past]:
    """Results of three days, and of twelve days more than a year later, all summed up."""
    engine = engine_of(database_url)
    past = begun(engine)
    fill(past, chance, count=30, start=EARLY)
    for day in range(-8, 4):
        past.add(LATER + day * DAY + timedelta(minutes=7), 1, servers={1: [5_000, 7_000, -1]})
    Roller(engine).roll_up(NOW)
    yield past
    engine.dispose()


def housekeeper(past: Past, keep: Keep) -> Housekeeper:
    return Housekeeper(past.engine, keep_events=DAY, keep=keep)


def removed(found: list[Old]) -> list[str]:
    return [old.what for old in found if old.held is None]


def early(past: Past, table: sa.Table) -> int:
    """Return how many rows there are of the earlier time."""
    return sum(
        any(isinstance(value, datetime) and value < LATER - MONTHS for value in row)
        for row in past.rows(table)
    )


def test_everything_is_kept_unless_somebody_says_otherwise(past: Past) -> None:
    before = [past.rows(table) for table in EVERYTHING]

    assert housekeeper(past, Keep()).tidy(NOW + YEARS)

    assert [past.rows(table) for table in EVERYTHING] == before


@pytest.mark.parametrize(
    ("keep", "table"),
    [
        (Keep(raw=SHORT.raw), ping_results),
        (Keep(hourly=SHORT.hourly), ping_rollups_hour),
        (Keep(daily=SHORT.daily), ping_rollups_day),
    ],
)
def test_each_table_goes_by_its_own_setting_and_legacy_results_stay(
    past: Past, keep: Keep, table: sa.Table
) -> None:
    with writing(past.engine) as connection:
        connection.execute(sa.insert(legacy_results).values(tester_id=1, id=uuid4(), received_at=EARLY))
    before = {name.name: past.rows(name) for name in EVERYTHING}

    assert housekeeper(past, keep).tidy(NOW)

    assert early(past, table) == 0
    for other in EVERYTHING:
        kept = past.rows(other)
        assert kept == [row for row in before[other.name] if row in kept]
        assert (kept == before[other.name]) == (other is not table)
    assert len(past.rows(legacy_results)) == 1
    assert prune(past.engine, keep, now=NOW) == []


def test_only_saying_it_removes_nothing_and_says_what_would_go(past: Past) -> None:
    before = [past.rows(table) for table in EVERYTHING]
    said = prune(past.engine, SHORT, now=NOW, only_say=True, count=True)
    assert [past.rows(table) for table in EVERYTHING] == before

    done = prune(past.engine, SHORT, now=NOW, count=True)

    assert removed(said) == removed(done) != []
    rows = sum(old.rows or 0 for old in said)
    assert rows == sum(old.rows or 0 for old in done)
    assert rows == sum(map(len, before)) - sum(len(past.rows(table)) for table in EVERYTHING)


def test_what_is_not_summed_up_is_not_removed(past: Past) -> None:
    past.add(EARLY + timedelta(hours=5), 1, servers={1: [5_000]})
    before = early(past, ping_results)
    for only_say in (True, False):
        found = prune(past.engine, SHORT, now=NOW, only_say=only_say)
        assert removed(found) == []
        assert {old.held for old in found} == {NOT_SUMMED_UP}
    assert early(past, ping_results) == before

    Roller(past.engine).roll_up(NOW)
    assert removed(prune(past.engine, SHORT, now=NOW)) != []
    assert early(past, ping_results) == 0


def test_hours_whose_day_is_not_summed_up_are_not_removed(past: Past) -> None:
    with writing(past.engine) as connection:
        connection.execute(sa.insert(dirty_days).values(tester_id=1, day=EARLY))
    before = past.rows(ping_rollups_hour)

    found = prune(past.engine, Keep(hourly=SHORT.hourly), now=NOW)

    assert {old.held for old in found} == {NOT_SUMMED_UP}
    assert past.rows(ping_rollups_hour) == before


@pytest.mark.parametrize("keep", [Keep(raw=SHORT.raw), Keep(raw=SHORT.raw, hourly=SHORT.hourly)])
def test_late_reports_for_what_is_gone_are_counted_once(past: Past, keep: Keep) -> None:
    keeper = housekeeper(past, keep)
    assert keeper.tidy(NOW)
    for hour in (3, 3, 9):
        past.partitions.clear()
        past.add(EARLY + DAY + timedelta(hours=hour, minutes=4), 1, servers={1: [7_000] * 4, 2: [-1]})
        for _ in range(2):
            assert keeper.roll_up(NOW)
            assert keeper.tidy(NOW)

    assert early(past, ping_results) == 0
    assert_same(past, since=EARLY, until=NOW)


def test_hours_of_one_day_go_together(past: Past) -> None:
    keep = Keep(raw=SHORT.raw, hourly=SHORT.hourly)
    past.add(EARLY - 3 * DAY + timedelta(hours=23), 1, servers={1: [4_000]})
    Roller(past.engine).roll_up(NOW)
    prune(past.engine, keep, now=EARLY + SHORT.hourly - DAY if SHORT.hourly else NOW, by_clock=True)
    past.partitions.clear()
    for hour in (1, 23):
        past.add(EARLY - 3 * DAY + timedelta(hours=hour), 1, servers={1: [7_000]})
    Roller(past.engine).roll_up(NOW)

    assert_same(past, since=EARLY - 5 * DAY, until=NOW)


def test_a_clock_ten_years_ahead_removes_nothing_more(past: Past) -> None:
    keeper = housekeeper(past, SHORT)
    assert keeper.tidy(NOW)
    before = [past.rows(table) for table in EVERYTHING]

    assert keeper.tidy(NOW + YEARS)
    assert keeper.roll_up(NOW + YEARS)
    # Testers that share the wrong clock, or that do not, report at that time.
    past.add(NOW + YEARS, 1, servers={1: [5_000]})
    assert keeper.tidy(NOW + YEARS + timedelta(hours=1))

    for rows, table in zip(before, EVERYTHING, strict=True):
        assert set(rows) <= set(past.rows(table))
    assert_same(past, since=LATER, until=NOW)


def test_results_that_go_on_for_a_week_bear_the_clock_out(past: Past) -> None:
    for day in range(9):
        past.add(NOW + MONTHS + day * DAY, 1, servers={1: [5_000]})
    now = NOW + MONTHS + 8 * DAY
    Roller(past.engine).roll_up(now)

    prune(past.engine, Keep(raw=SHORT.raw), now=now)

    assert {row[2] for row in past.rows(ping_results)} == {NOW + MONTHS + day * DAY for day in range(9)}


def test_a_tester_whose_clock_disagrees_bears_nothing_out(past: Past) -> None:
    for day in range(9):
        run_id = past.add(NOW + MONTHS + day * DAY, 1, servers={1: [5_000]})
        with writing(past.engine) as connection:
            connection.execute(
                sa.update(runs)
                .where(runs.c.run_id == run_id)
                .values(clock_offset_us=-(YEARS // timedelta(microseconds=1)))
            )
    Roller(past.engine).roll_up(NOW + YEARS)
    before = past.rows(ping_results)
    keep = Keep(raw=timedelta(days=500))

    assert prune(past.engine, keep, now=NOW + MONTHS + 8 * DAY) == []
    assert past.rows(ping_results) == before
    # A person who knows better may say so.
    assert removed(prune(past.engine, keep, now=NOW + MONTHS + 8 * DAY, by_clock=True)) != []


@pytest.mark.parametrize("now", [datetime(1970, 1, 1, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)])
def test_a_clock_that_was_never_set_does_no_harm(past: Past, now: datetime) -> None:
    before = [past.rows(table) for table in EVERYTHING]
    keeper = housekeeper(past, Keep(raw=timedelta(days=600)))

    assert keeper.tidy(now)
    assert keeper.roll_up(now)

    assert [past.rows(table) for table in EVERYTHING] == before


def test_what_fails_keeps_nothing_else_from_being_done(past: Past) -> None:
    past.add(LATER + timedelta(hours=1), 2, servers={3: [9_000]})
    keeper = housekeeper(past, SHORT)
    # No calendar goes that far, which no database says.
    assert not keeper.tidy(datetime.max.replace(tzinfo=UTC)) or past.engine.dialect.name == "sqlite"
    assert keeper.tidy(NOW)
    assert keeper.roll_up(NOW)
    assert_same(past, since=LATER, until=NOW)


def test_many_keep_house_at_once_and_it_is_done_once(past: Past, chance: random.Random) -> None:
    keep = Keep(raw=SHORT.raw)
    for _ in range(3):
        past.partitions.clear()
        fill(past, chance, count=20, start=EARLY)
        engines = [engine_of(past.engine.url.render_as_string(hide_password=False)) for _ in range(3)]
        keepers = [Housekeeper(engine, keep_events=DAY, keep=keep) for engine in engines]
        together = threading.Barrier(len(keepers), timeout=20)
        done: list[bool] = []

        def keep_house(keeper: Housekeeper, together: threading.Barrier, done: list[bool]) -> None:
            together.wait()
            done.append(keeper.tidy(NOW))
            done.append(keeper.roll_up(NOW))
            done.append(keeper.tidy(NOW))

        threads = [threading.Thread(target=keep_house, args=(keeper, together, done)) for keeper in keepers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for engine in engines:
            engine.dispose()
        assert done == [True] * 9
        assert Roller(past.engine).roll_up(NOW) == 0
        assert_same(past, since=EARLY, until=NOW)
    prune(past.engine, keep, now=NOW)
    assert early(past, ping_results) == 0


@pytest.mark.postgres
def test_a_partition_that_is_read_is_dropped_another_time(postgres_url: str) -> None:
    engine = engine_of(postgres_url)
    past = begun(engine)
    for at in (EARLY, LATER - 8 * DAY, LATER):
        past.add(at, 1, servers={1: [5_000]})
    Roller(engine).roll_up(NOW)
    with engine.connect() as reader:
        reader.execute(sa.select(ping_results).limit(1)).all()
        found = prune(engine, Keep(raw=SHORT.raw), now=NOW)
    assert [(old.what, old.held) for old in found] == [(RESULTS.name(week_of(EARLY)), IN_USE)]

    assert removed(prune(engine, Keep(raw=SHORT.raw), now=NOW)) == [RESULTS.name(week_of(EARLY))]
    engine.dispose()


@pytest.mark.postgres
def test_an_error_in_the_middle_of_a_rollup_is_only_put_off(postgres_url: str) -> None:
    engine = engine_of(postgres_url)
    past = begun(engine)
    past.add(EARLY, 1, servers={1: [5_000]})
    keeper = housekeeper(past, Keep())
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE ping_rollups_hour ADD CONSTRAINT no CHECK (runs = 0)")
    # COPY fails in the driver itself, not in SQLAlchemy.
    assert not keeper.roll_up(NOW)
    with writing(engine) as connection:
        connection.exec_driver_sql("ALTER TABLE ping_rollups_hour DROP CONSTRAINT no")

    assert keeper.roll_up(NOW)
    assert_same(past, since=EARLY, until=NOW)
    engine.dispose()


def told_about(past: Past, at: datetime) -> None:
    """Store a verdict of a time, and what was told of it: one delivered, one that waits."""
    sweep_id = uuid4()
    with writing(past.engine) as connection:
        connection.execute(
            sa.insert(verdicts).values(
                sweep_id=sweep_id, round=0, scope="fleet", key="", id=uuid4(), fleet_id=1, at=at, since=at,
                label="all paths", verdict="ok", slow=False, lossy=False, sentence="", figures={},
                settings_version="1",
            )
        )  # fmt: skip
        note_round(connection, fleet_number=1, sweep_id=sweep_id, round_number=0, at=at, now=at)
        for state in ("delivered", "waiting"):
            connection.execute(
                sa.insert(alert_deliveries).values(
                    idempotency_key=uuid4(), fleet_id=1, rule="r", receiver="ops", message={}, created_at=at,
                    state=state, attempts=1, next_at=at,
                )
            )  # fmt: skip


def test_verdicts_and_what_was_told_of_them_go_by_a_setting_of_their_own(past: Past) -> None:
    for at in (EARLY, EARLY + 40 * DAY, LATER, LATER + DAY):
        told_about(past, at)
    before = [past.rows(table) for table in EVERYTHING]
    keep = Keep(verdicts=timedelta(days=30))

    assert housekeeper(past, Keep()).tidy(NOW)
    assert [len(past.rows(table)) for table in TOLD] == [4, 4, 8]
    said = prune(past.engine, keep, now=NOW, only_say=True)
    assert [len(past.rows(table)) for table in TOLD] == [4, 4, 8]
    assert housekeeper(past, keep).tidy(NOW)

    assert [(old.what, old.rows, old.held) for old in said] == [
        ("verdicts", 2, None),
        ("alert_occasions", 2, None),
        ("alert_deliveries", 2, None),
    ]
    # What waits is still to be delivered, or given up.
    assert [len(past.rows(table)) for table in TOLD] == [2, 2, 6]
    assert [past.rows(table) for table in EVERYTHING] == before
    assert prune(past.engine, keep, now=NOW) == []


TOLD = (verdicts, alert_occasions, alert_deliveries)
