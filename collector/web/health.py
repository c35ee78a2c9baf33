"""Routes that say how the collector is."""

from functools import partial
from importlib.metadata import version
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse

from collector.errors import Unavailable
from collector.migrate import heads, revision_of
from collector.session import reading
from collector.web.accept import is_browser
from collector.web.failures import unavailable
from collector.web.question import ANSWER_S
from collector.web.state import Services, services
from wire.versions import API_VERSION, API_VERSIONS, REPORT_VERSIONS

router = APIRouter(tags=["health"])

VERSION = version("orchestrate-latency")


@router.get("/healthz", summary="The process lives")
async def healthz(at: Annotated[Services, Depends(services)]) -> dict[str, Any]:
    """Whatever the database does: who asks wants to know which process this is.

    On the event loop, since every thread may be waiting for a database that does not answer.
    """
    return {
        "status": "ok",
        "instance_id": str(at.settings.instance_id),
        "version": VERSION,
        "api_version": API_VERSION,
        "api_versions": list(API_VERSIONS),
        "report_versions": list(REPORT_VERSIONS),
    }


@router.get(
    "/readyz",
    summary="The database can be used",
    responses={
        503: {
            "description": "Not now; `reason` says why",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def readyz(at: Annotated[Services, Depends(services)]) -> JSONResponse:
    """503 where the database is away, silent, at another revision, or a write has just failed."""
    try:
        revision = await at.revision.ask(partial(_revision, at.engine))
    except TimeoutError:
        return _not_ready(f"the database has not answered within {ANSWER_S:g} s")
    except (sa.exc.SQLAlchemyError, Unavailable) as error:
        failure = unavailable(error)
        return _not_ready("the database fails" if failure is None else failure.message)
    if revision not in heads():
        return _not_ready(f"the database is at revision {revision}: run `collector migrate`")
    complaint = at.storage.complaint()
    if complaint is not None:
        return _not_ready(complaint)
    return JSONResponse({"status": "ready", "database": at.engine.dialect.name, "revision": revision})


def _revision(engine: sa.Engine) -> str | None:
    with reading(engine) as connection:
        return revision_of(connection)


@router.get(
    "/",
    summary="Where things are",
    response_model=dict[str, Any],
    responses={307: {"description": "To a browser: the dashboard is at /matrix"}},
)
async def index(request: Request) -> Any:
    """Links for a program; a browser is sent on to the dashboard."""
    if is_browser(request):
        query = request.url.query
        return RedirectResponse("/matrix" + (f"?{query}" if query else ""), headers={"Vary": "Accept"})
    links = {
        "name": "collector",
        "version": VERSION,
        "api": "/api/v1",
        "openapi": "/openapi.json",
        "dashboard": "/matrix",
        "links": [
            "/healthz",
            "/readyz",
            "/metrics",
            "/api/v1/fleets",
            "/api/v1/testers",
            "/api/v1/servers",
            "/api/v1/sweeps",
            "/api/v1/runs",
            "/api/v1/results",
            "/api/v1/events",
        ],
    }
    return JSONResponse(links, headers={"Vary": "Accept"})


def _not_ready(reason: str) -> JSONResponse:
    return JSONResponse(
        {"status": "not ready", "reason": reason}, status_code=503, headers={"Retry-After": "5"}
    )
