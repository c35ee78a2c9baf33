"""The fleet: each tester with its health, and the runs that were left out of all figures."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from collector.dashboard.formats import first_of, plural
from collector.dashboard.health import clock_of, dropped_of, loopback_of, steal_of
from collector.dashboard.live import live_before
from collector.dashboard.page import page
from collector.dashboard.progress import NOT_TRUSTED, word_of
from collector.history.queries_fleet import last_runs, newest_left_out
from collector.session import reading
from collector.web.reads_answers import run_dict
from collector.web.reads_names import FleetName, fleet_number
from collector.web.reads_page import Cursor
from collector.web.state import Services, services
from collector.web.testers import get_testers

router = APIRouter()

TESTERS_AT_A_TIME = 1_000
MOST_LEFT_OUT = 50


class Sort(StrEnum):
    """In which order testers are listed."""

    REGISTERED = "registered"
    NAME = "name"
    REGION = "region"
    SEEN = "seen"
    HEALTH = "health"


WORST_FIRST = {word: place for place, word in enumerate((NOT_TRUSTED, "given up", "ended early", "no run"))}

ORDER: dict[Sort, Callable[[Mapping[str, Any]], Any]] = {
    Sort.NAME: lambda tester: tester["name"],
    Sort.REGION: lambda tester: (tester["region"], tester["name"]),
    # Who was never heard of, or for longest, comes first.
    Sort.SEEN: lambda tester: tester["last_seen_at"] or "",
    Sort.HEALTH: lambda tester: (WORST_FIRST.get(tester["word"], 9), tester["name"]),
}


@router.get("/fleet")
def get_fleet_page(
    request: Request,
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    include_retired: Annotated[bool, Query(description="those too that were taken out of it")] = False,
    sort: Annotated[Sort, Query(description="what comes first")] = Sort.REGISTERED,
    cursor: Cursor = None,
) -> Response:
    """Each tester as its last run shows it; the page moves with what happens."""
    live = live_before(request, at)
    body = get_testers(
        at, fleet=fleet, include_retired=include_retired, limit=TESTERS_AT_A_TIME, cursor=cursor
    )
    with reading(at.engine) as connection:
        number = fleet_number(connection, fleet)
        newest = {str(row.tester_uuid): run_dict(row) for row in last_runs(connection, fleet_number=number)}
        left_out = [
            run_dict(row) for row in newest_left_out(connection, fleet_number=number, limit=MOST_LEFT_OUT)
        ]
    listed = [_row(tester, newest.get(tester["tester_id"])) for tester in body["testers"]]
    if sort in ORDER:
        listed.sort(key=ORDER[sort])
    return page(
        request,
        "fleet.html",
        title="Fleet",
        active="fleet",
        headline=_headline(listed, is_all=body["next"] is None and cursor is None),
        testers=listed,
        several=len({tester["fleet_id"] for tester in listed}) > 1,
        left_out=[run | {"word": word_of(run)} for run in left_out],
        most_left_out=MOST_LEFT_OUT,
        asked={
            "include_retired": include_retired or None,
            "sort": None if sort is Sort.REGISTERED else sort.value,
        },
        next=body["next"],
        cursor=cursor,
        live=live,
    )


def _row(tester: Mapping[str, Any], run: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a tester with what its last run says of it, in words."""
    config = tester["config"] if isinstance(tester["config"], Mapping) else {}
    beat = tester["heartbeat"] if isinstance(tester["heartbeat"], Mapping) else {}
    return {
        **tester,
        "driver": str(config.get("driver") or ""),
        "run": run,
        "word": "retired" if tester["retired_at"] else "no run" if run is None else word_of(run),
        "loopback": None if run is None else loopback_of(run),
        "steal": None if run is None else steal_of(run),
        "dropped": None if run is None else dropped_of(run),
        "clock": None if run is None else clock_of(run),
        "state": beat.get("state"),
        "spooled": beat.get("spooled_count"),
        "rejected": beat.get("rejected_count"),
        "last_error": beat.get("last_error"),
        "version": beat.get("version"),
    }


def _headline(listed: Sequence[Mapping[str, Any]], *, is_all: bool) -> str:
    if not listed:
        return "No tester is registered"
    there = plural(len(listed), "tester") if is_all else f"Testers, {len(listed)} of them"
    bad = [tester["name"] for tester in listed if tester["word"] in (NOT_TRUSTED, "given up")]
    if not bad:
        is_heard = any(tester["run"] is not None for tester in listed)
        return f"{there}, and nothing against their last runs" if is_heard else f"{there}, no run of them yet"
    return f"{there}; what does not count is the last run of {first_of(bad)}"
