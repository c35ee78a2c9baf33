"""A database that is gone, or frozen, for a while.

How long Postgres is away is `COLLECTOR_TEST_AWAY_S`, a minute where nothing else is said.
"""

import os
import random
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from collector.session import engine_of, reading
from tests.collector.a_collector import a_report
from tests.collector.hardship.a_postgres import Postgres
from tests.collector.hardship.a_program import Program, a_program
from tests.collector.hardship.a_sender import Sender
from tests.collector.hardship.test_several import Watcher, deliver, until

AWAY_S = float(os.environ.get("COLLECTOR_TEST_AWAY_S", "60"))
HURRIED = {"COLLECTOR_STATEMENT_TIMEOUT_S": "1"}
"""So that a frozen database is given up within seconds."""

pytestmark = pytest.mark.postgres


class Asker:
    """Asks for /healthz again and again, each time within few seconds."""

    def __init__(self, program: Program) -> None:
        self.statuses: list[int] = []
        self._program = program
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def end(self) -> list[int]:
        self._ended.set()
        self._thread.join(60)
        return self.statuses

    def _ask(self) -> None:
        while not self._ended.wait(0.1):
            try:
                self.statuses.append(self._program.get("/healthz", timeout_s=8.0)[0])
            except OSError:
                self.statuses.append(0)


def test_a_minute_without_postgres_costs_nothing_but_the_minute(
    postgres: Postgres, tmp_path: Path, chance: random.Random
) -> None:
    with a_program(postgres.url, log=tmp_path / "log") as program:
        senders = [
            Sender(tester_id, url=program.url, directory=tmp_path / f"tester{number}", chance=chance)
            for number, tester_id in enumerate(program.register(5))
        ]
        reports = {sender: [a_report(id_of(sender)) for _ in range(12)] for sender in senders}
        for sender in senders:
            sender.delivery.start()
            sender.put(reports[sender][0])
        until(lambda: not any(sender.outbox.count() for sender in senders))
        asker = Asker(program)

        postgres.stop()
        ends = time.monotonic() + AWAY_S
        for number in range(1, 12):
            for sender in senders:
                sender.put(reports[sender][number])
            time.sleep(max(0.0, (ends - time.monotonic()) / (12 - number)))
        ready = program.get("/readyz")
        spooled = [sender.outbox.count() for sender in senders]
        postgres.start()
        until(lambda: not any(sender.outbox.count() for sender in senders))
        healthy = asker.end()
        back = program.get("/readyz")
        for sender in senders:
            sender.close()

    assert ready[0] == 503
    assert ready[1]["reason"] == "the database does not answer"
    assert spooled == [11] * 5
    assert set(healthy) == {200}
    assert back[0] == 200
    assert [sender.outbox.rejected_count for sender in senders] == [0] * 5
    assert postgres.rows("SELECT count(*), count(DISTINCT run_id) FROM ping_results") == [(120, 60)]


def id_of(sender: Sender) -> UUID:
    return sender.delivery._tester_id


def test_a_frozen_postgres_holds_up_no_one_for_ever(postgres: Postgres, tmp_path: Path) -> None:
    with a_program(postgres.url, log=tmp_path / "log", settings=HURRIED) as program:
        (tester_id,) = program.register(1)
        reports = [a_report(tester_id) for _ in range(60)]
        assert deliver(program, reports[0]) == 201
        watcher = Watcher(program.port, timeout_s=60)
        asker = Asker(program)
        answers: list[tuple[int, object]] = []

        def send(report: object) -> None:
            path = f"/api/v1/runs/{report.run_id}/report"  # type: ignore[attr-defined]  # a report
            body = report.to_bytes()  # type: ignore[attr-defined]  # a report
            answers.append(program.send("PUT", path, body, user=tester_id, timeout_s=120))

        with postgres.frozen():
            # More than there are threads: all of them wait for it.
            threads = [threading.Thread(target=send, args=(report,)) for report in reports]
            for thread in threads:
                thread.start()
            ready = program.get("/readyz")
            for thread in threads:
                thread.join(120)
        after = [deliver(program, report) for report in reports]
        # The first was stored before the watcher came.
        until(lambda: len(set(watcher.runs)) == 59)
        watcher.end()
        healthy = asker.end()

    assert len(answers) == 60
    assert {status for status, _ in answers} == {503}
    assert all(int(body["retry_after"]) > 0 for _, body in answers)  # type: ignore[index]  # an object of JSON
    assert (ready[0], ready[1]["reason"]) == (503, "the database has not answered within 3 s")
    assert set(healthy) == {200}
    assert set(after) <= {200, 201}
    # The stream was not cut: it went on behind the last event.
    assert watcher.connects == 1
    assert postgres.rows("SELECT count(*), count(DISTINCT run_id) FROM ping_results") == [(120, 60)]


def test_a_lock_that_somebody_holds_is_waited_for_and_then_told(postgres: Postgres, tmp_path: Path) -> None:
    with a_program(postgres.url, log=tmp_path / "log", settings=HURRIED) as program:
        (tester_id,) = program.register(1)
        report = a_report(tester_id)
        path = f"/api/v1/runs/{report.run_id}/report"
        with psycopg.connect(postgres.url) as other:
            other.execute("LOCK TABLE runs IN ACCESS EXCLUSIVE MODE")
            answer = program.send("PUT", path, report.to_bytes(), user=tester_id)
            health = program.get("/healthz")[0]
            other.rollback()
        again = deliver(program, report)

    assert (answer[0], answer[1]["error"]) == (503, "database_busy")
    assert int(answer[1]["retry_after"]) > 0
    assert (health, again) == (200, 201)


def test_a_collector_stops_though_its_database_is_frozen(postgres: Postgres, tmp_path: Path) -> None:
    settings = {"COLLECTOR_STOP_DEADLINE_S": "1"}
    with a_program(postgres.url, log=tmp_path / "log", settings=settings) as program:
        (tester_id,) = program.register(1)
        report = a_report(tester_id)
        with postgres.frozen():
            connection = HTTPConnection("127.0.0.1", program.port, timeout=60)
            connection.request("GET", "/api/v1/runs")
            with suppress(OSError):
                program.send(
                    "PUT",
                    f"/api/v1/runs/{report.run_id}/report",
                    report.to_bytes(),
                    user=tester_id,
                    timeout_s=1,
                )
            assert program.end() == 0
            connection.close()


def test_a_connection_that_goes_silent_is_given_up(postgres: Postgres) -> None:
    engine = engine_of(postgres.url, statement_timeout_s=1)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        with postgres.frozen(), pytest.raises(Exception, match="the database was given up"):
            connection.exec_driver_sql("SELECT 2")
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT 3").scalar_one() == 3
    engine.dispose()
