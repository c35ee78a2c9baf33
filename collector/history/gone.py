"""What retention has removed: remembered, since it cannot be computed again."""

from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from collector.tables import pruned
from collector.upsert import insert_into


@dataclass(frozen=True, kw_only=True, slots=True)
class Gone:
    """Up to when rows were removed: single results, and sums by the hour."""

    raw: datetime | None
    hourly: datetime | None


_seen: WeakKeyDictionary[sa.Connection, Gone] = WeakKeyDictionary()


def gone_before(connection: sa.Connection) -> Gone:
    """Return what retention has removed, as it was when this connection of a reader first asked.

    An answer that is made of several questions is made of one history.
    """
    if (known := _seen.get(connection)) is None:
        rows = connection.execute(sa.select(pruned.c.name, pruned.c.before))
        before = {row.name: row.before for row in rows}
        known = Gone(raw=before.get("ping_results"), hourly=before.get("ping_rollups_hour"))
        _seen[connection] = known
    return known


def pruned_before(connection: sa.Connection, name: str) -> datetime | None:
    """Return up to when retention has removed rows of a table, None where it never did."""
    found: datetime | None = connection.execute(
        sa.select(pruned.c.before).where(pruned.c.name == name)
    ).scalar()
    return found


def remember_pruned(connection: sa.Connection, name: str, *, before: datetime) -> None:
    """Write down what is removed, in the transaction that removes it."""
    statement = insert_into(connection, pruned).values(name=name, before=before)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"before": statement.excluded.before},
            where=pruned.c.before < statement.excluded.before,
        )
    )
