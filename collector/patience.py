"""A connection to Postgres that does not wait for ever.

The server's own timeouts end what is slow. They do not help where the server is frozen, or where
the network was cut without a word: then nothing ever comes, and a thread would wait without end.
"""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

T = TypeVar("T")


class Patient(psycopg.Connection[Any]):
    """Closes itself when the server has been silent for `silence_s`, None for never."""

    silence_s: float | None = None

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for an answer; raise `psycopg.OperationalError` where there is none in time."""
        if timeout is not None or self.silence_s is None:
            return super().wait(gen, interval=interval, timeout=timeout)
        try:
            return super().wait(gen, interval=interval, timeout=self.silence_s)
        except psycopg.OperationalError as error:
            if error.sqlstate is not None or self.closed:
                raise
            # What the connection is in the middle of is not known any more.
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the database was given up: {error}") from None
