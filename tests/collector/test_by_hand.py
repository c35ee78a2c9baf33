"""`collector prune` and `collector backfill`, on each engine."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from collector.cli import cli
from collector.errors import ConfigurationError, PartlyDone
from collector.history.partitions import RESULTS, week_of
from collector.history.rollups import Roller
from collector.history.segments import DAY
from collector.session import engine_of, writing
from collector.tables import ping_results, ping_rollups_day, ping_rollups_hour
from tests.collector.a_past import NOW, START, Past, begun, fill

OLD = START - timedelta(days=60)
ROLLUPS = (ping_rollups_hour, ping_rollups_day)


@pytest.fixture
def past(database_url: str, chance: random.Random) -> Iterator[Past]:
    """Results of three days, and one of two months before, all summed up."""
    engine = engine_of(database_url)
    past = begun(engine)
    past.add(OLD, 1, servers={1: [5_000], 2: [6_000]})
    past.add(START - 8 * DAY, 1, servers={1: [5_000]})
    fill(past, chance, count=25)
    Roller(engine).roll_up(NOW)
    yield past
    engine.dispose()


def url_of(past: Past) -> str:
    return past.engine.url.render_as_string(hide_password=False)


def run(past: Past, *arguments: str, environment: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--database-url", url_of(past)], obj=environment or {})


def rollups(past: Past) -> list[object]:
    return [past.rows(table) for table in ROLLUPS]


def spoilt(past: Past) -> None:
    """Make every rollup wrong, and one that nothing stands behind."""
    with writing(past.engine) as connection:
        for table in ROLLUPS:
            connection.execute(sa.update(table).values(sum_us=1, answered=99))
        row = connection.execute(sa.select(ping_rollups_hour).limit(1)).mappings().one()
        connection.execute(sa.insert(ping_rollups_hour).values(**{**row, "server_id": 77}))


def test_without_a_setting_everything_is_kept(past: Past) -> None:
    before = past.rows(ping_results)
    done = run(past, "prune")

    assert (done.exit_code, done.stdout) == (
        0,
        "everything is kept: neither COLLECTOR_KEEP_…_DAYS nor --keep-…-days says otherwise\n",
    )
    assert past.rows(ping_results) == before


@pytest.mark.parametrize("by_option", [True, False])
def test_prune_says_what_it_would_remove_and_then_removes_that(past: Past, by_option: bool) -> None:
    options = ("--keep-raw-days", "30") if by_option else ()
    environment = {} if by_option else {"COLLECTOR_KEEP_RAW_DAYS": "30"}
    before = past.rows(ping_results)
    said = run(past, "prune", "--dry-run", *options, environment=environment)
    assert past.rows(ping_results) == before
    done = run(past, "prune", *options, environment=environment)

    week = RESULTS.name(week_of(OLD))
    what = "ping_results before " if past.engine.dialect.name == "sqlite" else f"{week} before "
    assert said.stdout.startswith(what)
    assert said.stdout.endswith("Z, 2 rows\n2 rows would be removed\n")
    assert done.stdout.startswith(what)
    assert done.stdout.endswith("Z, 2 rows\n2 rows removed\n")
    # These results are of long ago: the clock has gone on without them.
    assert "nothing newer bears this machine's clock out" in done.stderr
    assert len(past.rows(ping_results)) == len(before) - 2
    assert run(past, "prune", "--keep-raw-days", "30").stdout == "nothing was removed\n"

    assert run(past, "prune", "--keep-raw-days", "30", "--by-clock").exit_code == 0
    assert past.rows(ping_results) == []


def test_what_is_coarser_is_kept_as_long(past: Past) -> None:
    failed = run(past, "prune", "--keep-hourly-days", "30").exception

    assert isinstance(failed, ConfigurationError)
    assert str(failed) == (
        "COLLECTOR_KEEP_RAW_DAYS is longer than COLLECTOR_KEEP_HOURLY_DAYS; "
        "what is coarser is kept at least as long; 0 is for ever"
    )


@pytest.mark.postgres
def test_what_could_not_be_removed_is_told_by_the_exit_code(postgres_url: str) -> None:
    engine = engine_of(postgres_url)
    past = begun(engine)
    for at in (OLD, START - 8 * DAY, START):
        past.add(at, 1, servers={1: [5_000]})
    with engine.connect() as reader:
        reader.execute(sa.select(ping_results).limit(1)).all()
        failed = run(past, "prune", "--keep-raw-days", "30")
    engine.dispose()

    assert isinstance(failed.exception, PartlyDone)
    assert failed.exception.exit_code == 3
    assert failed.stdout.splitlines()[-2].endswith(", 1 rows: stays, it is in use")
    assert str(failed.exception) == "1 of 1 could not be removed now; run `collector prune` again"


def test_backfill_makes_every_rollup_as_it_was(past: Past) -> None:
    right = rollups(past)
    spoilt(past)
    assert rollups(past) != right

    done = run(past, "backfill")

    assert (done.exit_code, rollups(past)) == (0, right)
    assert done.stdout.endswith(" hours of testers were summed up again\n")
    assert done.stderr.splitlines()[0] == f"{OLD:%Y-%m-%d}: 1 hours of testers"


def test_backfill_of_a_window_leaves_the_rest_alone(past: Past) -> None:
    right = rollups(past)
    spoilt(past)
    wrong = rollups(past)
    since, until = START + DAY, START + 2 * DAY

    assert run(past, "backfill", "--since", f"{since:%Y-%m-%d}", "--until", until.isoformat()).exit_code == 0

    for now, then, before, table in zip(rollups(past), right, wrong, ROLLUPS, strict=True):
        assert isinstance(now, list)
        assert isinstance(then, list)
        assert isinstance(before, list)
        inside = [row for row in then if since <= row[2] < until]
        outside = [row for row in before if not since <= row[2] < until]
        assert now == sorted([*inside, *outside]), table.name


def test_backfill_never_touches_what_retention_removed(past: Past) -> None:
    assert run(past, "prune", "--keep-raw-days", "30").exit_code == 0
    before = rollups(past)

    done = run(past, "backfill")

    assert rollups(past) == before
    assert "stay as they are: what they were made of was removed" in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--since", "yesterday"), "'yesterday' is neither a day nor a time; write it like 2026-03-01"),
        (("--since", "2026-03-02", "--until", "2026-03-01"), "--since is not before --until"),
    ],
)
def test_a_window_that_is_none_is_a_usage_error(
    sqlite_url: str, options: tuple[str, ...], message: str
) -> None:
    failed = CliRunner().invoke(cli, ["backfill", *options, "--database-url", sqlite_url], obj={})

    told = failed.stderr if failed.exit_code == 2 else str(failed.exception)
    assert message in told
    assert failed.exit_code == 2 or isinstance(failed.exception, ConfigurationError)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_backfill_that_is_cut_off_leaves_every_rollup_right_and_goes_on(past: Past, blow: int) -> None:
    right = rollups(past)
    command = [sys.executable, "-m", "collector", "backfill", "--database-url", url_of(past)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COLLECTOR_")}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=kept) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(blow)
        rest = process.stderr.read()
    if blow == signal.SIGINT and process.returncode:
        assert process.returncode == 130, rest
        assert "go on with `collector backfill --since " in rest

    Roller(past.engine).roll_up(NOW)
    assert rollups(past) == right
    assert run(past, "backfill").exit_code == 0
    assert rollups(past) == right
