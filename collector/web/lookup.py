"""Rows by UUID or by name."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.errors import Refused
from collector.tables import fleets, sweeps

MAX_TEXT = 1_000


def uuid_or_none(text: str) -> UUID | None:
    """Return the UUID that a text spells, None where it is something else."""
    try:
        return UUID(text)
    except ValueError:
        return None


def clean_text(text: str, *, what: str) -> str:
    """Return a text that a database can be asked for; refuse rubbish."""
    if not text or len(text) > MAX_TEXT or "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise Refused(400, "bad_parameter", f"{what}: not a name", hint="give a name or a UUID")
    return text


def find_fleet(connection: sa.Connection, fleet: str) -> sa.Row[Any]:
    """Return the `fleets` row of a UUID or a name; refuse with 404 where there is none."""
    wanted = clean_text(fleet, what="fleet")
    uuid = uuid_or_none(wanted)
    matches = (
        fleets.c.name == wanted if uuid is None else sa.or_(fleets.c.uuid == uuid, fleets.c.name == wanted)
    )
    rows = connection.execute(sa.select(fleets).where(matches)).all()
    if not rows:
        raise Refused(
            404,
            "unknown_fleet",
            f"there is no fleet {wanted}",
            hint="GET /api/v1/fleets lists those there are",
        )
    # A fleet may be called like the UUID of another one: the UUID stands.
    return next((row for row in rows if row.uuid == uuid), rows[0])


def find_sweep(connection: sa.Connection, sweep_id: UUID) -> sa.Row[Any]:
    """Return the `sweeps` row of a UUID; refuse with 404 where there is none."""
    row = connection.execute(sa.select(sweeps).where(sweeps.c.id == sweep_id)).one_or_none()
    if row is None:
        raise Refused(
            404,
            "unknown_sweep",
            f"there is no sweep {sweep_id}",
            hint="GET /api/v1/sweeps lists those there are",
        )
    return row
