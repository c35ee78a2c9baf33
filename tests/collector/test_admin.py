from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from collector.app import create_app
from collector.auth import digest_of_token
from collector.session import engine_of, writing
from collector.settings import Settings
from collector.tables import events, legacy_results, testers, tokens
from tests.collector.a_collector import ADMIN_TOKEN, Collector, a_report, basic, register
from wire.fields import time_text


def a_fleet(name: str = "edge") -> dict[str, Any]:
    return {"name": name, "spec": {"version": 1}, "orchestrator": "me@here"}


def test_a_fleet_that_is_put_again_is_the_same(collector: Collector) -> None:
    answer = collector.client.put(
        f"/api/v1/fleets/{collector.fleet_id}", json=a_fleet(), headers=collector.admin
    )

    assert answer.status_code == 200
    (fleet,) = collector.client.get("/api/v1/fleets", params={"name": "edge"}).json()["fleets"]
    assert (fleet["fleet_id"], fleet["registered_by"]) == (str(collector.fleet_id), "me@here")


def test_a_fleet_name_of_somebody_else_is_refused_with_who_and_when(collector: Collector) -> None:
    answer = collector.client.put(f"/api/v1/fleets/{uuid4()}", json=a_fleet(), headers=collector.admin)

    body = answer.json()
    assert (answer.status_code, body["error"]) == (409, "fleet_name_taken")
    assert (body["fleet_id"], body["registered_by"]) == (str(collector.fleet_id), "me@here")
    assert body["message"] == f"fleet edge was registered by me@here at {body['registered_at']}"


def test_a_tester_keeps_its_token_and_lives_again_when_it_is_put_without_one(collector: Collector) -> None:
    path = f"/api/v1/testers/{collector.tester_id}"
    collector.client.post(f"{path}/retire", headers=collector.admin)
    assert collector.client.get("/api/v1/testers").json()["testers"] == []
    retired = collector.client.get("/api/v1/testers", params={"include_retired": True}).json()["testers"]
    assert retired[0]["retired_at"] is not None

    body = {"fleet_id": str(collector.fleet_id), "name": "oslo", "config": {"driver": "local"}}
    assert collector.client.put(path, json=body, headers=collector.admin).status_code == 200

    (tester,) = collector.client.get("/api/v1/testers", params={"fleet": "edge"}).json()["testers"]
    assert (tester["has_token"], tester["retired_at"], tester["config"]) == (True, None, {"driver": "local"})
    assert collector.deliver(a_report(collector.tester_id)).status_code == 201


def test_two_testers_of_one_name_are_refused(collector: Collector) -> None:
    body = {"fleet_id": str(collector.fleet_id), "name": "oslo", "config": {}}

    answer = collector.client.put(f"/api/v1/testers/{uuid4()}", json=body, headers=collector.admin)

    assert (answer.status_code, answer.json()["error"]) == (409, "tester_name_taken")


def test_a_scheduled_sweep_starts_once(collector: Collector) -> None:
    body = {
        "fleet_id": str(collector.fleet_id),
        "schedule_id": str(uuid4()),
        "due_at": "2026-11-20T03:00:00Z",
        "spec": {},
        "started_at": "2026-11-20T03:00:01Z",
    }
    first, second = uuid4(), uuid4()

    codes = [
        collector.client.put(f"/api/v1/sweeps/{sweep}", json=body, headers=collector.admin).status_code
        for sweep in (first, first, second)
    ]

    assert codes == [201, 200, 409]


def test_a_sweep_counts_its_runs_and_ends(collector: Collector) -> None:
    sweep_id = uuid4()
    body = {"fleet_id": str(collector.fleet_id), "spec": {}, "started_at": time_text(datetime.now(UTC))}
    collector.client.put(f"/api/v1/sweeps/{sweep_id}", json=body, headers=collector.admin)
    collector.deliver(a_report(collector.tester_id, sweep_id=sweep_id))
    collector.announce(a_report(collector.tester_id, sweep_id=sweep_id, index=1))
    path = f"/api/v1/sweeps/{sweep_id}/finish"
    for _ in range(2):
        assert (
            collector.client.post(path, json={"outcome": "partial"}, headers=collector.admin).status_code
            == 200
        )

    sweep = collector.client.get(f"/api/v1/sweeps/{sweep_id}").json()
    assert sweep["runs"] == {"announced": 1, "complete": 1, "truncated": 0, "abandoned": 0}
    assert (sweep["outcome"], sweep["fleet"]) == ("partial", "edge")
    kinds = [kind for (kind,) in collector.rows(sa.select(events.c.kind).order_by(events.c.id))]
    assert kinds == ["tester.registered", "sweep.started", "run.reported", "run.announced", "sweep.finished"]


