"""What a collector says of its own work."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa
from starlette.testclient import TestClient

from collector.app import create_app
from collector.history.housekeeping import Housekeeper
from collector.history.keep import Keep
from collector.history.partitions import RESULTS, Partitions
from collector.metrics.own import OwnMetrics
from collector.session import writing
from collector.settings import Settings
from collector.tables import ping_results, ping_rollups_hour, runs
from collector.web.health import VERSION
from collector.web.watched import WatchHouse
from tests.collector.a_collector import Collector, a_report, basic
from tests.collector.metrics.scraped import named, scraped, series, values_in
from tests.collector.reads.test_events import Served, served

__all__ = ["served"]
DEADLINE_S = 60.0


def own_of(collector: Collector) -> OwnMetrics:
    found = collector.client.app.state.services.counts  # type: ignore[attr-defined]  # an ASGI app to the type
    assert isinstance(found, OwnMetrics)
    return found


def test_reports_are_counted_by_what_became_of_them(collector: Collector) -> None:
    first, second = (a_report(collector.tester_id, rows=rows) for rows in (2, 3))
    other = a_report(uuid4())
    statuses = [collector.deliver(report).status_code for report in (first, second, second)]
    statuses.append(collector.deliver(first, body=first.to_bytes() + b" ").status_code)
    statuses.append(collector.deliver(first, body=b"{").status_code)
    statuses.append(collector.deliver(first, body=b"{}").status_code)
    statuses.append(collector.deliver(other).status_code)
    assert statuses == [201, 201, 200, 409, 400, 422, 403]

    said = scraped(collector.client)

    assert named(said, "collector_reports_total") == {
        series("collector_reports_total", outcome="stored"): collector.count(runs),
        series("collector_reports_total", outcome="repeated"): 1,
    }
    assert named(said, "collector_reports_refused_total") == {
        series("collector_reports_refused_total", code=code): 1
        for code in ("conflict", "not_json", "unknown_version", "foreign_run")
    }
    assert said[series("collector_results_stored_total")] == collector.count(ping_results) == 5
    transactions = "collector_report_transaction_seconds"
    assert said[series(f"{transactions}_count", outcome="committed")] == 4
    assert said[series(f"{transactions}_count", outcome="failed")] == 0
    assert said[series(f"{transactions}_sum", outcome="committed")] > 0
    assert said[series("collector_reports_waiting")] == 0


def test_requests_are_counted_by_the_template_of_their_route(collector: Collector) -> None:
    for path in (
        "/api/v1/runs/x",
        f"/api/v1/runs/{uuid4()}",
        f"/api/v1/runs/{uuid4()}",
        "/no/such",
        "/nor/this",
    ):
        collector.client.get(path)
    collector.client.request("BREW", "/pot")

    said = named(scraped(collector.client), "collector_request_seconds_count")

    def count(method: str, route: str, status: str) -> float:
        return said[series("collector_request_seconds_count", method=method, route=route, status=status)]

    assert count("GET", "/api/v1/runs/{run_id}", "404") == 2
    assert count("GET", "/api/v1/runs/{run_id}", "422") == 1
    assert count("GET", "unknown", "404") == 2
    assert count("unknown", "unknown", "404") == 1
    assert count("PUT", "/api/v1/fleets/{fleet_id}", "201") == 1


def test_refused_credentials_are_counted(collector: Collector) -> None:
    path = f"/api/v1/runs/{uuid4()}"
    statuses = [
        collector.client.put(path, json={}, headers=headers).status_code
        for headers in ({}, basic(collector.tester_id, "wrong"), collector.admin)
    ]
    assert statuses == [401, 401, 403]

    failures = "collector_authentication_failures_total"
    assert named(scraped(collector.client), failures) == {
        series(failures, code="unauthorized"): 2,
        series(failures, code="forbidden"): 1,
    }


def test_failures_of_the_database_are_counted(collector: Collector) -> None:
    with writing(collector.engine) as connection:
        connection.exec_driver_sql("ALTER TABLE ping_results RENAME TO gone")
    assert collector.deliver(a_report(collector.tester_id)).status_code == 503

    said = scraped(collector.client)

    code = "database_unavailable"
    assert said[series("collector_database_failures_total", code=code)] == 1
    assert said[series("collector_reports_refused_total", code=code)] == 1
    assert said[series("collector_report_transaction_seconds_count", outcome="failed")] == 1
    assert said[series("collector_reports_total", outcome="stored")] == 0


def test_rollups_and_retention_are_counted(collector: Collector) -> None:
    old = datetime.now(UTC) - timedelta(days=40)
    if collector.engine.dialect.name == "postgresql":
        Partitions(collector.engine, RESULTS).ensure(old)
    # Retention believes the clock as far as results of a week bear it out.
    borne_out = old + timedelta(days=32)
    for start in (old, old + timedelta(hours=2), borne_out, datetime.now(UTC)):
        assert collector.deliver(a_report(collector.tester_id, started_at=start)).status_code == 201
    assert scraped(collector.client)[series("collector_rollup_waiting_runs")] == 3
    own = own_of(collector)
    before = time.time()
    keeper = Housekeeper(
        collector.engine,
        keep_events=timedelta(days=1),
        keep=Keep(raw=timedelta(days=20)),
        watch=WatchHouse(own),
    )

    keeper.start()
    try:
        until = time.monotonic() + DEADLINE_S
        while scraped(collector.client)[series("collector_rollups_total")] < 3 and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        keeper.stop()
    keeper.tidy(datetime.now(UTC))

    said = scraped(collector.client)
    hours = collector.rows(sa.select(sa.func.count(sa.distinct(ping_rollups_hour.c.hour))))[0][0]
    assert said[series("collector_rollups_total")] == hours == 3
    assert said[series("collector_rollup_waiting_runs")] == 0
    assert said[series("collector_rollup_last_success_timestamp_seconds")] >= before
    assert said[series("collector_retention_removals_total", table="ping_results")] == 1
    assert said[series("collector_retention_removals_total", table="ping_rollups_hour")] == 0


def test_a_rollup_job_that_never_ended_has_no_time() -> None:
    own = OwnMetrics()
    assert "collector_rollup_last_success_timestamp_seconds" not in {
        sample.name for family in own.families() for sample in family.samples
    }


def test_open_event_streams_are_counted_and_ended_ones_are_not(served: Served) -> None:
    def streams() -> float:
        with served.stream("/metrics") as answer:
            return values_in(answer.read().decode())[series("collector_event_streams")]

    with served.stream() as one, served.stream() as other:
        assert one.status == other.status == 200
        assert streams() == 2
    served.services.stopping.set()
    until = time.monotonic() + DEADLINE_S
    while streams() and time.monotonic() < until:
        time.sleep(0.05)
    assert streams() == 0


def test_each_application_counts_for_itself_and_tells_its_build(
    settings: Settings, collector: Collector
) -> None:
    collector.deliver(a_report(collector.tester_id))

    with TestClient(create_app(settings)) as other:
        said = scraped(other)

    assert said[series("collector_reports_total", outcome="stored")] == 0
    ((_, labels),) = named(said, "collector_build_info")
    assert dict(labels)["version"] == VERSION
    assert dict(labels)["database"] == collector.engine.dialect.name
