"""Reports that chance has made wrong: refused with 4xx, or stored and then read back by everybody."""

import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.collector.a_collector import Collector, a_report
from tests.conftest import SEED
from wire.identity import run_id_of

GOLDEN = sorted((Path(__file__).parents[1] / "wire" / "golden" / "valid").glob("report-*.json"))
READS = (
    "/api/v1/runs",
    "/api/v1/results",
    "/api/v1/results?format=csv",
    "/api/v1/servers",
    "/api/v1/matrix?fleet=edge",
    "/api/v1/slow?fleet=edge",
    "/api/v1/testers",
    "/api/v1/matrix?fleet=edge&since=2020-01-01T00:00:00Z",
    "/api/v1/slow?fleet=edge&since=2020-01-01T00:00:00Z",
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.sampled_from([-1, -2, -3, -4, 0, 600_000_000, 2**31, 2**63, 2**64, 1e308, 1.5])
    | st.text(max_size=8)
    | st.sampled_from(["\x00", "\ud800", "=1+1", "x" * 300, "::1", "\u202e"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
texts = st.sampled_from(
    [
        b"NaN",
        b"1e999",
        b"-Infinity",
        b"[" * 2_000 + b"]" * 2_000,
        b'{"a":' * 300 + b"1" + b"}" * 300,
        b"9" * 500,
        b'"\xff"',
        b'"\\ud800"',
        b'"\\u0000"',
        b'{"a":1,"a":2}',
        b"",
    ]
)


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += paths_in(item, (*path, key))
    return found


def changed(body: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        body = body[key]
    body[path[-1]] = value


@st.composite
def bodies(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    """Give a golden report with one or two places changed, and its bytes, perhaps broken."""
    report = json.loads(draw(st.sampled_from(GOLDEN)).read_bytes())
    mark = b'"the mark"'
    for _ in range(draw(st.integers(0, 2))):
        changed(report, draw(st.sampled_from(paths_in(report))), draw(values))
    raw = draw(st.none() | texts)
    if raw is not None:
        place = draw(
            st.sampled_from([("health", "x"), ("engine", "x"), ("x",), ("results", "x"), ("index",)])
        )
        if len(place) == 1 or isinstance(report.get(place[0]), dict):
            changed(report, place, "the mark")
    text = json.dumps(report).encode().replace(mark, raw or mark)
    kind = draw(st.sampled_from(["whole"] * 6 + ["cut", "bytes"]))
    if kind == "cut":
        text = text[: draw(st.integers(0, len(text)))]
    if kind == "bytes":
        text = draw(st.binary(max_size=200))
    return report, text


def test_a_fuzzed_report_is_refused_or_stored_and_read_back(collector: Collector) -> None:
    stored: list[str] = []

    @seed(SEED)
    @settings(max_examples=150, database=None, suppress_health_check=list(HealthCheck))
    @given(made=bodies(), index=st.integers(0, 2**31 - 1), coding=st.sampled_from(["", "gzip", "cut"]))
    def deliver(made: tuple[dict[str, Any], bytes], index: int, coding: str) -> None:
        report, body = made
        # The run is made this tester's, wherever that is possible, so that more gets past the door.
        sweep = a_report(collector.tester_id)
        run_id = run_id_of(sweep_id=sweep.sweep_id, tester_id=collector.tester_id, index=index)
        for name, value in (
            ("run_id", run_id),
            ("tester_id", collector.tester_id),
            ("sweep_id", sweep.sweep_id),
        ):
            if isinstance(report.get(name), str):
                body = body.replace(json.dumps(report[name]).encode(), json.dumps(str(value)).encode())
        if isinstance(report.get("index"), int):
            body = body.replace(b'"index": %d' % report["index"], b'"index": %d' % index)
        sent = body if not coding else gzip.compress(body)[: -9 if coding == "cut" else None]
        answer = collector.client.put(
            f"/api/v1/runs/{run_id}/report",
            content=sent,
            headers=collector.tester | ({"Content-Encoding": "gzip"} if coding else {}),
        )
        assert answer.status_code < 500, (answer.text, body[:2_000])
        if answer.status_code < 300:
            stored.append(str(run_id))

    deliver()

    assert stored
    for run_id in stored:
        answer = collector.client.get(f"/api/v1/runs/{run_id}")
        assert answer.status_code == 200, answer.text
    for path in READS:
        assert collector.client.get(path).status_code == 200, path
    for server in collector.client.get("/api/v1/servers?limit=1000").json()["servers"]:
        query = urlencode({"tester": str(collector.tester_id), "server": server["server_id"]})
        assert collector.client.get(f"/api/v1/path?{query}").status_code == 200
    collector.client.app.state.services.stopping.set()  # type: ignore[attr-defined]  # streams end at once
    assert collector.client.get("/api/v1/events?after=0").status_code == 200


def test_too_many_probes_are_refused_before_they_are_decoded(collector: Collector) -> None:
    report = a_report(collector.tester_id, rows=1)
    many = report.to_bytes().replace(b"[1000,2000,-1]", b"[" + b"1," * 10_000_000 + b"1]")

    answer = collector.deliver(report, body=many)

    assert (answer.status_code, answer.json()["error"]) == (413, "too_many_probes")
    assert "COLLECTOR_MAX_PROBES" in answer.json()["hint"]
    assert collector.deliver(report).status_code == 201


def test_too_many_rows_and_a_column_that_is_too_long_are_refused_undecoded(collector: Collector) -> None:
    report = a_report(collector.tester_id, rows=1)
    for column, item in (("planned", b"0,"), ("server", b'"",'), ("port", b"null,")):
        text = report.to_bytes()
        start = text.index(b'"%s":[' % column.encode()) + len(column) + 4
        body = text[:start] + item * 1_200_000 + text[start:]

        answer = collector.deliver(report, body=body)

        assert (answer.status_code, answer.json()["error"]) == (413, "too_many_probes"), column


def test_what_is_nested_deep_or_is_huge_is_refused(collector: Collector) -> None:
    report = a_report(collector.tester_id, rows=1)
    deep: Any = 1
    for _ in range(70):
        deep = {"a": deep}
    for change in ({"health": deep}, {"engine": {"text": "x" * 100_000}}):
        body = json.loads(report.to_bytes()) | change
        answer = collector.deliver(report, body=json.dumps(body).encode())
        assert answer.status_code == 422, answer.text
    for details in ({"0": deep}, {"0": {"text": "x" * 100_000}}):
        body = json.loads(report.to_bytes())
        body["results"]["details"] = details
        answer = collector.deliver(report, body=json.dumps(body).encode())
        assert answer.status_code == 422, answer.text


def test_what_nobody_knows_is_skimmed_over(collector: Collector) -> None:
    report = a_report(collector.tester_id, rows=1)
    body = report.to_bytes()[:-1] + b',"unknown":[' + b"1," * 1_000_000 + b"1]}"

    assert collector.deliver(report, body=body).status_code == 201
