"""The tester as a real process, against a real HTTP server at the collector's port."""

import json
import re
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from wire.identity import run_id_of
from wire.job import Job, JobServer, ProbePlan
from wire.report import Report

pytestmark = pytest.mark.usefixtures("can_ping")


def test_a_run_by_hand_shows_a_table(place: Any) -> None:
    ended = place.run("run", "--host", "127.0.0.1", "--count", "6", "--interval", "10ms")

    assert ended.code == 0, ended.err
    head, row, end = ended.out.splitlines()
    assert head.split()[:3] == ["SERVER", "ADDRESS", "STATE"]
    assert re.match(r"127\.0\.0\.1  127\.0\.0\.1  ok +6 +0  0\.0 %  +0\.0–39\.0 %  +\d", row)
    assert "n/a" in row
    assert end.startswith("run 1 of 1, complete")


def test_json_output_is_the_report_one_line_a_run(place: Any) -> None:
    ended = place.run(
        *("run", "--host", "127.0.0.1", "--count", "2", "--interval", "0.01", "--repeat", "2"),
        *("--output", "json"),
    )

    reports = [Report.from_bytes(line.encode()) for line in ended.out.splitlines()]
    assert [report.index for report in reports] == [0, 1]
    assert len({report.run_id for report in reports}) == 2
    assert all(rtt >= 0 for report in reports for rtt in report.results.rtt_us)
    assert reports[0].results.late == [0]


def test_every_argument_comes_by_environment_too(place: Any) -> None:
    ended = place.run(
        "run", env={"TESTER_HOST": "127.0.0.1 127.0.0.2", "TESTER_COUNT": "2", "TESTER_OUTPUT": "json"}
    )

    report = Report.from_bytes(ended.out.encode())
    assert report.results.address == ["127.0.0.1", "127.0.0.2"]
    assert report.probe.count == 2


def test_servers_come_from_stdin_and_bad_lines_are_named(place: Any) -> None:
    ended = place.run(
        *("run", "--servers", "-", "--count", "1", "--output", "json"),
        text="# servers\none 127.0.0.1 edge\n\n127.0.0.2\na b c d\none 127.0.0.3\n",
    )

    report = Report.from_bytes(ended.out.encode())
    assert ended.code == 0
    assert report.results.server == ["one", "127.0.0.2"]
    assert report.results.group == ["edge", ""]
    assert ended.err.splitlines() == [
        "tester: stdin, line 5: 4 words, but a line is `name host [group]` or `host`; this line is left out",
        "tester: stdin, line 6: the server name 'one' is taken by line 2; this line is left out",
    ]


def test_a_name_that_does_not_resolve_is_a_row_and_no_crash(place: Any) -> None:
    name = "x" * 64 + ".invalid"
    ended = place.run("run", "--host", name, "--host", "127.0.0.1", "--count", "1", "--output", "json")

    report = Report.from_bytes(ended.out.encode())
    assert ended.code == 0
    assert report.results.address == [None, "127.0.0.1"]
    assert report.results.planned == [0, 1]
    assert report.results.details["0"]["error"].startswith(f"{name}"[:60])


def test_a_server_that_never_answers_is_a_row_of_lost_probes(place: Any) -> None:
    # 0.0.0.0 answers from 127.0.0.1, which is another address: no answer of the server's.
    ended = place.run(
        *("run", "--host", "0.0.0.0", "--count", "3", "--interval", "10ms", "--timeout", "0.2"),
        *("--output", "json"),
    )

    assert ended.code == 0
    assert Report.from_bytes(ended.out.encode()).results.rtt_us == [-1, -1, -1]


def test_a_job_is_announced_probed_and_delivered(
    place: Any, collector: Any, job_for: Callable[..., Job]
) -> None:
    job = job_for(collector.url)
    collector.ahead = timedelta(hours=3)
    ended = place.run(*place.arguments(job))

    run_id = run_id_of(sweep_id=job.sweep_id, tester_id=job.tester_id, index=0)
    assert ended.code == 0, ended.err
    assert [request.path for request in collector.requests if "/runs/" in request.path] == [
        f"/api/v1/runs/{run_id}",
        f"/api/v1/runs/{run_id}/report",
    ]
    announced, report = collector.announcements[0], collector.reports[run_id]
    assert announced.planned == len(report.results) == 1
    assert announced.started_at == report.started_at
    assert report.health["clock_offset_us"] == pytest.approx(3 * 3600e6, abs=2e6)
    assert report.health["trusted"] in (True, False)
    assert place.spooled() == []
    assert all(request.headers["tester-time"] for request in collector.requests)
    assert {beat.state for beat in collector.heartbeats} >= {"stopping"}
    assert "secret-token" not in ended.err


