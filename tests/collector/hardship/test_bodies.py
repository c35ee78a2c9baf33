"""Bodies that are not what their head says, and times that cannot be, at a process of each engine."""

import http.client
import json
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from collector.history.partitions import PARTITIONED, made
from collector.migrate import migrate
from collector.session import engine_of
from collector.settings import MIB
from collector.tables import ping_results, runs
from tests.collector.a_collector import TESTER_TOKEN, a_report, basic
from tests.collector.hardship.a_program import Program, a_program
from tests.collector.hardship.a_sender import Sender
from tests.collector.hardship.test_several import deliver, log_of, until
from tests.conftest import _fresh
from wire.fields import time_text
from wire.report import Report

MOST_OF_ALL = 512 * MIB
"""What bodies may hold together (`collector.web.state.MOST_BYTES`)."""

SLICE = 0.2
"""How long a client that drips waits between two bytes, in seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A collector that serves, its database, and a tester that is registered there."""

    program: Program
    engine: sa.Engine
    tester_id: UUID
    spare_id: UUID

    def head(self, report: Report, length: int, *more: str) -> bytes:
        """Return the head of a delivery that announces so many bytes."""
        lines = (
            f"PUT /api/v1/runs/{report.run_id}/report HTTP/1.1",
            "Host: x",
            f"Content-Length: {length}",
            f"Authorization: {basic(report.tester_id, TESTER_TOKEN)['Authorization']}",
            *more,
        )
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.program.port), timeout=60)

    def send(
        self, report: Report, *, headers: dict[str, str], body: bytes | None = None
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.program.port, timeout=60)
        try:
            connection.request(
                "PUT",
                f"/api/v1/runs/{report.run_id}/report",
                body=report.to_bytes() if body is None else body,
                headers=basic(report.tester_id, TESTER_TOKEN) | headers,
            )
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def gone(self) -> float:
        """Return how many deliveries were left by their clients, as the collector counts them."""
        connection = http.client.HTTPConnection("127.0.0.1", self.program.port, timeout=60)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        return sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if line.startswith("collector_request_seconds_count") and 'status="gone"' in line
        )

    def stored(self, report: Report) -> int:
        with self.engine.connect() as connection:
            count = sa.select(sa.func.count()).select_from(ping_results)
            return int(connection.execute(count.where(ping_results.c.run_id == report.run_id)).scalar_one())

    def partitions(self) -> list[datetime]:
        if self.engine.dialect.name != "postgresql":
            return []
        with self.engine.connect() as connection:
            return [start for periods in PARTITIONED for _, start in made(connection, periods)]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One collector for all that is sent here: what one test leaves behind, the next would meet."""
    directory = tmp_path_factory.mktemp("served")
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        databases = _fresh(server, template=request.getfixturevalue("postgres_template"))
        url = next(databases)
    else:
        databases = iter(())
        url = f"sqlite:///{directory / 'collector.sqlite3'}"
        migrate(engine := engine_of(url))
        engine.dispose()
    engine = engine_of(url)
    with a_program(url, log=directory / "log", settings={"COLLECTOR_BODY_DEADLINE_S": "2"}) as program:
        tester_id, spare_id = program.register(2)
        yield Place(program=program, engine=engine, tester_id=tester_id, spare_id=spare_id)
    engine.dispose()
    next(databases, None)


@pytest.fixture
def place(served: Place) -> Iterator[Place]:
    """A collector that stores reports as before after whatever it was sent, and logs no fault."""
    yield served
    assert deliver(served.program, a_report(served.tester_id)) == 201
    faults = [line for line in log_of(served.program) if line["level"] in ("error", "critical")]
    assert faults == []
    assert "Traceback" not in served.program.log.read_text()


def test_a_client_that_leaves_in_its_body_leaves_nothing_behind(place: Place) -> None:
    report = a_report(place.tester_id)
    before = place.gone()
    part = b" " * (48 * MIB)
    times = MOST_OF_ALL // len(part) + 1
    for _ in range(times):
        with place.connect() as connection:
            connection.sendall(place.head(report, len(part) + 1) + part)
    until(lambda: place.gone() >= before + times)

    assert place.stored(report) == 0
    # All the room that there is for bodies would be taken by what those have sent.
    assert deliver(place.program, report) == 201


@pytest.mark.parametrize("path", ["runs/{run}", "heartbeats", "fleets/{run}"])
def test_a_client_that_leaves_elsewhere_is_no_fault_either(place: Place, path: str) -> None:
    before = place.gone()
    method = "POST" if path == "heartbeats" else "PUT"
    report = a_report(place.tester_id)
    head = place.head(report, 100).replace(
        f"PUT /api/v1/runs/{report.run_id}/report".encode(),
        f"{method} /api/v1/{path.format(run=report.run_id)}".encode(),
    )
    with place.connect() as connection:
        connection.sendall(head + b'{"v":')

    until(lambda: place.gone() >= before + 1)


def test_a_body_that_drips_is_given_up_at_the_deadline(place: Place) -> None:
    report = a_report(place.tester_id)
    body = report.to_bytes()
    with place.connect() as connection:
        connection.sendall(place.head(report, len(body)))
        connection.settimeout(SLICE)
        answer = b""
        for number in range(200):
            try:
                connection.sendall(body[number : number + 1])
                answer = connection.recv(4_000)
            except TimeoutError:
                continue
            except OSError:
                # Closed without a word would do as well.
                answer = b"HTTP/1.1 408 "
            break

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert place.stored(report) == 0
    assert deliver(place.program, report) == 201


def test_a_length_that_is_too_long_is_a_body_that_never_ends(place: Place) -> None:
    report = a_report(place.tester_id)
    body = report.to_bytes()
    with place.connect() as connection:
        connection.sendall(place.head(report, len(body) + 1) + body)
        answer = connection.recv(4_000)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert place.stored(report) == 0


def test_a_length_that_is_too_short_ends_the_connection(place: Place) -> None:
    report = a_report(place.tester_id)
    body = report.to_bytes()
    with place.connect() as connection:
        connection.sendall(place.head(report, len(body) - 9) + body)
        answer = b""
        # What was too much is no request.
        while part := connection.recv(4_000):
            answer += part

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b" 201 " not in answer
    assert place.stored(report) == 0


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 40, "", "12, 13"])
def test_a_length_that_is_no_number_is_refused(place: Place, length: str) -> None:
    report = a_report(place.tester_id)
    head = place.head(report, 0).replace(b"Content-Length: 0", f"Content-Length: {length}".encode())
    with place.connect() as connection:
        connection.sendall(head + report.to_bytes())
        answer = connection.recv(4_000)

    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 "))
    assert place.stored(report) == 0


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip", "x" * 5_000])
def test_a_coding_that_nobody_knows_is_refused_with_those_that_are_known(place: Place, coding: str) -> None:
    report = a_report(place.tester_id)

    status, body = place.send(report, headers={"Content-Encoding": coding})

    assert (status, body["error"], body["hint"]) == (415, "unknown_encoding", "use gzip or none")
    assert place.stored(report) == 0


IMPOSSIBLE = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2999, 6, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 50, tzinfo=UTC),
]


@pytest.mark.parametrize("says_its_time", [True, False])
@pytest.mark.parametrize("started_at", IMPOSSIBLE, ids=lambda time: str(time.year))
def test_a_time_that_cannot_be_is_corrected_flagged_and_stored(
    place: Place, started_at: datetime, says_its_time: bool
) -> None:
    report = a_report(place.tester_id, started_at=started_at)
    its_time = {"Tester-Time": time_text(started_at + timedelta(seconds=8))} if says_its_time else {}
    begun = datetime.now(UTC)

    status, body = place.send(report, headers=its_time)

    assert status == 201, body
    assert place.stored(report) == len(report.results)
    with place.engine.connect() as connection:
        run = connection.execute(sa.select(runs).where(runs.c.run_id == report.run_id)).one()
    assert run.clock_corrected
    assert begun - timedelta(seconds=10) <= run.started_at <= datetime.now(UTC)
    assert run.started_at <= run.finished_at
    shown = place.program.get(f"/api/v1/runs/{report.run_id}")[1]
    assert (shown["clock_corrected"], shown["state"]) == (True, "complete")
    # The years around this one, and none of those that the report has named.
    assert {start.year for start in place.partitions()} <= {begun.year + year for year in (-1, 0, 1, 2)}


def test_the_reports_of_a_retired_tester_are_put_aside_until_it_is_registered_again(
    place: Place, tmp_path: Path, chance: random.Random
) -> None:
    (row,) = [
        each
        for each in place.program.get("/api/v1/testers")[1]["testers"]
        if each["tester_id"] == str(place.spare_id)
    ]
    sender = Sender(place.spare_id, url=place.program.url, directory=tmp_path / "tester", chance=chance)
    refused = [a_report(place.spare_id) for _ in range(3)]
    assert place.program.send("POST", f"/api/v1/testers/{place.spare_id}/retire", b"{}")[0] == 200
    for report in refused:
        sender.put(report)
    sender.delivery.start()
    # Each is refused for good, and none keeps those behind it.
    until(lambda: sender.outbox.rejected_count == len(refused) and sender.outbox.count() == 0)

    again = {name: row[name] for name in ("fleet_id", "name", "config")} | {"token_sha256": None}
    path = f"/api/v1/testers/{place.spare_id}"
    assert place.program.send("PUT", path, json.dumps(again).encode())[0] == 200
    taken = a_report(place.spare_id)
    sender.put(taken)
    until(lambda: sender.outbox.count() == 0)
    sender.close()

    aside = sorted((tmp_path / "tester" / "spool" / "rejected").glob("*.gz"))
    assert len(aside) == len(refused)
    reasons = [path.read_text() for path in aside[0].parent.iterdir() if path.suffix != ".gz"]
    assert len(reasons) == len(refused)
    assert all("tester_retired" in reason for reason in reasons)
    assert [place.stored(report) for report in refused] == [0, 0, 0]
    assert place.stored(taken) == len(taken.results)
