import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from collector.errors import Refused
from collector.ingest.columns import read_report
from collector.settings import MIB
from collector.tables import ping_results, runs
from collector.web.bodies import decoded_body
from tests.collector.a_collector import Collector, a_report, basic
from wire.errors import WireError
from wire.report import Report

GOLDEN = Path(__file__).parents[1] / "wire" / "golden"
INVALID = sorted((GOLDEN / "invalid").glob("report-*.json"))
VALID = sorted((GOLDEN / "valid").glob("report-*.json"))


def nothing_is_stored(collector: Collector) -> bool:
    stored = collector.rows(sa.select(runs.c.body_sha256).where(runs.c.body_sha256.is_not(None)))
    return collector.count(ping_results) == 0 and not stored


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_what_wire_takes_the_collector_takes(path: Path) -> None:
    body = path.read_bytes()
    slow, fast = Report.from_bytes(body), read_report(body)

    assert (fast.run_id, fast.started_at, fast.end) == (slow.run_id, slow.started_at, slow.end)
    assert fast.columns.rtt_us.tolist() == slow.results.rtt_us
    assert fast.columns.address == slow.results.address
    assert [None if late == -1 else late for late in fast.columns.late.tolist()] == slow.results.late


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_what_wire_refuses_the_collector_refuses_in_the_same_words(path: Path) -> None:
    body = path.read_bytes()
    with pytest.raises(WireError) as slow:
        Report.from_bytes(body)

    with pytest.raises(WireError) as fast:
        read_report(body)

    assert str(fast.value).startswith("not JSON") == str(slow.value).startswith(("not JSON", "NaN"))
    if not str(fast.value).startswith("not JSON"):
        assert str(fast.value) == str(slow.value)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_the_fast_reader_needs_no_help_to_refuse(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.ingest.columns.EXPLAINED_BYTES", 0)

    with pytest.raises(WireError):
        read_report(path.read_bytes())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rtt_us": [-4, 1, 1]}, "results.rtt_us[0]: must lie between -3 and 600000000"),
        ({"rtt_us": [1, 600_000_001, 1]}, "results.rtt_us[1]: must lie between -3 and 600000000"),
        ({"rtt_us": [1, 1.5, 1]}, "results.rtt_us[1]: must be an integer"),
        ({"rtt_us": [1, True, 1]}, "results.rtt_us[1]: must be an integer"),
        ({"rtt_us": [1, 10**30, 1]}, "results.rtt_us[1]: must lie between -3 and 600000000"),
        ({"rtt_us": [1, 1]}, "results.rtt_us: has 2 items, 3 are planned"),
        ({"planned": []}, "results.planned: has 0 items, server has 1"),
        ({"late": [1]}, "results.late[0]: does not fit the 0 late positions"),
        ({"server": ["a\x00b"]}, "results.server[0]: holds a NUL or a lone surrogate"),
    ],
)
def test_a_wrong_column_is_refused_with_its_place(
    collector: Collector, change: dict[str, Any], message: str
) -> None:
    report = a_report(collector.tester_id, rows=1)
    body = json.loads(report.to_bytes())
    body["results"] |= change

    answer = collector.deliver(report, body=json.dumps(body).encode())

    assert (answer.status_code, answer.json()["error"], answer.json()["message"]) == (422, "invalid", message)
    assert nothing_is_stored(collector)


