"""Every route of the application, from the application itself."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Return the method and the path of each route; a mounted application is its path and `*`."""
    return set(_walk(app.routes))


def _walk(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for route in routes:
        candidates = getattr(route, "effective_candidates", None)
        if candidates is not None:
            yield from _walk(candidates())
            continue
        inner = getattr(route, "starlette_route", None) or route
        path = getattr(route, "path", None) or inner.path
        methods = getattr(route, "methods", None) or getattr(inner, "methods", None)
        for method in methods or ("*",):
            if method != "HEAD":
                yield method, path
