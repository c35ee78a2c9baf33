from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
import sqlalchemy as sa

from collector.tables import events, ping_results, runs, servers
from tests.collector.a_collector import Collector, a_report
from wire.fields import time_text
from wire.report import digest_of


def test_a_report_is_stored_with_its_statistics(collector: Collector) -> None:
    report = a_report(collector.tester_id, rtt_us=[1000, 3000, -1, 2000])

    answer = collector.deliver(report)

    assert (answer.status_code, answer.json()) == (
        201,
        {"run_id": str(report.run_id), "stored": 2, "repeated": False},
    )
    row = collector.rows(sa.select(ping_results))[0]
    assert (row.state, row.planned, row.sent, row.answered, row.late) == ("lossy", 4, 4, 3, None)
    assert (row.min_us, row.p50_us, row.max_us, row.mean_us, row.dev_us) == (1000, 2000, 3000, 2000, 816)
    assert np.frombuffer(row.probes, dtype="<i4").tolist() == [1000, 3000, -1, 2000]
    assert row.run_id == report.run_id
    assert row.ts == report.started_at


def test_a_report_that_comes_again_is_a_success_that_stores_nothing(collector: Collector) -> None:
    report = a_report(collector.tester_id)
    collector.deliver(report)

    again = collector.deliver(report, zipped=True)

    assert (again.status_code, again.json()["stored"], again.json()["repeated"]) == (200, 2, True)
    assert collector.count(ping_results) == 2
    assert len(collector.rows(sa.select(events).where(events.c.kind == "run.reported"))) == 1


def test_another_report_under_a_known_run_id_is_a_conflict(collector: Collector) -> None:
    report = a_report(collector.tester_id)
    other = a_report(collector.tester_id, sweep_id=report.sweep_id, rtt_us=[5])
    collector.deliver(report)

    answer = collector.deliver(other)

    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert answer.json()["message"] == f"another report is stored for run {report.run_id}"
    assert collector.count(ping_results) == 2


def test_one_report_delivered_by_eight_at_once_is_stored_once(collector: Collector) -> None:
    report = a_report(collector.tester_id, rows=50)

    with ThreadPoolExecutor(8) as pool:
        answers = [answer.result() for answer in [pool.submit(collector.deliver, report) for _ in range(8)]]

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert collector.count(ping_results) == 50


def test_reports_that_mint_the_same_servers_at_once_share_them(collector: Collector) -> None:
    reports = [a_report(collector.tester_id, rows=40) for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(collector.deliver, reports))

    assert [answer.status_code for answer in answers] == [201] * 6
    assert collector.count(servers) == 40
    assert collector.count(ping_results) == 240


def test_a_report_that_was_never_announced_announces_itself(collector: Collector) -> None:
    report = a_report(collector.tester_id)

    collector.deliver(report)

    (row,) = collector.rows(sa.select(runs))
    assert (row.state, row.planned, row.stored, row.trusted, row.reason) == ("complete", 2, 2, True, None)
    assert row.announced_at == row.reported_at


def test_an_announced_run_becomes_what_its_report_says(collector: Collector) -> None:
    report = a_report(collector.tester_id, end="truncated", health={"trusted": False, "reason": "CPU stolen"})

    first, again = collector.announce(report, planned=5), collector.announce(report, planned=5)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {"run_id": str(report.run_id), "state": "announced", "clock_offset_us": None}
    collector.deliver(report)

    (row,) = collector.rows(sa.select(runs))
    assert (row.state, row.planned, row.stored, row.of) == ("truncated", 5, 2, 1)
    assert (row.trusted, row.reason) == (False, "CPU stolen")
    assert collector.announce(report).json()["state"] == "truncated"


def test_an_abandoned_run_becomes_what_a_late_report_says(collector: Collector) -> None:
    report = a_report(collector.tester_id)
    body = {
        "tester_id": str(report.tester_id),
        "sweep_id": str(report.sweep_id),
        "index": 0,
        "of": 1,
        "reason": "the host is gone",
    }
    path = f"/api/v1/runs/{report.run_id}/abandon"

    abandoned = collector.client.post(path, json=body, headers=collector.admin)
    assert (abandoned.status_code, abandoned.json()["state"]) == (200, "abandoned")
    assert collector.rows(sa.select(runs.c.reason)) == [("the host is gone",)]
    collector.deliver(report)

    assert collector.rows(sa.select(runs.c.state, runs.c.reason)) == [("complete", None)]
    assert collector.client.post(path, json=body, headers=collector.admin).json()["state"] == "complete"


def test_an_admin_delivers_what_was_drained_from_a_tester(collector: Collector) -> None:
    report = a_report(collector.tester_id)

    answer = collector.deliver(report, headers=collector.admin)

    assert answer.status_code == 201


def test_a_name_that_does_not_resolve_is_a_stored_result(collector: Collector) -> None:
    report = a_report(collector.tester_id, rows=1, rtt_us=[])
    report.results.address[0] = None
    report.results.family[0] = None
    report.results.details["0"] = {"error": "name does not exist ☹"}

    assert collector.deliver(report).status_code == 201

    (row,) = collector.rows(sa.select(ping_results))
    assert (row.state, row.planned, row.sent, row.min_us, row.probes) == ("dns_failed", 0, 0, None, b"")
    assert row.details == {"error": "name does not exist ☹"}
    assert collector.rows(sa.select(servers.c.ip_addr, servers.c.host)) == [(None, "server0.example.net")]


