"""The rules of the first day, which let the tables be distributed by `tester_id` (Citus) at any time.

They are read from the models, from a migrated Postgres, and from what the collector asks.
"""

import ast
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from collector.history.housekeeping import Housekeeper
from collector.history.keep import Keep
from collector.history.partitions import is_partition
from collector.history.rollups import Roller
from collector.history.segments import DAY
from collector.migrate import migrate, migrations_directory
from collector.session import engine_of
from collector.tables import metadata
from tests.collector.a_collector import Collector, a_report
from tests.collector.a_past import NOW, START, assert_same, begun, fill

DISTRIBUTED = (
    *("runs", "ping_results", "ping_rollups_hour", "ping_rollups_day"),
    *("dirty_days", "latest", "legacy_results", "heartbeats"),
)
"""Tables that grow with testers; all others are small and the same everywhere."""

PER_RESULT = ("ping_results", "ping_rollups_hour", "ping_rollups_day")
SMALL = {"fleets", "testers", "servers", "sweeps", "tokens", "events", "pruned"}


def keys_of(table: sa.Table) -> Iterator[list[str]]:
    yield [column.name for column in table.primary_key]
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            yield [column.name for column in constraint.columns]
    for index in table.indexes:
        if index.unique:
            yield [column.name for column in index.columns]


def test_every_table_with_a_tester_is_distributed_or_small() -> None:
    with_tester = {name for name, table in metadata.tables.items() if "tester_id" in table.c}

    assert with_tester - SMALL == set(DISTRIBUTED)


@pytest.mark.parametrize("name", DISTRIBUTED)
def test_keys_begin_with_the_tester_and_nothing_points_out(name: str) -> None:
    table = metadata.tables[name]

    assert {key[0] for key in keys_of(table)} == {"tester_id"}
    assert not table.foreign_keys
    assert not table.c.tester_id.nullable


def test_a_tester_has_one_type_everywhere_and_no_column_is_an_array() -> None:
    numbers = [table.c.tester_id for table in metadata.tables.values() if "tester_id" in table.c]

    assert {type(column.type) for column in (*numbers, metadata.tables["testers"].c.id)} == {sa.Integer}
    assert not any(
        isinstance(column.type, sa.ARRAY) for table in metadata.tables.values() for column in table.c
    )


