"""The pieces of the collector's benchmark, so small that nobody looks at their figures."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from collector.history.partitions import Partitions
from collector.session import engine_of, writing
from collector.tables import fleets, ping_results, servers, testers
from tests.benchmarks.collector.accuracy import percentile_error
from tests.benchmarks.collector.history import WHOLE_DAYS, WHOLE_TESTERS, Shape, shape_of
from tests.benchmarks.collector.ingest import raw_copy
from tests.benchmarks.collector.laptop import months_in_sqlite
from tests.benchmarks.collector.postgres import Postgres, postgres, programs
from tests.benchmarks.collector.questions import QUESTIONS, asked_raw, kept
from tests.benchmarks.collector.reports import reports
from tests.benchmarks.collector.serving import COLLECTOR
from tests.benchmarks.collector.small import ALONE, TOGETHER, WAYS, costs
from tests.benchmarks.collector.textbook import STORES, application

ROWS = 20
TINY = Shape(testers=2, servers=3, days=2, every=timedelta(minutes=30))


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    if programs() is None:
        pytest.skip("no Postgres: neither initdb on PATH nor /usr/lib/postgresql")
    with postgres(settings=("fsync=off",)) as running:
        yield running


@pytest.mark.postgres
def test_small_reports_are_stored(server: Postgres) -> None:
    costs_us = costs(server, {TOGETHER: COLLECTOR}, testers=3, each=2, rounds=1)

    assert costs_us[TOGETHER] > 0
    assert set(WAYS) == {TOGETHER, ALONE}


@pytest.mark.postgres
def test_a_textbook_and_a_raw_copy_store_the_same_rows(server: Postgres) -> None:
    url = server.made("textbook")
    engine = engine_of(url)
    tester_ids = _registered(engine, ("copy", "insert", "raw"))

    for store in STORES:
        (body,) = islice(reports(tester_ids[store], rows=ROWS), 1)
        client = TestClient(application(engine, STORES[store]))
        assert client.put("/reports", json=json.loads(body.by_row())).json() == {"stored": ROWS}
    given = reports(tester_ids["raw"], rows=ROWS)
    with raw_copy(server, url, given, 1, tester_id=tester_ids["raw"]) as raw:
        assert raw.ready()() == ROWS

    figures = [column for name, column in ping_results.c.items() if name not in ("ts", "tester_id", "run_id")]
    query = sa.select(testers.c.uuid, *figures).join(testers, testers.c.id == ping_results.c.tester_id)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query.order_by(ping_results.c.server_id))]
    engine.dispose()
    stored = {name: [row[1:] for row in rows if row[0] == one] for name, one in tester_ids.items()}
    assert len(stored["raw"]) == ROWS
    assert stored["copy"] == stored["insert"] == stored["raw"]


@pytest.mark.postgres
def test_a_history_is_made_rolled_up_and_asked_of_its_raw_rows(server: Postgres) -> None:
    url = server.made("months")
    lines = kept(server, url, TINY)

    assert len(lines) == 3
    for question in QUESTIONS:
        assert asked_raw(question, url, TINY)()


def test_a_file_answers(tmp_path: Path) -> None:
    assert len(months_in_sqlite(tmp_path, TINY)) == len(QUESTIONS)


def test_percentiles_of_every_shape_are_within_the_goal() -> None:
    (line,) = percentile_error(values=10_000)

    assert not line.missed


def test_a_history_of_any_length_keeps_what_a_run_and_an_hour_hold() -> None:
    for rows in (1_000_000, 5_000_000, 100_000_000):
        shape = shape_of(rows)

        assert abs(shape.rows - rows) < 0.2 * rows
        assert (shape.servers, shape.every) == (50, timedelta(minutes=1))
    assert shape_of(Shape(testers=WHOLE_TESTERS, days=WHOLE_DAYS).rows).testers == WHOLE_TESTERS


def _registered(engine: sa.Engine, names: Iterable[str]) -> dict[str, UUID]:
    """Register testers, and the servers of their reports; return the testers' UUIDs."""
    ids = {name: uuid4() for name in names}
    at = datetime.now(UTC)
    with writing(engine) as connection:
        fleet = connection.execute(
            sa.insert(fleets)
            .values(uuid=uuid4(), name="bench", spec={}, registered_at=at, registered_by="bench")
            .returning(fleets.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(testers),
            [
                {
                    "uuid": one,
                    "fleet_id": fleet,
                    "name": name,
                    "location": name,
                    "config": {},
                    "created_at": at,
                }
                for name, one in ids.items()
            ],
        )
        connection.execute(
            sa.insert(servers),
            [
                {
                    "uuid": uuid4(),
                    "fleet_id": fleet,
                    "name": f"server-{row:05}",
                    "family": 4,
                    "probe_type": "icmp",
                    "host": "",
                    "group": "edge",
                }
                for row in range(ROWS)
            ],
        )
    Partitions(engine).ensure(at)
    return ids
