"""Methods that no route names: HEAD, and what a path allows."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _Enough(OSError):
    """The head of an answer is sent: nobody wants the rest. An `OSError` ends a stream."""


class AnswerHead:
    """Answers HEAD as GET, without the body (RFC 9110, 9.3.2), and ends a stream behind its head."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif message["type"] == "http.response.body" and message.get("more_body", False):
                raise _Enough

        try:
            await self._app({**scope, "method": "GET"}, receive, send_head)
        except (_Enough, ClientDisconnect):
            return


def methods_of(app: FastAPI, path: str) -> list[str]:
    """Return the methods that a path has, in the order of the alphabet."""
    found = {method for methods in _walk(app.routes, path) for method in methods}
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def _walk(routes: Iterable[Any], path: str) -> Iterator[set[str]]:
    for route in routes:
        candidates = getattr(route, "effective_candidates", None)
        if candidates is not None:
            yield from _walk(candidates(), path)
            continue
        inner = getattr(route, "starlette_route", None) or route
        methods = getattr(route, "methods", None) or getattr(inner, "methods", None) or set()
        scope = {"type": "http", "method": next(iter(methods), "GET"), "path": path, "root_path": ""}
        if methods and inner.matches(scope)[0] is not Match.NONE:
            yield set(methods)
