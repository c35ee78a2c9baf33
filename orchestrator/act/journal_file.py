"""The file that a journal is kept in: opened, guarded, and written as a whole or not at all."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from orchestrator.act.schema import MIGRATIONS, VERSION
from orchestrator.errors import ConfigurationError, NoRoom, OrchestratorError

BUSY_S = 5.0
NO_SPACE = ("full", "disk I/O error", "No space left", "quota exceeded")
LITTLE_BYTES = 262_144
"""Less than a journal needs for its own files beside it."""


class JournalFailed(OrchestratorError):
    """The journal cannot be read or written, so that nothing may be begun."""

    card_code = "journal-unusable"


class JournalFull(JournalFailed, NoRoom):
    """The disk of the journal is full."""


class JournalFile:
    """One connection to a journal, guarded, that threads may share.

    `after_write` is called after each transaction that was committed.
    """

    def __init__(self, path: Path, *, after_write: Callable[[], None] | None = None) -> None:
        self._path = path
        self._after_write = after_write
        self._guard = threading.RLock()
        with self._reporting():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path, timeout=BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=64
            )
        try:
            with self._reporting():
                self._open()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._db.close()

    def all(self, statement: str, *arguments: object) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        with self._reporting(), self._guard:
            return self._db.execute(statement, arguments).fetchall()

    def one(self, statement: str, *arguments: object) -> sqlite3.Row | None:
        """Return the first row of a query, None where there is none."""
        rows = self.all(statement, *arguments)
        return rows[0] if rows else None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Commit what is written inside, all of it or nothing."""
        with self._reporting(), self._guard:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself where the disk was full.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        if self._after_write is not None:
            self._after_write()

    def _open(self) -> None:
        self._db.row_factory = sqlite3.Row
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise ConfigurationError(
                f"the journal {self._path} is of version {version}, this orchestrator reads {VERSION}",
                cause="a newer orchestrator has worked on this fleet",
                next_step="install that version, and run the command again",
            )
        self._path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        if version < VERSION:
            with self.writing():
                for statement in chain.from_iterable(MIGRATIONS[version:]):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._failed(error.strerror or str(error)) from error
        except sqlite3.Error as error:
            raise self._failed(str(error)) from error

    def _failed(self, reason: str) -> JournalFailed:
        cause = "nothing is begun that cannot be written down first"
        if any(sign in reason for sign in NO_SPACE) and self._has_no_room():
            return JournalFull(
                f"the journal {self._path} cannot be used: the disk is full",
                cause=cause,
                next_step="make room on that disk, then run the command again",
            )
        return JournalFailed(
            f"the journal {self._path} cannot be used: {reason}",
            cause=cause,
            next_step="see that the file can be read and written, then run the command again",
        )

    def _has_no_room(self) -> bool:
        try:
            return shutil.disk_usage(self._path.parent).free < LITTLE_BYTES
        except OSError:
            # Its folder could not be made.
            return True
