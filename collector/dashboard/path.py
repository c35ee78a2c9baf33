"""One path over time: how long it takes, how much it loses, and what is usual."""

import json
from datetime import datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response
from markupsafe import Markup

from collector.dashboard.curves import HEIGHT, WIDTH, drawn
from collector.dashboard.formats import moment_of
from collector.dashboard.page import link, page
from collector.dashboard.path_past import PAST, Past, past_of
from collector.dashboard.scale import amount_class, top_of
from collector.history.queries import RunFilter
from collector.history.queries_results import ResultFilter, newest_results
from collector.session import reading
from collector.tables import MICROSECOND, fleets, runs
from collector.verdicts.floor import floor_us, server_places
from collector.web.matrix_usual import against
from collector.web.ranking import tester_place
from collector.web.reads_names import Since, Until, fleet_number, the_server, the_tester
from collector.web.reads_path import AUTO, MOST_POINTS, PATTERN, path_body
from collector.web.state import Services, services
from wire.fields import time_text

router = APIRouter()

POINTS = 800
"""About as many as a chart has pixels for."""

MOST_LISTED = 200
HOUR_S = 3_600
RESULTS_WITH_A_TRACE = 20
"""So many of the newest results are looked through for one with a trace."""

RANGES = (("24 h", 1), ("7 d", 7), ("28 d", 28), ("1 y", 365), ("10 y", 3_650))
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@router.get("/path")
def get_path_page(
    request: Request,
    at: Annotated[Services, Depends(services)],
    tester: Annotated[str, Query(description="a tester's UUID or name")],
    server: Annotated[str, Query(description="a server's UUID or name")],
    fleet: Annotated[str | None, Query(description="a fleet's UUID or name")] = None,
    address: Annotated[str | None, Query(description="which address of the server")] = None,
    since: Since = None,
    until: Until = None,
    resolution: Annotated[str, Query(pattern=PATTERN, description="what a point is")] = AUTO,
    points: Annotated[int, Query(ge=2, le=MOST_POINTS, description="at most so many points")] = POINTS,
) -> Response:
    """One path, its chart and what is behind it."""
    since, until = since or None, until or None
    auto = resolution == AUTO
    body = path_body(
        at,
        tester=tester,
        server=server,
        fleet=fleet,
        address=address or None,
        since=since,
        until=until,
        resolution=resolution,
        points=points if auto else None,
        limit=MOST_POINTS if not auto else None,
    )
    with reading(at.engine) as connection:
        row = the_tester(connection, tester, fleet_number=fleet_number(connection, fleet))
        found = the_server(connection, server, fleet_number=row.fleet_id, address=address or None)
        newest = _newest(connection, row.id)
        shown = moment_of(body["points"][0]["ts"]) if body["points"] else None
        past = trace = None
        if shown is not None:
            end = moment_of(body["until"]) or newest or shown
            at_most = min(end, newest) if newest is not None else end
            past = past_of(
                connection,
                fleet_number=row.fleet_id,
                tester_number=row.id,
                server_number=found.id,
                newest=max(shown, at_most),
                thresholds=at.settings.verdict,
            )
            trace = _trace(connection, row.id, found.id, body)
        spec = connection.execute(sa.select(fleets.c.spec).where(fleets.c.id == row.fleet_id)).scalar()
    one, other = tester_place(row), server_places(spec).get(found.name)
    name = {"fleet": fleet, "tester": tester, "server": server, "address": address or None}
    asked = {**name, "since": since, "until": until}
    summary = body["summary"]
    usual = None if past is None else past.usual_us
    newest_point = body["points"][0] if body["points"] else None
    held = usual if newest_point is not None and _is_of_one_hour(newest_point, body) else None
    return page(
        request,
        "path.html",
        title=f"{body['tester']['name']} → {body['server']['name']}",
        body=body,
        summary=summary,
        against=None if newest_point is None else against(newest_point["p50_us"], held, at.settings.verdict),
        newest_point=newest_point,
        past=past,
        drawing=None if past is None else drawn([past.before, past.now]),
        box=(WIDTH, HEIGHT),
        week=None if past is None else _week(past),
        trace=trace,
        floor_us=None if one is None or other is None else floor_us(one, other),
        thresholds=at.settings.verdict,
        chart=_chart(body, usual_us=usual),
        listed=body["points"][:MOST_LISTED],
        listed_all=len(body["points"]),
        ranges=_ranges(name, newest, body),
        moves=_moves(name, body),
        asked=asked,
        resolution=resolution,
        is_auto=auto,
        exports=_exports(body, fleet=fleet),
    )


def _is_of_one_hour(point: dict[str, Any], body: dict[str, Any]) -> bool:
    """Return whether a point can be held against what is usual at an hour: by one that was fit to measure."""
    return (body["resolution_s"] or 0) <= HOUR_S and point["state"] != "tester_bad"


