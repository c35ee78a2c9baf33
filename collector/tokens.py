"""Tokens in the database: issued, rotated, revoked; of each its digest alone."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from collector.errors import Refused
from collector.tables import fleets, testers, tokens

ADMIN = "admin"
READER = "reader"
TESTER = "tester"
ROLES = (ADMIN, READER)
"""The roles that have no tester of their own; their names are their users."""

MOST_GRACE = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """A new token, which is known here for this moment alone.

    `ends` is when the tokens that it replaces end, None where it replaces none.
    """

    number: int
    role: str
    user: str
    token: str
    ends: datetime | None = None

    def __repr__(self) -> str:
        return f"Issued(number={self.number}, user={self.user!r})"


def new_token() -> str:
    """Return a random token of 256 bits."""
    return secrets.token_urlsafe(32)


def digest_of_token(token: str) -> str:
    """Return what is stored for a token: its SHA-256 in lower-case hexadecimal.

    A plain digest is enough for 256 random bits; passwords that people choose would need more.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def is_live(now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition of tokens that are good at a moment: a rotated one ends later."""
    return sa.or_(tokens.c.revoked_at.is_(None), tokens.c.revoked_at > now)


def issue(connection: sa.Connection, *, role: str, now: datetime) -> Issued:
    """Issue a token for an admin or a reader."""
    return _insert(connection, role=role, user=role, tester_number=None, now=now, ends=None)


def issue_for_tester(connection: sa.Connection, tester: sa.Row[Any], *, now: datetime) -> Issued:
    """Issue a further token for a row of `testers`; refuse a retired one (410)."""
    if tester.retired_at is not None:
        raise Refused(
            410, "tester_retired", f"tester {tester.name} is retired", hint="register it again to use it"
        )
    return _insert(
        connection, role=TESTER, user=str(tester.uuid), tester_number=tester.id, now=now, ends=None
    )


def rotate(connection: sa.Connection, number: int, *, grace: timedelta, now: datetime) -> Issued:
    """Issue a token in the place of another, which ends after `grace`; refuse one that has ended (409)."""
    row = token_of(connection, number)
    if row.revoked_at is not None and row.revoked_at <= now:
        raise Refused(409, "token_revoked", f"token {number} is revoked", hint="issue a new one")
    ends = now + grace
    _end(connection, tokens.c.id == number, at=ends)
    return _insert(
        connection,
        role=row.role,
        user=row.role if row.tester_uuid is None else str(row.tester_uuid),
        tester_number=row.tester_id,
        now=now,
        ends=ends,
    )


def rotate_tester(
    connection: sa.Connection, tester: sa.Row[Any], *, grace: timedelta, now: datetime
) -> Issued:
    """Issue a token for a tester in the place of all that it has, which end after `grace`."""
    _end_all(connection, tester, at=now + grace, now=now)
    fresh = issue_for_tester(connection, tester, now=now)
    return Issued(number=fresh.number, role=TESTER, user=fresh.user, token=fresh.token, ends=now + grace)


def revoke(connection: sa.Connection, number: int, *, now: datetime) -> None:
    """End a token now; ending it again changes nothing. Refuses an unknown number (404)."""
    token_of(connection, number)
    _end(connection, tokens.c.id == number, at=now)


def revoke_tester(connection: sa.Connection, tester: sa.Row[Any], *, now: datetime) -> int:
    """End every token of a tester now; return how many there were."""
    return _end_all(connection, tester, at=now, now=now)


def is_revoked(connection: sa.Connection, digest: str) -> bool:
    """Return whether a token was ended, or is about to: it is not registered again."""
    row = connection.execute(sa.select(tokens.c.revoked_at).where(tokens.c.sha256 == digest)).one_or_none()
    return row is not None and row.revoked_at is not None


def token_of(connection: sa.Connection, number: int) -> sa.Row[Any]:
    """Return a token's row with its tester; refuse an unknown number (404)."""
    row = connection.execute(_tokens().where(tokens.c.id == number)).one_or_none()
    if row is None:
        raise Refused(404, "unknown_token", f"there is no token {number}", hint="see `collector token list`")
    return row


def listed(connection: sa.Connection, *, tester_number: int | None = None) -> Sequence[sa.Row[Any]]:
    """Return all tokens by number, or those of one tester."""
    query = _tokens().order_by(tokens.c.id)
    if tester_number is not None:
        query = query.where(tokens.c.tester_id == tester_number)
    return connection.execute(query).all()


def registered(connection: sa.Connection, *, tester_number: int | None = None) -> Sequence[sa.Row[Any]]:
    """Return the testers that have a token which an orchestrator registered: it has no number."""
    query: sa.Select[Any] = (
        sa.select(testers.c.name, testers.c.uuid, fleets.c.name.label("fleet"), testers.c.created_at)
        .join(fleets, fleets.c.id == testers.c.fleet_id)
        .where(testers.c.token_sha256.is_not(None))
        .order_by(fleets.c.name, testers.c.name)
    )
    if tester_number is not None:
        query = query.where(testers.c.id == tester_number)
    return connection.execute(query).all()


def live_digests(connection: sa.Connection, *, now: datetime) -> list[str]:
    """Return the digests of every token that is good now."""
    issued = connection.execute(sa.select(tokens.c.sha256).where(is_live(now))).scalars()
    held = connection.execute(sa.select(testers.c.token_sha256).where(testers.c.token_sha256.is_not(None)))
    return [*issued, *(digest for (digest,) in held)]


def _tokens() -> sa.Select[Any]:
    return (
        sa.select(
            tokens,
            testers.c.uuid.label("tester_uuid"),
            testers.c.name.label("tester"),
            fleets.c.name.label("fleet"),
        )
        .outerjoin(testers, testers.c.id == tokens.c.tester_id)
        .outerjoin(fleets, fleets.c.id == testers.c.fleet_id)
    )


def _insert(
    connection: sa.Connection,
    *,
    role: str,
    user: str,
    tester_number: int | None,
    now: datetime,
    ends: datetime | None,
) -> Issued:
    token = new_token()
    number: int = connection.execute(
        sa.insert(tokens)
        .values(role=role, tester_id=tester_number, sha256=digest_of_token(token), created_at=now)
        .returning(tokens.c.id)
    ).scalar_one()
    return Issued(number=number, role=role, user=user, token=token, ends=ends)


def _end(connection: sa.Connection, which: sa.ColumnElement[bool], *, at: datetime) -> int:
    # What ends sooner already stays so.
    ended = connection.execute(sa.update(tokens).where(which, is_live(at)).values(revoked_at=at))
    return ended.rowcount


def _end_all(connection: sa.Connection, tester: sa.Row[Any], *, at: datetime, now: datetime) -> int:
    held = tester.token_sha256
    if held is not None:
        # The tester's own column knows no end: the digest goes on among the tokens.
        row = connection.execute(sa.select(tokens.c.id).where(tokens.c.sha256 == held)).one_or_none()
        if row is None:
            connection.execute(
                sa.insert(tokens).values(
                    role=TESTER, tester_id=tester.id, sha256=held, created_at=tester.created_at
                )
            )
        connection.execute(sa.update(testers).where(testers.c.id == tester.id).values(token_sha256=None))
    counted = connection.execute(
        sa.select(sa.func.count()).where(tokens.c.tester_id == tester.id, is_live(now))
    ).scalar_one()
    _end(connection, tokens.c.tester_id == tester.id, at=at)
    return int(counted)
