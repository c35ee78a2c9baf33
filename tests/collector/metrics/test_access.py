"""Who may read /metrics, and what it says without a database."""

import gzip
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from collector.app import create_app
from collector.auth import digest_of_token
from collector.metrics.page import content_type_for
from collector.session import engine_of, writing
from collector.settings import Settings
from collector.tables import tokens
from collector.web.encodings import gzip_wanted
from tests.collector.a_collector import ADMIN_TOKEN, Collector, a_report, basic, register
from tests.collector.metrics.scraped import named, scraped, series, values_in

READER = basic("reader", "reader-token")


@pytest.fixture
def closed(settings: Settings) -> Iterator[Collector]:
    """A collector whose reading is not open, with a reader's token."""
    engine = engine_of(settings.database_url)
    app = create_app(replace(settings, host="0.0.0.0"), engine=engine)
    with TestClient(app, raise_server_exceptions=False) as client:
        fleet_id, tester_id = register(client)
        digest = digest_of_token("reader-token")
        with writing(engine) as connection:
            row = {"role": "reader", "sha256": digest, "created_at": datetime.now(UTC)}
            connection.execute(sa.insert(tokens).values(row))
        yield Collector(
            client=client,
            engine=engine,
            database_url=settings.database_url,
            fleet_id=fleet_id,
            tester_id=tester_id,
        )
    engine.dispose()


def lose_database(collector: Collector) -> None:
    with writing(collector.engine) as connection:
        for table in ("latest", "tokens"):
            connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO gone_{table}")


def test_where_reading_is_closed_it_takes_a_reader_or_an_admin(closed: Collector) -> None:
    given: tuple[dict[str, str], ...] = (
        {},
        basic("reader", "wrong"),
        closed.tester,
        READER,
        basic("admin", ADMIN_TOKEN),
    )

    answers = [closed.client.get("/metrics", headers=headers) for headers in given]

    assert [answer.status_code for answer in answers] == [401, 401, 403, 200, 200]
    assert all("collector_" not in answer.text for answer in answers[:3])


def test_without_its_database_it_tells_its_own_work(collector: Collector) -> None:
    assert collector.deliver(a_report(collector.tester_id)).status_code == 201
    before = scraped(collector.client)
    assert before[series("collector_database_up")] == 1
    assert named(before, "ping_rtt_best")
    lose_database(collector)

    said = scraped(collector.client)

    assert said[series("collector_database_up")] == 0
    assert said[series("collector_reports_total", outcome="stored")] == 1
    assert named(said, "ping_") == {}
    assert series("collector_rollup_waiting_runs") not in said


def test_without_a_database_only_credentials_that_were_good_lately_are(closed: Collector) -> None:
    assert closed.client.get("/metrics", headers=READER).status_code == 200
    lose_database(closed)

    answers = [
        closed.client.get("/metrics", headers=headers)
        for headers in (READER, basic("reader", "other-token"), {})
    ]

    assert [answer.status_code for answer in answers] == [200, 503, 401]
    assert values_in(answers[0].text)[series("collector_database_up")] == 0
    assert "collector_database_up" not in answers[1].text


def test_credentials_that_were_revoked_are_not_remembered(closed: Collector) -> None:
    assert closed.client.get("/metrics", headers=READER).status_code == 200
    with writing(closed.engine) as connection:
        connection.execute(sa.update(tokens).values(revoked_at=datetime.now(UTC)))
    assert closed.client.get("/metrics", headers=READER).status_code == 401
    lose_database(closed)

    assert closed.client.get("/metrics", headers=READER).status_code == 503


def test_a_database_that_says_nothing_does_not_hold_it_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"postgresql://me@127.0.0.1:{port}/x"
        engine = engine_of(url)

        said = scraped(TestClient(create_app(Settings(database_url=url), engine=engine)))

        engine.dispose()
    assert said[series("collector_database_up")] == 0
    assert said[series("collector_database_failures_total", code="database_unavailable")] == 1


def test_formats_are_chosen_by_accept() -> None:
    openmetrics, plain = "application/openmetrics-text", "text/plain"
    for accept, expected in (
        ("", plain),
        ("*/*", plain),
        ("application/json", plain),
        (f"{openmetrics};version=1.0.0,{openmetrics};version=0.0.1;q=0.75,{plain};q=0.5", openmetrics),
        (f"{plain};version=0.0.4, {openmetrics};q=0.1", plain),
        (f"{openmetrics}; version=\x7f; x=1", openmetrics),
    ):
        assert content_type_for(accept).startswith(f"{expected}; version="), accept


def test_gzip_is_given_where_it_is_asked_for(sqlite_url: str) -> None:
    with TestClient(create_app(Settings(database_url=sqlite_url))) as client:
        with client.stream("GET", "/metrics", headers={"Accept-Encoding": "gzip"}) as zipped:
            assert zipped.headers["content-encoding"] == "gzip"
            assert b"collector_database_up 1.0" in gzip.decompress(b"".join(zipped.iter_raw()))
        bare = client.get("/metrics", headers={"Accept-Encoding": "identity, gzip;q=0"})
    assert "content-encoding" not in bare.headers
    assert not gzip_wanted("br")
