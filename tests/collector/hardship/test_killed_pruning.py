"""Whoever removes what is old is killed in the middle of it; another process goes on."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from collector.history.partitions import RESULTS, made
from collector.history.rollups import Roller
from collector.history.segments import DAY
from collector.session import engine_of
from collector.tables import ping_results
from tests.collector.a_past import NOW, Past, assert_same, begun, fill
from tests.collector.hardship.a_program import DEADLINE_S
from tests.collector.hardship.test_several import until
from tests.collector.test_retention import EARLY, LATER, early
from tests.kills import KILLS

PRUNE = ["prune", "--keep-raw-days", "20"]
SERVE = ["serve", "--port", "0"]
KEEP_HOUSE = """
import sys
from datetime import datetime, timedelta

from collector.history.housekeeping import Housekeeper
from collector.history.keep import Keep
from collector.session import engine_of

now = datetime.fromisoformat(sys.argv[2])
day = timedelta(days=1)
keeper = Housekeeper(engine_of(sys.argv[1]), keep_events=day, keep=Keep(raw=20 * day))
while True:
    print(keeper.tidy(now) and keeper.roll_up(now), flush=True)
"""
"""A collector's housekeeper that has nothing else to do, and does not wait between its rounds."""


@pytest.fixture
def on_sqlite(sqlite_url: str, chance: random.Random) -> Iterator[Past]:
    """What is removed slice by slice."""
    yield from filled(sqlite_url, chance)


@pytest.fixture
def on_postgres(postgres_url: str, chance: random.Random) -> Iterator[Past]:
    """What is removed partition by partition."""
    yield from filled(postgres_url, chance)


def filled(database_url: str, chance: random.Random) -> Iterator[Past]:
    """Give results of three days, and of twelve more than a year later, all summed up."""
    engine = engine_of(database_url)
    past = begun(engine)
    fill(past, chance, count=30, start=EARLY)
    for day in range(-8, 4):
        past.add(LATER + day * DAY + timedelta(minutes=7), 1, servers={1: [5_000, 7_000, -1]})
    Roller(engine).roll_up(NOW)
    yield past
    engine.dispose()


def url_of(past: Past) -> str:
    return past.engine.url.render_as_string(hide_password=False)


@contextmanager
def a_process(past: Past, words: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Give a process of a collector; it is killed at the end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COLLECTOR_")}
    environment = kept | {"COLLECTOR_DATABASE_URL": url_of(past), "COLLECTOR_KEEP_RAW_DAYS": "20"}
    process = subprocess.Popen(
        [sys.executable, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(DEADLINE_S)


def prune_to_the_end(past: Past) -> None:
    """Run `collector prune` until it says that nothing is left to do."""
    ends = []
    for _ in range(20):
        with a_process(past, ["-m", "collector", *PRUNE]) as process:
            ends.append(process.wait(DEADLINE_S))
        if ends[-1] == 0:
            return
        # Its words for this are "run it again".
        assert ends[-1] == 3
    raise AssertionError(ends)


def waits_for(past: Past, name: str) -> bool:
    query = sa.text("SELECT 1 FROM pg_locks WHERE relation = to_regclass(:name) AND NOT granted")
    with past.engine.connect() as connection:
        return connection.execute(query, {"name": name}).first() is not None


def early_partitions(past: Past) -> list[str]:
    with past.engine.connect() as connection:
        return [name for name, start in made(connection, RESULTS) if start < EARLY + 30 * DAY]


def come_late(past: Past) -> None:
    """Add results for a time whose results are gone."""
    past.partitions.clear()
    past.add(EARLY + timedelta(hours=30, minutes=4), 1, servers={1: [7_000] * 4, 2: [-1]})


@pytest.mark.postgres
@pytest.mark.parametrize("victim", [SERVE, PRUNE], ids=lambda words: str(words[0]))
def test_one_of_two_is_killed_in_its_transaction_and_the_other_goes_on(
    on_postgres: Past, victim: list[str], record_property: Any
) -> None:
    past = on_postgres
    last = early_partitions(past)[-1]
    keep_house = ["-c", KEEP_HOUSE, url_of(past), NOW.isoformat()]
    with past.engine.connect() as reader, a_process(past, keep_house) as other:
        # The one that comes first stands still before this partition, all else of its transaction done.
        os.kill(other.pid, signal.SIGSTOP)
        reader.execute(sa.text(f"SELECT 1 FROM {last} LIMIT 1"))
        with a_process(past, ["-m", "collector", *victim]) as killed:
            until(lambda: waits_for(past, last))
            os.kill(killed.pid, signal.SIGKILL)
            os.kill(other.pid, signal.SIGCONT)
            assert killed.wait(DEADLINE_S) == -signal.SIGKILL
        assert last in early_partitions(past)
        reader.rollback()
        until(lambda: early_partitions(past) == [])
        assert_same(past, since=EARLY, until=NOW)
        come_late(past)
        until(lambda: early(past, ping_results) == 0)
        assert other.poll() is None
        assert_same(past, since=EARLY, until=NOW)
    record_property(KILLS, 1)


def test_a_prune_that_is_killed_between_two_slices_is_run_again(
    on_sqlite: Past, record_property: Any
) -> None:
    past = on_sqlite
    before = early(past, ping_results)
    with a_process(past, ["-m", "collector", *PRUNE]) as killed:
        until(lambda: early(past, ping_results) < before)
        os.kill(killed.pid, signal.SIGKILL)
        assert killed.wait(DEADLINE_S) == -signal.SIGKILL
    assert early(past, ping_results) > 0
    assert_same(past, since=EARLY, until=NOW)

    come_late(past)
    prune_to_the_end(past)

    assert early(past, ping_results) == 0
    assert_same(past, since=EARLY, until=NOW)
    record_property(KILLS, 1)
