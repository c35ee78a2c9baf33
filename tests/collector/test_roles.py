"""Who may do what: every route of the application, asked by everybody."""

import hmac
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from collector.app import create_app
from collector.dashboard.assets import asset_path
from collector.session import engine_of, writing
from collector.settings import Settings
from collector.tables import ping_results, runs, tokens
from collector.tokens import digest_of_token
from tests.collector.a_collector import ADMIN_TOKEN, Collector, a_report, basic, register
from tests.collector.the_routes import routes_of
from wire.announce import Announcement, Heartbeat
from wire.report import Report

ROLES = ("none", "wrong", "reader", "tester", "foreign", "retired", "admin")


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """A collector that others can reach, with a token of each kind."""

    collector: Collector
    headers: dict[str, dict[str, str]]
    report: Report
    """That of the tester whose role is `tester`."""

    def spare_tester(self) -> str:
        return str(register(self.collector.client, fleet=str(uuid4()), token=str(uuid4()))[1])

    def spare_token(self) -> str:
        answer = self.collector.client.post(
            "/api/v1/tokens", json={"role": "reader"}, headers=self.collector.admin
        )
        return str(answer.json()["number"])

    def a_sweep(self) -> str:
        sweep_id = str(uuid4())
        answer = self.collector.client.put(
            f"/api/v1/sweeps/{sweep_id}", json=a_sweep(self), headers=self.collector.admin
        )
        assert answer.status_code == 201
        return sweep_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request that succeeds for those who may send it, with `status`."""

    path: str
    status: int = 200
    body: bytes | None = None
    json: Any = None


Make = Callable[[House], Asked]


def a_sweep(house: House) -> dict[str, Any]:
    return {"fleet_id": str(house.collector.fleet_id), "spec": {}, "started_at": "2026-11-20T00:00:00Z"}


def get(path: str, **params: str) -> Make:
    return lambda house: Asked(
        path=path + ("?" + "&".join(f"{k}={v}" for k, v in params.items()) if params else "")
    )


def _fresh_report(house: House) -> Report:
    return a_report(house.collector.tester_id)


def _announce(house: House) -> Asked:
    report = _fresh_report(house)
    message = Announcement(
        run_id=report.run_id,
        tester_id=report.tester_id,
        sweep_id=report.sweep_id,
        index=report.index,
        of=report.of,
        planned=len(report.results),
        started_at=report.started_at,
        expected_s=1.0,
    )
    return Asked(path=f"/api/v1/runs/{report.run_id}", status=201, body=message.to_bytes())


def _deliver(house: House) -> Asked:
    report = _fresh_report(house)
    return Asked(path=f"/api/v1/runs/{report.run_id}/report", status=201, body=report.to_bytes())


def _beat(house: House) -> Asked:
    message = Heartbeat(tester_id=house.collector.tester_id, state="waiting")
    return Asked(path="/api/v1/heartbeats", status=204, body=message.to_bytes())


def _abandon(house: House) -> Asked:
    report = _fresh_report(house)
    body = {
        "tester_id": str(report.tester_id),
        "sweep_id": str(report.sweep_id),
        "index": 0,
        "reason": "gone",
    }
    return Asked(path=f"/api/v1/runs/{report.run_id}/abandon", json=body)


def _tester(house: House) -> Asked:
    body = {"fleet_id": str(house.collector.fleet_id), "name": str(uuid4()), "config": {}}
    return Asked(path=f"/api/v1/testers/{uuid4()}", status=201, json=body)


def _fleet(house: House) -> Asked:
    body = {"name": str(uuid4()), "spec": {}, "orchestrator": "me"}
    return Asked(path=f"/api/v1/fleets/{uuid4()}", status=201, json=body)


PATH = {"tester": "oslo", "server": "server0", "fleet": "edge"}

ANYBODY: dict[tuple[str, str], Make] = {
    ("GET", "/"): get("/"),
    ("GET", "/healthz"): get("/healthz"),
    ("GET", "/readyz"): get("/readyz"),
    ("GET", "/openapi.json"): get("/openapi.json"),
    ("GET", "/static/{name}"): lambda house: Asked(path=asset_path("dashboard.css")),
    # Without credentials, as the original posts it; off unless a setting turns it on.
    ("POST", "/"): lambda house: Asked(path="/", status=404, body=b"ping_time=1"),
}

READERS: dict[tuple[str, str], Make] = {
    ("GET", "/api/v1/fleets"): get("/api/v1/fleets"),
    ("GET", "/api/v1/testers"): get("/api/v1/testers"),
    ("GET", "/api/v1/sweeps"): get("/api/v1/sweeps"),
    ("GET", "/api/v1/sweeps/{sweep_id}"): lambda house: Asked(path=f"/api/v1/sweeps/{house.a_sweep()}"),
    ("GET", "/api/v1/sweeps/{sweep_id}/summary"): lambda house: Asked(
        path=f"/api/v1/sweeps/{house.a_sweep()}/summary"
    ),
    ("GET", "/api/v1/runs"): get("/api/v1/runs"),
    ("GET", "/api/v1/runs/{run_id}"): lambda house: Asked(path=f"/api/v1/runs/{house.report.run_id}"),
    ("GET", "/api/v1/results"): get("/api/v1/results"),
    ("GET", "/api/v1/servers"): get("/api/v1/servers"),
    ("GET", "/api/v1/verdicts"): get("/api/v1/verdicts", fleet="edge"),
    ("GET", "/api/v1/hours"): get("/api/v1/hours"),
    ("GET", "/api/v1/days"): get("/api/v1/days"),
    ("GET", "/metrics"): get("/metrics"),
    ("GET", "/api/v1/matrix"): get("/api/v1/matrix", fleet="edge"),
    ("GET", "/api/v1/path"): get("/api/v1/path", **PATH),
    ("GET", "/api/v1/slow"): get("/api/v1/slow", fleet="edge"),
    ("GET", "/matrix"): get("/matrix", fleet="edge"),
    ("GET", "/matrix/ribbon"): get("/matrix/ribbon", fleet="edge"),
    ("GET", "/slow"): get("/slow", fleet="edge"),
    ("GET", "/path"): get("/path", **PATH),
    ("GET", "/sweeps"): get("/sweeps"),
    ("GET", "/sweeps/{sweep_id}"): lambda house: Asked(path=f"/sweeps/{house.report.sweep_id}"),
    ("GET", "/runs"): get("/runs"),
    ("GET", "/runs/{run_id}"): lambda house: Asked(path=f"/runs/{house.report.run_id}"),
    ("GET", "/fleet"): get("/fleet"),
    ("GET", "/compare"): get("/compare", fleet="edge"),
    ("GET", "/servers"): get("/servers", fleet="edge"),
    ("GET", "/api"): get("/api"),
    ("GET", "/api/v1/diff"): lambda house: Asked(
        path=f"/api/v1/diff?a={house.a_sweep()}&b={house.a_sweep()}"
    ),
    # A stream has no end: a request that is refused for its parameter got past the door.
    ("GET", "/api/v1/events"): lambda house: Asked(path="/api/v1/events?after=x", status=400),
}

ADMINS: dict[tuple[str, str], Make] = {
    ("PUT", "/api/v1/fleets/{fleet_id}"): _fleet,
    ("PUT", "/api/v1/testers/{tester_id}"): _tester,
    ("POST", "/api/v1/testers/{tester_id}/retire"): lambda house: Asked(
        path=f"/api/v1/testers/{house.spare_tester()}/retire"
    ),
    ("PUT", "/api/v1/sweeps/{sweep_id}"): lambda house: Asked(
        path=f"/api/v1/sweeps/{uuid4()}", status=201, json=a_sweep(house)
    ),
    ("POST", "/api/v1/sweeps/{sweep_id}/finish"): lambda house: Asked(
        path=f"/api/v1/sweeps/{house.a_sweep()}/finish", json={"outcome": "complete"}
    ),
    ("POST", "/api/v1/runs/{run_id}/abandon"): _abandon,
    ("GET", "/api/v1/tokens"): get("/api/v1/tokens"),
    ("POST", "/api/v1/tokens"): lambda house: Asked(
        path="/api/v1/tokens", status=201, json={"role": "reader"}
    ),
    ("POST", "/api/v1/tokens/{number}/rotate"): lambda house: Asked(
        path=f"/api/v1/tokens/{house.spare_token()}/rotate", status=201, json={}
    ),
    ("POST", "/api/v1/tokens/{number}/revoke"): lambda house: Asked(
        path=f"/api/v1/tokens/{house.spare_token()}/revoke"
    ),
    ("POST", "/api/v1/testers/{tester_id}/rotate-token"): lambda house: Asked(
        path=f"/api/v1/testers/{house.spare_tester()}/rotate-token", status=201, json={}
    ),
    ("POST", "/api/v1/testers/{tester_id}/revoke-tokens"): lambda house: Asked(
        path=f"/api/v1/testers/{house.spare_tester()}/revoke-tokens"
    ),
}

TESTERS: dict[tuple[str, str], Make] = {
    ("PUT", "/api/v1/runs/{run_id}"): _announce,
    ("POST", "/api/v1/heartbeats"): _beat,
}

TESTERS_OR_ADMINS: dict[tuple[str, str], Make] = {
    ("PUT", "/api/v1/runs/{run_id}/report"): _deliver,
    ("POST", "/api/v1/runs/{run_id}/report"): _deliver,
}

DONE = 0
"""Stands for the status of success of each route."""

WHO = {
    #           none, wrong, reader, tester, foreign, retired, admin
    "anybody": (DONE, DONE, DONE, DONE, DONE, DONE, DONE),
    "readers": (401, 401, DONE, 403, 403, 403, DONE),
    "admins": (401, 401, 403, 403, 403, 403, DONE),
    "testers": (401, 401, 403, DONE, 403, 410, 403),
    "testers or admins": (401, 401, 403, DONE, 403, 410, DONE),
}
TABLE = [
    (method, path, who, make)
    for who, routes in (
        ("anybody", ANYBODY),
        ("readers", READERS),
        ("admins", ADMINS),
        ("testers", TESTERS),
        ("testers or admins", TESTERS_OR_ADMINS),
    )
    for (method, path), make in routes.items()
]


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    settings = Settings(database_url=database_url, admin_token=ADMIN_TOKEN, host="0.0.0.0")
    engine = engine_of(database_url)
    with TestClient(create_app(settings, engine=engine), raise_server_exceptions=False) as client:
        fleet_id, tester_id = register(client)
        collector = Collector(
            client=client, engine=engine, database_url=database_url, fleet_id=fleet_id, tester_id=tester_id
        )
        foreign = register(client, fleet="foreign")[1]
        retired = register(client, fleet="retired")[1]
        client.post(f"/api/v1/testers/{retired}/retire", headers=collector.admin)
        with writing(engine) as connection:
            reader = {"role": "reader", "sha256": digest_of_token("reading"), "created_at": datetime.now(UTC)}
            connection.execute(sa.insert(tokens).values(reader))
        report = a_report(tester_id)
        assert collector.deliver(report).status_code == 201
        headers = {
            "none": {},
            "wrong": basic("admin", "wrong"),
            "reader": basic("reader", "reading"),
            "tester": collector.tester,
            "foreign": basic(foreign, "tester-token"),
            "retired": basic(retired, "tester-token"),
            "admin": collector.admin,
        }
        yield House(collector=collector, headers=headers, report=report)
    engine.dispose()


def sent(house: House, method: str, asked: Asked, *, headers: dict[str, str]) -> Any:
    return house.collector.client.request(
        method, asked.path, content=asked.body, json=asked.json, headers=headers
    )


def test_every_route_stands_in_the_table(sqlite_url: str) -> None:
    app = create_app(Settings(database_url=sqlite_url))

    assert routes_of(app) == {(method, path) for method, path, _, _ in TABLE}


def test_each_role_may_do_its_own_and_nothing_else(house: House) -> None:
    expected: dict[tuple[str, str, str], int] = {}
    found: dict[tuple[str, str, str], int] = {}
    for method, path, who, make in TABLE:
        for role, status in zip(ROLES, WHO[who], strict=True):
            asked = make(house)
            answer = sent(house, method, asked, headers=house.headers[role])
            expected[method, path, role] = status or asked.status
            found[method, path, role] = answer.status_code

    assert {key: value for key, value in found.items() if value != expected[key]} == {}


def test_a_reader_and_a_foreign_tester_have_written_nothing(house: House) -> None:
    before = house.collector.count(runs), house.collector.count(ping_results)
    for method, _, _, make in TABLE:
        for role in ("none", "wrong", "reader", "foreign", "retired"):
            sent(house, method, make(house), headers=house.headers[role])

    assert (house.collector.count(runs), house.collector.count(ping_results)) == before


def test_where_reading_is_open_a_wrong_token_is_told_so_and_a_tester_may_read(
    settings: Settings, collector: Collector
) -> None:
    report = a_report(collector.tester_id)
    collector.deliver(report)
    house = House(collector=collector, headers={}, report=report)
    for (method, _), make in READERS.items():
        asked = make(house)
        codes = [
            sent(house, method, asked, headers=headers).status_code
            for headers in ({}, collector.tester, basic("reader", "wrong"))
        ]
        assert codes == [asked.status, asked.status, 401]


def work_of(house: House, headers: dict[str, str], path: str) -> tuple[Any, ...]:
    """Return what an answer says, and the statements that it took."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # What the collector does by itself meanwhile is no part of an answer.
        if threading.current_thread().name not in ("housekeeper", "alerts"):
            statements.append(statement)

    sa.event.listen(house.collector.engine, "before_cursor_execute", note)
    answer = house.collector.client.get(path, headers=headers)
    sa.event.remove(house.collector.engine, "before_cursor_execute", note)
    told = {name: value for name, value in answer.headers.items() if name != "collector-time"}
    return answer.status_code, answer.text, told, statements


def test_an_unknown_user_costs_and_learns_what_a_wrong_token_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def noted(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    answers = []
    for user in ("admin", "reader", "nobody", "", house.collector.tester_id, uuid4(), "\u2603", "tester"):
        compared.clear()
        for path in ("/api/v1/fleets", "/api/v1/tokens"):
            answers.append((*work_of(house, basic(user, "wrong"), path), list(compared)))
            assert compared, user
            assert {one == other for one, other in compared} == {True}, user
            compared.clear()

    assert answers[0][0] == 401
    assert all(answer == answers[0] for answer in answers)
    assert [text for text in answers[0][3] if "FROM tokens" in text]
    assert [text for text in answers[0][3] if "FROM testers" in text]


def test_a_token_of_one_user_is_none_of_another(house: House) -> None:
    client = house.collector.client
    for user, token in (
        ("admin", "reading"),
        ("tester", "tester-token"),
        (uuid4(), "tester-token"),
        ("reader", ADMIN_TOKEN),
        (house.collector.tester_id, ADMIN_TOKEN),
        (house.collector.tester_id, "reading"),
        ("reader", digest_of_token("reading")),
    ):
        assert client.get("/api/v1/fleets", headers=basic(user, token)).status_code == 401, user
