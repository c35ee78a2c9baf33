"""Backups as docs/collector.md has them: made while reports arrive, restored into an empty database."""

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from collector.app import create_app
from collector.history.rollups import Roller
from collector.session import engine_of, parsed_url
from collector.settings import Settings
from collector.tables import ping_results, runs
from tests.collector.a_collector import ADMIN_TOKEN, TESTER_TOKEN, Collector, a_report, basic, register
from tests.collector.the_routes import routes_of
from tests.conftest import _programs
from wire.fields import time_text
from wire.report import Report

OLD = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
STREAMS = {"/api/v1/events"}
"""What does not end."""

FILES = {"/static/{name}"}
"""What has no part in the database."""

SAME_INSTANCE = UUID("44444444-4444-4444-8444-444444444444")

QUESTIONS = {
    "/": "",
    "/healthz": "",
    "/readyz": "",
    "/metrics": "",
    "/openapi.json": "",
    "/api": "",
    "/api/v1/days": "",
    "/api/v1/diff": "?a={sweep_id}&b={other}",
    "/api/v1/fleets": "",
    "/api/v1/hours": "",
    "/api/v1/matrix": "?since=2026-01-01T00:00:00Z&until=2026-12-01T00:00:00Z",
    "/api/v1/path": "?tester=oslo&server=server0&resolution=day",
    "/api/v1/results": "",
    "/api/v1/runs": "",
    "/api/v1/runs/{run_id}": "",
    "/api/v1/servers": "",
    "/api/v1/slow": "?since=2026-01-01T00:00:00Z&until=2026-12-01T00:00:00Z",
    "/api/v1/sweeps": "",
    "/api/v1/sweeps/{sweep_id}": "",
    "/api/v1/sweeps/{sweep_id}/summary": "",
    "/api/v1/testers": "",
    "/api/v1/tokens": "",
    "/api/v1/verdicts": "?fleet=edge",
    "/compare": "",
    "/fleet": "",
    "/matrix/ribbon": "",
    "/matrix": "?since=2026-01-01T00:00:00Z&until=2026-12-01T00:00:00Z",
    "/path": "?tester=oslo&server=server0&resolution=day",
    "/slow": "?since=2026-01-01T00:00:00Z&until=2026-12-01T00:00:00Z",
    "/runs": "",
    "/runs/{run_id}": "",
    "/servers": "",
    "/sweeps": "",
    "/sweeps/{sweep_id}": "",
}
"""Every route that is read, with what it has to be asked."""


def postgres_backup(source: str, directory: Path) -> Callable[[str], None]:
    programs = _programs()
    dump = shutil.which("pg_dump") or str((programs or Path("/")) / "pg_dump")
    restore = shutil.which("pg_restore") or str((programs or Path("/")) / "pg_restore")
    file = directory / "latency.dump"
    subprocess.run([dump, "--format=custom", f"--file={file}", f"--dbname={source}"], check=True, timeout=60)

    def into(target: str) -> None:
        command = [restore, "--no-owner", "--exit-on-error", f"--dbname={target}", str(file)]
        subprocess.run(command, check=True, timeout=60)

    return into


def sqlite_backup(source: str, directory: Path) -> Callable[[str], None]:
    file = directory / "copy.sqlite3"
    connection = sqlite3.connect(parsed_url(source).database or "")
    connection.execute("VACUUM INTO ?", (str(file),))
    connection.close()

    def into(target: str) -> None:
        shutil.copyfile(file, parsed_url(target).database or "")

    return into


@contextmanager
def answering(database_url: str) -> Iterator[tuple[TestClient, sa.Engine]]:
    engine = engine_of(database_url)
    settings = Settings(database_url=database_url, admin_token=ADMIN_TOKEN, keep_events_s=1e9)
    with TestClient(create_app(settings, engine=engine)) as client:
        yield client, engine
    engine.dispose()


def put(client: TestClient, report: Report) -> int:
    answer = client.put(
        f"/api/v1/runs/{report.run_id}/report",
        content=report.to_bytes(),
        headers=basic(report.tester_id, TESTER_TOKEN),
    )
    return int(answer.status_code)


@contextmanager
def only_answering(database_url: str) -> Iterator[Collector]:
    """Give a collector that does nothing but answer: it keeps no house, so all stays as it is."""
    engine = engine_of(database_url)
    settings = Settings(
        database_url=database_url,
        admin_token=ADMIN_TOKEN,
        instance_id=SAME_INSTANCE,
        # The latest results are shown however old they are.
        metrics_max_age_s=1e9,
    )
    # Not entered: housekeeping begins with the application's start.
    client = TestClient(create_app(settings, engine=engine))
    try:
        yield Collector(
            client=client,
            engine=engine,
            database_url=database_url,
            fleet_id=SAME_INSTANCE,
            tester_id=SAME_INSTANCE,
        )
    finally:
        engine.dispose()


