"""Events: what happened, for those who watch."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from collector.tables import events

LOCK = 0x6576656E
"""Held until the commit, so that ids become visible in their order: a reader that goes on behind
the last id that it saw misses nothing. SQLite has one writer at a time anyway."""

FORGET_LOCK = 0x666F7267
"""Two that delete the same rows in different orders would wait for each other in a circle."""


def add_event(connection: sa.Connection, kind: str, *, at: datetime, data: Mapping[str, Any]) -> None:
    """Write an event; call it last in a transaction, since others then wait for its end."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    connection.execute(sa.insert(events).values(kind=kind, at=at, data=dict(data)))


def add_events(
    connection: sa.Connection, kind: str, *, at: datetime, data: Sequence[Mapping[str, Any]]
) -> None:
    """Write several events of a kind, like `add_event`."""
    if not data:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    connection.execute(sa.insert(events), [{"kind": kind, "at": at, "data": dict(item)} for item in data])


def newest_event(connection: sa.Connection) -> int:
    """Return the id of the newest event, 0 where there is none."""
    return connection.execute(sa.select(sa.func.max(events.c.id))).scalar() or 0


def forget_events(connection: sa.Connection, *, now: datetime, keep: timedelta) -> int:
    """Delete events that are older than `keep`; return how many, 0 where another collector is at it."""
    if connection.dialect.name == "postgresql":
        alone = connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(FORGET_LOCK))).scalar()
        if not alone:
            return 0
    return connection.execute(sa.delete(events).where(events.c.at < now - keep)).rowcount
