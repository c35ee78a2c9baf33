"""Engines and transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from collector.errors import ConfigurationError

BUSY_TIMEOUT_S = 10.0
"""How long a writer waits for another before it is told that the database is busy."""

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 120
POOL_SIZE = 40
POOL_OVERFLOW = 0

_WRITES = "collector_writes"


def engine_of(database_url: str) -> sa.Engine:
    """Return the engine for a URL `sqlite:///…` or `postgresql://…`; nothing is opened yet."""
    url = parsed_url(database_url)
    engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgres(url)
    event.listen(engine, "begin", _begin)
    return engine


def parsed_url(database_url: str) -> sa.URL:
    """Return the URL with its driver named; raise `ConfigurationError` for one of another kind."""
    try:
        url = sa.make_url(database_url)
    except (sa.exc.ArgumentError, ValueError):
        # ValueError: a port that is no number.
        raise _bad_url() from None
    if "@" in (url.host or ""):
        raise ConfigurationError(
            "the password in the database URL has an @", hint="write it as %40, and / as %2F"
        )
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database not in (None, "", ":memory:"):
        return url.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise _bad_url()


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection that reads one state of the database."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection that reads one state of the database, however many questions it is asked.

    On Postgres `reading` sees with each question what was committed before it.
    """
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection in a transaction that is committed at the end.

    On SQLite the transaction takes the write lock at once: one that only takes it at its first
    write fails where another has written in between.
    """
    with engine.connect() as connection:
        marked = connection.execution_options(**{_WRITES: True})
        with marked.begin():
            yield marked


def _bad_url() -> ConfigurationError:
    # The URL may hold a password, so the message does not repeat it.
    return ConfigurationError(
        "the database URL is not one of ours",
        hint="use sqlite:////absolute/path or postgresql://user@host/name",
    )


def _sqlite(url: sa.URL) -> sa.Engine:
    assert url.database is not None
    directory = Path(url.database).absolute().parent

    def make_directory(*_arguments: object) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"the directory {directory} cannot be made: {error.strerror}",
                hint="name another file with --database-url",
            ) from None

    engine = sa.create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=BUSY_TIMEOUT_S,
        hide_parameters=True,
    )
    event.listen(engine, "do_connect", make_directory)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _postgres(url: sa.URL) -> sa.Engine:
    # Compiling a statement takes longer than any of ours takes.
    settings = (
        f"-c timezone=UTC -c jit=off -c statement_timeout={STATEMENT_TIMEOUT_S * 1000} -c lock_timeout=30000"
    )
    given = url.query.get("options")
    options = f"{given} {settings}" if isinstance(given, str) else settings
    return sa.create_engine(
        url.difference_update_query(["options"]),
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "options": options},
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=BUSY_TIMEOUT_S,
        pool_pre_ping=True,
        # What was sent has no place in the text of an error, nor in the log.
        hide_parameters=True,
    )


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # Without this the driver begins transactions by itself, and too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA journal_mode = WAL")
        # FULL: what was acknowledged must outlive a power cut too, since the tester deletes its
        # copy. NORMAL would do for a killed process alone.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA temp_store = MEMORY")
    finally:
        cursor.close()


def _begin(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
