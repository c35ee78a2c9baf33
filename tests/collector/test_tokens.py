"""Tokens: issued, rotated with a time of grace, revoked at once; wrong ones are limited, right ones never."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from starlette.testclient import TestClient

from collector.app import create_app
from collector.cli import cli
from collector.errors import CollectorError
from collector.session import engine_of, writing
from collector.settings import Settings
from collector.tables import testers, tokens
from collector.throttle import BURST, FRESH_S, Failures
from collector.tokens import digest_of_token
from tests.collector.a_collector import ADMIN_TOKEN, TESTER_TOKEN, Collector, a_report, basic


def run(collector: Collector, *arguments: str) -> Result:
    place = ["--database-url", collector.database_url]
    return CliRunner().invoke(cli, ["token", *arguments, *place], obj={})


def may_read(client: TestClient, user: object, token: str) -> bool:
    status = client.get("/api/v1/fleets", headers=basic(user, token)).status_code
    assert status in (200, 401), status
    return bool(status == 200)


def long_ago(collector: Collector) -> None:
    """Let the times of grace be over."""
    with writing(collector.engine) as connection:
        connection.execute(
            sa.update(tokens)
            .where(tokens.c.revoked_at.is_not(None))
            .values(revoked_at=datetime.now(UTC) - timedelta(seconds=1))
        )


@pytest.fixture
def other(collector: Collector) -> Iterator[TestClient]:
    """Another collector on the same database."""
    settings = Settings(database_url=collector.database_url, admin_token=ADMIN_TOKEN)
    engine = engine_of(collector.database_url)
    with TestClient(create_app(settings, engine=engine), raise_server_exceptions=False) as client:
        yield client
    engine.dispose()


def test_a_token_stands_on_stdout_alone_and_is_rotated_at_once_or_with_grace(
    collector: Collector, other: TestClient
) -> None:
    first = run(collector, "issue", "--role", "reader").stdout.strip()
    second = run(collector, "rotate", "1", "--grace", "1h")
    assert second.stderr.splitlines()[0] == "token 2 for the user reader; it is not shown again"
    assert second.stderr.splitlines()[1].startswith("token 1 ends at 20")
    fresh = second.stdout.strip()

    assert [may_read(other, "reader", token) for token in (first, fresh)] == [True, True]
    long_ago(collector)
    assert [may_read(other, "reader", token) for token in (first, fresh)] == [False, True]
    third = run(collector, "rotate", "2").stdout.strip()
    assert [may_read(other, "reader", token) for token in (fresh, third)] == [False, True]
    again = run(collector, "rotate", "2").exception
    assert (isinstance(again, CollectorError), str(again)) == (True, "token 2 is revoked; issue a new one")


def test_a_token_that_is_revoked_is_refused_by_every_collector_at_once(
    collector: Collector, other: TestClient
) -> None:
    token = run(collector, "issue", "--role", "reader").stdout.strip()
    assert may_read(other, "reader", token)
    assert run(collector, "revoke", "1").stdout == "token 1 is revoked\n"

    assert not may_read(other, "reader", token)
    assert not may_read(collector.client, "reader", token)


def test_a_tester_has_its_tokens_by_name(collector: Collector, other: TestClient) -> None:
    more = run(collector, "issue", "--tester", "oslo", "--fleet", "edge").stdout.strip()
    assert [may_read(other, collector.tester_id, token) for token in (more, TESTER_TOKEN)] == [True, True]
    listed = run(collector, "list", "--tester", str(collector.tester_id)).stdout.splitlines()
    assert [line.split()[:2] + line.split()[-1:] for line in listed[1:]] == [
        ["1", "tester", "edge/oslo"],
        ["-", "tester", "edge/oslo"],
    ]

    fresh = run(collector, "rotate", "--tester", "oslo", "--grace", "1d").stdout.strip()
    every = (TESTER_TOKEN, more, fresh)
    assert [may_read(other, collector.tester_id, token) for token in every] == [True, True, True]
    long_ago(collector)
    assert [may_read(other, collector.tester_id, token) for token in every] == [False, False, True]
    assert run(collector, "revoke", "--tester", "oslo").stdout == "1 tokens of oslo are revoked\n"
    assert [may_read(other, collector.tester_id, token) for token in every] == [False, False, False]


def test_a_revoked_token_of_a_tester_is_not_registered_again(collector: Collector) -> None:
    run(collector, "revoke", "--tester", "oslo")
    body: dict[str, Any] = {
        "fleet_id": str(collector.fleet_id),
        "name": "oslo",
        "config": {},
        "token_sha256": digest_of_token(TESTER_TOKEN),
    }

    def put() -> Any:
        path = f"/api/v1/testers/{collector.tester_id}"
        return collector.client.put(path, json=body, headers=collector.admin)

    assert (put().status_code, put().json()["error"]) == (409, "token_revoked")
    body["token_sha256"] = digest_of_token("another")
    assert put().status_code == 200
    assert may_read(collector.client, collector.tester_id, "another")


def test_an_admin_does_the_same_by_http(collector: Collector) -> None:
    client, admin = collector.client, collector.admin
    body = {"role": "tester", "tester_id": str(collector.tester_id)}
    issued = client.post("/api/v1/tokens", json=body, headers=admin)
    assert (issued.status_code, issued.json()["user"]) == (201, str(collector.tester_id))
    number, token = issued.json()["number"], issued.json()["token"]
    assert may_read(client, collector.tester_id, token)

    rotated = client.post(f"/api/v1/tokens/{number}/rotate", json={"grace_s": 3600}, headers=admin)
    assert rotated.json()["old_ends_at"] > issued.headers["collector-time"]
    assert may_read(client, collector.tester_id, token)
    assert client.post(f"/api/v1/tokens/{number}/revoke", headers=admin).json() == {"revoked": 1}
    assert client.post(f"/api/v1/tokens/{number}/revoke", headers=admin).json() == {"revoked": 0}
    assert not may_read(client, collector.tester_id, token)
    path = f"/api/v1/testers/{collector.tester_id}"
    assert client.post(f"{path}/revoke-tokens", headers=admin).json() == {"revoked": 2}
    assert not may_read(client, collector.tester_id, rotated.json()["token"])
    listed = client.get("/api/v1/tokens", headers=admin)
    assert {row["revoked_at"] is None for row in listed.json()["tokens"]} == {False}
    assert all(secret not in listed.text for secret in (token, digest_of_token(token)))
    assert collector.rows(sa.select(testers.c.token_sha256)) == [(None,)]


def test_an_event_stream_ends_when_its_token_does(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.web.events.ASK_AGAIN_S", 0.0)
    token = run(collector, "issue", "--role", "reader").stdout.strip()
    run(collector, "rotate", "1", "--grace", "1s")

    # It would last an hour; this request ends by itself.
    answer = collector.client.get("/api/v1/events", headers=basic("reader", token))

    assert answer.status_code == 200
    assert not may_read(collector.client, "reader", token)


@pytest.mark.parametrize("words", [("issue",), ("issue", "--role", "admin", "--tester", "x"), ("revoke",)])
def test_what_is_meant_must_be_said(collector: Collector, words: tuple[str, ...]) -> None:
    assert run(collector, *words).exit_code != 0


@pytest.mark.parametrize("grace", ["1", "h", "-1h", "99d", "\u0661h"])
def test_a_grace_that_is_no_time_is_refused(collector: Collector, grace: str) -> None:
    assert run(collector, "rotate", "1", "--grace", grace).exit_code == 2


def test_many_wrong_credentials_are_told_to_wait_and_right_ones_are_not(collector: Collector) -> None:
    client = collector.client
    answers = [
        client.get("/api/v1/fleets", headers=basic("admin", f"x{number}")) for number in range(BURST * 2)
    ]
    statuses = [answer.status_code for answer in answers]
    last = answers[-1]

    assert statuses[:5] == [401] * 5
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) > FRESH_S
    assert last.json()["error"] == "too_many_failures"
    for user in ("nobody", collector.tester_id, "reader"):
        assert client.get("/api/v1/fleets", headers=basic(user, "wrong")).text == last.text
    assert client.get("/api/v1/fleets", headers=collector.admin).status_code == 200
    assert client.get("/api/v1/fleets", headers=collector.tester).status_code == 200
    assert collector.deliver(a_report(collector.tester_id)).status_code == 201


def test_wrong_credentials_beyond_the_limit_ask_the_database_nothing(collector: Collector) -> None:
    for number in range(BURST * 2):
        collector.client.get("/api/v1/fleets", headers=basic("admin", f"x{number}"))
    statements: list[str] = []
    sa.event.listen(
        collector.engine, "before_cursor_execute", lambda _c, _cursor, text, *_: statements.append(text)
    )

    asked = 200
    for number in range(asked):
        collector.client.get("/api/v1/fleets", headers=basic("admin", f"y{number}"))

    # A list of digests once a second at most, and what a second lets through.
    assert len([text for text in statements if "WHERE testers.uuid" in text]) < asked / 4


class Clock:
    def __init__(self) -> None:
        self.s = 1_000.0

    def __call__(self) -> float:
        return self.s


def test_a_token_that_is_new_is_judged_by_a_list_made_after_it_was_issued() -> None:
    clock = Clock()
    failures = Failures(clock=clock)
    while not failures.note():
        pass
    old, new = digest_of_token("old"), digest_of_token("new")
    assert failures.may_make_list()
    assert not failures.may_make_list(), "one at a time"
    failures.keep_list([old], read_at_s=clock())

    assert (failures.is_hopeless(old), failures.is_hopeless(new)) == (False, True)
    clock.s += FRESH_S + 0.01
    while not failures.note():
        pass
    assert not failures.is_hopeless(new), "the list is too old to refuse by"
    assert failures.may_make_list()
    failures.keep_list([old, new], read_at_s=clock())
    assert not failures.is_hopeless(new)


def test_the_limit_fills_again_and_remembers_nobody() -> None:
    clock = Clock()
    failures = Failures(clock=clock)
    assert [failures.note() for _ in range(BURST + 1)] == [False] * BURST + [True]
    clock.s += 10
    assert [failures.note() for _ in range(11)] == [False] * 10 + [True]
    clock.s += 1e9
    assert [failures.note() for _ in range(BURST + 1)] == [False] * BURST + [True]