def test_a_collector_that_comes_back_gets_everything_once(
    place: Any, new_collector: Any, job_for: Callable[..., Job]
) -> None:
    first = new_collector()
    first.close()
    job = job_for(first.url, repeat=3)
    process = place.start(*place.arguments(job))
    _until(lambda: len(place.spooled()) == 3)
    again = new_collector(first.port)
    _out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    reports = [request for request in again.requests if request.path.endswith("/report")]
    assert len(reports) == len(again.reports) == 3
    assert place.spooled() == []


def test_a_wrong_token_keeps_the_spool_and_is_told(
    place: Any, collector: Any, job_for: Callable[..., Job], reply: Any
) -> None:
    collector.answering = lambda request: (
        None if request.path == "/healthz" else reply(status=401, body={"error": "unauthorized"})
    )
    job = job_for(collector.url)
    ended = place.run(*place.arguments(job, "--deliver-for", "0.5s"))

    assert ended.code == 3
    assert collector.reports == {}
    assert len(place.spooled()) == 1
    assert ended.event("unauthorized")["text"] == (
        f"{collector.url} refuses this tester's credentials (401): is {job.tester_id} registered, "
        "and the token file the right one? Reports stay in the spool"
    )
    assert "tester deliver --spool" in ended.event("reports_spooled")["text"]

    collector.answering = lambda request: None
    sent = place.run(
        *("deliver", "--spool", str(place.spool), "--collector", collector.url),
        *("--token-file", str(place.token_file)),
    )
    assert (sent.code, sent.out) == (0, "1 report delivered\n")
    assert len(collector.reports) == 1


@pytest.mark.parametrize("status", [400, 403, 409, 410, 413, 422])
def test_what_is_never_accepted_is_put_aside_and_blocks_nothing(
    place: Any, collector: Any, job_for: Callable[..., Job], reply: Any, status: int
) -> None:
    job = job_for(collector.url, repeat=2)
    bad = run_id_of(sweep_id=job.sweep_id, tester_id=job.tester_id, index=0)
    good = run_id_of(sweep_id=job.sweep_id, tester_id=job.tester_id, index=1)
    collector.answering = lambda request: (
        reply(status=status, body={"error": "no", "message": "not this one", "hint": None})
        if request.path == f"/api/v1/runs/{bad}/report"
        else None
    )
    ended = place.run(*place.arguments(job))

    assert ended.code == 1
    assert list(collector.reports) == [good]
    (rejected,) = place.rejected()
    reason = json.loads(rejected.with_name(rejected.name.replace(".json.gz", ".reason.json")).read_text())
    assert (reason["status"], reason["message"]) == (status, "not this one")
    assert f"the report of run {bad} will never be accepted" in ended.event("report_rejected")["text"]
    told = [beat for beat in collector.heartbeats if beat.rejected_count == 1]
    assert told
    assert str(bad) in (told[0].last_error or "")


def test_a_busy_collector_is_asked_again_when_it_said(
    place: Any, collector: Any, job_for: Callable[..., Job], reply: Any
) -> None:
    times: list[float] = []

    def answering(request: Any) -> Any:
        if not request.path.endswith("/report"):
            return None
        times.append(time.monotonic())
        if len(times) == 1:
            return reply(status=503, headers={"Retry-After": "1"}, body={"error": "busy"})
        return None

    collector.answering = answering
    ended = place.run(*place.arguments(job_for(collector.url)))

    assert ended.code == 0
    assert len(times) == 2
    assert times[1] - times[0] >= 1.0


def test_a_collector_that_never_answers_costs_the_run_little(
    place: Any, collector: Any, job_for: Callable[..., Job], reply: Any
) -> None:
    collector.answering = lambda request: reply(before=lambda: time.sleep(8))
    ended = place.run(*place.arguments(job_for(collector.url), "--deliver-for", "0.5s"))

    assert ended.code == 3
    assert len(place.spooled()) == 1
    assert "no time" in ended.event("reports_spooled")["text"]


