"""Pages: where the last one ended, as an opaque cursor."""

import base64
import binascii
import hashlib
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Query

from collector.errors import Refused
from collector.tables import EPOCH, microseconds_of

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000

CHECK_BYTES = 6
"""Of a digest that finds a cursor that was cut, mistyped or made for another list; no secret."""

LONGEST = 500
LARGEST = 2**62

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="how many items a page holds at most")]
ExportLimit = Annotated[
    int | None,
    Query(
        ge=1,
        le=MAX_LIMIT,
        description=f"how many items a page holds at most; none: {DEFAULT_LIMIT} as JSON, else no end",
    ),
]
MostLimit = Annotated[
    int, Query(ge=1, le=MAX_LIMIT, description="how many items a page holds at most; as many as may be")
]
Cursor = Annotated[str | None, Query(description="`next` of the page before")]


Part = int | datetime | UUID


def cursor_of(what: str, *key: Part) -> str:
    """Return the cursor of a key in the list `what`."""
    body = msgspec.json.encode([_plain(part) for part in key])
    return base64.urlsafe_b64encode(_check(what, body) + body).decode().rstrip("=")


def key_in(cursor: str, what: str, *kinds: type[int] | type[datetime] | type[UUID]) -> tuple[Any, ...]:
    """Return the key that a cursor of the list `what` holds; refuse any other text with 400."""
    try:
        if len(cursor) > LONGEST or not cursor.isascii():
            raise ValueError
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        check, body = raw[:CHECK_BYTES], raw[CHECK_BYTES:]
        # One key has one spelling: base64 ignores the last bits of its last letter.
        if check != _check(what, body) or base64.urlsafe_b64encode(raw).decode().rstrip("=") != cursor:
            raise ValueError
        parts = msgspec.json.decode(body, type=list[int | str])
        if len(parts) != len(kinds):
            raise ValueError
        return tuple(_typed(part, kind) for part, kind in zip(parts, kinds, strict=True))
    except (ValueError, OverflowError, binascii.Error, msgspec.DecodeError):
        raise Refused(
            400,
            "bad_cursor",
            f"cursor: not one that this list of {what} gave",
            hint="begin again without cursor=, then pass on `next` as it came",
        ) from None


def _plain(part: int | datetime | UUID) -> int | str:
    if isinstance(part, datetime):
        return microseconds_of(part)
    return str(part) if isinstance(part, UUID) else part


def _typed(part: int | str, kind: type[int] | type[datetime] | type[UUID]) -> int | datetime | UUID:
    if kind is UUID:
        return UUID(str(part))
    if not isinstance(part, int) or abs(part) > LARGEST:
        raise ValueError
    return EPOCH + timedelta(microseconds=part) if kind is datetime else part


def _check(what: str, body: bytes) -> bytes:
    return hashlib.sha256(f"{what}:".encode() + body).digest()[:CHECK_BYTES]