def test_a_sweep_keeps_why_it_ended_so_and_what_it_has_cost(collector: Collector) -> None:
    sweep_id = uuid4()
    body = {"fleet_id": str(collector.fleet_id), "spec": {}, "started_at": time_text(datetime.now(UTC))}
    collector.client.put(f"/api/v1/sweeps/{sweep_id}", json=body, headers=collector.admin)
    path = f"/api/v1/sweeps/{sweep_id}/finish"
    finish: dict[str, Any]
    for finish in ({"note": "oslo 1 of 2 runs"}, {"cost_usd": 0.25}, {}):
        finish |= {"outcome": "partial"}
        assert collector.client.post(path, json=finish, headers=collector.admin).status_code == 200
    for finish in ({"cost_usd": -1}, {"note": "\x00"}, {"note": "x" * 1_001}):
        finish |= {"outcome": "partial"}
        assert collector.client.post(path, json=finish, headers=collector.admin).status_code == 422

    sweep = collector.client.get(f"/api/v1/sweeps/{sweep_id}").json()
    assert (sweep["note"], sweep["cost_usd"]) == ("oslo 1 of 2 runs", 0.25)


def test_a_sweep_that_was_skipped_is_nobodys_newest(collector: Collector) -> None:
    measured, skipped = uuid4(), uuid4()
    now = datetime.now(UTC)
    for sweep_id, started_at in ((measured, now - timedelta(hours=1)), (skipped, now)):
        body = {"fleet_id": str(collector.fleet_id), "spec": {}, "started_at": time_text(started_at)}
        collector.client.put(f"/api/v1/sweeps/{sweep_id}", json=body, headers=collector.admin)
    collector.deliver(a_report(collector.tester_id, sweep_id=measured))
    collector.client.post(
        f"/api/v1/sweeps/{skipped}/finish", json={"outcome": "skipped"}, headers=collector.admin
    )

    assert collector.client.get("/api/v1/matrix?fleet=edge").json()["sweep_id"] == str(measured)


def test_sweeps_come_in_pages(collector: Collector) -> None:
    for hour in range(5):
        body = {"fleet_id": str(collector.fleet_id), "spec": {}, "started_at": f"2026-11-20T0{hour}:00:00Z"}
        collector.client.put(f"/api/v1/sweeps/{uuid4()}", json=body, headers=collector.admin)
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        params = {"limit": "2", "fleet": "edge"} | ({"cursor": cursor} if cursor else {})
        page = collector.client.get("/api/v1/sweeps", params=params).json()
        seen += [sweep["started_at"][11:13] for sweep in page["sweeps"]]
        cursor = page["next"]

    assert (seen, cursor) == (["04", "03", "02", "01", "00"], None)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/sweeps?cursor=rubbish", 400),
        ("/api/v1/sweeps?cursor=☹", 400),
        ("/api/v1/sweeps?limit=0", 422),
        ("/api/v1/sweeps?limit=x", 422),
        ("/api/v1/sweeps?fleet=nobody", 404),
        ("/api/v1/sweeps?fleet=%00", 400),
        ("/api/v1/sweeps/x", 422),
        ("/api/v1/sweeps/00000000-0000-4000-8000-000000000000", 404),
        ("/api/v1/testers?fleet=", 400),
        ("/api/v1/fleets?name=%00", 400),
        ("/nowhere", 404),
    ],
)
def test_rubbish_in_a_query_is_answered_with_a_hint(collector: Collector, path: str, status: int) -> None:
    answer = collector.client.get(path)

    assert answer.status_code == status
    assert answer.json()["hint"] is not None or status == 404
    assert "Collector-Time" in answer.headers


@pytest.mark.parametrize("spec", ['{"a": "\\u0000"}', "{" * 5, '{"a": NaN}', '{"a": 1e999}', "[1]"])
def test_a_spec_that_no_database_holds_is_refused(collector: Collector, spec: str) -> None:
    body = f'{{"name": "n", "orchestrator": "o", "spec": {spec}}}'

    answer = collector.client.put(
        f"/api/v1/fleets/{uuid4()}",
        content=body,
        headers=collector.admin | {"Content-Type": "application/json"},
    )

    assert answer.status_code in (400, 422)


def test_a_tester_may_not_administer_and_a_reader_may_not_write(collector: Collector) -> None:
    with writing(collector.engine) as connection:
        connection.execute(
            sa.insert(tokens).values(
                role="reader", sha256=digest_of_token("reading"), created_at=datetime.now(UTC)
            )
        )
    reader = basic("reader", "reading")
    path = f"/api/v1/fleets/{uuid4()}"

    assert collector.client.put(path, json=a_fleet("x"), headers=collector.tester).status_code == 403
    assert collector.client.put(path, json=a_fleet("x"), headers=reader).status_code == 403
    assert collector.deliver(a_report(collector.tester_id), headers=reader).status_code == 403
    assert collector.client.get("/api/v1/fleets", headers=reader).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ☹",
        "Basic !!!",
        "Bearer abc",
        "Basic " + "QQ==",
        basic("admin", "")["Authorization"],
    ],
)
def test_bad_credentials_are_refused_even_where_reading_is_open(collector: Collector, header: str) -> None:
    answer = collector.client.get("/api/v1/fleets", headers={b"Authorization": header.encode()})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="collector", charset="UTF-8"'


def test_an_unknown_user_gets_the_answer_of_a_wrong_token(collector: Collector) -> None:
    answers = [
        collector.client.get("/api/v1/fleets", headers=basic(user, "wrong"))
        for user in (uuid4(), collector.tester_id, "admin", "nobody")
    ]

    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}


