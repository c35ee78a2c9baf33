"""Routes of the fleets."""

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from collector.auth import require_admin, require_reader
from collector.errors import Refused
from collector.session import reading, writing
from collector.tables import fleets
from collector.web.fields import CREATED, Name, Object, Text
from collector.web.lookup import clean_text
from collector.web.reads_page import MAX_LIMIT, Cursor, MostLimit, cursor_of, key_in
from collector.web.state import Services, services
from wire.fields import time_text

router = APIRouter(prefix="/api/v1", tags=["fleets"])

FLEETS = "fleets"


class NewFleet(BaseModel):
    """A fleet: its name, what fleet.yaml says after expansion, and who registers it."""

    name: Name
    spec: Object
    orchestrator: Text


@router.put(
    "/fleets/{fleet_id}", dependencies=[Depends(require_admin)], responses=CREATED, summary="Register a fleet"
)
def put_fleet(fleet_id: UUID, fleet: NewFleet, at: Annotated[Services, Depends(services)]) -> JSONResponse:
    """201 for a new one, 200 for one that is known, 409 where its name is another's."""
    now = at.now()
    with writing(at.engine) as connection:
        _one_at_a_time(connection)
        named = connection.execute(sa.select(fleets).where(fleets.c.name == fleet.name)).one_or_none()
        if named is not None and named.uuid != fleet_id:
            raise _name_taken(named)
        known = connection.execute(sa.select(fleets).where(fleets.c.uuid == fleet_id)).one_or_none()
        if known is None:
            connection.execute(
                sa.insert(fleets).values(
                    uuid=fleet_id,
                    name=fleet.name,
                    spec=fleet.spec,
                    registered_at=now,
                    registered_by=fleet.orchestrator,
                )
            )
        else:
            connection.execute(
                sa.update(fleets).where(fleets.c.uuid == fleet_id).values(name=fleet.name, spec=fleet.spec)
            )
    at.storage.succeeded()
    return JSONResponse(
        {"fleet_id": str(fleet_id), "name": fleet.name}, status_code=201 if known is None else 200
    )


@router.get("/fleets", dependencies=[Depends(require_reader)], summary="List fleets")
def get_fleets(
    at: Annotated[Services, Depends(services)],
    name: Annotated[str | None, Query(description="the one of this name")] = None,
    limit: MostLimit = MAX_LIMIT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Fleets in the order in which they were registered; `next` leads to the following page."""
    query = sa.select(fleets).order_by(fleets.c.id).limit(limit + 1)
    if name is not None:
        query = query.where(fleets.c.name == clean_text(name, what="name"))
    if cursor is not None:
        query = query.where(fleets.c.id > key_in(cursor, FLEETS, int)[0])
    with reading(at.engine) as connection:
        rows = connection.execute(query).all()
    more = cursor_of(FLEETS, rows[limit - 1].id) if len(rows) > limit else None
    return {
        "fleets": [
            {
                "fleet_id": str(row.uuid),
                "name": row.name,
                "spec": row.spec,
                "registered_at": time_text(row.registered_at),
                "registered_by": row.registered_by,
            }
            for row in rows[:limit]
        ],
        "next": more,
    }


def _one_at_a_time(connection: sa.Connection) -> None:
    """Let no other transaction look for a name and then take it; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE fleets IN SHARE ROW EXCLUSIVE MODE")


def _name_taken(row: sa.Row[Any]) -> Refused:
    since = time_text(row.registered_at)
    return Refused(
        409,
        "fleet_name_taken",
        f"fleet {row.name} was registered by {row.registered_by} at {since}",
        hint="join it with --join, or choose another name",
        fields={"fleet_id": str(row.uuid), "registered_by": row.registered_by, "registered_at": since},
    )
