"""Engines and transactions."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from collector.errors import ConfigurationError

PAUSE_S = 0.1

BUSY_TIMEOUT_S = 10.0
"""How long a writer waits for another before it is told that the database is busy."""

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 120
LOCK_TIMEOUT_S = 30
SILENCE_S = 5
"""A server that has not ended a statement so long after its time does not do it any more."""

CONNECTIONS = 40
"""The most connections of one process; what was opened once is kept."""

_WRITES = "collector_writes"


def engine_of(
    database_url: str, *, connections: int = CONNECTIONS, statement_timeout_s: int = STATEMENT_TIMEOUT_S
) -> sa.Engine:
    """Return the engine for a URL `sqlite:///…` or `postgresql://…`; nothing is opened yet.

    On Postgres no statement takes longer than `statement_timeout_s`, and no thread waits much longer
    than that, whatever became of the server.
    """
    url = parsed_url(database_url)
    if url.get_backend_name() == "sqlite":
        engine = _sqlite(url)
    else:
        engine = _postgres(url, connections=connections, statement_timeout_s=statement_timeout_s)
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


def give_way(engine: sa.Engine) -> None:
    """Pause between two of many transactions on SQLite, so that a report that waits for its turn gets it."""
    if engine.dialect.name == "sqlite":
        time.sleep(PAUSE_S)


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


@contextmanager
def unhurried(connection: sa.Connection) -> Iterator[None]:
    """Let what follows in this transaction take as long as it needs."""
    driver = connection.connection.driver_connection
    if connection.dialect.name != "postgresql" or driver is None:
        yield
        return
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    before, driver.silence_s = driver.silence_s, None
    try:
        yield
    finally:
        driver.silence_s = before


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
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_S,
        hide_parameters=True,
    )
    event.listen(engine, "do_connect", make_directory)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _postgres(url: sa.URL, *, connections: int, statement_timeout_s: int) -> sa.Engine:
    from collector.patience import Patient

    silence_s = statement_timeout_s + SILENCE_S
    lock_timeout_s = min(LOCK_TIMEOUT_S, statement_timeout_s)
    # Compiling a statement takes longer than any of ours takes.
    settings = (
        f"-c timezone=UTC -c jit=off -c statement_timeout={statement_timeout_s * 1000} "
        f"-c lock_timeout={lock_timeout_s * 1000}"
    )
    given = url.query.get("options")
    options = f"{given} {settings}" if isinstance(given, str) else settings
    engine = sa.create_engine(
        url.difference_update_query(["options"]),
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": options,
            # A peer that is gone without a word: while we wait, and while it does not take what we send.
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": silence_s * 1000,
        },
        pool_size=connections,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_S,
        pool_pre_ping=True,
        # What was sent has no place in the text of an error, nor in the log.
        hide_parameters=True,
    )

    def connect(_dialect: object, _record: object, arguments: Any, named: Any) -> Any:
        connection = Patient.connect(*arguments, **named)
        connection.silence_s = silence_s
        return connection

    event.listen(engine, "do_connect", connect)
    return engine


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