def test_reading_needs_a_token_where_others_can_reach_it(sqlite_url: str) -> None:
    def codes(**changed: Any) -> list[int]:
        settings = Settings(database_url=sqlite_url, admin_token=ADMIN_TOKEN, **changed)
        with TestClient(create_app(settings)) as client:
            return [
                client.get("/api/v1/fleets").status_code,
                client.get("/api/v1/fleets", headers=basic("admin", ADMIN_TOKEN)).status_code,
                client.get("/healthz").status_code,
            ]

    assert codes(host="0.0.0.0") == [401, 200, 200]
    assert codes(host="0.0.0.0", public_read=True) == [200, 200, 200]
    assert codes(host="::1") == [200, 200, 200]


def test_the_original_form_is_off_unless_it_is_said_whose_it_is(collector: Collector) -> None:
    answer = collector.client.post("/", data={"ping_time": "1.5"})

    assert (answer.status_code, answer.json()["error"]) == (404, "legacy_off")


def test_the_original_form_is_kept_verbatim(database_url: str) -> None:
    engine = engine_of(database_url)
    # As the original sends it, for each server: percent-encoded, with no tester, time or credentials.
    sent = (
        b"ping_count=5&ping_nack=1&ping_time=12.50&raw=%5B%7B%22host%22%3A%22example.net%22%2C%22ip%22%3A"
        b"%22192.0.2.1%22%2C%22status%22%3A1%2C%22time%22%3A0.0125%7D%2C%7B%22host%22%3A%22a+b%22%2C%22status"
        b"%22%3A0%7D%5D&server_contacted=192.0.2.1&server_requested=example.net"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "HTTP-Tiny/0.056"}
    form = {
        "server_requested": "example.net",
        "server_contacted": "192.0.2.1",
        "ping_count": "5",
        "ping_nack": "1",
        "ping_time": "12.50",
        "raw": '[{"host":"example.net","ip":"192.0.2.1","status":1,"time":0.0125},{"host":"a b","status":0}]',
    }
    settings = Settings(database_url=database_url, admin_token=ADMIN_TOKEN, legacy_tester="old")
    with TestClient(create_app(settings, engine=engine)) as client:
        register(client)
        codes = [client.post("/", content=sent, headers=headers).status_code for _ in range(2)]
        rubbish = client.post("/", content=b"\xff\x00=")
    with engine.connect() as connection:
        query = sa.select(legacy_results, testers.c.name).join(
            testers, testers.c.id == legacy_results.c.tester_id
        )
        rows = connection.execute(query).mappings().all()
    engine.dispose()

    assert codes == [200, 200]
    assert rubbish.status_code == 422
    assert len(rows) == 2
    assert {name: rows[0][name] for name in form} == form
    assert (rows[0]["name"], rows[0]["tester_given"], rows[0]["ping_timestamp"]) == ("old", None, None)


def test_the_original_form_needs_no_name_that_is_free(database_url: str) -> None:
    engine = engine_of(database_url)
    settings = Settings(database_url=database_url, admin_token=ADMIN_TOKEN, legacy_tester="old")
    with TestClient(create_app(settings, engine=engine), raise_server_exceptions=False) as client:
        register(client, fleet="legacy", tester="london")
        first = client.post("/", data={"ping_time": "1.5"})
        register(client, fleet="another", tester="old")
        ambiguous = client.post("/", data={"ping_time": "1.5"})
    engine.dispose()

    assert first.status_code == 200
    assert (ambiguous.status_code, ambiguous.json()["message"]) == (
        409,
        "COLLECTOR_LEGACY_TESTER: several fleets have a tester old; give its UUID",
    )


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_sweep_outside_the_calendar_is_refused_and_harms_no_list(collector: Collector, time: str) -> None:
    answer = collector.client.put(
        f"/api/v1/sweeps/{uuid4()}",
        json={"fleet_id": str(collector.fleet_id), "spec": {}, "started_at": time},
        headers=collector.admin,
    )

    assert (answer.status_code, answer.json()["message"]) == (
        422,
        "started_at: Value error, lies outside the years 1 to 9999 in UTC",
    )
    assert collector.client.get("/api/v1/sweeps").json()["sweeps"] == []


def test_a_fleet_that_is_called_like_the_uuid_of_another_takes_no_testers_of_it(collector: Collector) -> None:
    mine = uuid4()
    for fleet_id, name in ((uuid4(), str(mine)), (mine, "mine")):
        collector.client.put(
            f"/api/v1/fleets/{fleet_id}",
            json={"name": name, "spec": {}, "orchestrator": "me@here"},
            headers=collector.admin,
        )
    tester_id = uuid4()
    collector.client.put(
        f"/api/v1/testers/{tester_id}",
        json={"fleet_id": str(mine), "name": "rome", "config": {}},
        headers=collector.admin,
    )

    listed = collector.client.get("/api/v1/testers", params={"fleet": "mine"}).json()["testers"]
    assert [tester["tester_id"] for tester in listed] == [str(tester_id)]
