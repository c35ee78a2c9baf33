"""Who sends a request, by Basic Auth."""

import asyncio
import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import repeat
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from collector.errors import Refused
from collector.ingest.runs import OWNER_COLUMNS, Owner, owner_in
from collector.session import reading
from collector.tables import fleets, testers, tokens
from collector.throttle import RETRY_AFTER_S
from collector.together import Together
from collector.tokens import ADMIN, READER, ROLES, TESTER, digest_of_token, live_digests, new_token
from collector.web.state import Services, services

__all__ = ["ADMIN", "READER", "ROLES", "TESTER", "digest_of_token", "new_token"]

MAX_HEADER = 1_000
NOBODY = b"-" * 64
"""As long as a digest, and none: what there is to compare where there is nothing."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Credentials:
    user: str
    digest: str


async def caller(request: Request, at: Annotated[Services, Depends(services)]) -> Caller | None:
    """Return who sent a request, None where it has no credentials; refuse wrong ones (a dependency).

    Too many wrong ones are refused with 429, and most of them without a question to the database.
    """
    return await caller_of(request, at)


async def caller_of(
    request: Request, at: Services, *, limiter: CapacityLimiter | None = None
) -> Caller | None:
    """Return the same; with a `limiter` in threads of its own, which nobody waits for who has left."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    given = _credentials(header)
    if given is None:
        raise _failed(at, "the credentials are not those of Basic Auth")
    if at.failures.is_hopeless(given.digest):
        raise _too_many()
    if limiter is None:
        found = await asyncio.wrap_future(_lookups(request, at).ask(given))
    else:
        found = await to_thread.run_sync(_found, at, given, limiter=limiter, abandon_on_cancel=True)
    if found is None:
        raise _failed(at, "the user or the token is wrong")
    return found


async def is_still_good(request: Request, at: Services) -> bool:
    """Return whether the credentials of a request that goes on for long are good yet."""
    header = request.headers.get("authorization")
    given = None if header is None else _credentials(header)
    try:
        return given is None or await to_thread.run_sync(_found, at, given) is not None
    except sa.exc.SQLAlchemyError:
        # Nobody knows while the database is away, and nothing can be read meanwhile.
        return True


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


def _failed(at: Services, message: str) -> Refused:
    return _too_many() if at.failures.note() else _unauthorized(message)


def _too_many() -> Refused:
    return Refused(
        429,
        "too_many_failures",
        "too many wrong credentials came of late, these among them",
        hint="look at user and token, then try again",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _credentials(header: str) -> _Credentials | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(header) > MAX_HEADER:
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    user, separator, token = text.partition(":")
    return _Credentials(user=user, digest=digest_of_token(token)) if separator else None


def _lookups(request: Request, at: Services) -> Together[_Credentials, Caller | None]:
    state = request.app.state
    if not hasattr(state, "lookups"):
        state.lookups = Together(partial(_found_together, at))
    found = state.lookups
    assert isinstance(found, Together)
    return found


def _found(at: Services, given: _Credentials) -> Caller | None:
    """Return whose credentials these are, None for wrong ones."""
    return _found_together(at, [given])[0]


def _found_together(at: Services, asked: Sequence[_Credentials]) -> list[Caller | None]:
    """Return whose credentials these are, None for wrong ones.

    The same queries and comparisons for every user, so that an answer's time does not tell which
    users there are, or how many tokens each has.
    """
    now = at.now()
    # Few different lengths, so that Postgres knows the statements already.
    filled = [*asked, *repeat(asked[-1], (1 << (len(asked) - 1).bit_length()) - len(asked))]
    with reading(at.engine) as connection:
        if at.failures.may_make_list():
            read_at_s = at.failures.now_s()
            at.failures.keep_list(
                [*live_digests(connection, now=now), *_of_settings(at).values()], read_at_s=read_at_s
            )
        held = connection.execute(
            sa.select(*OWNER_COLUMNS, testers.c.token_sha256, testers.c.uuid.label("tester_uuid"))
            .join(fleets, fleets.c.id == testers.c.fleet_id)
            .where(testers.c.uuid.in_([_uuid_or_nil(given.user) for given in filled]))
        )
        by_user: dict[UUID, sa.Row[*tuple[Any, ...]]] = {row.tester_uuid: row for row in held}
        issued = connection.execute(
            sa.select(tokens.c.role, tokens.c.tester_id, tokens.c.sha256, tokens.c.revoked_at).where(
                tokens.c.sha256.in_([given.digest for given in filled])
            )
        )
        by_digest: dict[str, sa.Row[*tuple[Any, ...]]] = {row.sha256: row for row in issued}
    return [
        _judged(at, given, by_user.get(_uuid_or_nil(given.user)), by_digest.get(given.digest), now=now)
        for given in asked
    ]


def _judged(
    at: Services,
    given: _Credentials,
    tester: sa.Row[*tuple[Any, ...]] | None,
    issued: sa.Row[*tuple[Any, ...]] | None,
    *,
    now: datetime,
) -> Caller | None:
    """Return who shows credentials, by the row of the tester and of the token that they name."""
    is_held = _equal(given.digest, None if tester is None else tester.token_sha256)
    is_issued = _equal(given.digest, None if issued is None else issued.sha256)
    # Both are compared, whoever asks.
    set_for = {role for role, digest in _of_settings(at).items() if _equal(given.digest, digest)}
    is_issued = is_issued and issued is not None and (issued.revoked_at is None or issued.revoked_at > now)
    if tester is not None:
        is_issued = is_issued and issued is not None and issued.role == TESTER
        if not (is_held or (is_issued and issued is not None and issued.tester_id == tester[0])):
            return None
        return Caller(role=TESTER, tester=Tester(owner=owner_in(tester, UUID(given.user))))
    is_issued = is_issued and issued is not None and issued.role == given.user and given.user in ROLES
    return Caller(role=given.user) if is_issued or given.user in set_for else None


def _equal(digest: str, known: str | None) -> bool:
    return hmac.compare_digest(digest.encode(), NOBODY if known is None else known.encode())


def _of_settings(at: Services) -> dict[str, str]:
    """Return the digests of the tokens that the environment gave, by role."""
    given = {ADMIN: at.settings.admin_token, READER: at.settings.reader_token}
    return {
        role: NOBODY.decode() if token is None else digest_of_token(token) for role, token in given.items()
    }


def _uuid_or_nil(user: str) -> UUID:
    try:
        return UUID(user)
    except ValueError:
        return UUID(int=0)
