"""Messages on their way: whose turn it is, what an attempt came to, what was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.alerts.message import Message
from collector.session import reading, writing
from collector.tables import UtcTime, alert_deliveries, fleets

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
GIVE_UP = timedelta(hours=24)
"""What could not be delivered for so long is given up."""

MOST_ASKED_S = 3_600.0
"""A receiver that asks for more time than that is tried again all the same."""

GRACE = timedelta(seconds=60)
"""Whoever has claimed a message and is not done so long after its receiver's time is taken for dead."""

TOO_LATE = "it could not be delivered within 24 hours"


class Delivery(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What an attempt came to; `note` is for people, and holds no secret.

    `again` says whether another attempt may do better, not before `after_s` where the receiver asked for it.
    """

    delivered: bool
    note: str
    again: bool = True
    after_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A message that is ours to deliver; `attempt` counts from 1."""

    id: int
    key: UUID
    message: Message
    attempt: int
    created_at: datetime


def claim(engine: sa.Engine, receiver: str, *, now: datetime, timeout_s: float) -> Claimed | None:
    """Return the oldest message that waits for a receiver, None where there is none or it is not its time.

    Those behind it wait until it is delivered or given up: what a receiver hears comes in its order.
    Whoever is killed from now on has it claimed until its time is over; then it is anybody's again.
    """
    with reading(engine) as connection:
        head = connection.execute(
            sa.select(alert_deliveries)
            .where(
                alert_deliveries.c.state == Delivery.WAITING.value, alert_deliveries.c.receiver == receiver
            )
            .order_by(alert_deliveries.c.id)
            .limit(1)
        ).one_or_none()
    if head is None or head.next_at > now:
        return None
    with writing(engine) as connection:
        taken = connection.execute(
            sa.update(alert_deliveries)
            .where(
                alert_deliveries.c.id == head.id,
                alert_deliveries.c.state == Delivery.WAITING.value,
                alert_deliveries.c.attempts == head.attempts,
                alert_deliveries.c.next_at <= sa.literal(now, UtcTime),
            )
            .values(attempts=head.attempts + 1, next_at=now + timedelta(seconds=timeout_s) + GRACE)
        )
    if not taken.rowcount:
        return None
    return Claimed(
        id=head.id,
        key=head.idempotency_key,
        message=head.message,
        attempt=head.attempts + 1,
        created_at=head.created_at,
    )


def settle(engine: sa.Engine, claimed: Claimed, outcome: Outcome, *, now: datetime) -> Delivery:
    """Write down what an attempt came to; return what became of the message."""
    state = Delivery.WAITING
    next_at = now + pause_after(claimed.attempt, after_s=outcome.after_s)
    if outcome.delivered:
        state = Delivery.DELIVERED
    elif not outcome.again or next_at - claimed.created_at > GIVE_UP:
        state = Delivery.GIVEN_UP
    ended = {} if state is Delivery.WAITING else {"ended_at": now}
    with writing(engine) as connection:
        connection.execute(
            sa.update(alert_deliveries)
            # Another one may have delivered it meanwhile, where we took longer than we may.
            .where(alert_deliveries.c.id == claimed.id, alert_deliveries.c.state == Delivery.WAITING.value)
            .values(state=state.value, next_at=next_at, note=outcome.note, **ended)
        )
    return state


def pause_after(attempt: int, *, after_s: float = 0.0) -> timedelta:
    """Return how long to wait after an attempt that failed: twice as long each time, up to a bound."""
    doubled = FIRST_PAUSE * (1 << min(attempt - 1, 20))
    return max(min(doubled, LONGEST_PAUSE), timedelta(seconds=min(after_s, MOST_ASKED_S)))


def give_up_old(engine: sa.Engine, *, now: datetime) -> int:
    """Give up what nobody delivers: its receiver may be in no file any more; return how many."""
    with writing(engine) as connection:
        return connection.execute(
            sa.update(alert_deliveries)
            .where(
                alert_deliveries.c.state == Delivery.WAITING.value,
                alert_deliveries.c.created_at < sa.literal(now - GIVE_UP, UtcTime),
                # Nobody is at it.
                alert_deliveries.c.next_at <= sa.literal(now, UtcTime),
            )
            .values(state=Delivery.GIVEN_UP.value, ended_at=now, note=TOO_LATE)
        ).rowcount


def waiting_count(engine: sa.Engine) -> int:
    """Return how many messages wait."""
    with reading(engine) as connection:
        return connection.execute(
            sa.select(sa.func.count())
            .select_from(alert_deliveries)
            .where(alert_deliveries.c.state == Delivery.WAITING.value)
        ).scalar_one()


def newest_deliveries(
    connection: sa.Connection, *, limit: int, fleet_number: int | None = None, receiver: str | None = None
) -> Sequence[sa.Row[Any]]:
    """Return what was told, the newest first, with the name of its fleet."""
    query = (
        sa.select(alert_deliveries, fleets.c.name.label("fleet"))
        .select_from(alert_deliveries.outerjoin(fleets, fleets.c.id == alert_deliveries.c.fleet_id))
        .order_by(alert_deliveries.c.id.desc())
        .limit(limit)
    )
    if fleet_number is not None:
        query = query.where(alert_deliveries.c.fleet_id == fleet_number)
    if receiver is not None:
        query = query.where(alert_deliveries.c.receiver == receiver)
    return connection.execute(query).all()
