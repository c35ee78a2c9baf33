"""Request bodies, capped before and while they are read."""

import asyncio
import hmac
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.errors import Refused, Unavailable
from wire.report import digest_of

CHUNK = 2**20
SMALL_BODY = 2**20
"""Enough for what a tester says besides its reports."""

ADMIN_BODY = 16 * 2**20
"""Enough for the specification of a fleet of 10,000 testers and servers."""

MOST_MEMBERS = 1_000
"""Members that a gzip body may have: each costs a copy of what follows it."""

WINDOW = 2**18
MOST_SMALL_BYTES = 128 * 2**20
"""What all other bodies may take together: they are read before it is known whose they are."""

RETRY_AFTER_S = 5


class Room:
    """How many bytes of bodies are held, of a number that is not passed; used by the event loop alone."""

    def __init__(self, *, most: int) -> None:
        self.held = 0
        self._most = most

    @asynccontextmanager
    async def body(self, request: Request, *, most: int, deadline_s: float) -> AsyncIterator[bytes]:
        """Give a body as `read_body` does, and count it until it is not needed any more."""
        taken = 0

        def count(length: int) -> None:
            nonlocal taken
            if self.held + length > self._most:
                raise Unavailable(
                    "too_many_bodies",
                    "other requests fill the memory that there is for them",
                    retry_after_s=RETRY_AFTER_S,
                    hint="nothing was stored; send it again",
                )
            self.held += length
            taken += length

        try:
            yield await read_body(request, most=most, deadline_s=deadline_s, count=count)
        finally:
            self.held -= taken


class CapBodies:
    """Reads the body of everything but a report within limits, before anybody else looks at it.

    FastAPI reads the body of a route with a model as a whole, and before it asks for credentials.
    Reports are streamed by their route, once it knows whose they are.
    """

    def __init__(self, app: ASGIApp, *, deadline_s: float) -> None:
        self._app = app
        self._deadline_s = deadline_s
        self._room = Room(most=MOST_SMALL_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD") or scope["path"].endswith("/report"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        answered = False
        try:
            async with self._room.body(request, most=ADMIN_BODY, deadline_s=self._deadline_s) as body:
                answered = True
                await self._app(scope, _again(body, receive), send)
        except Refused as error:
            if answered:
                raise
            # What is left of the body would be taken for the next request.
            headers = error.headers | {"Connection": "close"}
            answer = JSONResponse(error.body(), status_code=error.status, headers=headers)
            await answer(scope, receive, send)
        except ClientDisconnect:
            if answered:
                raise


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


async def read_body(
    request: Request, *, most: int, deadline_s: float, count: Callable[[int], None] = lambda _length: None
) -> bytes:
    """Return a body as it came; refuse with 413 one that is longer than `most`.

    `count` is told of each part before it is kept, and may refuse it.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdecimal() and (len(declared) > 18 or int(declared) > most):
        raise _too_large(most)
    parts: list[bytes] = []
    length = 0
    try:
        async with asyncio.timeout(deadline_s):
            async for part in request.stream():
                length += len(part)
                if length > most:
                    raise _too_large(most)
                count(len(part))
                parts.append(part)
    except TimeoutError:
        raise Refused(
            408, "request_timeout", f"the body took longer than {deadline_s:g} s", hint="send it again"
        ) from None
    return b"".join(parts)


def decoded_body(body: bytes, *, encoding: str | None, most: int) -> bytes:
    """Return a body without its `Content-Encoding`; refuse one that grows beyond `most`."""
    name = (encoding or "identity").strip().lower()
    if name in ("identity", ""):
        if len(body) > most:
            raise _too_large(most)
        return body
    if name not in ("gzip", "x-gzip"):
        raise Refused(
            415, "unknown_encoding", f"Content-Encoding {name[:40]!r} is not known", hint="use gzip or none"
        )
    return _gunzip(body, most=most)


def check_digest(body: bytes, given: str | None) -> str:
    """Return the SHA-256 of an uncompressed body; refuse one that is not what was announced."""
    digest = digest_of(body)
    if given is not None and not hmac.compare_digest(given.strip().lower().encode(), digest.encode()):
        raise Refused(
            400,
            "digest_mismatch",
            "the body is not the one that Report-Digest names",
            hint="it is sha-256= and the hexadecimal digest of the uncompressed body",
        )
    return digest.removeprefix("sha-256=")


def _gunzip(body: bytes, *, most: int) -> bytes:
    parts: list[bytes] = []
    length = members = taken = 0
    try:
        # A gzip body may consist of several members (RFC 1952, 2.2).
        while taken < len(body):
            members += 1
            if members > MOST_MEMBERS:
                raise _bad_gzip(f"it has more than {MOST_MEMBERS} members")
            member = zlib.decompressobj(wbits=31)
            while not member.eof:
                # By windows: what is not used yet is copied each time.
                window = body[taken : taken + WINDOW]
                part = member.decompress(window, CHUNK)
                taken += len(window) - len(member.unconsumed_tail) - len(member.unused_data)
                length += len(part)
                if length > most:
                    raise _too_large(most)
                parts.append(part)
                if not part and not window and not member.eof:
                    raise _bad_gzip("it ends too early")
    except zlib.error as error:
        raise _bad_gzip(str(error)) from None
    return b"".join(parts)


def _bad_gzip(reason: str) -> Refused:
    return Refused(
        400, "bad_gzip", f"the body is not gzip: {reason}", hint="send Content-Encoding: gzip or none"
    )


def _too_large(most: int) -> Refused:
    return Refused(
        413,
        "too_large",
        f"the body is larger than {most} bytes",
        hint="split the servers over more testers, or raise COLLECTOR_MAX_BODY_BYTES and "
        "COLLECTOR_MAX_REPORT_BYTES",
    )
