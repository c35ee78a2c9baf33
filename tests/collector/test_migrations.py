from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from collector.errors import ConfigurationError
from collector.history.partitions import PARTITIONED, RESULTS, Partitions, is_partition, week_of
from collector.migrate import check_current, migrate
from collector.session import engine_of
from collector.tables import metadata
from tests.collector.newest import NEWEST


def tables_of(engine: sa.Engine) -> set[str]:
    return {name for name in sa.inspect(engine).get_table_names() if not is_partition(name)}


def test_models_and_migrations_agree(empty_database_url: str) -> None:
    engine = engine_of(empty_database_url)
    assert migrate(engine) == NEWEST

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _o, name, kind, _r, _c: not (kind == "table" and is_partition(name)),
            },
        )
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_down_leaves_nothing_and_up_works_again(empty_database_url: str) -> None:
    engine = engine_of(empty_database_url)
    migrate(engine)
    migrate(engine, to="base")
    assert tables_of(engine) == {"alembic_version"}

    assert migrate(engine) == NEWEST
    assert migrate(engine) == NEWEST
    assert tables_of(engine) == {"alembic_version", *metadata.tables}
    engine.dispose()


def test_a_database_of_a_newer_revision_is_refused(database_url: str) -> None:
    engine = engine_of(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    for attempt in (migrate, check_current):
        with pytest.raises(ConfigurationError) as refused:
            attempt(engine)
        assert refused.value.exit_code == 2
        assert str(refused.value) == (
            "the database is at revision 9999, which this collector does not know; "
            "install the release that made it, or a newer one"
        )
    engine.dispose()


def test_a_database_without_tables_is_told_to_migrate(empty_database_url: str) -> None:
    engine = engine_of(empty_database_url)

    with pytest.raises(ConfigurationError) as refused:
        check_current(engine)

    assert str(refused.value) == (
        f"the database has no tables yet, this collector needs {NEWEST}; "
        "run `collector migrate`, or serve with --migrate"
    )
    engine.dispose()


def test_a_week_begins_on_monday() -> None:
    assert week_of(datetime(2026, 11, 23, tzinfo=UTC)) == datetime(2026, 11, 23, tzinfo=UTC)
    assert week_of(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == datetime(2026, 11, 16, tzinfo=UTC)


@pytest.mark.postgres
def test_partitions_exist_from_the_first_migration_and_missing_ones_are_made(postgres_url: str) -> None:
    engine = engine_of(postgres_url)
    now = datetime.now(UTC)
    past = datetime(2021, 3, 3, tzinfo=UTC)

    partitions = Partitions(engine)
    partitions.ensure(past)
    partitions.ensure(past)
    Partitions(engine).ensure(past)
    partitions.make_ahead(now)

    names = {name for name in sa.inspect(engine).get_table_names() if is_partition(name)}
    engine.dispose()
    ahead = {periods.name(start) for periods in PARTITIONED for start in periods.around(now)}
    assert names == ahead | {RESULTS.name(week_of(past))}
