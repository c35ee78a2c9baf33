"""Routes of the testers table."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from collector.auth import require_admin, require_reader
from collector.errors import Refused
from collector.history.events import add_event
from collector.history.queries import region_of
from collector.session import reading, writing
from collector.tables import fleets, heartbeats, runs, testers, tokens
from collector.tokens import is_live, is_revoked
from collector.web.fields import CREATED, Digest, Name, Object, Text
from collector.web.lookup import find_fleet
from collector.web.reads_names import FleetName
from collector.web.reads_page import MAX_LIMIT, Cursor, MostLimit, cursor_of, key_in
from collector.web.state import Services, services
from wire.fields import time_text

router = APIRouter(prefix="/api/v1", tags=["testers"])

TESTERS = "testers"


class NewTester(BaseModel):
    """A tester: `config` holds what fleet.yaml holds for it; no digest keeps the token it has.

    `keep_tokens` lets the tokens that it has go on beside the new one: two orchestrators may work
    on one fleet.
    """

    fleet_id: UUID
    name: Name
    location: Text | None = None
    vps_provider: Text | None = None
    config: Object
    token_sha256: Digest | None = None
    keep_tokens: bool = False


@router.put(
    "/testers/{tester_id}",
    dependencies=[Depends(require_admin)],
    responses=CREATED,
    summary="Register a tester",
)
def put_tester(
    tester_id: UUID, tester: NewTester, at: Annotated[Services, Depends(services)]
) -> JSONResponse:
    """201 for a new one, 200 for one that is known; a retired one lives again."""
    now = at.now()
    with writing(at.engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE testers IN SHARE ROW EXCLUSIVE MODE")
        fleet = find_fleet(connection, str(tester.fleet_id))
        known = connection.execute(sa.select(testers).where(testers.c.uuid == tester_id)).one_or_none()
        if known is not None and known.fleet_id != fleet.id:
            raise Refused(
                409,
                "tester_of_another_fleet",
                f"tester {tester_id} belongs to another fleet",
                hint="its results are that fleet's; register a new tester",
            )
        _check_name(connection, fleet, tester_id, tester.name)
        if tester.token_sha256 is not None and is_revoked(connection, tester.token_sha256):
            raise Refused(
                409,
                "token_revoked",
                f"this token of tester {tester.name} was revoked",
                hint="register the digest of a new one",
            )
        values: dict[str, Any] = {
            "name": tester.name,
            "location": tester.location,
            "vps_provider": tester.vps_provider,
            "config": tester.config,
            "retired_at": None,
        }
        is_beside = tester.keep_tokens and known is not None and known.token_sha256 is not None
        if tester.token_sha256 is not None and not is_beside:
            values["token_sha256"] = tester.token_sha256
        if known is None:
            connection.execute(
                sa.insert(testers).values(uuid=tester_id, fleet_id=fleet.id, created_at=now, **values)
            )
        else:
            connection.execute(sa.update(testers).where(testers.c.id == known.id).values(**values))
            if is_beside and tester.token_sha256 not in (None, known.token_sha256):
                _add_token(connection, number=known.id, digest=str(tester.token_sha256), at=now)
        add_event(
            connection,
            "tester.registered",
            at=now,
            data={
                "tester_id": str(tester_id),
                "tester": tester.name,
                "fleet_id": str(fleet.uuid),
                "fleet": fleet.name,
            },
        )
    at.storage.succeeded()
    return JSONResponse(
        {"tester_id": str(tester_id), "name": tester.name}, status_code=201 if known is None else 200
    )


@router.get("/testers", dependencies=[Depends(require_reader)], summary="List testers")
def get_testers(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    include_retired: Annotated[
        bool, Query(description="those that were taken out of their fleet too")
    ] = False,
    limit: MostLimit = MAX_LIMIT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Testers in the order in which they were registered, with what was last heard of each.

    `next` leads to the following page.
    """
    with reading(at.engine) as connection:
        query = _testers(at.now()).limit(limit + 1)
        if cursor is not None:
            query = query.where(testers.c.id > key_in(cursor, TESTERS, int)[0])
        if fleet is not None:
            query = query.where(testers.c.fleet_id == find_fleet(connection, fleet).id)
        if not include_retired:
            query = query.where(testers.c.retired_at.is_(None))
        rows = connection.execute(query).all()
    more = cursor_of(TESTERS, rows[limit - 1].id) if len(rows) > limit else None
    return {"testers": [_shown(row) for row in rows[:limit]], "next": more}


