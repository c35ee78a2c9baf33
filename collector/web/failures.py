"""What a failing database means to whoever asked."""

import sqlite3

import sqlalchemy as sa

from collector.errors import Refused, Unavailable

SQLSTATE_FULL = "53100"
SQLSTATES_BUSY = ("40001", "40P01", "55P03", "53300", "57014")
"""Serialization failure, deadlock, lock timeout, too many connections, statement timeout."""

RETRY_SOON_S = 2
RETRY_LATER_S = 15


def unavailable(error: BaseException) -> Unavailable | None:
    """Return the answer for a failure of the database, None for an error of ours."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    if isinstance(error, sa.exc.TimeoutError):
        return _busy("every connection to the database is in use")
    if isinstance(cause, sqlite3.OperationalError | sqlite3.DatabaseError):
        return _of_sqlite(cause)
    if type(cause).__module__.startswith("psycopg"):
        return _of_postgres(cause)
    return None


def befalls_all(error: BaseException) -> bool:
    """Return whether a failure has nothing to do with what was to be stored."""
    answer = None if isinstance(error, Refused) else unavailable(error)
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    in_a_circle = getattr(cause, "sqlstate", None) in ("40001", "40P01")
    return answer is not None and answer.code != "disk_full" and not in_a_circle


def _of_sqlite(error: sqlite3.Error) -> Unavailable | None:
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError):
        return None
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_FULL", "SQLITE_TOOBIG")):
        return _full()
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _busy("another program is writing to the database")
    if name == "SQLITE_ERROR":
        # A statement that SQLite does not take: a table that is missing, or a fault of ours.
        return _away("the database has not the tables of this collector") if "no such" in str(error) else None
    return _away(f"the database file cannot be used ({name or 'unknown'})")


def _of_postgres(error: BaseException) -> Unavailable | None:
    state = getattr(error, "sqlstate", None)
    if state == SQLSTATE_FULL:
        return _full()
    if state in SQLSTATES_BUSY:
        return _busy("the database is busy")
    if state is None:
        from psycopg import OperationalError

        return _away("the database does not answer") if isinstance(error, OperationalError) else None
    if state[:2] in ("08", "53", "57", "58", "25", "28", "3D"):
        return _away("the database does not answer as it should")
    if state == "42P01":
        return _away("the database has not the tables of this collector")
    return None


def _full() -> Unavailable:
    return Unavailable(
        "disk_full",
        "the disk of the database is full, nothing was stored",
        retry_after_s=RETRY_LATER_S,
        hint="make room on it; what was refused is sent again",
    )


def _busy(message: str) -> Unavailable:
    return Unavailable("database_busy", message, retry_after_s=RETRY_SOON_S)


def _away(message: str) -> Unavailable:
    return Unavailable(
        "database_unavailable", message, retry_after_s=RETRY_LATER_S, hint="see `/readyz` and the log"
    )
