"""What long questions look up first is found by an index, however many runs there are."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from collector.history.by_time import of_tester
from collector.history.queries import RunFilter
from collector.history.queries_summary import counted_by_state
from collector.history.raw import read_raw
from collector.history.rolled import Asked, span_of_results
from collector.history.segments import Span
from collector.session import engine_of, reading
from collector.tables import ping_results, runs
from collector.verdicts.recent import results_of
from collector.web.reads_long import runs_left_out

ASKED = Asked(tester_number=1, since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 2, 1, tzinfo=UTC))
WHOLE_FLEET = Asked(fleet_number=1, since=ASKED.since, until=ASKED.until)


def plans_of(database_url: str, ask: Any) -> list[str]:
    """Return how the database would answer each statement that `ask` sends."""
    engine = engine_of(database_url)
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            sent.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    with reading(engine) as connection:
        ask(connection)
    sa.event.remove(engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    found: list[str] = []
    with reading(engine) as connection:
        if engine.dialect.name == "postgresql":
            # An empty table is read from end to end whatever indexes it has.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in sent:
            rows = connection.exec_driver_sql(explain + statement, parameters).all()
            found.append("\n".join(str(row[-1]) for row in rows))
    engine.dispose()
    return found


def test_the_first_and_the_last_run_of_a_tester_stand_at_the_ends_of_an_index(database_url: str) -> None:
    plans = plans_of(database_url, lambda connection: span_of_results(connection, [runs.c.tester_id == 1]))

    assert plans
    assert [plan for plan in plans if "ix_runs_tester_id_started_at" not in plan or "Sort" in plan] == []


@pytest.mark.parametrize("asked", [ASKED, WHOLE_FLEET], ids=["tester", "fleet"])
def test_runs_without_a_part_in_figures_are_found_without_the_others(database_url: str, asked: Asked) -> None:
    (plan,) = plans_of(database_url, lambda connection: runs_left_out(connection, asked))

    assert "ix_runs_left_out" in plan


SPAN = Span(start=ASKED.since, end=ASKED.until)
SWEEP = RunFilter(fleet_number=1, sweep_id=uuid4())
RUN: Any = SimpleNamespace(tester_id=1, run_id=uuid4(), started_at=ASKED.since)

BY_TIME = {
    "the raw rows of an hour": lambda connection: read_raw(
        connection, [SPAN], of_tester(connection).in_([1, 2])
    ),
    "a sweep counted": lambda connection: counted_by_state(
        connection, since=ASKED.since, until=ASKED.until, chosen=SWEEP
    ),
    "the results of some runs": lambda connection: results_of(connection, [RUN], least=1),
}


@pytest.mark.parametrize("name", BY_TIME)
def test_results_of_a_time_are_not_found_by_the_whole_history_of_their_testers(
    sqlite_url: str, name: str
) -> None:
    (plan,) = plans_of(sqlite_url, BY_TIME[name])

    assert "ping_results USING INDEX ix_ping_results_ts (ts>? AND ts<?)" in plan, plan


def test_the_results_of_a_path_are_found_by_their_key(sqlite_url: str) -> None:
    path = (ping_results.c.tester_id == 1, ping_results.c.server_id == 2)
    (plan,) = plans_of(sqlite_url, lambda connection: read_raw(connection, [SPAN], *path))

    assert "(tester_id=? AND server_id=? AND ts>? AND ts<?)" in plan, plan