def test_a_collector_of_another_version_is_refused_with_the_remedy(
    place: Any, collector: Any, job_for: Callable[..., Job]
) -> None:
    collector.health = {"status": "ok", "api_version": 2, "report_versions": [2, 3]}
    ended = place.run(*place.arguments(job_for(collector.url)))

    assert ended.code == 2
    assert (
        f"tester: the collector at {collector.url} speaks API version 2 and reads report versions 2, 3; "
        "this tester (0.1.0) speaks API version 1 and writes report version 1: install a tester of that "
        "collector's release"
    ) in ended.err
    assert collector.reports == {}


def test_a_collector_of_the_next_version_that_still_reads_ours_gets_the_report(
    place: Any, collector: Any, job_for: Callable[..., Job]
) -> None:
    collector.health = {"status": "ok", "api_version": 2, "api_versions": [2, 1], "report_versions": [2, 1]}
    ended = place.run(*place.arguments(job_for(collector.url)))

    assert ended.code == 0
    assert len(collector.reports) == 1


def test_a_stranger_on_the_port_is_recognised_and_gets_no_token(
    place: Any, collector: Any, job_for: Callable[..., Job], reply: Any
) -> None:
    collector.answering = lambda request: reply(status=404)
    ended = place.run(*place.arguments(job_for(collector.url), "--deliver-for", "0.2s"))

    assert ended.code == 3
    assert ended.event("not_a_collector")["text"] == (
        f"{collector.url} is no collector of this project (GET /healthz: 404); "
        "see what listens there, or give another --collector"
    )


def test_sigterm_ends_the_run_as_truncated_and_delivers_it(
    place: Any, collector: Any, job_for: Callable[..., Job]
) -> None:
    plan = ProbePlan(count=1000, interval_s=0.05, timeout_s=1.0)
    job = job_for(collector.url, probe=plan, repeat=None)
    process = place.start(*place.arguments(job))
    collector.wait(lambda: len(collector.announcements) == 1)
    time.sleep(0.8)
    process.send_signal(signal.SIGTERM)
    _out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    (report,) = collector.reports.values()
    assert report.end == "truncated"
    assert report.results.planned == [1000]
    assert report.results.rtt_us[-1] == -3
    assert all(rtt >= 0 for rtt in report.results.rtt_us if rtt != -3)


def test_the_job_is_read_again_before_each_run_and_a_bad_one_is_told(
    place: Any, collector: Any, job_for: Callable[..., Job]
) -> None:
    job = job_for(collector.url, repeat=3, every_s=2.5)
    process = place.start(*place.arguments(job))
    collector.wait(lambda: len(collector.reports) == 1)
    (place.directory / "job.json").write_text("{")
    collector.wait(lambda: len(collector.reports) == 2)
    servers = (JobServer(name="there", host="127.0.0.9"),)
    place.write_job(Job.from_dict(job.to_dict() | {"servers": [servers[0].to_dict()]}))
    _out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    ordered = sorted(collector.reports.values(), key=lambda report: report.index)
    assert [report.results.server for report in ordered] == [["here"], ["here"], ["there"]]
    assert "is wrong: not JSON" in err
    assert "the job as it was before goes on" in err


def test_a_restart_goes_on_with_the_next_run(place: Any, collector: Any, job_for: Callable[..., Job]) -> None:
    job = job_for(collector.url, repeat=2)
    assert place.run(*place.arguments(job)).code == 0
    longer = Job.from_dict(job.to_dict() | {"run": {"repeat": 3, "every_s": 0, "jitter_s": 0}})
    assert place.run(*place.arguments(longer)).code == 0

    assert sorted(report.index for report in collector.reports.values()) == [0, 1, 2]
    assert len([request for request in collector.requests if request.path.endswith("/report")]) == 3


def test_a_run_that_is_spooled_already_is_not_made_again(
    place: Any, collector: Any, job_for: Callable[..., Job]
) -> None:
    job = job_for(None, repeat=2)
    assert place.run(*place.arguments(job)).code == 0
    (place.spool / "state.json").unlink()
    before = [path.read_bytes() for path in place.spooled()]
    again = Job.from_dict(job.to_dict() | {"collector": {"url": collector.url, "insecure": False}})
    ended = place.run(*place.arguments(again))

    assert ended.code == 0, ended.err
    assert len(before) == 2
    assert [event for event in ended.events() if event["event"] == "run_started"] == []
    assert len(collector.reports) == 2


