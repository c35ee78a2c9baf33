"""Who sends a request, by Basic Auth."""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import Depends, Request

from collector.errors import Refused
from collector.ingest.runs import OWNER_COLUMNS, Owner, owner_in
from collector.session import reading
from collector.tables import fleets, testers, tokens
from collector.web.state import Services, services

ADMIN = "admin"
READER = "reader"
TESTER = "tester"
ROLES = (ADMIN, READER)
"""The roles that `collector token issue` gives."""

MAX_HEADER = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Tester:
    """A tester that showed its token."""

    owner: Owner

    @property
    def number(self) -> int:
        """Return the number that the tables know it by."""
        return self.owner.number

    @property
    def uuid(self) -> UUID:
        """Return its UUID."""
        return self.owner.uuid


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who sends a request: `role` is admin, reader or tester."""

    role: str
    tester: Tester | None = None


def new_token() -> str:
    """Return a random token of 256 bits."""
    return secrets.token_urlsafe(32)


def digest_of_token(token: str) -> str:
    """Return what is stored for a token: its SHA-256 in lower-case hexadecimal.

    A plain digest is enough for 256 random bits; passwords that people choose would need more.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def caller(request: Request, at: Annotated[Services, Depends(services)]) -> Caller | None:
    """Return who sent a request, None where it has no credentials; refuse wrong ones."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    user, token = _credentials(header)
    given = digest_of_token(token)
    with reading(at.engine) as connection:
        # The same queries and comparisons for every user, so that an answer's time does not tell
        # which users there are.
        tester, tester_digests = _tester_digests(connection, user)
        role_digests = _role_digests(connection, user)
    extra = at.settings.admin_token
    admin_digest = digest_of_token(extra) if extra is not None and user == ADMIN else ""
    matches = [
        hmac.compare_digest(given, known)
        for known in (*tester_digests, *role_digests, admin_digest, "-" * 64)
    ]
    if not any(matches):
        raise _unauthorized("the user or the token is wrong")
    return Caller(role=TESTER, tester=tester) if tester is not None else Caller(role=user)


async def require_admin(found: Annotated[Caller | None, Depends(caller)]) -> Caller:
    """Return the caller, who must be an admin (a dependency)."""
    return _of_role(found, (ADMIN,))


async def require_tester(found: Annotated[Caller | None, Depends(caller)]) -> Tester:
    """Return the tester that sent a request (a dependency); a retired one is refused."""
    return _live(_of_role(found, (TESTER,)).tester)


async def require_tester_or_admin(found: Annotated[Caller | None, Depends(caller)]) -> Tester | None:
    """Return the tester that sent a request, None where it is an admin (a dependency)."""
    known = _of_role(found, (TESTER, ADMIN))
    return _live(known.tester) if known.role == TESTER else None


async def require_reader(
    found: Annotated[Caller | None, Depends(caller)], at: Annotated[Services, Depends(services)]
) -> Caller:
    """Return the caller, who may read (a dependency): anybody where reading is open."""
    if at.settings.reading_is_open:
        return found or Caller(role=READER)
    return _of_role(found, (READER, ADMIN))


def _of_role(found: Caller | None, roles: tuple[str, ...]) -> Caller:
    if found is None:
        raise _unauthorized("credentials are needed")
    if found.role not in roles:
        raise Refused(
            403, "forbidden", f"a {found.role} may not do this", hint=f"needs the role {' or '.join(roles)}"
        )
    return found


def _live(tester: Tester | None) -> Tester:
    assert tester is not None
    if tester.owner.retired:
        raise retired(tester.uuid)
    return tester


def retired(tester_id: UUID) -> Refused:
    """Return the refusal of a tester that was retired."""
    return Refused(
        410,
        "tester_retired",
        f"tester {tester_id} is retired",
        hint="register it again with `orchestrate up`, or stop it",
    )


def _unauthorized(message: str) -> Refused:
    return Refused(
        401,
        "unauthorized",
        message,
        hint="Basic Auth: admin, reader or a tester's UUID, and its token",
        headers={"WWW-Authenticate": 'Basic realm="collector", charset="UTF-8"'},
    )


def _credentials(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(header) > MAX_HEADER:
        raise _unauthorized("the credentials are not those of Basic Auth")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise _unauthorized("the credentials are not those of Basic Auth") from None
    user, separator, token = text.partition(":")
    if not separator:
        raise _unauthorized("the credentials are not those of Basic Auth")
    return user, token


def _tester_digests(connection: sa.Connection, user: str) -> tuple[Tester | None, list[str]]:
    try:
        uuid = UUID(user)
    except ValueError:
        uuid = UUID(int=0)
    row = connection.execute(
        sa.select(*OWNER_COLUMNS, testers.c.token_sha256)
        .join(fleets, fleets.c.id == testers.c.fleet_id)
        .where(testers.c.uuid == uuid)
    ).one_or_none()
    number = -1 if row is None else row[0]
    issued = connection.execute(
        sa.select(tokens.c.sha256).where(
            tokens.c.role == TESTER, tokens.c.tester_id == number, tokens.c.revoked_at.is_(None)
        )
    ).scalars()
    if row is None:
        return None, [*issued]
    tester = Tester(owner=owner_in(row, uuid))
    return tester, [*issued, *([] if row.token_sha256 is None else [row.token_sha256])]


def _role_digests(connection: sa.Connection, user: str) -> list[str]:
    rows = connection.execute(
        sa.select(tokens.c.sha256).where(
            tokens.c.role == (user if user in ROLES else ""), tokens.c.revoked_at.is_(None)
        )
    )
    return [*rows.scalars()]
