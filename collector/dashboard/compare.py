"""Two sweeps held against each other: what changed, by how much, and how sure that is."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from collector.dashboard.formats import first_of, plural, when
from collector.dashboard.page import link, page
from collector.dashboard.region_rows import interval, scale_of
from collector.session import reading
from collector.verdicts.thresholds import Thresholds
from collector.web.reads_diff import diff_body
from collector.web.reads_names import FleetName, the_fleet
from collector.web.state import Services, services
from collector.web.sweeps import Outcome, get_sweeps

router = APIRouter()

MOST_SWEEPS = 60
"""Sweeps that can be chosen, the newest ones; any other by its UUID in the address."""

MOST_PATHS = 50
NAMED = 3

Row = dict[str, Any]


@router.get("/compare")
def get_compare_page(
    request: Request,
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    a: Annotated[
        UUID | None, Query(description="the sweep before; the one before b where none is named")
    ] = None,
    b: Annotated[UUID | None, Query(description="the sweep after; the newest where none is named")] = None,
    every: Annotated[bool, Query(description="paths too whose change may be chance")] = False,
) -> Response:
    """What changed from sweep `a` to sweep `b`."""
    with reading(at.engine) as connection:
        owner = the_fleet(connection, fleet, b or a)
    listed: list[Row] = []
    if owner is not None:
        found = get_sweeps(at, fleet=str(owner.uuid), limit=MOST_SWEEPS)["sweeps"]
        listed = [sweep for sweep in found if sweep["outcome"] != Outcome.SKIPPED]
    before, after = _chosen(listed, a=a, b=b)
    body = None if before is None or after is None else diff_body(at, before=before, after=after)
    rows = {} if body is None else _rows(body, at.settings.verdict, every=every)
    return page(
        request,
        "compare.html",
        title="Two sweeps compared",
        active="compare",
        headline=_headline(body, least=at.settings.verdict.watch_ratio),
        body=body,
        rows=rows,
        path_count=0 if body is None else len(body["paths"]),
        most_paths=MOST_PATHS,
        every=every,
        sweeps=[(sweep["sweep_id"], _name(sweep)) for sweep in listed],
        before=None if before is None else str(before),
        after=None if after is None else str(after),
        names={sweep["sweep_id"]: when(sweep["started_at"]) for sweep in listed},
        export=None if body is None else link("/api/v1/diff", a=before, b=after),
    )


def _chosen(
    listed: Sequence[Mapping[str, Any]], *, a: UUID | None, b: UUID | None
) -> tuple[UUID | None, UUID | None]:
    """Return the sweeps that are meant; what is not named is the newest, or the one before it.

    Of the newest as the one before there is none after it yet.
    """
    ids = [UUID(sweep["sweep_id"]) for sweep in listed]
    if b is None:
        b = ids[0] if ids and ids[0] != a else None
    if a is None and b is not None:
        later = ids.index(b) + 1 if b in ids else 0
        a = next((one for one in ids[later:] if one != b), None)
    return a, b


def _rows(body: Mapping[str, Any], thresholds: Thresholds, *, every: bool) -> dict[str, Any]:
    """Return the tables: each change with where its interval stands, on one scale for all of them."""
    plain = {name: [_flat(row) for row in body[name]] for name in ("regions", "servers", "paths")}
    paths = [row for row in plain["paths"] if every or row["stands"] or row["is_lost"]]
    shown = plain | {"paths": paths[:MOST_PATHS]}
    scale = scale_of([row for rows in shown.values() for row in rows])
    for rows in shown.values():
        for row in rows:
            row["interval"] = interval(row, scale, thresholds)
    return shown | {"scale": scale, "paths_all": len(paths)}


def _flat(change: Mapping[str, Any]) -> Row:
    """Return a change with a word for it, and its bounds by the names that scales know."""
    return {
        **change,
        "change_low": change["change_ratio_low"],
        "change_high": change["change_ratio_high"],
        "word": word_of(change),
    }


def word_of(change: Mapping[str, Any]) -> str:
    """Return what a change is: only one that stands is slower or faster."""
    if change["is_lost"]:
        return "lost"
    if change["note"]:
        return str(change["note"]).replace("_", " ")
    if not change["stands"] or not change["change_ratio"]:
        return "no change that stands"
    return "slower" if change["change_ratio"] > 0 else "faster"


def _headline(body: Mapping[str, Any] | None, *, least: float) -> str:
    """Return what changed by more than a share that is worth a headline; the tables have all of it."""
    if body is None:
        return "Two sweeps are needed to compare them"
    if "hint" in body:
        return "Nothing to compare"
    parts = []
    for name, one in (("regions", "region"), ("servers", "server")):
        words = [
            (word_of(change), change["label"])
            for change in body[name]
            if change["is_lost"] or abs(change["change_ratio"] or 0.0) > least
        ]
        for word in ("lost", "slower", "faster"):
            found = [label for said, label in words if said == word]
            if found:
                got = "" if word == "lost" else "got "
                parts.append(f"{plural(len(found), one)} {got}{word}: {first_of(found, most=NAMED)}")
    return "; ".join(parts) if parts else "No region and no server changed by much"


def _name(sweep: Mapping[str, Any]) -> str:
    return f"{when(sweep['started_at'])}, {sweep['outcome'] or 'no outcome yet'}"
