"""Routes of the tokens; a token itself is told once, to the admin who asks for it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from collector import tokens
from collector.auth import require_admin
from collector.errors import Refused
from collector.session import reading, writing
from collector.tables import testers
from collector.web.state import Services, services
from wire.fields import time_text

router = APIRouter(prefix="/api/v1", tags=["tokens"], dependencies=[Depends(require_admin)])

Number = Annotated[int, Path(ge=1, lt=2**31, description="a token's number")]


class Role(StrEnum):
    """What a token is for."""

    ADMIN = tokens.ADMIN
    READER = tokens.READER
    TESTER = tokens.TESTER


class NewToken(BaseModel):
    """A token for an admin, for a reader, or for the tester of a UUID."""

    role: Role
    tester_id: UUID | None = None


class Rotation(BaseModel):
    """How long the token that is replaced stays good, in seconds."""

    grace_s: int = Field(default=0, ge=0, le=int(tokens.MOST_GRACE.total_seconds()))


class FreshToken(BaseModel):
    """A new token, which is not shown again; `old_ends_at` is when those that it replaces end."""

    number: int
    role: Role
    user: str
    token: str
    old_ends_at: str | None


class KnownToken(BaseModel):
    """A token; one that an orchestrator registered for a tester has no number."""

    number: int | None
    role: Role
    tester_id: UUID | None
    tester: str | None
    fleet: str | None
    created_at: str
    revoked_at: str | None


class KnownTokens(BaseModel):
    """Tokens by number; the tokens themselves are not kept."""

    tokens: list[KnownToken]


class Ended(BaseModel):
    """How many tokens were good until now."""

    revoked: int


@router.get("/tokens", summary="List tokens", response_model=KnownTokens)
def list_tokens(at: Annotated[Services, Depends(services)], tester_id: UUID | None = None) -> dict[str, Any]:
    """All of them, or those of one tester; of each who it is for, and when it ends."""
    with reading(at.engine) as connection:
        number = None if tester_id is None else _tester(connection, tester_id).id
        rows = tokens.listed(connection, tester_number=number)
        held = tokens.registered(connection, tester_number=number)
    issued = [
        {
            "number": row.id,
            "role": row.role,
            "tester_id": row.tester_uuid,
            "tester": row.tester,
            "fleet": row.fleet,
            "created_at": time_text(row.created_at),
            "revoked_at": _time_or_none(row.revoked_at),
        }
        for row in rows
    ]
    registered = [
        {
            "number": None,
            "role": Role.TESTER,
            "tester_id": row.uuid,
            "tester": row.name,
            "fleet": row.fleet,
            "created_at": time_text(row.created_at),
            "revoked_at": None,
        }
        for row in held
    ]
    return {"tokens": issued + registered}


@router.post("/tokens", summary="Issue a token", status_code=201, response_model=FreshToken)
def issue_token(asked: NewToken, at: Annotated[Services, Depends(services)]) -> JSONResponse:
    """It is shown in this answer alone; those that there are stay good."""
    if (asked.role is Role.TESTER) != (asked.tester_id is not None):
        raise Refused(
            422, "invalid", "tester_id: is for the role tester", hint="see /openapi.json"
        )  # pydantic's own check would answer with another shape
    now = at.now()
    with writing(at.engine) as connection:
        if asked.tester_id is None:
            fresh = tokens.issue(connection, role=asked.role.value, now=now)
        else:
            fresh = tokens.issue_for_tester(connection, _tester(connection, asked.tester_id), now=now)
    return _shown(fresh)


@router.post("/tokens/{number}/rotate", summary="Replace a token", status_code=201, response_model=FreshToken)
def rotate_token(number: Number, how: Rotation, at: Annotated[Services, Depends(services)]) -> JSONResponse:
    """A new one for the same user; the old one ends after `grace_s`."""
    with writing(at.engine) as connection:
        fresh = tokens.rotate(connection, number, grace=timedelta(seconds=how.grace_s), now=at.now())
    return _shown(fresh)


@router.post("/tokens/{number}/revoke", summary="Revoke a token", response_model=Ended)
def revoke_token(number: Number, at: Annotated[Services, Depends(services)]) -> dict[str, Any]:
    """It is refused from now on; revoking it again changes nothing."""
    now = at.now()
    with writing(at.engine) as connection:
        row = tokens.token_of(connection, number)
        tokens.revoke(connection, number, now=now)
    return {"revoked": int(row.revoked_at is None or row.revoked_at > now)}


@router.post(
    "/testers/{tester_id}/rotate-token",
    summary="Replace the tokens of a tester",
    status_code=201,
    response_model=FreshToken,
)
def rotate_tester_token(
    tester_id: UUID, how: Rotation, at: Annotated[Services, Depends(services)]
) -> JSONResponse:
    """One new token; all others of the tester end after `grace_s`."""
    with writing(at.engine) as connection:
        fresh = tokens.rotate_tester(
            connection,
            _tester(connection, tester_id),
            grace=timedelta(seconds=how.grace_s),
            now=at.now(),
        )
    return _shown(fresh)


@router.post(
    "/testers/{tester_id}/revoke-tokens", summary="Revoke the tokens of a tester", response_model=Ended
)
def revoke_tester_tokens(tester_id: UUID, at: Annotated[Services, Depends(services)]) -> dict[str, Any]:
    """All of them are refused from now on, and none of them can be registered again."""
    with writing(at.engine) as connection:
        count = tokens.revoke_tester(connection, _tester(connection, tester_id), now=at.now())
    return {"revoked": count}


def _shown(fresh: tokens.Issued) -> JSONResponse:
    body = {
        "number": fresh.number,
        "role": fresh.role,
        "user": fresh.user,
        "token": fresh.token,
        "old_ends_at": _time_or_none(fresh.ends),
    }
    return JSONResponse(body, status_code=201)


def _tester(connection: sa.Connection, tester_id: UUID) -> sa.Row[Any]:
    row = connection.execute(
        sa.select(testers).where(testers.c.uuid == tester_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise Refused(404, "unknown_tester", f"there is no tester {tester_id}", hint="see GET testers")
    return row


def _time_or_none(time: datetime | None) -> str | None:
    return None if time is None else time_text(time)
