from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from starlette.testclient import TestClient

from collector import session
from collector.app import create_app
from collector.session import engine_of, writing
from collector.settings import Settings
from collector.tables import ping_results, runs
from tests.collector.a_collector import ADMIN_TOKEN, Collector, a_report, register


@pytest.fixture
def settings(sqlite_url: str) -> Settings:
    return Settings(database_url=sqlite_url, admin_token=ADMIN_TOKEN)


@pytest.fixture
def full(settings: Settings) -> Iterator[Collector]:
    """A collector whose database may not grow, which SQLite reports as a full disk."""
    engine = engine_of(settings.database_url)

    @event.listens_for(engine, "connect")
    def limit(connection: Any, _entry: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    with TestClient(create_app(settings, engine=engine), raise_server_exceptions=False) as client:
        fleet_id, tester_id = register(client)
        yield Collector(
            client=client,
            engine=engine,
            database_url=settings.database_url,
            fleet_id=fleet_id,
            tester_id=tester_id,
        )
    engine.dispose()


def test_a_full_disk_refuses_for_now_and_stores_no_half(full: Collector) -> None:
    answer = full.deliver(a_report(full.tester_id, rows=2000))

    assert answer.status_code == 503
    assert answer.json()["error"] == "disk_full"
    assert answer.json()["message"] == "the disk of the database is full, nothing was stored"
    assert int(answer.headers["Retry-After"]) > 0
    assert full.count(ping_results) == 0
    assert full.count(runs) == 0
    ready = full.client.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        503,
        {"status": "not ready", "reason": "the disk of the database is full, nothing was stored"},
    )
    assert full.client.get("/healthz").status_code == 200


def test_room_on_the_disk_makes_it_ready_again(full: Collector) -> None:
    report = a_report(full.tester_id, rows=2000)
    full.deliver(report)
    full.engine.dispose()
    event.listen(
        full.engine, "checkout", lambda connection, *_: connection.execute("PRAGMA max_page_count = 1000000")
    )

    assert full.deliver(report).status_code == 201
    assert full.client.get("/readyz").status_code == 200


def test_a_locked_database_is_busy(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "BUSY_TIMEOUT_S", 0.05)
    other = engine_of(collector.database_url)
    collector.engine.dispose()
    event.listen(
        collector.engine, "checkout", lambda connection, *_: connection.execute("PRAGMA busy_timeout = 50")
    )
    with writing(other):
        answer = collector.deliver(a_report(collector.tester_id))
    other.dispose()

    assert (answer.status_code, answer.json()["error"]) == (503, "database_busy")
    assert answer.json()["message"] == "another program is writing to the database"


def test_a_file_that_is_no_database_is_not_ready(collector: Collector, tmp_path: Path) -> None:
    collector.engine.dispose()
    for path in tmp_path.glob("collector.sqlite3*"):
        path.write_bytes(b"rubbish" * 1000)

    assert collector.client.get("/healthz").status_code == 200
    assert collector.client.get("/readyz").status_code == 503
    answer = collector.deliver(a_report(collector.tester_id))
    assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")


@pytest.mark.postgres
def test_a_postgres_that_is_away_is_told_so_and_comes_back(postgres_url: str) -> None:
    engine = engine_of(postgres_url)
    settings = Settings(database_url=postgres_url, admin_token=ADMIN_TOKEN)
    with TestClient(create_app(settings, engine=engine), raise_server_exceptions=False) as client:
        _, tester_id = register(client)
        collector = Collector(
            client=client, engine=engine, database_url=postgres_url, fleet_id=tester_id, tester_id=tester_id
        )
        report = a_report(tester_id)
        server = sa.make_url(postgres_url)
        administrator = sa.create_engine(
            server.set(drivername="postgresql+psycopg", database="postgres"), isolation_level="AUTOCOMMIT"
        )
        name = server.database
        with administrator.connect() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.exec_driver_sql(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )
        away = collector.deliver(report)
        ready = client.get("/readyz")
        with administrator.connect() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        back = collector.deliver(report)
        administrator.dispose()
    engine.dispose()

    assert (away.status_code, away.json()["error"]) == (503, "database_unavailable")
    assert ready.status_code == 503
    assert back.status_code == 201