def answers(collector: Collector, report: Report, other: Report) -> dict[str, bytes]:
    """Return what every route that reads answers, by its path; each of them with success."""
    assert isinstance(collector.client.app, FastAPI)
    reading = {path for method, path in routes_of(collector.client.app) if method == "GET"} - STREAMS - FILES
    assert reading == set(QUESTIONS), "a route that is new is asked here as well"
    found = {}
    for path, needed in QUESTIONS.items():
        address = (path + needed).format(run_id=report.run_id, sweep_id=report.sweep_id, other=other.sweep_id)
        answer = collector.client.get(address, headers=collector.admin)
        assert answer.status_code == 200, (address, answer.text)
        found[path] = answer.content
    found["/metrics"] = of_the_database(found["/metrics"])
    return found


def of_the_database(metrics: bytes) -> bytes:
    """Return the lines of a scrape that tell of results: the others are the process's own."""
    lines = [line for line in metrics.splitlines() if line.startswith(b"ping_")]
    assert lines
    return b"\n".join(lines)


def counts(engine: sa.Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        stored = connection.execute(sa.select(sa.func.count()).select_from(ping_results)).scalar_one()
        told = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(runs.c.stored), 0))).scalar_one()
    return stored, int(told)


@pytest.fixture
def elsewhere(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of the same engine."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'restored.sqlite3'}"
    url = request.getfixturevalue("empty_postgres_url")
    assert isinstance(url, str)
    return url


def backup(database_url: str, directory: Path) -> Callable[[str], None]:
    make = sqlite_backup if database_url.startswith("sqlite") else postgres_backup
    return make(database_url, directory)


def test_a_restored_database_gives_the_same_answers_byte_for_byte(
    database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    with only_answering(database_url) as collector:
        fleet_id, tester_id = register(collector.client)
        reports = [
            a_report(tester_id, rtt_us=[1000 + day, 2000, -1] * 4, started_at=OLD + timedelta(days=day))
            for day in range(4)
        ]
        sweep = {"fleet_id": str(fleet_id), "spec": {}, "started_at": time_text(OLD)}
        path = f"/api/v1/sweeps/{reports[0].sweep_id}"
        assert collector.client.put(path, json=sweep, headers=collector.admin).status_code == 201
        issued = collector.client.post("/api/v1/tokens", json={"role": "reader"}, headers=collector.admin)
        assert issued.status_code == 201
        assert [put(collector.client, report) for report in reports] == [201] * 4
        # Days, hours and raw results: each is what some answer is made of.
        Roller(collector.engine).roll_up(OLD + timedelta(days=2))
        before = answers(collector, *reports[:2])

        backup(database_url, tmp_path)(elsewhere)

        with only_answering(elsewhere) as restored:
            assert answers(restored, *reports[:2]) == before
            assert [put(restored.client, report) for report in reports] == [200] * 4
            assert put(restored.client, a_report(tester_id)) == 201
        assert answers(collector, *reports[:2]) == before


def test_a_backup_that_is_made_while_reports_arrive_holds_whole_runs(
    collector: Collector, elsewhere: str, tmp_path: Path
) -> None:
    reports = [
        a_report(collector.tester_id, rows=40, started_at=OLD + timedelta(minutes=number))
        for number in range(60)
    ]
    some, all_of_them = threading.Event(), threading.Event()
    stored: list[int] = []

    def deliver() -> None:
        for number, report in enumerate(reports):
            stored.append(put(collector.client, report))
            if number == 5:
                some.set()
        all_of_them.set()

    thread = threading.Thread(target=deliver)
    thread.start()
    assert some.wait(30)
    into = backup(collector.database_url, tmp_path)
    thread.join(60)
    assert all_of_them.is_set()
    assert stored == [201] * 60
    into(elsewhere)

    with answering(elsewhere) as (client, engine):
        rows, told = counts(engine)
        assert rows == told
        assert rows % 40 == 0
        assert rows >= 6 * 40
        again = [put(client, report) for report in reports]
        assert again.count(200) == rows // 40
        assert set(again) <= {200, 201}
        assert counts(engine) == (2400, 2400) == counts(collector.engine)
