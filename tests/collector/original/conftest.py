"""An original database, on each engine that one may be on."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

SCHEMA = """
CREATE TABLE testers (id uuid PRIMARY KEY, name text, location text, vps_provider text, config jsonb);
CREATE TABLE servers (id uuid PRIMARY KEY, ip_addr inet UNIQUE, name text, location text, config jsonb);
CREATE TABLE ping_results (
    id uuid PRIMARY KEY, tester_id uuid, server_requested text, server_contacted inet,
    ping_timestamp timestamp DEFAULT CURRENT_TIMESTAMP, ping_count int, ping_nack int, ping_time real,
    raw jsonb
);
"""
"""The original's, but for defaults and foreign keys."""

VIRGINIA, OSLO, GONE = (UUID(int=number) for number in (1, 2, 3))
RAW = '[{"ip": "192.0.2.1", "host": "db.example.net", "time": 0.0125, "status": "ok"}]'

Execute = Callable[..., None]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The DSN of an empty database of the original's schema."""
    if request.param == "sqlite":
        with sqlite3.connect(tmp_path / "original.sqlite3") as file:
            file.executescript(SCHEMA)
        file.close()
        return f"sqlite:///{tmp_path / 'original.sqlite3'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
    return url


@pytest.fixture
def original(source: str) -> Execute:
    """Add rows to a table of the source."""

    def add(table: str, *rows: Sequence[object]) -> None:
        values = [tuple(str(value) if isinstance(value, UUID) else value for value in row) for row in rows]
        if source.startswith("sqlite"):
            marks = ", ".join("?" * len(rows[0]))
            with sqlite3.connect(source.removeprefix("sqlite:///")) as file:
                file.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
            file.close()
        else:
            marks = ", ".join(["%s"] * len(rows[0]))
            with psycopg.connect(source) as connection, connection.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {table} VALUES ({marks})".encode(), values)

    return add


def a_result(number: int, tester: UUID | None = VIRGINIA, *, raw: str = RAW) -> tuple[object, ...]:
    """A row of the original's `ping_results`."""
    time = "2016-05-01 12:00:00.5"
    return (UUID(int=1_000 + number), tester, "db.example.net", "192.0.2.1", time, 5, 1, 12.3, raw)
