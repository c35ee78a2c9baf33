"""The route that the original tester posts to."""

from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Request

from collector.errors import ConfigurationError, Refused
from collector.ingest.legacy import FIELDS, legacy_tester, read_form, store_form
from collector.web.bodies import SMALL_BODY, read_body
from collector.web.reads_answers import Problem
from collector.web.state import Services, services

router = APIRouter(tags=["legacy"])


FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "properties": {name: {"type": "string"} for name in FIELDS}}
            }
        },
    }
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": description}
    for status, description in (
        (404, "The form is not taken here"),
        (408, "The body took too long"),
        (409, "COLLECTOR_LEGACY_TESTER names no tester any more"),
        (413, "The body is too large"),
        (422, "Not the original tester's form"),
        (503, "The database is away, busy or full; Retry-After says when to try again"),
    )
}


@router.post("/", summary="A result in the original tester's form", responses=REFUSALS, openapi_extra=FORM)
async def post_form(request: Request, at: Annotated[Services, Depends(services)]) -> dict[str, Any]:
    """Off (404) unless COLLECTOR_LEGACY_TESTER says whose results these are; kept verbatim."""
    name = at.settings.legacy_tester
    if name is None:
        raise Refused(
            404,
            "legacy_off",
            "the original tester's form is not taken here",
            hint="set COLLECTOR_LEGACY_TESTER to the name of the tester whose results these are",
        )
    body = await read_body(request, most=SMALL_BODY, deadline_s=at.settings.body_deadline_s)
    try:
        form = read_form(body)
    except ValueError as error:
        raise Refused(
            422, "invalid", f"not the original tester's form: {error}", hint="it is urlencoded"
        ) from None

    def store() -> None:
        now = at.now()
        try:
            number = legacy_tester(at.engine, name, now=now)
        except ConfigurationError as error:
            # It was right when the collector started: the testers table has changed since.
            raise Refused(409, "legacy_tester", str(error), hint=error.hint) from None
        store_form(at.engine, tester_number=number, form=form, now=now)

    await anyio.to_thread.run_sync(store)
    at.storage.succeeded()
    return {"stored": 1}
