"""Runs: those that fit a filter, and one of them with its results."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from collector.dashboard.choices import choices
from collector.dashboard.formats import moment_of, plural
from collector.dashboard.health import health_of
from collector.dashboard.live import live_before
from collector.dashboard.page import page
from collector.dashboard.progress import NOT_TRUSTED, word_of
from collector.tables import RunState
from collector.web.reads_names import FleetName, Since, SweepId, TesterName, Trusted, Until
from collector.web.reads_page import Cursor
from collector.web.reads_runs import chosen_runs, run_body, runs_body
from collector.web.state import Services, services

router = APIRouter()

RUNS_AT_A_TIME = 50
RESULTS_AT_A_TIME = 500


@router.get("/runs")
def get_runs_page(
    request: Request,
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    sweep_id: SweepId = None,
    tester: TesterName = None,
    state: Annotated[RunState | None, Query(description="what is known of the run")] = None,
    trusted: Trusted = None,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
) -> Response:
    """Runs, those announced last first; the page moves with what happens."""
    live = live_before(request, at)
    chosen = chosen_runs(
        at,
        fleet=fleet,
        tester=tester,
        sweep_id=sweep_id,
        state=state,
        trusted=trusted,
        since=since,
        until=until,
    )
    body = runs_body(at, chosen, limit=RUNS_AT_A_TIME, cursor=cursor)
    asked = {
        "sweep_id": None if sweep_id is None else str(sweep_id),
        "tester": tester,
        "state": None if state is None else state.value,
        "trusted": None if trusted is None else str(trusted).lower(),
        "since": since,
        "until": until,
    }
    return page(
        request,
        "runs.html",
        title="Runs",
        active="sweeps",
        headline=_headline(len(body["runs"]), is_all=body["next"] is None and cursor is None),
        runs=[run | {"word": word_of(run), "lasted_s": _lasted_s(run)} for run in body["runs"]],
        hint=body.get("hint"),
        asked=asked,
        states=choices("any", RunState),
        trust=[("", "any"), ("true", "trusted"), ("false", NOT_TRUSTED)],
        next=body["next"],
        cursor=cursor,
        live=live,
    )


@router.get("/runs/{run_id}")
def get_run_page(
    request: Request,
    at: Annotated[Services, Depends(services)],
    run_id: UUID,
    fleet: FleetName = None,
    cursor: Cursor = None,
) -> Response:
    """One run: the health of its tester, and what it found of each server."""
    body = run_body(at, run_id, limit=RESULTS_AT_A_TIME, cursor=cursor)
    word = word_of(body)
    of = f" of {body['of']}" if body["of"] else ""
    return page(
        request,
        "run.html",
        title=f"Run {body['index'] + 1}{of} of {body['tester']}",
        active="sweeps",
        run=body,
        word=word,
        lasted_s=_lasted_s(body),
        health=health_of(body),
        fleet=fleet,
        cursor=cursor,
    )


def _headline(count: int, *, is_all: bool) -> str:
    if not count:
        return "No run fits"
    return plural(count, "run") if is_all else f"Runs, {count} of them"


def _lasted_s(run: Mapping[str, Any]) -> float | None:
    began, ended = moment_of(run["started_at"]), moment_of(run["finished_at"])
    return None if began is None or ended is None else (ended - began).total_seconds()
