"""An error as a page, for those who asked for one."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from collector.dashboard.page import page
from collector.web.accept import is_browser

OURS = "collector.dashboard."
TITLES = {
    400: "That cannot be asked",
    401: "Credentials are needed",
    403: "That may not be read",
    404: "There is no such thing",
    409: "Several have that name",
    422: "That cannot be asked",
    429: "Too many wrong credentials",
    503: "The database is away",
}
NO_PAGES = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json")
CHOICE = "fleet_needed"
WITHOUT_FLEET = (CHOICE, "unknown_fleet", "bad_parameter")
"""What is wrong may be the fleet: links on the page of such an error name none."""


def wants_page(request: Request) -> bool:
    """Return whether an answer to a request is a page: of a route that has them, or to a browser."""
    if request.method not in ("GET", "HEAD"):
        return False
    if request.url.path.startswith(NO_PAGES):
        return False
    endpoint = getattr(request.scope.get("route"), "endpoint", None)
    return is_browser(request) or getattr(endpoint, "__module__", "").startswith(OURS)


def problem_page(
    request: Request, body: Mapping[str, Any], *, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error with its hint as a page."""
    # To a question that makes no sense, 400 is what a page says; the API tells two kinds apart.
    status = 400 if status == 422 else status
    return page(
        request,
        "problem.html",
        title=TITLES.get(status, "That did not work"),
        status=status,
        headers=headers,
        keep_fleet=body.get("error") not in WITHOUT_FLEET,
        problem=body,
        status_code=status,
        choose_fleet=body.get("error") == CHOICE,
        fleets=body.get("fleets", ()),
    )
