"""Reports of the version before are read beside those of today.

`tests/wire/frozen` holds what testers of each version sent, `frozen/` what the collector of that version
answered for it. Who makes a new version adds both, and a reader.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.auth import digest_of_token
from collector.ingest.columns import READERS, IncomingReport, read_report
from collector.ingest.undecoded import Opened, Undecoded
from tests.collector.a_collector import TESTER_TOKEN, Collector, basic
from tests.collector.test_frozen import FROZEN, missing
from wire import report as slow
from wire.errors import UnknownVersion
from wire.fields import Fields
from wire.versions import API_VERSION, API_VERSIONS, REPORT_VERSION, REPORT_VERSIONS

SENT = Path(__file__).parent.parent / "wire" / "frozen"
REPORTS = sorted(path.stem for path in SENT.glob("report*.json"))


def test_the_version_of_today_and_the_one_before_are_promised_and_read() -> None:
    assert set(REPORT_VERSIONS) == {REPORT_VERSION, max(1, REPORT_VERSION - 1)}
    assert set(API_VERSIONS) == {API_VERSION, max(1, API_VERSION - 1)}
    assert set(READERS) == set(slow.READERS) == set(REPORT_VERSIONS)
    frozen = {f"{kind}.{version}" for kind in ("report", "announcement", "heartbeat") for version in READERS}
    assert frozen <= {path.stem for path in SENT.glob("*.json")}


@pytest.mark.parametrize("name", REPORTS)
def test_what_a_frozen_tester_sent_is_stored_as_it_was(collector: Collector, name: str) -> None:
    version = name.rpartition(".")[2]
    body = (SENT / f"{name}.json").read_bytes()
    report = json.loads(body)
    announcement, heartbeat = (
        json.loads((SENT / f"{kind}.{version}.json").read_bytes())
        | {key: report[key] for key in ("tester_id", "sweep_id", "run_id", "index", "of")}
        | {"planned": len(report["results"]["server"])}
        for kind in ("announcement", "heartbeat")
    )
    row = {"fleet_id": str(collector.fleet_id), "name": "frozen", "config": {}}
    collector.client.put(
        f"/api/v1/testers/{report['tester_id']}",
        json=row | {"token_sha256": digest_of_token(TESTER_TOKEN + name)},
        headers=collector.admin,
    )
    sender = basic(report["tester_id"], TESTER_TOKEN + name)
    run = f"/api/v1/runs/{report['run_id']}"

    codes = [
        collector.client.put(run, json=announcement, headers=sender).status_code,
        collector.client.post("/api/v1/heartbeats", json=heartbeat, headers=sender).status_code,
        collector.client.put(f"{run}/report", content=body, headers=sender).status_code,
    ]

    assert codes == [201, 204, 201]
    answers = json.loads((FROZEN / f"{name}.answers.json").read_text(encoding="utf-8"))
    found = {path: collector.client.get(path, headers=collector.admin).json() for path in answers}
    assert missing(in_order(answers), in_order(found)) == []


def in_order(answer: Any) -> Any:
    """Put rows into the order of their servers: else it is that of ids which are made by chance."""
    if isinstance(answer, dict):
        return {key: in_order(value) for key, value in answer.items()}
    if isinstance(answer, list) and answer and isinstance(answer[0], dict):
        return sorted(
            map(in_order, answer), key=lambda row: (str(row.get("server")), str(row.get("address")))
        )
    return answer


def in_version_2(body: bytes) -> bytes:
    """A report as a version that does not exist has it: RTTs in nanoseconds, under another name."""
    report = json.loads(body)
    rtt_us = report["results"].pop("rtt_us")
    report["results"]["rtt_ns"] = [rtt * 1_000 if rtt > 0 else rtt for rtt in rtt_us]
    return json.dumps(report | {"v": 2}).encode()


def read_2(parts: Opened, fields: Fields, most_probes: int) -> IncomingReport:
    results: dict[str, Any] = json.loads(parts.body)["results"]
    results["rtt_us"] = [rtt // 1_000 if rtt > 0 else rtt for rtt in results.pop("rtt_ns")]
    columns = msgspec.json.decode(json.dumps(results), type=Undecoded)
    return READERS[1](replace(parts, results=columns), fields, most_probes)


@pytest.mark.parametrize("name", REPORTS)
def test_a_reader_of_the_next_version_leaves_this_one_readable(name: str) -> None:
    body = (SENT / f"{name}.json").read_bytes()
    both = {**READERS, 2: read_2}

    old, new = read_report(body, readers=both), read_report(in_version_2(body), readers=both)

    assert (old.run_id, old.tester_id) == (new.run_id, new.tester_id)
    assert old.columns.rtt_us.tolist() == new.columns.rtt_us.tolist()
    assert old.columns.rtt_us.tolist() == json.loads(body)["results"]["rtt_us"]
    with pytest.raises(UnknownVersion, match="report version 3 is unknown here, known: 1, 2"):
        read_report(body.replace(b'"v": 1', b'"v": 3'), readers=both)
    with pytest.raises(UnknownVersion, match="report version 1 is unknown here, known: 2"):
        read_report(body, readers={2: read_2})