def _newest(connection: sa.Connection, tester_number: int) -> datetime | None:
    query = sa.select(runs.c.started_at).where(runs.c.tester_id == tester_number, runs.c.stored > 0)
    found: datetime | None = connection.execute(query.order_by(runs.c.started_at.desc()).limit(1)).scalar()
    return found


def _trace(
    connection: sa.Connection, tester_number: int, server_number: int, body: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the newest trace of the path in the window, with its time; None where there is none of late."""
    chosen = RunFilter(
        tester_number=tester_number, since=moment_of(body["since"]), until=moment_of(body["until"])
    )
    rows = newest_results(
        connection,
        chosen,
        only=ResultFilter(server_numbers=(server_number,)),
        limit=RESULTS_WITH_A_TRACE,
    )
    for row in rows:
        found = row.details.get("trace") if isinstance(row.details, dict) else None
        if isinstance(found, dict):
            return {"ts": time_text(row.ts), "reached": bool(found.get("reached")), "hops": _hops(found)}
    return None


def _hops(trace: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the hops of a trace as far as they are what a tester sends: details are taken as they come."""
    hops = trace.get("hops")
    made = []
    for hop in hops if isinstance(hops, list) else []:
        if not isinstance(hop, dict):
            continue
        rtts = hop.get("rtt_us")
        addresses = hop.get("addresses")
        made.append(
            {
                "ttl": str(hop.get("ttl", "")),
                "who": ", ".join(map(str, addresses)) if isinstance(addresses, list) else "",
                "rtt_us": [
                    rtt if rtt >= 0 else None
                    for rtt in (rtts if isinstance(rtts, list) else [])
                    if isinstance(rtt, int)
                ],
            }
        )
    return made


def _chart(body: dict[str, Any], *, usual_us: int | None) -> Markup | None:
    """Return the columns of the chart as JSON, the oldest first, in milliseconds; null breaks a line."""
    points = body["points"][::-1]
    if not points:
        return None
    moments = [moment_of(point["ts"]) for point in points]

    def column(name: str) -> list[float | None]:
        return [None if point[name] is None else point[name] / 1_000.0 for point in points]

    data = {
        "ts": [moment.timestamp() for moment in moments if moment is not None],
        "low": column("min_us"),
        "q1": column("p25_us"),
        "p50": column("p50_us"),
        "q3": column("p75_us"),
        "high": column("max_us"),
        "loss": [point["loss_ratio"] for point in points],
        "n": [point["n"] for point in points],
        "usual": None if usual_us is None else usual_us / 1_000.0,
        "step": body["resolution_s"],
    }
    # Within a script element only "<" could end it.
    return Markup(json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704  # numbers only


def _week(past: Past) -> list[tuple[str, list[tuple[int | None, str]]]]:
    top = top_of(us for us in past.week if us is not None)
    low = min((us for us in past.week if us is not None), default=0)
    # From the least on: what differs within a day would be one colour on a scale from nought.
    span = max(1, top - low)
    return [
        (
            name,
            [
                (us, "none" if us is None else amount_class(us - low, top_us=span))
                for us in past.week[day * 24 : day * 24 + 24]
            ],
        )
        for day, name in enumerate(DAYS)
    ]


def _ranges(
    name: dict[str, Any], newest: datetime | None, body: dict[str, Any]
) -> list[tuple[str, str, bool]]:
    if newest is None:
        return []
    since = moment_of(body["since"])
    found = []
    for text, days in RANGES:
        start = newest - timedelta(days=days) + MICROSECOND
        chosen = since is not None and abs((since - start).total_seconds()) < 3_600.0
        found.append((text, link("", **name, since=time_text(start)), chosen))
    return found


def _moves(name: dict[str, Any], body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the windows just before and just after the one that is shown."""
    since, until = moment_of(body["since"]), moment_of(body["until"])
    if since is None:
        return []
    end = until or (moment_of(body["points"][0]["ts"]) if body["points"] else None) or since + PAST
    length = end - since
    if length <= timedelta(0):
        return []
    found = []
    for text, by in (("Earlier", -length), ("Later", length))[: 1 if until is None else 2]:
        try:
            start, stop = since + by, end + by
        except OverflowError:
            # Before the year 1, or behind 9999.
            continue
        found.append((text, link("", **name, since=time_text(start), until=time_text(stop))))
    return found


def _exports(body: dict[str, Any], *, fleet: str | None) -> list[tuple[str, str]]:
    path = {"tester": body["tester"]["tester_id"], "server": body["server"]["server_id"], "fleet": fleet}
    span = {"since": body["since"], "until": body["until"]}
    results = [
        (f"results as {text}", link("/api/v1/results", **path, **span, format=form))
        for text, form in (("CSV", "csv"), ("Parquet", "parquet"))
    ]
    return [("JSON", link("/api/v1/path", **path, **span, resolution="auto", points=POINTS)), *results]
