"""Routes that write runs: announcement, heartbeat, report, abandonment."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from collector.auth import Tester, require_admin, require_tester, require_tester_or_admin, retired
from collector.errors import Refused
from collector.ingest.clock import offset_us
from collector.ingest.columns import IncomingReport, NotJson, read_report
from collector.ingest.heartbeats import keep_heartbeat
from collector.ingest.reports import Delivery
from collector.ingest.runs import Owner, abandon, announce, owner_of
from collector.ingest.undecoded import TooManyProbes
from collector.session import reading
from collector.web.bodies import SMALL_BODY, check_digest, decoded_body, read_body
from collector.web.described import ANNOUNCEMENT, HEARTBEAT, REPORT
from collector.web.fields import CREATED
from collector.web.state import Services, services
from wire.announce import Announcement, Heartbeat
from wire.errors import UnknownVersion, WireError
from wire.fields import check_time
from wire.identity import run_id_of
from wire.report import DIGEST_HEADER

router = APIRouter(prefix="/api/v1", tags=["runs"])
Message = TypeVar("Message")

SMALL_REPORT = 16 * 2**10


class Abandonment(BaseModel):
    """Whose run it was, and why nobody waits for it any more."""

    tester_id: UUID
    sweep_id: UUID
    index: int = Field(ge=0, lt=2**31)
    of: int | None = Field(default=None, ge=1, lt=2**31)
    reason: str = Field(max_length=1_000)


@router.put(
    "/runs/{run_id}", summary="Announce a run before it probes", responses=CREATED, openapi_extra=ANNOUNCEMENT
)
async def put_run(
    run_id: UUID,
    request: Request,
    tester: Annotated[Tester, Depends(require_tester)],
    at: Annotated[Services, Depends(services)],
    tester_time: Annotated[str | None, Header()] = None,
) -> JSONResponse:
    """201 for a new run, 200 for one that is known."""
    body = await read_body(request, most=SMALL_BODY, deadline_s=at.settings.body_deadline_s)
    now = at.now()
    message = _read(Announcement.from_bytes, body)
    _check_run(
        run_id, tester.uuid, message.run_id, message.tester_id, sweep_id=message.sweep_id, index=message.index
    )

    def store() -> JSONResponse:
        done = announce(
            at.engine,
            owner=tester.owner,
            announcement=message,
            clock_offset_us=_offset(tester_time, now),
            now=now,
            most_offset=timedelta(seconds=at.settings.max_clock_offset_s),
        )
        at.storage.succeeded()
        return JSONResponse(
            {"run_id": str(run_id), "state": done.state, "clock_offset_us": done.clock_offset_us},
            status_code=201 if done.fresh else 200,
        )

    return await anyio.to_thread.run_sync(store)


@router.post("/heartbeats", status_code=204, summary="Say that a tester lives", openapi_extra=HEARTBEAT)
async def post_heartbeat(
    request: Request,
    tester: Annotated[Tester, Depends(require_tester)],
    at: Annotated[Services, Depends(services)],
    tester_time: Annotated[str | None, Header()] = None,
) -> Response:
    """204; the newest heartbeat of a tester is kept."""
    body = await read_body(request, most=SMALL_BODY, deadline_s=at.settings.body_deadline_s)
    now = at.now()
    heartbeat = _read(Heartbeat.from_bytes, body)
    if heartbeat.tester_id != tester.uuid:
        raise _foreign("the heartbeat is another tester's")

    def keep() -> None:
        keep_heartbeat(
            at.engine,
            tester_number=tester.number,
            heartbeat=heartbeat,
            now=now,
            clock_offset_us=_offset(tester_time, now),
        )

    await anyio.to_thread.run_sync(keep)
    return Response(status_code=204)


@router.put(
    "/runs/{run_id}/report", summary="Deliver the report of a run", responses=CREATED, openapi_extra=REPORT
)
@router.post("/runs/{run_id}/report", include_in_schema=False)
async def put_report(
    run_id: UUID,
    request: Request,
    tester: Annotated[Tester | None, Depends(require_tester_or_admin)],
    at: Annotated[Services, Depends(services)],
    tester_time: Annotated[str | None, Header()] = None,
    content_encoding: Annotated[str | None, Header()] = None,
    report_digest: Annotated[str | None, Header(alias=DIGEST_HEADER)] = None,
) -> JSONResponse:
    """201 stored, 200 the same report was there, 409 another one was.

    An answer of success comes after the commit.
    """
    delivery = await _delivery(
        run_id,
        request,
        tester,
        at,
        tester_time=tester_time,
        encoding=content_encoding,
        announced_digest=report_digest,
    )
    stored = await asyncio.wrap_future(at.reports.put(delivery))
    at.storage.succeeded()
    return JSONResponse(
        {"run_id": str(run_id), "stored": stored.rows, "repeated": stored.repeated},
        status_code=200 if stored.repeated else 201,
    )


async def _delivery(
    run_id: UUID,
    request: Request,
    tester: Tester | None,
    at: Services,
    *,
    tester_time: str | None,
    encoding: str | None,
    announced_digest: str | None,
) -> Delivery:
    """Return what a body holds, and nothing of the body: while it waits for the database it is decoded."""
    limits = at.settings
    async with at.bodies.body(
        request, most=limits.max_body_bytes, deadline_s=limits.body_deadline_s
    ) as packed:
        now = at.now()

        def read() -> Delivery:
            body = decoded_body(packed, encoding=encoding, most=limits.max_report_bytes)
            digest = check_digest(body, announced_digest)
            report = _report(body, most_probes=limits.max_probes)
            whose = report.tester_id if tester is None else tester.uuid
            _check_run(
                run_id, whose, report.run_id, report.tester_id, sweep_id=report.sweep_id, index=report.index
            )
            return Delivery(
                owner=_owner(at, whose) if tester is None else tester.owner,
                report=report,
                body_sha256=digest,
                clock_offset_us=_offset(tester_time, now),
                at=now,
            )

        # A small report is read in less time than it takes to hand it to a thread.
        small = tester is not None and len(packed) <= SMALL_REPORT and not encoding
        return read() if small else await anyio.to_thread.run_sync(read, limiter=at.report_slots)


@router.post(
    "/runs/{run_id}/abandon", dependencies=[Depends(require_admin)], summary="Wait for a run no more"
)
def post_abandon(
    run_id: UUID, abandonment: Abandonment, at: Annotated[Services, Depends(services)]
) -> dict[str, Any]:
    """Tell the run's state: one that has reported stays as it is."""
    whose = abandonment.tester_id
    _check_run(run_id, whose, run_id, whose, sweep_id=abandonment.sweep_id, index=abandonment.index)
    with reading(at.engine) as connection:
        owner = owner_of(connection, whose)
    if owner is None:
        raise _unknown_tester(whose)
    state = abandon(
        at.engine,
        owner=owner,
        run_id=run_id,
        sweep_id=abandonment.sweep_id,
        index=abandonment.index,
        of=abandonment.of,
        reason=abandonment.reason.replace("\x00", ""),
        now=at.now(),
    )
    return {"run_id": str(run_id), "state": state}


