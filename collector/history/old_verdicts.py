"""The removal of verdicts that are older than is to be kept, and of what was told about them."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from collector.history.segments import DAY, day_of
from collector.history.turns import take_turn
from collector.session import give_way, reading, writing
from collector.tables import UtcTime, alert_deliveries, alert_occasions, fleets, verdicts

LOCK = 0x766F6C64
"""Two that delete the same rows in different orders would wait for each other in a circle."""

WAITING = "waiting"


def old_verdicts(engine: sa.Engine, cut: datetime, *, only_say: bool) -> Iterator[tuple[str, int]]:
    """Remove verdicts before a time, or only count them; give each table with its number of rows.

    What the next round is compared with (`verdict_states`, `alert_states`) stays, and so does a message
    that waits for its receiver.
    """
    if only_say:
        yield from _counted(engine, cut)
        return
    with reading(engine) as connection:
        numbers = list(connection.execute(sa.select(fleets.c.id).order_by(fleets.c.id)).scalars())
    removed = sum(_delete_verdicts(engine, number, cut) for number in numbers)
    if removed:
        yield verdicts.name, removed
    for table, old in _told(cut):
        with writing(engine) as connection:
            rows = (
                connection.execute(sa.delete(table).where(old)).rowcount
                if take_turn(connection, lock=LOCK)
                else 0
            )
        if rows:
            yield table.name, rows


def _delete_verdicts(engine: sa.Engine, fleet_number: int, cut: datetime) -> int:
    """Remove the verdicts of a fleet, a day in each transaction."""
    mine = verdicts.c.fleet_id == fleet_number
    removed = 0
    while True:
        with writing(engine) as connection:
            if not take_turn(connection, lock=LOCK):
                return removed
            first = connection.execute(sa.select(sa.func.min(verdicts.c.at)).where(mine)).scalar()
            if first is None or first >= cut:
                return removed
            end = sa.literal(min(day_of(first) + DAY, cut), UtcTime)
            removed += connection.execute(sa.delete(verdicts).where(mine, verdicts.c.at < end)).rowcount
        give_way(engine)


def _counted(engine: sa.Engine, cut: datetime) -> Iterator[tuple[str, int]]:
    old = verdicts.c.at < sa.literal(cut, UtcTime)
    with reading(engine) as connection:
        for table, which in ((verdicts, old), *_told(cut)):
            rows = connection.execute(sa.select(sa.func.count()).select_from(table).where(which)).scalar_one()
            if rows:
                yield table.name, rows


def _told(cut: datetime) -> tuple[tuple[sa.Table, sa.ColumnElement[bool]], ...]:
    bound = sa.literal(cut, UtcTime)
    ended = sa.and_(alert_deliveries.c.created_at < bound, alert_deliveries.c.state != WAITING)
    return (alert_occasions, alert_occasions.c.noted_at < bound), (alert_deliveries, ended)
