"""Servers: each address that is measured, and what the newest verdict says of it."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from collector.dashboard.choices import choices
from collector.dashboard.formats import first_of, plural
from collector.dashboard.page import page
from collector.session import reading
from collector.verdicts.stored import VerdictFilter, last_round
from collector.verdicts.verdict import Scope
from collector.web.reads_names import FleetName, the_fleet
from collector.web.reads_page import Cursor
from collector.web.reads_servers import servers_body
from collector.web.reads_verdicts import verdict_dict
from collector.web.state import Services, services

router = APIRouter()

SERVERS_AT_A_TIME = 1_000
BAD = ("slow", "watch", "lossy", "lost")


class Sort(StrEnum):
    """In which order servers are listed."""

    FIRST = "first"
    NAME = "name"
    GROUP = "group"
    CHANGE = "change"


ORDER: dict[Sort, Callable[[Mapping[str, Any]], Any]] = {
    Sort.NAME: lambda server: (server["name"], server["address"] or ""),
    Sort.GROUP: lambda server: (server["group"], server["name"], server["address"] or ""),
    # What has no change comes last, whatever was lost first.
    Sort.CHANGE: lambda server: (
        server["verdict"] not in ("lost", "lossy"),
        server["change_ratio"] is None,
        -(server["change_ratio"] or 0.0),
    ),
}


@router.get("/servers")
def get_servers_page(
    request: Request,
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    group: Annotated[str | None, Query(description="servers of this group", max_length=255)] = None,
    sort: Annotated[Sort, Query(description="what comes first")] = Sort.FIRST,
    cursor: Cursor = None,
) -> Response:
    """Servers, each address in a row of its own."""
    body = servers_body(at, fleet=fleet, limit=SERVERS_AT_A_TIME, cursor=cursor)
    with reading(at.engine) as connection:
        owner = the_fleet(connection, fleet, None)
        kept: Sequence[Any] = ()
        if owner is not None:
            kept = last_round(connection, VerdictFilter(fleet_number=owner.id))
        said = {row.key: verdict_dict(row) for row in kept if row.scope == Scope.SERVER}
    listed = [_row(server, said.get(server["server_id"])) for server in body["servers"]]
    groups = sorted({server["group"] for server in listed})
    shown = [server for server in listed if group is None or server["group"] == group]
    if sort in ORDER:
        shown.sort(key=ORDER[sort])
    return page(
        request,
        "servers.html",
        title="Servers",
        active="servers",
        headline=_headline(shown, is_all=body["next"] is None and cursor is None),
        servers=shown,
        groups=choices("all", groups),
        judged_at=next(iter(said.values()))["at"] if said else None,
        asked={"group": group, "sort": None if sort is Sort.FIRST else sort.value},
        hint=body.get("hint"),
        next=body["next"],
        owner=None if owner is None else owner.name,
    )


def _row(server: Mapping[str, Any], verdict: Mapping[str, Any] | None) -> dict[str, Any]:
    names = ("verdict", "verdict_since", "change_ratio", "change_low", "change_high", "change_us", "sentence")
    return {**server, **{name: None if verdict is None else verdict[name] for name in names}}


def _headline(shown: Sequence[Mapping[str, Any]], *, is_all: bool) -> str:
    if not shown:
        return "No server fits"
    there = plural(len({server["name"] for server in shown}), "server") if is_all else "Servers"
    bad = [server for server in shown if server["verdict"] in BAD]
    if not bad:
        judged = any(server["verdict"] for server in shown)
        return f"{there}, none of them slower than usual" if judged else f"{there}, not judged yet"
    said = [f"{server['name']} ({server['verdict']})" for server in bad]
    return f"{there}; to look at: {first_of(said)}"