def test_a_nan_is_not_json(collector: Collector) -> None:
    report = a_report(collector.tester_id, rows=1)

    answer = collector.deliver(report, body=report.to_bytes().replace(b"[1000,", b"[NaN,"))

    assert (answer.status_code, answer.json()["error"]) == (400, "not_json")
    assert nothing_is_stored(collector)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[1]", b"[" * 100_000, b"null", b'{"v":1}{'])
def test_rubbish_is_refused_and_never_a_failure(collector: Collector, body: bytes) -> None:
    report = a_report(collector.tester_id)

    for answer in (
        collector.deliver(report, body=body),
        collector.client.put(f"/api/v1/runs/{report.run_id}", content=body, headers=collector.tester),
        collector.client.post("/api/v1/heartbeats", content=body, headers=collector.tester),
    ):
        assert answer.status_code in (400, 422)
        assert set(answer.json()) >= {"error", "message", "hint"}


def test_a_report_of_an_unknown_version_is_told_the_known_ones(collector: Collector) -> None:
    report = a_report(collector.tester_id)

    answer = collector.deliver(report, body=report.to_bytes().replace(b'{"v":1', b'{"v":99'))

    assert (answer.status_code, answer.json()["error"]) == (422, "unknown_version")
    assert answer.json()["message"] == "v: report version 99 is unknown here, known: 1"
    assert answer.json()["known"] == [1]


def test_a_foreign_run_id_is_refused(collector: Collector) -> None:
    foreign = a_report(uuid4())
    own = a_report(collector.tester_id)

    theirs = collector.deliver(foreign)
    mixed = collector.client.put(
        f"/api/v1/runs/{foreign.run_id}/report", content=own.to_bytes(), headers=collector.tester
    )
    announced = collector.announce(foreign)

    for answer in (theirs, mixed, announced):
        assert (answer.status_code, answer.json()["error"]) == (403, "foreign_run")
    assert theirs.json()["message"] == f"the run is tester {foreign.tester_id}'s"
    assert nothing_is_stored(collector)


def test_a_retired_tester_is_told_so(collector: Collector) -> None:
    path = f"/api/v1/testers/{collector.tester_id}/retire"
    assert collector.client.post(path, headers=collector.admin).status_code == 200
    report = a_report(collector.tester_id)

    for answer in (collector.deliver(report), collector.announce(report)):
        assert (answer.status_code, answer.json()["error"]) == (410, "tester_retired")
    assert collector.deliver(report, headers=collector.admin).status_code == 410


def test_a_wrong_token_stores_nothing(collector: Collector) -> None:
    answer = collector.deliver(a_report(collector.tester_id), headers=basic(collector.tester_id, "wrong"))

    assert (answer.status_code, answer.json()["message"]) == (401, "the user or the token is wrong")
    assert nothing_is_stored(collector)


def test_a_digest_of_another_body_is_refused(collector: Collector) -> None:
    answer = collector.deliver(
        a_report(collector.tester_id), headers={"Report-Digest": "sha-256=" + "0" * 64}
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "digest_mismatch")
    assert nothing_is_stored(collector)


def test_a_declared_length_of_100_mb_is_refused_unread(collector: Collector) -> None:
    answer = collector.client.put(
        f"/api/v1/runs/{uuid4()}/report",
        content=b"{}",
        headers=collector.tester | {"Content-Length": str(100 * MIB)},
    )

    assert (answer.status_code, answer.json()["message"]) == (
        413,
        f"the body is larger than {64 * MIB} bytes",
    )


def test_100_mb_without_a_declared_length_are_refused(collector: Collector) -> None:
    def body() -> Any:
        for _ in range(100):
            yield b" " * MIB

    answer = collector.client.put(f"/api/v1/runs/{uuid4()}/report", content=body(), headers=collector.tester)

    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_a_gzip_bomb_is_refused(collector: Collector) -> None:
    bomb = gzip.compress(b" " * (300 * MIB), compresslevel=1)

    answer = collector.client.put(
        f"/api/v1/runs/{uuid4()}/report",
        content=bomb,
        headers=collector.tester | {"Content-Encoding": "gzip"},
    )

    assert (answer.status_code, answer.json()["message"]) == (
        413,
        f"the body is larger than {256 * MIB} bytes",
    )


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b"{}" * 1000, mtime=0)[:-9], b"\x1f\x8b"])
def test_what_is_not_gzip_is_refused(collector: Collector, body: bytes) -> None:
    answer = collector.client.put(
        f"/api/v1/runs/{uuid4()}/report",
        content=body,
        headers=collector.tester | {"Content-Encoding": "gzip"},
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "bad_gzip")


def test_gzip_of_several_members_is_one_body() -> None:
    body = gzip.compress(b"a" * 10) + gzip.compress(b"b")

    assert decoded_body(body, encoding="gzip", most=100) == b"a" * 10 + b"b"


def test_two_rows_of_one_server_address_are_refused(collector: Collector) -> None:
    report = a_report(collector.tester_id, rows=2)
    report.results.server[1] = "server0"
    report.results.address[1] = report.results.address[0]

    answer = collector.deliver(report)

    assert (answer.status_code, answer.json()["message"]) == (
        422,
        "results.server[1]: repeats the server and address of row 0",
    )


def test_gzip_of_many_members_is_taken_and_of_too_many_refused() -> None:
    member = gzip.compress(b"ab")

    assert decoded_body(member * 1_000, encoding="gzip", most=MIB) == b"ab" * 1_000
    with pytest.raises(Refused) as refused:
        decoded_body(member * 1_001, encoding="gzip", most=MIB)
    assert (refused.value.status, refused.value.code) == (400, "bad_gzip")
    assert refused.value.message == "the body is not gzip: it has more than 1000 members"


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused_before_credentials_are_asked_for(
    collector: Collector, declared: bool
) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b"a" * MIB

    content = b"a" * (17 * MIB) if declared else endless()
    answer = collector.client.put(
        f"/api/v1/fleets/{uuid4()}", content=content, headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert answer.headers["Connection"] == "close"
    assert "Collector-Time" in answer.headers
