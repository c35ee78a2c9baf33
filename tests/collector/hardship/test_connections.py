"""Connections that say nothing, or not everything."""

import resource
import socket
import time
from pathlib import Path

import psutil
import pytest

from collector.web.connections import HEAD_DEADLINE_S
from tests.collector.a_collector import TESTER_TOKEN, a_report, basic
from tests.collector.hardship.a_program import a_program
from tests.collector.hardship.test_several import deliver, until

IDLE = 2_000
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def many_files() -> None:
    """This process holds the other end of each connection."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * IDLE:
        pytest.skip(f"a process may open {hard} files at most")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.mark.usefixtures("many_files")
def test_reports_are_stored_beside_thousands_of_connections_that_say_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_program(sqlite_url, log=tmp_path / "log") as program:
        (tester_id,) = program.register(1)
        idle: list[socket.socket] = []
        for number in range(IDLE):
            connection = socket.create_connection(("127.0.0.1", program.port), timeout=60)
            # By turns: nothing, half a head, a request that was answered.
            connection.sendall((b"", HEALTH[:20], HEALTH)[number % 3])
            idle.append(connection)

        stored = [deliver(program, a_report(tester_id)) for _ in range(20)]
        health = program.get("/healthz", timeout_s=8)[0]

        # Whoever never said what it wants is left in the end; whoever asked once may ask again.
        silent, half, kept = idle[0], idle[1], idle[2]
        for connection in (silent, half):
            connection.settimeout(HEAD_DEADLINE_S + 20)
            assert connection.recv(1) == b""
        assert kept.recv(1000).startswith(b"HTTP/1.1 200")
        kept.sendall(HEALTH)
        assert kept.recv(1000).startswith(b"HTTP/1.1 200")
        for connection in idle:
            connection.close()

    assert stored == [201] * 20
    assert health == 200


def test_more_connections_than_files_are_answered_and_the_others_work_on(
    sqlite_url: str, tmp_path: Path
) -> None:
    with a_program(sqlite_url, log=tmp_path / "log") as program:
        (tester_id,) = program.register(1)
        psutil.Process(program.process.pid).rlimit(psutil.RLIMIT_NOFILE, (356, 356))
        idle = [socket.create_connection(("127.0.0.1", program.port), timeout=60) for _ in range(110)]
        answer = idle[-1].recv(1000)
        for connection in idle:
            connection.close()
        stored = 0

        def delivers() -> bool:
            nonlocal stored
            stored = deliver(program, a_report(tester_id))
            return stored == 201

        until(delivers)

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 5" in answer
    assert b'"too_many_connections"' in answer


def test_a_body_that_stops_half_way_is_told_so_and_stores_nothing(sqlite_url: str, tmp_path: Path) -> None:
    settings = {"COLLECTOR_BODY_DEADLINE_S": "1"}
    with a_program(sqlite_url, log=tmp_path / "log", settings=settings) as program:
        (tester_id,) = program.register(1)
        report = a_report(tester_id)
        body = report.to_bytes()
        head = (
            f"PUT /api/v1/runs/{report.run_id}/report HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            f"Authorization: {basic(tester_id, TESTER_TOKEN)['Authorization']}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", program.port), timeout=60) as connection:
            connection.sendall(head.encode() + body[: len(body) // 2])
            answer = connection.recv(4000)
        with socket.create_connection(("127.0.0.1", program.port), timeout=60) as connection:
            connection.sendall(head.encode() + body[: len(body) // 2])
        time.sleep(0)
        stored = deliver(program, report)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert stored == 201
