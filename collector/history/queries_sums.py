"""Sums of paths by the hour or the day as they are stored, a page at a time.

They are given path by path, in the order of their key, so that a page costs no sort.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.history.sums import COLUMNS
from collector.tables import UtcTime, fleets, ping_rollups_day, ping_rollups_hour, servers, testers

TIME_OF = {"hour": ping_rollups_hour.c.hour, "day": ping_rollups_day.c.day}
NAMES_AT_A_TIME = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class SumKey:
    """Where a row stands in the order of all rows."""

    tester_number: int
    server_number: int
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SumFilter:
    """Which rows are meant; None means any. `since` is included, `until` is not."""

    tester_numbers: tuple[int, ...] | None = None
    server_numbers: tuple[int, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


def stored_sums(
    connection: sa.Connection, period: str, chosen: SumFilter, *, after: SumKey | None, limit: int
) -> Sequence[Any]:
    """Return rows `(tester, server, time, *COLUMNS)`; `after` is the last key of the page before."""
    time = TIME_OF[period]
    table = time.table
    key = (table.c.tester_id, table.c.server_id, time)
    query: sa.Select[Any] = sa.select(*key, *(table.c[name] for name in COLUMNS))
    if chosen.tester_numbers is not None:
        query = query.where(table.c.tester_id.in_(chosen.tester_numbers))
    if chosen.server_numbers is not None:
        query = query.where(table.c.server_id.in_(chosen.server_numbers))
    if chosen.since is not None:
        query = query.where(time >= sa.literal(chosen.since, UtcTime))
    if chosen.until is not None:
        query = query.where(time < sa.literal(chosen.until, UtcTime))
    if after is not None:
        query = query.where(
            sa.tuple_(*key)
            > sa.tuple_(
                sa.literal(after.tester_number, sa.Integer),
                sa.literal(after.server_number, sa.Integer),
                sa.literal(after.at, UtcTime),
            )
        )
    return connection.execute(query.order_by(*key).limit(limit)).all()


def testers_of_fleet(connection: sa.Connection, fleet_number: int) -> tuple[int, ...]:
    """Return the numbers of a fleet's testers."""
    return tuple(
        connection.execute(
            sa.select(testers.c.id).where(testers.c.fleet_id == fleet_number).order_by(testers.c.id)
        ).scalars()
    )


class Names:
    """Testers and servers by number, each asked for once."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.testers: dict[int, sa.Row[Any]] = {}
        self.servers: dict[int, sa.Row[Any]] = {}

    def learn(self, rows: Sequence[Any]) -> None:
        """Ask for those of some rows that are not known yet."""
        named = sa.select(testers, fleets.c.name.label("fleet_name"))
        named = named.join(fleets, fleets.c.id == testers.c.fleet_id)
        self._ask(named, testers.c.id, {row[0] for row in rows}, self.testers)
        self._ask(sa.select(servers), servers.c.id, {row[1] for row in rows}, self.servers)

    def _ask(
        self,
        query: sa.Select[Any],
        number: sa.ColumnElement[int],
        wanted: set[int],
        known: dict[int, sa.Row[Any]],
    ) -> None:
        missing = sorted(wanted - known.keys())
        for start in range(0, len(missing), NAMES_AT_A_TIME):
            chunk = missing[start : start + NAMES_AT_A_TIME]
            known.update({row.id: row for row in self._connection.execute(query.where(number.in_(chunk)))})