@pytest.mark.postgres
def test_a_migrated_postgres_keeps_the_rules(postgres_url: str) -> None:
    engine = engine_of(postgres_url)
    with engine.connect() as connection:

        def ask(query: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.execute(sa.text(query))]

        unique = ask(
            "SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull"
            " FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
            " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]"
            " WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace"
        )
        pointing = ask(
            "SELECT conrelid::regclass::text, contype FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace AND contype IN ('f', 'x', 't')"
        )
        triggers = ask("SELECT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
        arrays = ask(
            "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " JOIN pg_type t ON t.oid = a.atttypid WHERE t.typcategory = 'A' AND a.attnum > 0"
            " AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
        )
        types = ask(
            "SELECT DISTINCT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a JOIN pg_class c"
            " ON c.oid = a.attrelid WHERE a.attname = 'tester_id' AND c.relkind IN ('r', 'p')"
            " AND c.relnamespace = 'public'::regnamespace"
        )
        functions = ask("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    engine.dispose()

    def whole(table: str) -> str:
        return table[:-9] if is_partition(table) else table

    keyed = {whole(row[0]) for row in unique if whole(row[0]) in DISTRIBUTED}
    assert keyed == set(DISTRIBUTED)
    assert {row[1:] for row in unique if whole(row[0]) in DISTRIBUTED} == {("tester_id", "integer", True)}
    assert any(is_partition(row[0]) for row in unique)
    assert {kind for _, kind in pointing} <= {"f"}
    assert {table for table, _ in pointing} <= SMALL
    assert (triggers, arrays, types, functions) == ([], [], [("integer",)], [])


def test_each_step_of_a_migration_is_one_statement() -> None:
    paths = sorted((migrations_directory() / "versions").glob("*.py"))
    assert paths
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr in ("execute", "exec_driver_sql", "text")
            ):
                texts = [
                    part.value
                    for part in ast.walk(call)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                ]
                for text in texts:
                    assert ";" not in text.strip().rstrip(";"), f"{path.name}: {text}"
                    assert not FORBIDDEN.search(text), f"{path.name}: {text}"


FORBIDDEN = re.compile(
    r"\bMERGE\b|CREATE\s+(OR REPLACE\s+)?(TRIGGER|FUNCTION)|\bEXCLUDE\b|\bARRAY\b|->|@>|\bjsonb?_",
    re.IGNORECASE,
)


def sent_statements(collector: Collector) -> Iterator[str]:
    """Give what is sent to the database while reports are stored, summed up, asked for and removed."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(collector.engine, "before_cursor_execute", note)
    for number in range(3):
        report = a_report(collector.tester_id, started_at=START + timedelta(hours=number))
        assert collector.announce(report).status_code == 201
        assert [collector.deliver(report).status_code for _ in range(2)] == [201, 200]
        yield from sent
        sent.clear()
    keeper = Housekeeper(collector.engine, keep_events=DAY, keep=Keep(raw=DAY, hourly=DAY, daily=DAY))
    assert keeper.roll_up(NOW)
    yield from sent
    sent.clear()
    window = f"fleet=edge&since={START:%Y-%m-%dT%H:%M:%SZ}&until={NOW:%Y-%m-%dT%H:%M:%SZ}"
    path = f"/api/v1/path?tester=oslo&server=server0&{window}"
    for question in (
        f"/api/v1/matrix?{window}",
        f"/api/v1/slow?{window}",
        *(f"{path}&resolution={each}" for each in ("run", "hour", "day")),
        f"/api/v1/runs/{report.run_id}",
        f"/api/v1/results?{window}",
        "/api/v1/runs",
        "/api/v1/hours",
        "/api/v1/days",
        "/metrics",
    ):
        answer = collector.client.get(question, headers=collector.admin)
        assert answer.status_code == 200, (question, answer.text)
        yield from sent
        sent.clear()
    assert keeper.tidy(NOW + 400 * DAY)
    yield from sent


def test_no_statement_that_is_sent_is_one_that_cannot_be_distributed(collector: Collector) -> None:
    sent = list(sent_statements(collector))

    assert [statement for statement in sent if FORBIDDEN.search(statement)] == []
    # Each of the tables was written and read.
    for table in ("runs", "ping_results", "ping_rollups_hour", "ping_rollups_day", "dirty_days", "latest"):
        assert any(f" {table}" in statement for statement in sent), table


def test_no_module_says_what_cannot_be_distributed() -> None:
    package = migrations_directory().parent / "collector"
    for path in sorted(package.rglob("*.py")):
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and "SELECT " in part.value:
                assert not FORBIDDEN.search(part.value), path


def column_facts(engine: sa.Engine) -> dict[str, Any]:
    """Return tables, columns, keys and indexes as the database has them."""
    inspector = sa.inspect(engine)
    facts: dict[str, Any] = {}
    with engine.connect() as connection:
        for name in inspector.get_table_names():
            if is_partition(name) or name == "alembic_version":
                continue
            facts[name] = {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            }
            if engine.dialect.name == "postgresql":
                query = sa.text("SELECT indexdef FROM pg_indexes WHERE tablename = :name")
            else:
                query = sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name")
            found = connection.execute(query, {"name": name}).scalars()
            facts[f"{name} indexes"] = sorted(
                re.sub(r"[\s\"]+|ON public\.", " ", text).lower() for text in found if text
            )
            facts[f"{name} key"] = inspector.get_pk_constraint(name)["constrained_columns"]
    return facts


def test_models_and_migrations_agree_to_the_last_index(
    database_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if database_url.startswith("sqlite"):
        empty = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    else:
        empty = request.getfixturevalue("empty_postgres_url")
    migrated, modelled = engine_of(database_url), engine_of(empty)
    metadata.create_all(modelled)
    facts = column_facts(migrated)
    indexed = {name for name, value in facts.items() if name.endswith(" indexes") and value}

    assert facts == column_facts(modelled)
    assert set(facts) >= set(metadata.tables)
    assert (
        indexed >= {f"{table.name} indexes" for table in metadata.tables.values() if table.indexes} != set()
    )

    migrated.dispose()
    modelled.dispose()


if CITUS_DSN := os.environ.get("CITUS_DSN"):
    # Not collected elsewhere: Citus is not to be had where these tests usually run.
    def test_a_distributed_database_gives_the_same_answers(chance: Any) -> None:
        engine = engine_of(CITUS_DSN or "")
        migrate(engine, to="base")
        migrate(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in DISTRIBUTED:
                connection.exec_driver_sql(f"SELECT create_distributed_table('{name}', 'tester_id')")
        past = begun(engine)
        fill(past, chance)
        assert_same(past, since=START, until=NOW)
        Roller(engine).roll_up(NOW)
        assert_same(past, since=START, until=NOW)
        migrate(engine, to="base")
        engine.dispose()
