"""Several processes and several collectors on one database."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from collector.history.events import forget_events
from collector.history.keep import Keep
from collector.history.retention import prune
from collector.history.rollups import Roller
from collector.session import engine_of, writing
from tests.collector.a_collector import a_report
from tests.collector.hardship.a_program import Program, a_program
from wire.report import Report

DEADLINE_S = 60.0
pytestmark = pytest.mark.postgres


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def log_of(program: Program) -> list[dict[str, Any]]:
    return [json.loads(line) for line in program.log.read_text().splitlines() if line.startswith("{")]


def deliver(program: Program, report: Report) -> int:
    path = f"/api/v1/runs/{report.run_id}/report"
    return program.send("PUT", path, report.to_bytes(), user=report.tester_id)[0]


class Watcher:
    """A client of event streams that comes back behind its last event, as browsers do."""

    def __init__(self, port: int, *, timeout_s: float = 1.0) -> None:
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self.runs: list[str] = []
        self.ids: list[int] = []
        self.connects = 0
        self.ended = threading.Event()
        self._port = port
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        until(lambda: self.connects)

    def end(self) -> None:
        self.ended.set()
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(DEADLINE_S)

    def _watch(self) -> None:
        while not self.ended.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout_s)
            try:
                headers = {"Last-Event-ID": str(self.ids[-1])} if self.ids else {}
                connection.request("GET", "/api/v1/events", headers=headers)
                self._socket = connection.sock
                answer = connection.getresponse()
                if answer.status == 200:
                    answer.readline()
                    self.connects += 1
                    self._read(answer)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
            finally:
                connection.close()

    def _read(self, answer: http.client.HTTPResponse) -> None:
        number = 0
        while not self.ended.is_set() and (line := answer.readline().decode()):
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "id":
                number = int(value)
            elif name == "data" and "run_id" in (data := json.loads(value)):
                # What is not whole is not seen: the id counts once the event is there.
                self.ids.append(number)
                self.runs.append(data["run_id"])


def test_processes_share_a_port_an_identity_and_a_log(postgres_url: str, tmp_path: Path) -> None:
    with a_program(postgres_url, log=tmp_path / "log", workers=2) as program:
        pids = {child.pid for child in program.children()}
        answers = [program.get("/healthz")[1] for _ in range(20)]
        assert program.end() == 0

    lines = log_of(program)
    assert len(pids) == 2
    assert {answer["instance_id"] for answer in answers} == {lines[0]["instance_id"]}
    assert (lines[0]["event"], lines[0]["workers"]) == ("collector.serving", 2)
    assert {line["pid"] for line in lines if line["event"] == "process.started"} == pids
    assert lines[-1]["event"] == "collector.stopped"
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_the_counters_of_processes_lie_in_a_private_directory_that_ends_with_them(
    postgres_url: str, tmp_path: Path
) -> None:
    with a_program(postgres_url, log=tmp_path / "log", workers=2) as program:
        given = {child.environ()["PROMETHEUS_MULTIPROC_DIR"] for child in program.children()}
        (directory,) = (Path(name) for name in given)
        assert directory.stat().st_mode & 0o777 == 0o700
        program.end()

    assert not directory.exists()


def test_a_process_that_dies_is_started_again_and_says_which_it_was(
    postgres_url: str, tmp_path: Path
) -> None:
    with a_program(postgres_url, log=tmp_path / "log", workers=2) as program:
        (tester_id,) = program.register(1)
        first, second = program.children()
        os.kill(first.pid, signal.SIGKILL)
        until(lambda: len(pids := {child.pid for child in program.children()}) == 2 and first.pid not in pids)

        assert second.pid in {child.pid for child in program.children()}
        assert deliver(program, a_report(tester_id)) == 201

    (ended,) = (line for line in log_of(program) if line["event"] == "process.ended")
    assert (ended["pid"], ended["how"]) == (first.pid, "killed by SIGKILL")


def test_processes_end_with_their_parent_however_it_ends(postgres_url: str, tmp_path: Path) -> None:
    with a_program(postgres_url, log=tmp_path / "log", workers=2) as program:
        children = program.children()
        directory = Path(children[0].environ()["PROMETHEUS_MULTIPROC_DIR"])
        program.process.kill()

        until(lambda: not any(child.is_running() for child in children))
        assert not directory.exists()
    told = [line["process"] for line in log_of(program) if line["event"] == "process.orphaned"]
    assert sorted(told) == [1, 2]


def test_processes_that_die_at_once_again_and_again_are_given_up(postgres_url: str, tmp_path: Path) -> None:
    with a_program(postgres_url, log=tmp_path / "log", workers=2) as program:

        def kill_the_first() -> bool:
            for child in program.children():
                # It may be dead already.
                with suppress(psutil.Error):
                    if child.cmdline()[-1:] == ["1"]:
                        child.kill()
            return program.process.poll() is not None

        until(kill_the_first)
        assert program.process.returncode == 1

    text = program.log.read_text()
    assert text.splitlines()[-1] == (
        "collector: process 1 ended 5 times, each within 10 s of its start (killed by SIGKILL): "
        "the log above says why"
    )
    pauses = [line["again_in_s"] for line in log_of(program) if line["event"] == "process.ended"]
    assert pauses == sorted(pauses)
    assert len(set(pauses)) == 5


def test_a_process_that_does_not_stop_in_time_is_killed(postgres_url: str, tmp_path: Path) -> None:
    settings = {"COLLECTOR_STOP_DEADLINE_S": "1"}
    with a_program(postgres_url, log=tmp_path / "log", workers=2, settings=settings) as program:
        stuck = program.children()[0]
        stuck.suspend()

        assert program.end() == 1
        assert not stuck.is_running()
    assert "1 processes did not end within 1 s and were killed" in program.log.read_text()


def test_sqlite_is_refused_with_the_reason(sqlite_url: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "collector", "serve", "--port", "0", "--database-url", sqlite_url],
        env=dict(os.environ) | {"COLLECTOR_WORKERS": "2"},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )

    assert ended.returncode == 2
    assert ended.stderr == (
        "collector: --workers 2 needs Postgres: an SQLite file has one writer at a time, so more processes "
        "would only wait for each other; leave --workers out, or name a Postgres with --database-url\n"
    )


def test_a_stop_under_load_loses_nothing_that_was_acknowledged(postgres_url: str, tmp_path: Path) -> None:
    answered: dict[str, int] = {}
    with a_program(postgres_url, log=tmp_path / "log", workers=2) as program:
        reports = [a_report(tester_id, rows=50) for tester_id in program.register(4) for _ in range(60)]

        def send(mine: list[Report]) -> None:
            for report in mine:
                try:
                    answered[str(report.run_id)] = deliver(program, report)
                except OSError:
                    return

        threads = [threading.Thread(target=send, args=(reports[number::4],)) for number in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: len(answered) > 20)
        assert program.end() == 0
        for thread in threads:
            thread.join(DEADLINE_S)

    engine = engine_of(postgres_url)
    with engine.connect() as connection:
        stored = {
            str(row[0]) for row in connection.exec_driver_sql("SELECT run_id FROM runs WHERE stored = 50")
        }
        rows = connection.exec_driver_sql("SELECT count(*) FROM ping_results").scalar_one()
    engine.dispose()
    assert {run for run, status in answered.items() if status == 201} <= stored
    assert set(answered.values()) <= {201, 503}
    assert rows == 50 * len(stored)

    with a_program(postgres_url, log=tmp_path / "log") as program:
        again = [deliver(program, report) for report in reports]

    assert again.count(200) == len(stored)
    assert again.count(201) == len(reports) - len(stored)


def test_a_watcher_of_one_collector_sees_all_events_of_the_others_in_order(
    postgres_url: str, tmp_path: Path
) -> None:
    with (
        a_program(postgres_url, log=tmp_path / "log", workers=2) as watched,
        a_program(postgres_url, log=tmp_path / "other") as other,
        a_program(postgres_url, log=tmp_path / "third") as third,
    ):
        testers = other.register(6)
        reports = {tester_id: [a_report(tester_id, index=0) for _ in range(25)] for tester_id in testers}
        watcher = Watcher(watched.port)

        def send(tester_id: Any, program: Program) -> None:
            for report in reports[tester_id]:
                assert deliver(program, report) == 201

        programs = (other, third, other, third, other, third)
        threads = [threading.Thread(target=send, args=pair) for pair in zip(testers, programs, strict=True)]
        for thread in threads:
            thread.start()
        # The one who is watched is killed in the middle, process by process, and then as a whole.
        until(lambda: len(watcher.runs) > 10)
        for child in watched.children():
            child.kill()
        until(lambda: len(watcher.runs) > 40)
        watched.process.kill()
        watched.process.wait(DEADLINE_S)
        watched.keep_alive()
        for thread in threads:
            thread.join(DEADLINE_S)
        until(lambda: len(set(watcher.runs)) == 150)
        watcher.end()

    assert watcher.connects > 1
    assert watcher.ids == sorted(set(watcher.ids))
    assert sorted(watcher.runs) == sorted(str(report.run_id) for each in reports.values() for report in each)


def test_collectors_that_keep_house_at_once_do_each_thing_once(postgres_url: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with a_program(postgres_url, log=tmp_path / "log") as program:
        testers = program.register(8)
        for tester_id in testers:
            # Retention believes the clock as far as results of a week bear it out.
            for day in (70, 40, 9, 1):
                report = a_report(tester_id, started_at=now - timedelta(days=day))
                assert deliver(program, report) == 201
    engines = [engine_of(postgres_url) for _ in range(4)]
    hours: list[int] = []
    removed: list[str] = []

    def keep_house(engine: Any) -> None:
        hours.append(Roller(engine).roll_up(now))
        removed.extend(
            item.what
            for item in prune(engine, Keep(raw=timedelta(days=30)), now=now)
            if item.what.startswith("ping_results_") and item.held is None
        )
        with writing(engine) as connection:
            forget_events(connection, now=now + timedelta(days=1), keep=timedelta(0))

    mark = "UPDATE runs SET dirty = true WHERE stored > 0"
    with engines[0].begin() as connection:
        connection.exec_driver_sql(mark)
    threads = [threading.Thread(target=keep_house, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    # Whoever came while another was at it has left it to that one.
    keep_house(engines[0])

    with engines[0].connect() as connection:
        sums = connection.exec_driver_sql("SELECT count(*), sum(runs) FROM ping_rollups_hour").one()
        events = connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one()
    for engine in engines:
        engine.dispose()
    assert sum(hours) == 32
    assert tuple(sums) == (64, 64)
    assert events == 0
    assert len(removed) == len(set(removed)) > 0