def _read(read: Callable[[bytes], Message], body: bytes) -> Message:
    try:
        return read(body)
    except WireError as error:
        raise _refusal(error, not_json=error.reason.startswith("not JSON")) from None


def _report(body: bytes, *, most_probes: int) -> IncomingReport:
    try:
        return read_report(body, most_probes=most_probes)
    except TooManyProbes as error:
        raise Refused(
            413,
            "too_many_probes",
            str(error),
            hint="split the servers over more testers, probe them less often, or raise COLLECTOR_MAX_PROBES",
        ) from None
    except WireError as error:
        raise _refusal(error, not_json=isinstance(error, NotJson)) from None


def _refusal(error: WireError, *, not_json: bool) -> Refused:
    if isinstance(error, UnknownVersion):
        return Refused(
            422,
            "unknown_version",
            str(error),
            hint="install a tester and a collector of one release",
            fields={"known": list(error.known)},
        )
    if not_json:
        return Refused(400, "not_json", str(error), hint="the body is one JSON object in UTF-8")
    hint = "what each field may hold stands in /openapi.json"
    return Refused(422, "invalid", str(error), hint=hint, fields={"field": error.field})


def _check_run(
    run_id: UUID, whose: UUID, given_run: UUID, given_tester: UUID, *, sweep_id: UUID, index: int
) -> None:
    if given_tester != whose:
        raise _foreign(f"the run is tester {given_tester}'s")
    if given_run != run_id or run_id != run_id_of(sweep_id=sweep_id, tester_id=whose, index=index):
        raise _foreign(f"run {run_id} is not number {index} of tester {whose} in sweep {sweep_id}")


def _foreign(message: str) -> Refused:
    return Refused(403, "foreign_run", message, hint="a tester writes its own runs only")


def _unknown_tester(tester_id: UUID) -> Refused:
    return Refused(
        404, "unknown_tester", f"there is no tester {tester_id}", hint="register it with PUT /api/v1/testers"
    )


def _owner(at: Services, tester_id: UUID) -> Owner:
    with reading(at.engine) as connection:
        owner = owner_of(connection, tester_id)
    if owner is None:
        raise _unknown_tester(tester_id)
    if owner.retired:
        raise retired(tester_id)
    return owner


def _offset(tester_time: str | None, now: datetime) -> int | None:
    if tester_time is None:
        return None
    try:
        return offset_us(tester_time=check_time(tester_time, field="Tester-Time"), now=now)
    except WireError:
        # A header that says nothing is no reason to lose what was measured.
        return None
