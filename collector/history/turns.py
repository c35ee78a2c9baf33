"""Whose turn it is to keep house: of all collectors on a database, one at a time."""

import sqlalchemy as sa

LOCK = 0x726F6C6C
"""Held until the transaction ends, by whoever makes rollups and by whoever removes what they are
made of: otherwise an hour could be summed up anew from results that go at the same moment."""


def take_turn(connection: sa.Connection, *, lock: int = LOCK) -> bool:
    """Return whether nobody else is at what `lock` stands for; then nobody is until the transaction ends."""
    if connection.dialect.name != "postgresql":
        # SQLite has one writer at a time.
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(lock))).scalar())


def wait_for_turn(connection: sa.Connection) -> None:
    """Wait until nobody else is at it, no longer than the `lock_timeout` of the connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
