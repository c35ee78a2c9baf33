"""The pieces of the collector's benchmark, so small that nobody looks at their figures."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.benchmarks.collector.history import WHOLE_DAYS, WHOLE_TESTERS, Shape, shape_of
from tests.benchmarks.collector.ingest import GOALS, large_reports
from tests.benchmarks.collector.laptop import months_in_sqlite, reports_into_sqlite
from tests.benchmarks.collector.postgres import Postgres, postgres, programs
from tests.benchmarks.collector.questions import QUESTIONS, months
from tests.benchmarks.collector.small import small_reports

TINY = Shape(testers=2, servers=3, days=2, every=timedelta(minutes=30))


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    if programs() is None:
        pytest.skip("no Postgres: neither initdb on PATH nor /usr/lib/postgresql")
    with postgres(settings=("fsync=off",)) as running:
        yield running


@pytest.mark.postgres
def test_large_reports_are_stored_by_each_way(server: Postgres) -> None:
    lines = large_reports(server, rows=20, at_once=1, rounds=1)

    assert [line.peer_name for line in lines] == list(GOALS)


@pytest.mark.postgres
def test_small_reports_are_stored_together_and_alone(server: Postgres) -> None:
    (line,) = small_reports(server, testers=3, each=2, rounds=1)

    assert line.name.endswith("3 connections")


@pytest.mark.postgres
def test_a_history_is_made_rolled_up_and_asked(server: Postgres) -> None:
    lines = months(server, TINY)

    assert len(lines) == 3 + len(QUESTIONS)


def test_a_file_takes_reports_and_answers(tmp_path: Path) -> None:
    assert len(reports_into_sqlite(tmp_path, rows=20, at_once=1, rounds=1)) == 1
    assert len(months_in_sqlite(tmp_path, TINY)) == len(QUESTIONS)


def test_a_history_of_any_length_keeps_what_a_run_and_an_hour_hold() -> None:
    for rows in (1_000_000, 5_000_000, 100_000_000):
        shape = shape_of(rows)

        assert abs(shape.rows - rows) < 0.2 * rows
        assert (shape.servers, shape.every) == (50, timedelta(minutes=1))
    assert shape_of(Shape(testers=WHOLE_TESTERS, days=WHOLE_DAYS).rows).testers == WHOLE_TESTERS
