from typing import Any

import pytest
from fastapi import FastAPI

from collector.app import create_app
from collector.settings import Settings

READS = {
    "/api/v1/runs": {"sweep_id", "fleet", "tester", "state", "limit", "cursor"},
    "/api/v1/runs/{run_id}": {"run_id", "limit", "cursor"},
    "/api/v1/results": {
        *("fleet", "sweep_id", "run_id", "tester", "server", "since", "until", "limit", "cursor", "format")
    },
    "/api/v1/servers": {"fleet", "limit", "cursor"},
    "/api/v1/matrix": {"fleet", "sweep_id", "since", "until"},
    "/api/v1/path": {"tester", "server", "fleet", "address", "since", "until", "limit", "cursor"},
    "/api/v1/slow": {"fleet", "sweep_id", "by"},
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
