"""Several processes that count together."""

import json
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

from tests.collector.a_collector import a_report
from tests.collector.metrics.scraped import Series, series, values_in
from tests.collector.test_serve import DEADLINE_S, Program, command, delivered, environment, registered


@contextmanager
def counting_together(database_url: str, directory: Path) -> Iterator[Program]:
    process = subprocess.Popen(
        command(database_url, "--port", "0"),
        stderr=subprocess.PIPE,
        text=True,
        env=environment() | {"PROMETHEUS_MULTIPROC_DIR": str(directory)},
    )
    assert process.stderr is not None
    try:
        yield Program(process=process, url=json.loads(process.stderr.readline())["url"])
    finally:
        process.kill()
        process.wait(DEADLINE_S)
        process.stderr.close()


def said_by(url: str) -> dict[Series, float]:
    with urllib.request.urlopen(f"{url}/metrics", timeout=DEADLINE_S) as answer:
        return values_in(answer.read().decode())


def test_whoever_is_asked_adds_up_all_also_of_one_that_was_killed(sqlite_url: str, tmp_path: Path) -> None:
    directory = tmp_path / "figures"
    directory.mkdir()
    stored = series("collector_reports_total", outcome="stored")
    results = series("collector_results_stored_total")
    streams = series("collector_event_streams")
    with (
        counting_together(sqlite_url, directory) as one,
        counting_together(sqlite_url, directory) as other,
    ):
        tester_id = registered(one.url)
        assert delivered(one.url, a_report(tester_id, rows=2)) == 201
        assert delivered(other.url, a_report(tester_id, rows=3)) == 201
        with urllib.request.urlopen(f"{other.url}/api/v1/events", timeout=DEADLINE_S):
            for url in (one.url, other.url):
                said = said_by(url)
                assert (said[stored], said[results], said[streams]) == (2, 5, 1)
            other.process.send_signal(signal.SIGKILL)
            other.process.wait(DEADLINE_S)
        mark_process_dead(other.process.pid, path=str(directory))  # type: ignore[no-untyped-call]  # the library's own gap

        said = said_by(one.url)

    assert (said[stored], said[results]) == (2, 5)
    assert said.get(streams, 0) == 0
    assert said[series("collector_rollup_last_success_timestamp_seconds")] > 0
    requests = "collector_request_seconds_count"
    route = "/api/v1/runs/{run_id}/report"
    assert said[series(requests, method="PUT", route=route, status="201")] == 2
    assert said[series("collector_database_up")] == 1
