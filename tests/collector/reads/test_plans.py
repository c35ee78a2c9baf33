"""What long questions look up first is found by an index, however many runs there are."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from collector.history.rolled import Asked, span_of_results
from collector.session import engine_of, reading
from collector.tables import runs
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
