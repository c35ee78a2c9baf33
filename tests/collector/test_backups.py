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
from starlette.testclient import TestClient

from collector.app import create_app
from collector.history.rollups import Roller
from collector.session import engine_of, parsed_url
from collector.settings import Settings
from collector.tables import ping_results, runs
from tests.collector.a_collector import ADMIN_TOKEN, TESTER_TOKEN, Collector, a_report, basic
from tests.conftest import _programs
from wire.report import Report

OLD = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
NOT_OF_THE_DATABASE = {"/api/v1/events", "/healthz", "/readyz", "/metrics"}
"""A stream that does not end, and what the process says of itself."""


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


def questions(client: TestClient, *, run_id: UUID, sweep_id: UUID) -> list[str]:
    """Return every address that reads, with what it needs."""
    needed = {
        "/api/v1/path": "?tester=oslo&server=server0&resolution=day",
        "/api/v1/slow": "?since=2026-01-01T00:00:00Z&until=2026-12-01T00:00:00Z",
        "/api/v1/matrix": "?since=2026-01-01T00:00:00Z&until=2026-12-01T00:00:00Z",
    }
    known = {"run_id": str(run_id), "sweep_id": str(sweep_id)}
    found = []
    described = client.get("/openapi.json").json()["paths"]
    for path, methods in sorted(described.items()):
        if "get" not in methods or path in NOT_OF_THE_DATABASE:
            continue
        for name, value in known.items():
            path = path.replace(f"{{{name}}}", value)
        if "{" not in path:
            found.append(path + needed.get(path, ""))
    return found


def answers(client: TestClient, asked: list[str]) -> dict[str, tuple[int, bytes]]:
    headers = basic("admin", ADMIN_TOKEN)
    return {one: ((got := client.get(one, headers=headers)).status_code, got.content) for one in asked}


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
    collector: Collector, elsewhere: str, tmp_path: Path
) -> None:
    reports = [
        a_report(collector.tester_id, rtt_us=[1000 + day, 2000, -1] * 4, started_at=OLD + timedelta(days=day))
        for day in range(4)
    ]
    assert [put(collector.client, report) for report in reports] == [201] * 4
    Roller(collector.engine).roll_up(OLD + timedelta(days=2))
    asked = questions(collector.client, run_id=reports[0].run_id, sweep_id=reports[0].sweep_id)
    assert len(asked) >= 9
    before = answers(collector.client, asked)
    # A run that was never announced in a sweep of its own has no sweep to show.
    assert {status for status, _ in before.values()} <= {200, 404}

    backup(collector.database_url, tmp_path)(elsewhere)

    with answering(elsewhere) as (client, _):
        assert answers(client, asked) == before
        assert [put(client, report) for report in reports] == [200] * 4
        assert put(client, a_report(collector.tester_id)) == 201


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
