"""The program as a process: its port, its end, and being killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from collector.auth import digest_of_token
from collector.session import engine_of
from collector.tables import ping_results, runs
from tests.collector.a_collector import ADMIN_TOKEN, TESTER_TOKEN, a_report, basic
from tests.collector.newest import NEWEST
from wire.report import Report

DEADLINE_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    process: subprocess.Popen[str]
    url: str


def command(database_url: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "collector", "serve", "--database-url", database_url, *arguments]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COLLECTOR_")}
    return kept | {"COLLECTOR_ADMIN_TOKEN": ADMIN_TOKEN}


@contextmanager
def serving(database_url: str, *, port: int = 0, settings: dict[str, str] | None = None) -> Iterator[Program]:
    process = subprocess.Popen(
        command(database_url, "--port", str(port)),
        stderr=subprocess.PIPE,
        text=True,
        env=environment() | (settings or {}),
    )
    assert process.stderr is not None
    try:
        # What is amiss, but no reason not to serve, is told before.
        told = (json.loads(line) for line in process.stderr)
        yield Program(process=process, url=next(line["url"] for line in told if "url" in line))
    finally:
        process.kill()
        process.wait(DEADLINE_S)
        process.stderr.close()


def send(method: str, url: str, body: bytes, headers: dict[str, str]) -> int:
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def registered(url: str) -> UUID:
    fleet_id, tester_id = uuid4(), uuid4()
    admin = basic("admin", ADMIN_TOKEN)
    fleet = {"name": "edge", "spec": {}, "orchestrator": "me"}
    tester = {
        "fleet_id": str(fleet_id),
        "name": "oslo",
        "config": {},
        "token_sha256": digest_of_token(TESTER_TOKEN),
    }
    assert send("PUT", f"{url}/api/v1/fleets/{fleet_id}", json.dumps(fleet).encode(), admin) == 201
    assert send("PUT", f"{url}/api/v1/testers/{tester_id}", json.dumps(tester).encode(), admin) == 201
    return tester_id


def delivered(url: str, report: Report) -> int:
    headers = basic(report.tester_id, TESTER_TOKEN)
    return send("PUT", f"{url}/api/v1/runs/{report.run_id}/report", report.to_bytes(), headers)


def counts(database_url: str) -> tuple[int, int]:
    engine = engine_of(database_url)
    with engine.connect() as connection:
        results = connection.execute(sa.select(sa.func.count()).select_from(ping_results)).scalar_one()
        complete = connection.execute(
            sa.select(sa.func.count()).select_from(runs).where(runs.c.state == "complete")
        ).scalar_one()
    engine.dispose()
    return int(results), int(complete)


def test_killed_while_reports_arrive_it_loses_and_doubles_nothing(database_url: str) -> None:
    acknowledged: list[int] = []
    started = threading.Event()
    with serving(database_url) as program:
        tester_id = registered(program.url)
        reports = [a_report(tester_id, rows=200) for _ in range(40)]

        def deliver(mine: list[Report]) -> None:
            for report in mine:
                try:
                    acknowledged.append(delivered(program.url, report))
                except OSError:
                    return
                if len(acknowledged) > 8:
                    started.set()

        threads = [threading.Thread(target=deliver, args=(reports[number::4],)) for number in range(4)]
        for thread in threads:
            thread.start()
        assert started.wait(DEADLINE_S)
        program.process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join(DEADLINE_S)
    results, complete = counts(database_url)
    assert set(acknowledged) == {201}
    assert len(acknowledged) <= complete <= len(reports)
    assert results == complete * 200

    with serving(database_url) as program:
        again = [delivered(program.url, report) for report in reports]

    assert again.count(200) == complete
    assert again.count(201) == len(reports) - complete
    assert counts(database_url) == (len(reports) * 200, len(reports))


def test_sigterm_finishes_what_was_accepted(sqlite_url: str) -> None:
    with serving(sqlite_url) as program:
        report = a_report(registered(program.url), rows=50)
        body = report.to_bytes()
        host, port = program.url.removeprefix("http://").split(":")
        head = (
            f"PUT /api/v1/runs/{report.run_id}/report HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n"
            f"Authorization: {basic(report.tester_id, TESTER_TOKEN)['Authorization']}\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), timeout=DEADLINE_S) as connection:
            connection.sendall(head.encode())
            # It asks for the body, so the request is accepted.
            assert b"100 Continue" in connection.recv(1000)
            program.process.send_signal(signal.SIGTERM)
            refused_by = time.monotonic() + DEADLINE_S
            while time.monotonic() < refused_by:
                try:
                    socket.create_connection((host, int(port)), timeout=1).close()
                except OSError:
                    break
            connection.sendall(body)
            assert connection.recv(1000).startswith(b"HTTP/1.1 201")
        assert program.process.wait(DEADLINE_S) == 0
    assert counts(sqlite_url) == (50, 1)


def test_a_port_that_is_taken_is_a_usage_error(sqlite_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        ended = subprocess.run(
            command(sqlite_url, "--port", str(port)),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            env=environment(),
        )

    assert ended.returncode == 2
    assert ended.stderr == (f"collector: port {port} is taken by another program; choose one with --port\n")


@pytest.mark.postgres
def test_a_postgres_that_is_not_migrated_is_refused_unless_told(empty_postgres_url: str) -> None:
    ended = subprocess.run(
        command(empty_postgres_url, "--port", "0"),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        env=environment(),
    )

    assert ended.returncode == 2
    assert ended.stderr == (
        f"collector: the database has no tables yet, this collector needs {NEWEST}; "
        "run `collector migrate`, or serve with --migrate\n"
    )


def test_sqlite_is_made_on_the_first_start(tmp_path: Path) -> None:
    with (
        serving(f"sqlite:///{tmp_path / 'new' / 'c.sqlite3'}") as program,
        urllib.request.urlopen(f"{program.url}/readyz", timeout=DEADLINE_S) as answer,
    ):
        assert json.load(answer) == {"status": "ready", "database": "sqlite", "revision": NEWEST}
