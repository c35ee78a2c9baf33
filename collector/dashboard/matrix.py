"""The matrix: every tester against every server."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from collector.dashboard.page import page
from collector.web.reads_matrix import matrix_body
from collector.web.reads_names import FleetName, Since, SweepId, Until
from collector.web.state import Services, services

router = APIRouter()


@router.get("/matrix")
def get_matrix_page(
    request: Request,
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    sweep_id: SweepId = None,
    since: Since = None,
    until: Until = None,
) -> Response:
    """The matrix as a table, with the finding as its headline."""
    body = matrix_body(at, fleet=fleet, sweep_id=sweep_id, since=since, until=until)
    return page(request, "matrix.html", title="Matrix", active="matrix", body=body)