def test_sigkill_at_any_moment_loses_and_doubles_nothing_that_was_spooled(
    place: Any, collector: Any, job_for: Callable[..., Job]
) -> None:
    job = job_for(collector.url, repeat=14, probe=ProbePlan(count=1, interval_s=0.01, timeout_s=0.2))
    bodies: dict[UUID, set[str]] = {}

    def answering(request: Any) -> None:
        if request.path.endswith("/report"):
            run_id = UUID(request.path.split("/")[-2])
            bodies.setdefault(run_id, set()).add(request.headers["report-digest"])

    collector.answering = answering
    for delay_s in (0.35, 0.55, 0.8, 1.1):
        process = place.start(*place.arguments(job))
        time.sleep(delay_s)
        process.kill()
        process.communicate()
    ended = place.run(*place.arguments(job))

    assert ended.code == 0, ended.err
    assert sorted(report.index for report in collector.reports.values()) == list(range(14))
    assert all(len(digests) == 1 for digests in bodies.values()), "a run was made twice"
    assert place.spooled() == place.rejected() == []
    assert list(place.spool.rglob("*.tmp")) == []


def test_a_second_tester_on_one_spool_is_refused(place: Any, job_for: Callable[..., Job]) -> None:
    job = job_for(None, repeat=None, every_s=60.0)
    process = place.start(*place.arguments(job))
    _until(lambda: len(place.spooled()) == 1)
    ended = place.run(*place.arguments(job))

    assert ended.code == 2
    assert (
        f"the spool {place.spool} is in use by another tester (process {process.pid}): "
        "wait for its end, or choose another with --spool"
    ) in ended.err


def test_a_full_spool_begins_no_run_and_counts_it(
    place: Any, collector: Any, job_for: Callable[..., Job], reply: Any
) -> None:
    collector.answering = lambda request: reply(status=503) if request.path.endswith("/report") else None
    job = job_for(collector.url, repeat=2, every_s=0.2)
    ended = place.run(*place.arguments(job, "--spool-limit", "10", "--deliver-for", "1s"))

    assert ended.code == 3
    assert len(place.spooled()) == 1
    assert ended.event("run_skipped")["text"] == (
        f"run 1 of sweep {job.sweep_id} is not begun: the spool {place.spool} is at its limit of 10 bytes; "
        "deliver what it holds, or raise --spool-limit"
    )
    assert json.loads((place.spool / "state.json").read_text())["skipped_count"] == 1
    collector.answering = lambda request: None
    place.run(*place.arguments(job))
    assert collector.heartbeats[-1].skipped_count == 1


def test_a_damaged_spool_file_is_put_aside_and_the_rest_goes_on(
    place: Any, collector: Any, job_for: Callable[..., Job]
) -> None:
    job = job_for(None, repeat=2)
    assert place.run(*place.arguments(job)).code == 0
    first = place.spooled()[0]
    first.write_bytes(first.read_bytes()[:40])
    (place.spool / "reports" / "rubbish.json.gz").write_bytes(b"?")
    ended = place.run(
        *("deliver", "--spool", str(place.spool), "--collector", collector.url),
        *("--token-file", str(place.token_file)),
    )

    assert (ended.code, ended.out) == (1, "1 report delivered, 1 rejected\n")
    assert {path.name for path in place.rejected()} == {first.name, "rubbish.json.gz"}
    assert len(collector.reports) == 1


def test_ten_thousand_probes_to_a_thousand_servers_lose_none(place: Any) -> None:
    lines = "".join(f"s{n} 127.{1 + n // 250}.{n % 250}.7\n" for n in range(1000))
    ended = place.run("run", "--servers", "-", "--count", "10", "--output", "json", text=lines)

    report = Report.from_bytes(ended.out.encode())
    assert len(report.results) == 1000
    assert len(report.results.rtt_us) == 10_000
    assert min(report.results.rtt_us) >= 0


def _until(true: Callable[[], bool], *, for_s: float = 10.0) -> None:
    end = time.monotonic() + for_s
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
