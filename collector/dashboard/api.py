"""The API page: every question that the collector answers as data, from its own description."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from collector.dashboard.page import page
from collector.web.reads_names import FleetName

router = APIRouter()

METHODS = ("get", "put", "post", "patch", "delete")
WORTH_FIRST = ("matrix", "slow", "path", "sweeps", "runs", "results", "servers", "testers", "fleets")
"""Questions about what was measured, before those of how the collector is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A route as its description has it."""

    method: str
    path: str
    about: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def is_question(self) -> bool:
        """Return whether it can be asked by its address alone."""
        return self.method == "GET" and "{" not in self.path


@router.get("/api")
def get_api_page(request: Request, fleet: FleetName = None) -> Response:
    """Routes, by what they are about, with what they can be asked."""
    app = request.app
    assert isinstance(app, FastAPI)
    return page(
        request,
        "api.html",
        title="Everything here is also data",
        active="api",
        groups=routes_by_tag(app.openapi()),
        fleet=fleet,
        origin=f"{request.url.scheme}://{request.url.netloc}",
    )


def routes_by_tag(description: Mapping[str, Any]) -> list[tuple[str, list[Route]]]:
    """Return the routes of an OpenAPI description by tag, what is asked most first."""
    found: dict[str, list[Route]] = defaultdict(list)
    for path, methods in description["paths"].items():
        for method in METHODS:
            if method in methods:
                told = methods[method]
                found[(told.get("tags") or ["others"])[0]].append(_route(method, path, told))

    def place(tag: str) -> tuple[int, str]:
        return (WORTH_FIRST.index(tag) if tag in WORTH_FIRST else len(WORTH_FIRST), tag)

    return [(tag, found[tag]) for tag in sorted(found, key=place)]


def _route(method: str, path: str, told: Mapping[str, Any]) -> Route:
    asked = [
        (parameter["name"], parameter.get("description", ""))
        for parameter in told.get("parameters", ())
        if parameter["in"] == "query"
    ]
    # The first sentence of its description says more than the name that a framework gives it.
    about = told.get("description", "").strip().split("\n\n")[0].replace("\n", " ") or told.get("summary", "")
    return Route(method=method.upper(), path=path, about=about, parameters=tuple(asked))
