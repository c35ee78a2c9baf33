"""The time that retention counts from: what clocks say, as far as results bear it out."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from collector.history.segments import DAY
from collector.tables import UtcTime, runs

PROOF = timedelta(days=7)
"""For so long results must have come before what lies ahead of them is believed."""

MOST_APART_US = DAY // timedelta(microseconds=1)
"""Clocks of tester and collector that are further apart bear nothing out."""


def confirmed_time(connection: sa.Connection, now: datetime) -> datetime | None:
    """Return the time that retention may count from, None where there is nothing to tell it by.

    It is a week after the newest result that a result of a week later or more bears out, which is
    nearly `now` while results come. A clock that leaps ahead takes away no more than the results of
    a week, until it has been seen to go on for a week. Only runs count whose tester had about the
    collector's time, and never what lies ahead of the database's own clock.
    """
    if connection.dialect.name == "postgresql":
        theirs = connection.execute(sa.select(sa.func.now())).scalar_one()
        now = min(now, theirs)
    newest = _newest(connection, upto=now)
    if newest is None:
        return None
    borne_out = _newest(connection, upto=newest - PROOF)
    return newest if borne_out is None else borne_out + PROOF


def _newest(connection: sa.Connection, *, upto: datetime) -> datetime | None:
    apart = sa.func.coalesce(runs.c.clock_offset_us, 0)
    found: datetime | None = connection.execute(
        sa.select(runs.c.started_at)
        .where(
            runs.c.stored > 0,
            runs.c.started_at <= sa.literal(upto, UtcTime),
            apart.between(-MOST_APART_US, MOST_APART_US),
        )
        .order_by(runs.c.started_at.desc())
        .limit(1)
    ).scalar()
    return found
