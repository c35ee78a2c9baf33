"""Every query of the boards gives something: by a role that reads views alone, and by a real Prometheus."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from collector.app import create_app
from collector.history.rollups import Roller
from collector.session import engine_of
from collector.settings import Settings
from tests.collector.a_collector import ADMIN_TOKEN, a_report, basic
from tests.collector.grafana.the_files import GRAFANA, filled_promql, filled_sql, queries
from tests.collector.metrics.test_prometheus import asked as found_by
from tests.collector.metrics.test_prometheus import awaited, program, prometheus
from tests.collector.reads.a_house import ADMIN, NOON, Found, House
from tests.collector.test_serve import DEADLINE_S, delivered, registered, send, serving
from tests.conftest import _programs
from wire.report import LOST

HOSTILE = 'O\'slo $1 \\ "x" ${fleet}'
SINCE, UNTIL = NOON - timedelta(days=3), NOON + timedelta(days=3)
VALUES = {"fleet": [HOSTILE], "region": ["north", HOSTILE], "server": ["va", "dead", HOSTILE]}


def filled(url: str) -> None:
    """Store results of two days: good and bad ones, with and without a rollup."""
    engine = engine_of(url)
    settings = Settings(database_url=url, admin_token=ADMIN[1])
    with TestClient(create_app(settings, engine=engine)) as client:
        house = House(client=client, engine=engine, settings=settings)
        fleet = house.fleet(HOSTILE)
        good = house.tester(fleet, "oslo", location={"region": "north"})
        bad = house.tester(fleet, HOSTILE, location={"region": HOSTILE})
        rows = [
            Found(server="va", rtt_us=[20_000, 21_000, LOST]),
            Found(server="dead", address="192.0.2.9", rtt_us=[LOST, LOST]),
            Found(server=HOSTILE, address="192.0.2.8", rtt_us=[5_000, 6_000]),
        ]
        sweep = house.sweep(fleet)
        for index in range(4):
            house.report(good, sweep, *rows, index=index, started_at=NOON + timedelta(hours=8 * index))
        health = {"trusted": False, "reason": "the clock steps"}
        house.report(bad, sweep, *rows, index=0)
        house.report(bad, sweep, *rows, index=1, started_at=NOON + timedelta(hours=1), health=health)
        # What was announced and never reported stands at the time of the test.
        client.post(
            f"/api/v1/runs/{uuid4()}/abandon",
            json={"tester_id": str(bad), "sweep_id": str(sweep), "index": 9, "reason": "gone"},
            auth=ADMIN,
        )
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE runs SET announced_at = coalesce(started_at, :at)"), {"at": NOON})
    Roller(engine).roll_up(datetime.now(UTC))
    engine.dispose()


@pytest.fixture
def by_role(postgres_url: str, tmp_path: Path) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the role that `role.sql` makes."""
    psql = shutil.which("psql") or str((_programs() or Path("/")) / "psql")
    filled(postgres_url)
    (tmp_path / "password").write_text("it's a \\secret\n")
    for _ in range(2):
        # Twice is once.
        made = subprocess.run(
            [psql, "-q", "-v", "ON_ERROR_STOP=1", "-f", GRAFANA / "role.sql", postgres_url],
            env={"GRAFANA_PASSWORD_FILE": str(tmp_path / "password"), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (made.returncode, made.stderr) == (0, "")
    with psycopg.connect(postgres_url, user="grafana") as connection:
        yield connection
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute("DROP OWNED BY grafana")
        owner.execute("DROP ROLE grafana")


@pytest.mark.postgres
def test_every_sql_query_gives_rows_and_the_role_may_do_nothing_else(
    by_role: psycopg.Connection[Any],
) -> None:
    empty = []
    for asked in queries("latency-results"):
        statement = filled_sql(asked.text, VALUES, since=SINCE, until=UNTIL)
        cursor = by_role.execute(statement.encode())
        rows = cursor.fetchall()
        columns = [column.name for column in cursor.description or ()]
        if not rows or all(value is None for value in rows[0]):
            empty.append(f"{asked}\n{statement}")
        if "AS metric" in asked.text:
            assert columns == ["time", "metric", "value"], asked
    assert empty == []
    for refused in (
        "SELECT * FROM tokens",
        "SELECT * FROM ping_results",
        "DELETE FROM view_latest",
        "CREATE TABLE mine (x int)",
    ):
        by_role.rollback()
        with pytest.raises(psycopg.Error):
            by_role.execute(refused.encode())


def test_a_name_from_outside_stays_a_text_in_sql() -> None:
    text = "SELECT 1 WHERE fleet = ${fleet:sqlstring} AND $__timeFilter(ts)"
    assert filled_sql(text, {"fleet": ["a'; DROP TABLE x"]}, since=NOON, until=NOON) == (
        "SELECT 1 WHERE fleet = 'a''; DROP TABLE x' AND "
        "ts BETWEEN '2026-03-01T12:00:00Z' AND '2026-03-01T12:00:00Z'"
    )
    # Each value in each query is put in so.
    for asked in queries("latency-results"):
        filled_sql(asked.text, VALUES, since=NOON, until=NOON)


def label_values(url: str, text: str) -> list[str]:
    """Return what a variable of Prometheus offers."""
    selector, _, label = text.removeprefix("label_values(").removesuffix(")").rpartition(",")
    asked = urllib.parse.urlencode({"match[]": selector.strip()})
    path = f"{url}/api/v1/label/{label.strip()}/values?{asked}"
    with urllib.request.urlopen(path, timeout=DEADLINE_S) as answer:
        found: list[str] = json.load(answer)["data"]
    return found


def test_every_promql_query_gives_series(tmp_path: Path, sqlite_url: str) -> None:
    program("prometheus")
    (tmp_path / "alerts.yaml").write_text(
        "version: 1\nreceivers: [{name: ops, command: {run: [/bin/true]}}]\n"
        "rules: [{name: sweeps, when: sweep_failed, to: ops}]\n"
    )
    (tmp_path / "token").write_text("a-reader\n")
    settings = {
        "COLLECTOR_ALERTS": str(tmp_path / "alerts.yaml"),
        "COLLECTOR_READER_TOKEN_FILE": str(tmp_path / "token"),
    }
    with serving(sqlite_url, settings=settings) as collector:
        tester_id = registered(collector.url)
        admin = basic("admin", ADMIN_TOKEN)
        with urllib.request.urlopen(f"{collector.url}/api/v1/fleets", timeout=DEADLINE_S) as answer:
            fleet_id = json.load(answer)["fleets"][0]["fleet_id"]
        config = (GRAFANA / "prometheus.yml").read_text()
        for there, here in (
            ("30s", "1s"),
            ("collector:9090", collector.url.removeprefix("http://")),
            ("/secrets/reader_token", str(tmp_path / "token")),
        ):
            assert there in config
            config = config.replace(there, here)
        with prometheus(tmp_path, config) as url:
            # Something of everything that is counted; the first scrape comes before it or after.
            assert delivered(collector.url, a_report(tester_id, rows=2, rtt_us=[1000, 2000, LOST])) == 201
            assert send("PUT", f"{collector.url}/api/v1/runs/{uuid4()}/report", b"{}", {}) == 401
            sweep = f"{collector.url}/api/v1/sweeps/{uuid4()}"
            body = {"fleet_id": str(fleet_id), "spec": {}, "started_at": "2026-11-20T00:00:00Z"}
            assert send("PUT", sweep, json.dumps(body).encode(), admin) == 201
            assert send("POST", f"{sweep}/finish", b'{"outcome": "failed"}', admin) == 200
            twice = "count_over_time(collector_alert_attempts_total[1m]) >= 2"
            assert awaited(lambda: found_by(url, twice))

            values: dict[str, list[str]] = {}
            empty = []
            for asked in queries("latency-metrics"):
                expression = filled_promql(asked.text, values)
                if asked.title.startswith("variable "):
                    found = label_values(url, expression)
                    values[asked.title.removeprefix("variable ")] = found
                    if not found:
                        empty.append(str(asked))
                    continue
                series = found_by(url, expression)
                if not series:
                    empty.append(f"{asked}: {expression}")
                # A legend names labels that the series have.
                for labels, _ in series if "vector(0)" not in expression else []:
                    for name in [part.partition("}}")[0] for part in asked.legend.split("{{")[1:]]:
                        assert name in labels, (str(asked), labels)
    assert empty == []
    assert values == {
        "job": ["latency"],
        "fleet": ["edge"],
        "tester": ["oslo"],
        "target": ["server0", "server1"],
    }
