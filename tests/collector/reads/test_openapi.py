import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from collector.app import create_app
from collector.settings import Settings
from tests.collector.a_collector import a_report
from wire.announce import Announcement, Heartbeat

READS = {
    "/api/v1/fleets": {"name", "limit", "cursor"},
    "/api/v1/testers": {"fleet", "include_retired", "limit", "cursor"},
    "/api/v1/sweeps": {"fleet", "outcome", "since", "until", "limit", "cursor"},
    "/api/v1/sweeps/{sweep_id}/summary": {"sweep_id", "worst"},
    "/api/v1/runs": {
        *("sweep_id", "fleet", "tester", "state", "trusted", "since", "until", "limit", "cursor", "format")
    },
    "/api/v1/hours": {"fleet", "tester", "server", "since", "until", "limit", "cursor", "format"},
    "/api/v1/days": {"fleet", "tester", "server", "since", "until", "limit", "cursor", "format"},
    "/api/v1/runs/{run_id}": {"run_id", "limit", "cursor"},
    "/api/v1/results": {
        *("fleet", "sweep_id", "run_id", "tester", "server", "state", "trusted"),
        *("since", "until", "limit", "cursor", "format"),
    },
    "/api/v1/servers": {"fleet", "limit", "cursor"},
    "/api/v1/matrix": {
        *("fleet", "sweep_id", "since", "until", "format"),
        *("tester", "region", "server", "group", "by", "usual"),
    },
    "/api/v1/path": {
        "tester",
        "server",
        "fleet",
        "address",
        "since",
        "until",
        "resolution",
        "points",
        "limit",
        "cursor",
    },
    "/api/v1/slow": {"fleet", "sweep_id", "since", "until", "by", "region", "limit", "cursor"},
    "/api/v1/diff": {"a", "b"},
    "/api/v1/verdicts": {
        "fleet",
        "sweep_id",
        "scope",
        "key",
        "verdict",
        "since",
        "until",
        "limit",
        "cursor",
    },
    "/api/v1/events": {"last-event-id", "after"},
}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings(database_url="sqlite:////nowhere/collector.sqlite3"))


@pytest.fixture(scope="module")
def paths(app: FastAPI) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = app.openapi()["paths"]
    return found


def test_every_route_says_what_it_does_and_succeeds_with(paths: dict[str, dict[str, Any]]) -> None:
    for path, methods in paths.items():
        for method, operation in methods.items():
            assert operation.get("description") or operation.get("summary"), (method, path)
            assert any(status.startswith("2") for status in operation["responses"]), (method, path)


@pytest.mark.parametrize("path", sorted(READS))
def test_a_read_describes_its_parameters(paths: dict[str, dict[str, Any]], path: str) -> None:
    parameters = paths[path]["get"]["parameters"]

    assert {item["name"] for item in parameters} - {"tester-time"} == READS[path]
    assert all(item.get("description") for item in parameters if item["in"] != "path")


@pytest.mark.parametrize("path", sorted(READS))
def test_a_read_describes_its_error_answers(paths: dict[str, dict[str, Any]], path: str) -> None:
    responses = paths[path]["get"]["responses"]

    for status in ("400", "401", "403", "404", "409", "422", "503"):
        schema = responses[status]["content"]["application/json"]["schema"]
        assert schema["$ref"].endswith("/Problem"), (path, status)
        assert responses[status]["description"]


def test_every_route_of_the_api_describes_its_error_answers(paths: dict[str, dict[str, Any]]) -> None:
    missing = [
        f"{method} {path}"
        for path, methods in paths.items()
        for method, operation in methods.items()
        if path.startswith("/api/v1") and "401" not in operation["responses"]
    ]
    assert missing == []


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    return found


def test_every_route_that_takes_json_describes_its_body(paths: dict[str, dict[str, Any]]) -> None:
    without = {
        path
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method in ("put", "post") and "requestBody" not in operation
    }

    assert without == {
        "/api/v1/testers/{tester_id}/retire",
        "/api/v1/testers/{tester_id}/revoke-tokens",
        "/api/v1/tokens/{number}/revoke",
    }


def test_the_described_fields_are_those_that_testers_send(paths: dict[str, dict[str, Any]]) -> None:
    some = uuid4()
    now = datetime.now(UTC)
    report = json.loads(a_report(some).to_bytes())
    announcement = Announcement(
        run_id=some, tester_id=some, sweep_id=some, index=0, of=1, planned=1, started_at=now, expected_s=1.0
    )
    heartbeat = Heartbeat(tester_id=some, state="waiting")
    described = body_of(paths["/api/v1/runs/{run_id}/report"]["put"])

    assert set(described["properties"]) == set(report)
    assert set(described["properties"]["results"]["properties"]) == {*report["results"], "details"}
    announced = body_of(paths["/api/v1/runs/{run_id}"]["put"])
    assert set(announced["properties"]) == set(json.loads(announcement.to_bytes()))
    beating = body_of(paths["/api/v1/heartbeats"]["post"])
    assert set(beating["properties"]) == set(json.loads(heartbeat.to_bytes()))
