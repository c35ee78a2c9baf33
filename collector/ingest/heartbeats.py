"""The newest heartbeat of each tester."""

import json
from datetime import datetime

import sqlalchemy as sa

from collector.session import writing
from collector.tables import heartbeats
from collector.upsert import insert_into
from wire.announce import Heartbeat


def keep_heartbeat(
    engine: sa.Engine,
    *,
    tester_number: int,
    heartbeat: Heartbeat,
    now: datetime,
    clock_offset_us: int | None,
) -> None:
    """Replace a tester's heartbeat."""
    values = {
        "at": now,
        # Known fields only: what a newer tester adds is not ours to keep.
        "body": json.loads(heartbeat.to_bytes()),
        "clock_offset_us": clock_offset_us,
    }
    with writing(engine) as connection:
        statement = insert_into(connection, heartbeats).values(tester_id=tester_number, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["tester_id"], set_=values))
