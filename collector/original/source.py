"""An original database, read as texts: each value as its engine writes it, row by row."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import psycopg
import sqlalchemy as sa

from collector.errors import CollectorError, ConfigurationError
from collector.patience import Patient

COLUMNS = {
    "testers": ("id", "name", "location", "vps_provider", "config"),
    "servers": ("id", "ip_addr", "name", "location", "config"),
    "ping_results": (
        *("id", "tester_id", "server_requested", "server_contacted", "ping_timestamp", "ping_count"),
        *("ping_nack", "ping_time", "raw"),
    ),
}
"""The original's tables; what else they hold is left alone."""

OURS = ("alembic_version", "legacy_results", "fleets")
CONNECT_TIMEOUT_S = 10
SILENCE_S = 300.0
"""A server that has sent nothing for so long is taken for gone."""

DBI = "dbi:pg:"
OPTIONS = "-c TimeZone=UTC -c DateStyle=ISO -c extra_float_digits=1 -c statement_timeout=0"

Row = Mapping[str, str | None]


class Original(Protocol):
    """One state of an original database."""

    def columns(self, table: str) -> tuple[str, ...] | None:
        """Return the names of a table's columns, None where there is no such table."""

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of one of `COLUMNS`, of which few are held at a time."""


@contextmanager
def opened_original(dsn: str) -> Iterator[Original]:
    """Open an original database for reading; raise `ConfigurationError` for what is none.

    `dsn` is `postgresql://…`, words as libpq takes them (`dbname=… host=…`), the same as Perl's DBI has
    them (`dbi:Pg:dbname=…;host=…`), or `sqlite:///…`. What it leaves out, libpq takes from its own
    variables (PGPASSWORD, PGPASSFILE, PGSERVICE).
    """
    try:
        if dsn.startswith("sqlite:"):
            with _sqlite(dsn) as original:
                _check(original)
                yield original
        else:
            with _postgres(dsn) as original:
                _check(original)
                yield original
    except (psycopg.Error, sqlite3.Error) as error:
        raise CollectorError(f"the original database cannot be read: {_line(error)}") from None


def holds_password(dsn: str) -> bool:
    """Return whether a DSN holds a password, which others may read where it is an argument."""
    try:
        return "password" in psycopg.conninfo.conninfo_to_dict(_conninfo(dsn))
    except psycopg.Error:
        return False


class _Postgres:
    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def columns(self, table: str) -> tuple[str, ...] | None:
        try:
            with self._connection.transaction():
                cursor = self._connection.execute(f"SELECT * FROM {table} LIMIT 0")  # noqa: S608 - a name of ours
        except psycopg.errors.UndefinedTable:
            return None
        return tuple(column.name for column in cursor.description or ())

    def rows(self, table: str) -> Iterator[Row]:
        names = COLUMNS[table]
        # COPY writes each value as the server writes it: an address without a netmask, a number with
        # all of its digits. Nothing of the result is held here.
        statement = f"COPY (SELECT {', '.join(names)} FROM {table}) TO STDOUT"  # noqa: S608 - names of ours
        with self._connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in copy.rows():
                yield dict(zip(names, row, strict=True))


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def columns(self, table: str) -> tuple[str, ...] | None:
        found = self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        return tuple(row[0] for row in found) or None

    def rows(self, table: str) -> Iterator[Row]:
        names = COLUMNS[table]
        for row in self._connection.execute(f"SELECT {', '.join(names)} FROM {table}"):  # noqa: S608 - names of ours
            yield {name: _text(value) for name, value in zip(names, row, strict=True)}


@contextmanager
def _postgres(dsn: str) -> Iterator[_Postgres]:
    conninfo = _conninfo(dsn)
    try:
        psycopg.conninfo.conninfo_to_dict(conninfo)
    except psycopg.Error:
        # What it complains of may be a part of the password.
        raise ConfigurationError(
            "the DSN of the original database is not one of those that are known",
            hint="write postgresql://user@host/name, dbi:Pg:dbname=name;host=host or sqlite:////path",
        ) from None
    try:
        connection = Patient.connect(conninfo, connect_timeout=CONNECT_TIMEOUT_S, options=OPTIONS)
    except psycopg.OperationalError as error:
        raise ConfigurationError(f"the original database cannot be opened: {_line(error)}") from None
    connection.silence_s = SILENCE_S
    with connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield _Postgres(connection)


@contextmanager
def _sqlite(dsn: str) -> Iterator[_Sqlite]:
    path = Path(sa.make_url(dsn).database or "").absolute()
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    except sqlite3.Error:
        raise ConfigurationError(f"the original database cannot be opened: {path}") from None
    try:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        # One state of it, whatever is written meanwhile.
        connection.execute("BEGIN")
        yield _Sqlite(connection)
    finally:
        connection.close()


def _check(original: Original) -> None:
    found = {table: original.columns(table) for table in COLUMNS}
    if any(original.columns(table) is not None for table in OURS):
        raise ConfigurationError(
            "that is a database of this collector, not of the original",
            hint="backups are restored with pg_dump and psql, see docs/collector.md",
        )
    lacking = [
        f"{table}.{name}" if columns is not None else table
        for table, columns in found.items()
        for name in (COLUMNS[table] if columns is not None else ("",))
        if name not in (columns or ())
    ]
    if lacking:
        raise ConfigurationError(
            f"that is no database of Data::Latency::Gather: it lacks {', '.join(lacking)}",
            hint="name the database that its collector wrote to; search_path decides which schema is read",
        )


def _conninfo(dsn: str) -> str:
    if dsn[: len(DBI)].lower() == DBI:
        return dsn[len(DBI) :].replace(";", " ")
    return dsn


def _text(value: Any) -> str | None:
    """Return what SQLite holds as a text; Postgres holds no NUL in one."""
    if value is None:
        return None
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.replace("\x00", "\ufffd")


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
