"""`collector import-original`: each row once, as it was, from either engine into either."""

import sqlite3
import tracemalloc
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from collector.cli import cli
from collector.errors import ConfigurationError, PartlyDone
from collector.session import engine_of
from collector.tables import fleets, legacy_results, servers, testers
from tests.collector.original.conftest import GONE, OSLO, RAW, VIRGINIA, Execute, a_result

FULL = ("N. Virginia", "us-east-1", "aws", None)


def run(source: str, to: str, *more: str) -> Result:
    arguments = ["import-original", source, "--database-url", to, *more]
    return CliRunner().invoke(cli, arguments, obj={}, catch_exceptions=True)


def rows(url: str, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    engine = engine_of(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(query)]
    engine.dispose()
    return found


def test_importing_twice_gives_the_same_counts_once(
    original: Execute, source: str, database_url: str
) -> None:
    original("testers", (VIRGINIA, *FULL), (OSLO, "oslo", None, None, '{"driver": "generic"}'))
    original("servers", (UUID(int=9), "192.0.2.1", "db", "Dublin", '{"rack": 7}'))
    original("ping_results", *(a_result(number) for number in range(1_500)), a_result(1_500, OSLO))

    first, second = run(source, database_url), run(source, database_url)

    assert first.stdout.splitlines() == [
        "          IN THE ORIGINAL    IMPORTED   ALREADY THERE     REFUSED",
        "testers                 2           2               0           0",
        "servers                 1           1               0           0",
        "results             1,501       1,501               0           0",
        'tester "N. Virginia" is called N.-Virginia here',
    ]
    assert [line.split() for line in second.stdout.splitlines()[1:4]] == [
        ["testers", "2", "0", "2", "0"],
        ["servers", "1", "0", "1", "0"],
        ["results", "1,501", "0", "1,501", "0"],
    ]
    counted = sa.select(testers.c.name, sa.func.count()).join(
        legacy_results, legacy_results.c.tester_id == testers.c.id
    )
    assert rows(database_url, counted.group_by(testers.c.name).order_by(testers.c.name)) == [
        ("N.-Virginia", 1_500),
        ("oslo", 1),
    ]


def test_a_result_stays_as_the_original_has_it(original: Execute, source: str, database_url: str) -> None:
    original("testers", (VIRGINIA, *FULL))
    original("ping_results", a_result(1), (UUID(int=1_002), VIRGINIA, *[None] * 7))

    assert run(source, database_url).exit_code == 0

    kept = [column for column in legacy_results.c if column.name not in ("tester_id", "id", "received_at")]
    full, empty = rows(database_url, sa.select(*kept).order_by(legacy_results.c.id))
    assert full == (
        *(str(VIRGINIA), "db.example.net", "192.0.2.1", "2016-05-01 12:00:00.5", "5", "1", "12.3"),
        RAW,
    )
    assert empty == (str(VIRGINIA), *[None] * 7)


def test_the_fleet_can_be_exported_and_measured(original: Execute, source: str, database_url: str) -> None:
    original("testers", (VIRGINIA, *FULL))
    original(
        "servers",
        (UUID(int=8), "192.0.2.1", "db", "Dublin", None),
        (UUID(int=9), "2001:db8::1", None, None, None),
        (UUID(int=10), "192.0.2.3", "twin", None, None),
        (UUID(int=11), "192.0.2.4", "twin", None, None),
    )

    assert run(source, database_url, "--fleet", "old").exit_code == 0

    [(spec,)] = rows(database_url, sa.select(fleets.c.spec).where(fleets.c.name == "old"))
    assert spec == {
        "version": 1,
        "servers": [
            {"name": "db", "host": "192.0.2.1", "location": {"region": "Dublin"}},
            {"name": "2001:db8::1", "host": "2001:db8::1"},
            {"name": "twin 192.0.2.3", "host": "192.0.2.3"},
            {"name": "twin 192.0.2.4", "host": "192.0.2.4"},
        ],
    }
    assert rows(database_url, sa.select(testers.c.uuid, testers.c.location, testers.c.vps_provider)) == [
        (VIRGINIA, "us-east-1", "aws")
    ]
    assert rows(database_url, sa.select(servers.c.ip_addr, servers.c.family).order_by(servers.c.id))[:2] == [
        ("192.0.2.1", 4),
        ("2001:db8::1", 6),
    ]


def test_results_of_testers_that_are_gone_or_were_never_named_are_kept_too(
    original: Execute, source: str, database_url: str
) -> None:
    original("ping_results", a_result(1, GONE), a_result(2, None))

    assert [run(source, database_url).exit_code for _ in range(2)] == [0, 0]
    # The original's people have found the tester again: its results stay where they are.
    original("testers", (GONE, "found", None, None, None))
    assert run(source, database_url).exit_code == 0

    found = sa.select(testers.c.name, testers.c.retired_at.is_not(None), legacy_results.c.id).join(
        legacy_results, legacy_results.c.tester_id == testers.c.id
    )
    assert rows(database_url, found.order_by(legacy_results.c.id)) == [
        (str(GONE), True, UUID(int=1_001)),
        ("unknown-9bb793c2", True, UUID(int=1_002)),
    ]


def test_testers_of_one_name_are_told_apart(original: Execute, source: str, database_url: str) -> None:
    original("testers", (VIRGINIA, "same", None, None, None), (OSLO, "same", None, None, "[1]"))

    answers = [run(source, database_url).stdout.splitlines()[4:] for _ in range(2)]

    assert answers == [
        [
            'tester "same" is called same-00000000 here',
            "tester same-00000000: its config is no object of keys and values: left out",
        ],
        [],
    ]
    assert rows(database_url, sa.select(testers.c.name).order_by(testers.c.uuid)) == [
        ("same",),
        ("same-00000000",),
    ]


def test_rows_that_cannot_be_stored_are_counted_with_the_reason(tmp_path: Path, database_url: str) -> None:
    # On SQLite a column takes anything, so that a copy of the original may hold what Postgres refuses.
    with sqlite3.connect(tmp_path / "copy.sqlite3") as file:
        file.execute("CREATE TABLE testers (id, name, location, vps_provider, config)")
        file.execute("CREATE TABLE servers (id, ip_addr, name, location, config)")
        file.execute(
            "CREATE TABLE ping_results (id, tester_id, server_requested, server_contacted,"
            " ping_timestamp, ping_count, ping_nack, ping_time, raw)"
        )
        file.execute("INSERT INTO testers (id, name) VALUES ('seven', 'x')")
        file.execute("INSERT INTO servers (id, ip_addr) VALUES ('a', '10.0.0.0/8'), ('b', NULL)")
        file.execute(
            "INSERT INTO ping_results (id, tester_id) VALUES (NULL, NULL), (8, NULL), (?, 'x')", ("0" * 32,)
        )
        file.execute("INSERT INTO ping_results (id, raw) VALUES (?, ?)", ("1" * 32, b"a\x00\xff"))
    file.close()

    answer = run(f"sqlite:///{tmp_path / 'copy.sqlite3'}", database_url)

    assert isinstance(answer.exception, PartlyDone)
    assert str(answer.exception) == "6 rows of the original were refused, all others are here"
    assert answer.stdout.splitlines()[1:] == [
        "testers                 1           0               0           1",
        "servers                 2           0               0           2",
        "results                 4           1               0           3",
        'refused: 1 of the testers, its id is no UUID; the first has the id "seven"',
        'refused: 1 of the servers, its ip_addr is no address of one host; the first has the id "a"',
        'refused: 1 of the servers, it has neither a name nor an address; the first has the id "b"',
        'refused: 2 of the results, its id is no UUID; the first has the id "None"',
        f'refused: 1 of the results, its tester_id is no UUID; the first has the id "{"0" * 32}"',
    ]
    assert rows(database_url, sa.select(legacy_results.c.raw)) == [("a\ufffd\ufffd",)]


def test_long_results_are_read_a_few_at_a_time(original: Execute, source: str, sqlite_url: str) -> None:
    long = f'["{"x" * 400_000}"]'
    original("ping_results", *(a_result(number, None, raw=long) for number in range(100)))
    run(source, sqlite_url.replace("collector", "warm"))  # imports and tables take memory too

    tracemalloc.start()
    answer = run(source, sqlite_url)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert answer.stdout.splitlines()[3].split() == ["results", "100", "100", "0", "0"]
    assert most < 20_000_000  # of 40 MB


def test_what_is_no_original_database_is_refused(tmp_path: Path, sqlite_url: str) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite3") as file:
        file.execute("CREATE TABLE testers (id, name)")
    file.close()

    def said(dsn: str) -> str:
        error = run(dsn, sqlite_url).exception
        assert isinstance(error, ConfigurationError)
        return str(error)

    assert said(sqlite_url).startswith("that is a database of this collector, not of the original; ")
    assert said(f"sqlite:///{tmp_path / 'other.sqlite3'}").startswith(
        "that is no database of Data::Latency::Gather: it lacks testers.location, testers.vps_provider,"
        " testers.config, servers, ping_results; "
    )
    assert said("sqlite:////nowhere/x.sqlite3") == (
        "the original database cannot be opened: /nowhere/x.sqlite3"
    )
    assert said("mysql://hunter2@host/db").startswith("the DSN of the original database is not one of those")
    assert "hunter2" not in said("mysql://hunter2@host/db")
    assert said("host=127.0.0.1 port=1 dbname=x").startswith("the original database cannot be opened: ")


@pytest.mark.postgres
def test_the_dsn_may_be_the_one_that_perl_has(empty_postgres_url: str, sqlite_url: str) -> None:
    from tests.collector.original.conftest import SCHEMA

    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        words = connection.info.dsn.split()
    answer = run("dbi:Pg:" + ";".join(words), sqlite_url)

    assert answer.stdout.splitlines()[3].split() == ["results", "0", "0", "0", "0"]
    assert "password" not in answer.stderr


def test_a_password_in_the_dsn_is_told_of(sqlite_url: str) -> None:
    answer = run("postgresql://me:hunter2@127.0.0.1:1/x", sqlite_url)

    assert (
        answer.stderr == "whoever lists the processes of this machine reads that password: use PGPASSWORD\n"
    )
    assert "hunter2" not in str(answer.exception)
