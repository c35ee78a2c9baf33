"""What rules on alerts are held against: written down with what it is about, in its transaction."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

import sqlalchemy as sa

from collector.tables import alert_occasions
from collector.upsert import insert_into
from wire.fields import time_text


class Occasion(StrEnum):
    """What may have changed."""

    ROUND = "round"
    SWEEP = "sweep"


def note_round(
    connection: sa.Connection,
    *,
    fleet_number: int,
    sweep_id: UUID,
    round_number: int,
    at: datetime,
    now: datetime,
) -> None:
    """Note that a round was judged; `at` is the last start of one of its runs."""
    _note(
        connection,
        id=uuid5(sweep_id, f"occasion:round:{round_number}"),
        kind=Occasion.ROUND.value,
        fleet_id=fleet_number,
        sweep_id=sweep_id,
        round=round_number,
        at=at,
        noted_at=now,
    )


def note_sweep(
    connection: sa.Connection, *, fleet_number: int, sweep_id: UUID, outcome: str, now: datetime
) -> None:
    """Note that a sweep has ended; one that ends again, otherwise, is another occasion."""
    _note(
        connection,
        id=uuid5(sweep_id, f"occasion:{outcome}:{time_text(now)}"),
        kind=Occasion.SWEEP.value,
        fleet_id=fleet_number,
        sweep_id=sweep_id,
        at=now,
        noted_at=now,
    )


def _note(connection: sa.Connection, **values: object) -> None:
    connection.execute(insert_into(connection, alert_occasions).values(**values).on_conflict_do_nothing())