@router.post("/testers/{tester_id}/retire", dependencies=[Depends(require_admin)], summary="Retire a tester")
def retire_tester(tester_id: UUID, at: Annotated[Services, Depends(services)]) -> dict[str, Any]:
    """Its results stay, its reports are refused from now on."""
    with writing(at.engine) as connection:
        row = connection.execute(sa.select(testers).where(testers.c.uuid == tester_id)).one_or_none()
        if row is None:
            raise Refused(404, "unknown_tester", f"there is no tester {tester_id}")
        retired_at: datetime = row.retired_at or at.now()
        connection.execute(sa.update(testers).where(testers.c.id == row.id).values(retired_at=retired_at))
    return {"tester_id": str(tester_id), "retired_at": time_text(retired_at)}


def _add_token(connection: sa.Connection, *, number: int, digest: str, at: datetime) -> None:
    """Accept a token beside the one in the testers table; one that was revoked stays revoked."""
    held = connection.execute(sa.select(tokens.c.id).where(tokens.c.sha256 == digest)).one_or_none()
    if held is None:
        connection.execute(
            sa.insert(tokens).values(role="tester", tester_id=number, sha256=digest, created_at=at)
        )


def _check_name(connection: sa.Connection, fleet: sa.Row[Any], tester_id: UUID, name: str) -> None:
    holder = connection.execute(
        sa.select(testers.c.uuid).where(testers.c.fleet_id == fleet.id, testers.c.name == name)
    ).scalar_one_or_none()
    if holder is not None and holder != tester_id:
        raise Refused(
            409,
            "tester_name_taken",
            f"fleet {fleet.name} has another tester called {name}",
            hint="tester names are unique within a fleet",
            fields={"tester_id": str(holder)},
        )


def _testers(now: datetime) -> sa.Select[Any]:
    # A scalar subquery walks an index of `runs`; grouping all runs would read them all.
    last_report = (
        sa.select(sa.func.max(runs.c.reported_at)).where(runs.c.tester_id == testers.c.id).scalar_subquery()
    )
    issued = sa.select(tokens.c.id).where(tokens.c.tester_id == testers.c.id, is_live(now)).exists()
    return (
        sa.select(
            testers,
            fleets.c.uuid.label("fleet_uuid"),
            fleets.c.name.label("fleet_name"),
            heartbeats.c.at.label("heard_at"),
            heartbeats.c.body.label("heartbeat"),
            sa.type_coerce(last_report, runs.c.reported_at.type).label("reported_at"),
            issued.label("token_issued"),
        )
        .join(fleets, fleets.c.id == testers.c.fleet_id)
        .outerjoin(heartbeats, heartbeats.c.tester_id == testers.c.id)
        .order_by(testers.c.id)
    )


def _shown(row: sa.Row[Any]) -> dict[str, Any]:
    seen = max((time for time in (row.heard_at, row.reported_at) if time is not None), default=None)
    return {
        "tester_id": str(row.uuid),
        "fleet_id": str(row.fleet_uuid),
        "fleet": row.fleet_name,
        "name": row.name,
        "location": row.location,
        "region": region_of(row),
        "vps_provider": row.vps_provider,
        "config": row.config,
        "created_at": time_text(row.created_at),
        "retired_at": None if row.retired_at is None else time_text(row.retired_at),
        "has_token": row.token_sha256 is not None or bool(row.token_issued),
        "last_seen_at": None if seen is None else time_text(seen),
        "heartbeat": row.heartbeat,
    }