def test_a_server_that_never_answers_is_stored_as_lost(collector: Collector) -> None:
    collector.deliver(a_report(collector.tester_id, rows=1, rtt_us=[-1, -1, -1]))

    (row,) = collector.rows(sa.select(ping_results))
    assert (row.state, row.sent, row.answered) == ("lost", 3, 0)
    assert (row.min_us, row.p50_us, row.max_us, row.mean_us, row.dev_us) == (None,) * 5


@pytest.mark.parametrize(
    ("rtt_us", "state", "sent", "p50_us"),
    [
        ([5, 6], "ok", 2, 5),
        ([-2, -2, -1], "late_only", 3, None),
        ([-3, -3], "not_run", 0, None),
        ([7, -3, -3], "ok", 1, 7),
        ([7, -1, -2], "lossy", 3, None),
    ],
)
def test_positions_decide_the_state_of_a_result(
    collector: Collector, rtt_us: list[int], state: str, sent: int, p50_us: int | None
) -> None:
    collector.deliver(a_report(collector.tester_id, rows=1, rtt_us=rtt_us))

    assert collector.rows(sa.select(ping_results.c.state, ping_results.c.sent, ping_results.c.p50_us)) == [
        (state, sent, p50_us)
    ]


def test_a_report_without_rows_ends_its_run(collector: Collector) -> None:
    assert collector.deliver(a_report(collector.tester_id, rows=0)).json()["stored"] == 0
    assert collector.rows(sa.select(runs.c.state)) == [("complete",)]


def test_unknown_fields_are_ignored(collector: Collector) -> None:
    report = a_report(collector.tester_id)
    body = (
        report.to_bytes()
        .replace(b'{"v":1', b'{"new":{"a":[1]},"v":1')
        .replace(b'"warmup"', b'"hop":[],"warmup"')
    )

    assert collector.deliver(report, body=body).status_code == 201


def test_labels_of_a_server_are_those_of_the_last_report(collector: Collector) -> None:
    first, second = a_report(collector.tester_id, rows=1), a_report(collector.tester_id, rows=1)
    second.results.group[0] = "core"
    collector.deliver(first)

    collector.deliver(second)

    assert collector.rows(sa.select(servers.c.group)) == [("core",)]


@pytest.mark.parametrize("hours", [-5, 7, 24 * 365 * 40])
def test_a_clock_that_is_off_is_corrected_and_flagged_and_kept(collector: Collector, hours: int) -> None:
    off = timedelta(hours=hours)
    now = datetime.now(UTC)
    report = a_report(collector.tester_id, started_at=now + off)
    header = {"Tester-Time": time_text(now + off)}

    collector.announce(report, headers=header)
    assert collector.deliver(report, headers=header).status_code == 201

    (row,) = collector.rows(sa.select(runs))
    assert row.clock_corrected is True
    assert abs(row.clock_offset_us / 1e6 - off.total_seconds()) < 60
    (ts,) = {row.ts for row in collector.rows(sa.select(ping_results.c.ts))}
    assert ts == row.started_at
    assert abs(ts - now) < timedelta(minutes=1)


@pytest.mark.parametrize("year", [1, 1970, 9999])
def test_an_absurd_year_without_an_offset_becomes_the_time_of_arrival(
    collector: Collector, year: int
) -> None:
    report = a_report(collector.tester_id, started_at=datetime(year, 6, 1, tzinfo=UTC))

    assert collector.announce(report).status_code == 201
    assert collector.deliver(report).status_code == 201

    (row,) = collector.rows(sa.select(runs))
    assert row.clock_corrected is True
    assert abs(row.started_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_clock_within_two_seconds_is_left_alone(collector: Collector) -> None:
    report = a_report(collector.tester_id)

    collector.deliver(report, headers={"Tester-Time": time_text(datetime.now(UTC) + timedelta(seconds=1))})

    (row,) = collector.rows(sa.select(runs))
    assert (row.clock_corrected, row.started_at) == (False, report.started_at)
    assert 0 < row.clock_offset_us < 2_000_000


def test_a_report_of_last_year_finds_a_place(collector: Collector) -> None:
    started_at = datetime.now(UTC) - timedelta(days=400)

    assert collector.deliver(a_report(collector.tester_id, started_at=started_at)).status_code == 201

    assert {row.ts for row in collector.rows(sa.select(ping_results.c.ts))} == {started_at}


def test_a_heartbeat_is_kept(collector: Collector) -> None:
    body = {
        "v": 1,
        "tester_id": str(collector.tester_id),
        "state": "waiting",
        "spooled_count": 3,
        "spooled_bytes": 1,
        "rejected_count": 0,
        "skipped_count": 0,
        "version": "0.1.0",
    }
    for _ in range(2):
        sent = collector.client.post("/api/v1/heartbeats", json=body, headers=collector.tester)
        assert sent.status_code == 204

    (tester,) = collector.client.get("/api/v1/testers").json()["testers"]
    assert tester["heartbeat"]["spooled_count"] == 3
    assert tester["last_seen_at"] is not None


def test_a_report_with_the_right_digest_is_taken(collector: Collector) -> None:
    report = a_report(collector.tester_id)

    assert (
        collector.deliver(report, headers={"Report-Digest": digest_of(report.to_bytes())}).status_code == 201
    )


def test_a_tester_that_is_not_registered_is_refused(collector: Collector) -> None:
    answer = collector.deliver(a_report(uuid4()), headers=collector.admin)

    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_tester")
