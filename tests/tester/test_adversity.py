"""What the tester does when the world around it is broken, hostile or full of junk."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tester.arguments import read_arguments
from tester.commands.outlet import default_spool
from tester.errors import UsageError
from tester.outbox import Outbox
from tester.spool import Spool
from tester.state import State
from wire.identity import run_id_of
from wire.job import Job, JobServer, ProbePlan
from wire.report import Report

pytestmark = pytest.mark.usefixtures("can_ping")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--spool-limit", "9" * 400), "--spool-limit: '99999"),
        (("--job", "~nobody-has-this-name/job.json"), "--job: '~nobody-has-this-name/job.json' has no home"),
        (("--spool", "~nobody-has-this-name"), "--spool: '~nobody-has-this-name' has no home"),
    ],
)
def test_an_argument_that_cannot_be_is_named(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_arguments(["run", *arguments], {})
    assert str(caught.value).startswith(message)


def test_a_server_file_in_nobodys_home_is_a_usage_error(place: Any) -> None:
    ended = place.run("run", "--servers", "~nobody-has-this-name/servers")

    assert ended.code == 2
    assert ended.err == "tester: --servers: '~nobody-has-this-name/servers' has no home directory\n"


def test_without_a_home_the_spool_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(path: str) -> str:
        return path

    monkeypatch.setattr(os.path, "expanduser", homeless)
    with pytest.raises(UsageError, match=r"this user has no home directory: give --spool DIR"):
        default_spool(uuid4(), {})


def test_bytes_on_stdin_that_are_no_text_are_one_bad_line(place: Any) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tester", "run", "--servers", "-", "--count", "1", "--interval", "0"],
        input=b"\xff\xfe\x01\n127.0.0.1\n",
        env=os.environ | {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "0", "PYTHONIOENCODING": "utf-8:strict"},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert b"stdin, line 1:" in ended.stderr


def test_a_full_disk_under_stdout_is_told(place: Any) -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "tester", "run", "--host", "127.0.0.1", "--count", "1"],
            cwd=Path(__file__).resolve().parents[2],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=20,
            check=False,
        )
    assert process.returncode == 1
    assert process.stderr == b"tester: stdout cannot be written: No space left on device\n"


def test_a_full_disk_under_the_log_stops_neither_probing_nor_delivery(
    place: Any, collector: Any, job_for: Callable[..., Job]
) -> None:
    job = job_for(collector.url, repeat=2)
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "tester", *place.arguments(job)],
            cwd=Path(__file__).resolve().parents[2],
            stderr=full,
            timeout=20,
            check=False,
        )
    assert process.returncode == 0
    assert len(collector.reports) == 2


def test_a_run_that_memory_cannot_hold_is_refused(place: Any, job_for: Callable[..., Job]) -> None:
    servers = tuple(JobServer(name=f"s{number}", host="127.0.0.1") for number in range(3_000))
    job = job_for(servers=servers, probe=ProbePlan(count=100_000, interval_s=0.0))
    ended = place.run(*place.arguments(job))

    assert ended.code == 2
    assert "3000 servers × 100000 probes are 300000000, and a run holds 100000000 at most" in ended.err


def test_a_stranger_is_given_no_token(
    place: Any, collector: Any, job_for: Callable[..., Job], reply: Any
) -> None:
    collector.answering = lambda request: reply(status=404)
    place.run(*place.arguments(job_for(collector.url), "--deliver-for", "0.2s"))

    assert collector.requests
    assert not [request for request in collector.requests if "authorization" in request.headers]


@pytest.mark.parametrize("status", [200, 201, 204, 400, 403, 413])
def test_an_answer_that_is_not_the_collectors_keeps_the_report(
    place: Any, collector: Any, job_for: Callable[..., Job], reply: Any, status: int
) -> None:
    collector.answering = lambda request: reply(status=status) if request.path.endswith("/report") else None
    ended = place.run(*place.arguments(job_for(collector.url), "--deliver-for", "0.3s"))

    assert ended.code == 3
    assert len(place.spooled()) == 1
    assert place.rejected() == []
    assert ended.event("not_the_collector")["text"] == (
        f"{collector.url}: the answer ({status}) is not a collector's; what stands between? "
        "Reports stay in the spool"
    )


def test_a_stop_while_names_are_asked_leaves_the_run_unmade(
    place: Any, collector: Any, job_for: Callable[..., Job], tmp_path: Path
) -> None:
    # A name server that never answers, in a mount namespace of its own.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        try:
            server.bind(("127.0.0.153", 53))
        except OSError as error:
            pytest.skip(f"the port of name servers cannot be had here: {error}")
        resolv = tmp_path / "resolv.conf"
        resolv.write_text("nameserver 127.0.0.153\noptions timeout:30 attempts:1\n")
        job = job_for(collector.url, servers=(JobServer(name="slow", host="slow.example"),))
        before = ("unshare", "-m", "sh", "-c", f'mount --bind {resolv} /etc/resolv.conf && exec "$@"', "sh")
        try:
            process = place.start(*place.arguments(job), before=before)
            server.settimeout(5)
            server.recv(512)
        except OSError as error:
            pytest.skip(f"no mount namespace here: {error}")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    # The name server would be waited for through 30 s.
    assert time.monotonic() - began < 20
    assert collector.reports == {}
    assert place.spooled() == []


def test_a_stop_ends_soon_though_the_collector_hangs(
    place: Any, collector: Any, job_for: Callable[..., Job], reply: Any
) -> None:
    asked, free = threading.Event(), threading.Event()

    def hang() -> None:
        asked.set()
        free.wait(120)

    # With the report there is something that a stop has to keep.
    collector.answering = lambda request: reply(before=hang) if request.path.endswith("/report") else None
    process = place.start(*place.arguments(job_for(collector.url)))
    assert asked.wait(30)
    process.send_signal(signal.SIGTERM)
    try:
        # The collector still hangs: it is not waited for.
        _out, err = process.communicate(timeout=60)
    finally:
        free.set()

    assert process.returncode == 3, err
    assert len(place.spooled()) == 1


def test_junk_in_the_spool_blocks_nothing(place: Any, collector: Any, job_for: Callable[..., Job]) -> None:
    reports = place.spool / "reports"
    reports.mkdir(parents=True)
    (reports / f"20260101T000000.000000Z-{uuid4()}.json.gz").mkdir()
    os.mkfifo(reports / f"20260101T000001.000000Z-{uuid4()}.json.gz")
    (reports / f"20260101T000002.000000Z-{uuid4()}.json.gz").symlink_to("/nowhere")
    (reports / "core").write_text("junk")
    (place.spool / "rejected").mkdir()
    (place.spool / "rejected" / "junk").mkdir()
    ended = place.run(*place.arguments(job_for(collector.url), "--deliver-for", "5s"))

    assert ended.code == 0, ended.err
    assert len(collector.reports) == 1


def test_a_spool_that_is_removed_meanwhile_is_made_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limit_bytes=2**20)
    spool.reports.rmdir()
    spool.rejected.rmdir()
    assert not spool.is_full()
    spool.add(b"{}", run_id=uuid4(), started_at=NOON)
    assert len(spool.waiting()) == 1
    spool.close()


def test_a_report_that_goes_wrong_lets_those_in_memory_go_first(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limit_bytes=2**20)
    outbox = Outbox(spool)
    on_disk, in_memory = uuid4(), uuid4()
    assert outbox.put(b"{}", run_id=on_disk, started_at=NOON)
    # No directory, and a file in its place: the disk takes nothing more.
    spool.reports.rename(tmp_path / "away")
    spool.reports.write_text("")
    assert not outbox.put(b"{}", run_id=in_memory, started_at=NOON)

    orders = []
    for _ in range(4):
        waiting = outbox.next()
        assert waiting is not None
        orders.append(waiting.run_id)
        outbox.put_back(waiting.run_id)
    assert orders == [on_disk, in_memory, on_disk, in_memory]
    spool.close()


def test_a_time_without_zone_in_the_state_is_no_time(tmp_path: Path) -> None:
    sweep_id, tester_id = uuid4(), uuid4()
    path = tmp_path / "state.json"
    path.write_text(
        f'{{"v":1,"skipped_count":0,"sweeps":{{"{sweep_id}/{tester_id}":'
        '{"next_index":1,"last_started_at":"2026-03-01T12:00:00"}}}'
    )
    state = State(path, complain=pytest.fail)
    assert state.last_started_at(sweep_id=sweep_id, tester_id=tester_id) is None


def _frozen_in_the_middle(place: Any, collector: Any, job: Job, *, engine: str) -> Report:
    process = place.start(*place.arguments(job, "--engine", engine))
    collector.wait(lambda: len(collector.announcements) == 1)
    time.sleep(0.8)
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    process.send_signal(signal.SIGCONT)
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    report: Report = collector.reports[run_id_of(sweep_id=job.sweep_id, tester_id=job.tester_id, index=0)]
    return report


@pytest.mark.parametrize("engine", ["linux", "icmplib"])
def test_a_tester_that_was_frozen_loses_no_probe_and_is_not_trusted(
    place: Any, collector: Any, job_for: Callable[..., Job], engine: str
) -> None:
    plan = ProbePlan(count=100, interval_s=0.02, timeout_s=0.5)
    servers = tuple(JobServer(name=f"s{number}", host=f"127.0.2.{number}") for number in range(1, 101))
    job = job_for(collector.url, servers=servers, probe=plan)

    report = _frozen_in_the_middle(place, collector, job, engine=engine)

    assert -1 not in report.results.rtt_us
    assert report.health["trusted"] is False
    assert "behind its plan" in report.health["reason"]


def test_the_code_point_is_on_the_wire(place: Any) -> None:
    try:
        ear = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    except PermissionError:
        pytest.skip("hearing what is sent needs a raw socket")
    with ear:
        ear.settimeout(5)
        process = place.start("run", "--host", "127.0.7.46", "--count", "1", "--dscp", "46")
        while True:
            packet, _source = ear.recvfrom(2_048)
            if packet[16:20] == socket.inet_aton("127.0.7.46") and packet[20] == 8:
                break
        process.communicate(timeout=60)
    assert packet[1] >> 2 == 46


def test_connect_times_by_hand_need_no_permission(place: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ear:
        port = str(ear.getsockname()[1])
        powerless: dict[str, Any] = {}
        if os.geteuid() == 0:
            powerless["before"] = [
                "setpriv",
                "--securebits=+noroot",
                "--bounding-set=-all",
                "--inh-caps=-all",
            ]
        process = place.start(
            *("run", "--host", "127.0.0.1", "--port", port, "--count", "3", "--interval", "10ms"),
            *("--output", "json"),
            **powerless,
        )
        out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    report = json.loads(out)
    assert report["results"]["probe_type"] == ["tcp"]
    assert report["results"]["port"] == [int(port)]
    assert min(report["results"]["rtt_us"]) >= 0
    assert len(report["results"]["details"]["0"]["kernel_rtt_us"]) == 3
    assert report["engine"]["name"] == "tcp"


def test_paths_are_traced_by_hand_and_after_a_run(place: Any) -> None:
    process = place.start("trace", "--host", "127.0.0.1", "--host", "::1", "--output", "json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    found = [json.loads(line) for line in out.splitlines()]
    assert [(each["address"], each["reached"], len(each["hops"])) for each in found] == [
        ("127.0.0.1", True, 1),
        ("::1", True, 1),
    ]

    arguments = ("--host", "127.0.0.1", "--host", "127.0.0.2", "--count", "2", "--interval", "10ms")
    process = place.start("run", *arguments, "--trace", "worst", "--output", "json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    details = json.loads(out)["results"]["details"]
    assert [details[row]["trace"]["hops"][0]["kinds"] for row in ("0", "1")] == [["reply"]] * 2


def test_a_trace_without_a_host_is_a_usage_error(place: Any) -> None:
    process = place.start("trace")
    _out, err = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "give --host HOST" in err
