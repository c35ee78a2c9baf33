"""Sweeps: all of them, and one of them while it goes on or afterwards."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from collector.dashboard.choices import choices
from collector.dashboard.formats import moment_of, when
from collector.dashboard.live import live_before
from collector.dashboard.page import page
from collector.dashboard.progress import GOING_ON, progress_of, sweep_headline
from collector.errors import Refused
from collector.web.fleets import get_fleets
from collector.web.reads_names import FleetName
from collector.web.reads_page import MAX_LIMIT, Cursor
from collector.web.reads_runs import chosen_runs, runs_body
from collector.web.reads_sweep import summary_body
from collector.web.state import Services, services
from collector.web.sweeps import Outcome, get_sweep, get_sweeps

router = APIRouter()

SWEEPS_AT_A_TIME = 25
WORST = 10
"""Paths that a list shows."""

MOST_WORST = 50
"""Paths that are asked for: those whose median is lost rank as the slowest, and are shown elsewhere."""


@router.get("/sweeps")
def get_sweeps_page(
    request: Request,
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    outcome: Annotated[Outcome | None, Query(description="how it ended")] = None,
    since: Annotated[str | None, Query(description="sweeps that began then or later")] = None,
    until: Annotated[str | None, Query(description="sweeps that began before")] = None,
    cursor: Cursor = None,
) -> Response:
    """Sweeps, the newest first; the page moves with what happens."""
    live = live_before(request, at)
    body = get_sweeps(
        at, fleet=fleet, outcome=outcome, since=since, until=until, limit=SWEEPS_AT_A_TIME, cursor=cursor
    )
    listed = body["sweeps"]
    return page(
        request,
        "sweeps.html",
        title="Sweeps",
        active="sweeps",
        headline=_headline(listed, is_first=cursor is None),
        sweeps=[_row(place, listed) for place in range(len(listed))],
        fleets=choices("all", (one["name"] for one in get_fleets(at)["fleets"])),
        outcomes=choices("any", Outcome),
        asked={"fleet": fleet, "outcome": outcome, "since": since, "until": until},
        next=body["next"],
        cursor=cursor,
        live=live,
    )


@router.get("/sweeps/{sweep_id}")
def get_sweep_page(
    request: Request, at: Annotated[Services, Depends(services)], sweep_id: UUID, fleet: FleetName = None
) -> Response:
    """One sweep: how far each tester is, what it found so far, what is missing and why."""
    live = live_before(request, at)
    chosen = chosen_runs(at, fleet=fleet, sweep_id=sweep_id)
    summary = summary_body(at, sweep_id, worst=MOST_WORST)
    found = runs_body(at, chosen, limit=MAX_LIMIT, cursor=None)
    sweep = _registered(at, sweep_id)
    progress = progress_of(found["runs"], spec=sweep["spec"])
    is_open = summary["outcome"] is None
    goes_on = is_open and any(one.word in GOING_ON for one in progress)
    started_at = summary["started_at"]
    return page(
        request,
        "sweep.html",
        title=f"Sweep of {when(started_at)}",
        active="sweeps",
        headline=sweep_headline(summary, progress, goes_on=goes_on),
        summary=summary,
        slowest=[path for path in summary["slowest"] if path["p50_us"] is not None][:WORST],
        lossiest=summary["lossiest"][:WORST],
        sweep=sweep,
        progress=progress,
        before=_before(at, fleet=summary["fleet"], started_at=started_at),
        is_open=is_open,
        is_cut=found["next"] is not None,
        live=live,
    )


def _row(place: int, listed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a sweep with what its row needs: how many runs there are, and which sweep came before."""
    sweep = listed[place]
    spec, counts = sweep["spec"], sweep["runs"]
    began, ended = moment_of(sweep["started_at"]), moment_of(sweep["finished_at"])
    earlier = (one for one in listed[place + 1 :] if one["fleet_id"] == sweep["fleet_id"])
    before = next((one for one in earlier if one["outcome"] != Outcome.SKIPPED), None)
    testers = spec.get("testers") if isinstance(spec, dict) else None
    return {
        **sweep,
        "announced": sum(counts.values()),
        "reported": counts["complete"] + counts["truncated"],
        "testers": len(testers) if isinstance(testers, list) else None,
        "lasted_s": None if began is None or ended is None else (ended - began).total_seconds(),
        "before": None if before is None else before["sweep_id"],
    }


def _headline(listed: Sequence[Mapping[str, Any]], *, is_first: bool) -> str:
    if not listed:
        return "No sweep fits"
    if not is_first:
        return "Earlier sweeps"
    running = [one for one in listed if one["outcome"] is None and one["runs"]["announced"]]
    if running:
        return "A sweep is running" if len(running) == 1 else f"{len(running)} sweeps are running"
    newest = listed[0]
    if newest["outcome"] is None:
        return "The newest sweep has no outcome yet"
    said = {"failed": "failed", "interrupted": "was interrupted", "skipped": "was skipped"}
    return f"The newest sweep {said.get(newest['outcome'], 'is ' + newest['outcome'])}"


def _registered(at: Services, sweep_id: UUID) -> dict[str, Any]:
    """Return what is registered of a sweep; nothing is known of one of testers that were started by hand."""
    try:
        return get_sweep(sweep_id, at)
    except Refused:
        return dict.fromkeys(("note", "cost_usd", "spec"))


def _before(at: Services, *, fleet: str, started_at: str | None) -> str | None:
    """Return the sweep of a fleet before a time, that was not skipped."""
    if started_at is None:
        return None
    listed = get_sweeps(at, fleet=fleet, until=started_at, limit=SWEEPS_AT_A_TIME)["sweeps"]
    return next((one["sweep_id"] for one in listed if one["outcome"] != Outcome.SKIPPED), None)
