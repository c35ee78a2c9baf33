"""What query parameters name: fleets, testers, servers, moments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import Query

from collector.errors import Refused
from collector.history.queries import fleet_number_of_sweep
from collector.tables import fleets, servers, testers
from collector.web.lookup import clean_text, find_fleet, uuid_or_none

FleetName = Annotated[str | None, Query(alias="fleet", description="a fleet's UUID or name")]
TesterName = Annotated[str | None, Query(alias="tester", description="a tester's UUID or name")]
ServerName = Annotated[str | None, Query(alias="server", description="a server's UUID or name")]
SweepId = Annotated[UUID | None, Query(description="a sweep's UUID")]
Trusted = Annotated[bool | None, Query(description="only runs whose tester was fit to measure, or not")]
Since = Annotated[str | None, Query(description="runs that started then or later (ISO 8601 with an offset)")]
Until = Annotated[str | None, Query(description="runs that started before (ISO 8601 with an offset)")]

MOST_LISTED = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """From `since`, included, to `until`, not included; None where there is no bound."""

    since: datetime | None
    until: datetime | None


def span_of(since: str | None, until: str | None) -> Span:
    """Return the span between two texts; refuse with 400 what is no time or runs backwards."""
    span = Span(since=_moment(since, what="since"), until=_moment(until, what="until"))
    if span.since is not None and span.until is not None and span.since > span.until:
        raise Refused(400, "bad_parameter", "since is later than until", hint="exchange the two")
    return span


def fleet_number(connection: sa.Connection, fleet: str | None) -> int | None:
    """Return the number of a fleet, None where none was named; refuse an unknown one with 404."""
    return None if fleet is None else int(find_fleet(connection, fleet).id)


def the_fleet(connection: sa.Connection, fleet: str | None, sweep_id: UUID | None) -> sa.Row[Any] | None:
    """Return the fleet that is named, or that a sweep is of, or the only one; None where there is none.

    Refuses with 404 what is unknown, and with 400 a question that says nothing where there are several.
    """
    named = None if fleet is None else find_fleet(connection, fleet)
    if sweep_id is not None:
        number = fleet_number_of_sweep(connection, sweep_id)
        if number is None or (named is not None and named.id != number):
            where = "" if named is None else f" in the fleet {named.name}"
            raise Refused(
                404,
                "unknown_sweep",
                f"there is no sweep {sweep_id}{where}",
                hint="GET /api/v1/sweeps lists those there are",
            )
        return named or connection.execute(sa.select(fleets).where(fleets.c.id == number)).one()
    if named is not None:
        return named
    known = connection.execute(sa.select(fleets).order_by(fleets.c.name).limit(MOST_LISTED)).all()
    if len(known) > 1:
        names = ", ".join(row.name for row in known)
        raise Refused(
            400,
            "fleet_needed",
            "there are several fleets",
            hint=f"add fleet=, one of: {names}",
            fields={"fleets": [row.name for row in known]},
        )
    return known[0] if known else None


def the_tester(connection: sa.Connection, tester: str, *, fleet_number: int | None) -> sa.Row[Any]:
    """Return the tester of a UUID or a name; refuse with 404, or with 409 a name that several have."""
    wanted = clean_text(tester, what="tester")
    uuid = uuid_or_none(wanted)
    query = sa.select(testers).where(
        testers.c.name == wanted if uuid is None else sa.or_(testers.c.uuid == uuid, testers.c.name == wanted)
    )
    if fleet_number is not None:
        query = query.where(testers.c.fleet_id == fleet_number)
    found = connection.execute(query.order_by(testers.c.id).limit(MOST_LISTED)).all()
    found = [row for row in found if row.uuid == uuid] or found
    if not found:
        raise Refused(
            404,
            "unknown_tester",
            f"there is no tester {wanted}",
            hint="GET /api/v1/testers lists those there are",
        )
    if len(found) > 1:
        raise _ambiguous("tester", wanted, found, hint="add fleet=, or give one of the UUIDs")
    return found[0]


def the_servers(
    connection: sa.Connection, server: str, *, fleet_number: int | None, address: str | None = None
) -> Sequence[sa.Row[Any]]:
    """Return all addresses of a server; refuse with 404, or with 409 a name that several fleets have."""
    wanted = clean_text(server, what="server")
    uuid = uuid_or_none(wanted)
    query = sa.select(servers).where(
        servers.c.name == wanted if uuid is None else sa.or_(servers.c.uuid == uuid, servers.c.name == wanted)
    )
    if fleet_number is not None:
        query = query.where(servers.c.fleet_id == fleet_number)
    if address is not None:
        query = query.where(servers.c.ip_addr == clean_text(address, what="address"))
    found = connection.execute(query.order_by(servers.c.id)).all()
    found = [row for row in found if row.uuid == uuid] or found
    if not found:
        at = "" if address is None else f" with the address {address}"
        raise Refused(
            404,
            "unknown_server",
            f"there is no server {wanted}{at}",
            hint="GET /api/v1/servers lists those there are",
        )
    if len({row.fleet_id for row in found}) > 1:
        raise _ambiguous("server", wanted, found, hint="add fleet=, or give one of the UUIDs")
    return found


def the_server(
    connection: sa.Connection, server: str, *, fleet_number: int | None, address: str | None
) -> sa.Row[Any]:
    """Return one address of a server; refuse with 404, or with 409 where it has several."""
    found = the_servers(connection, server, fleet_number=fleet_number, address=address)
    # A name that failed to resolve once has a row without an address, which nobody asks for by name.
    found = [row for row in found if row.ip_addr is not None] or found
    if len(found) > 1:
        addresses = ", ".join(sorted({str(row.ip_addr) for row in found})[:MOST_LISTED])
        raise _ambiguous("server", server, found, hint=f"add address=, one of: {addresses}; or give a UUID")
    return found[0]


def _ambiguous(what: str, name: str, found: Sequence[sa.Row[Any]], *, hint: str) -> Refused:
    return Refused(
        409,
        f"ambiguous_{what}",
        f"{what} {name} may be one of {len(found)}",
        hint=hint,
        fields={"ids": [str(row.uuid) for row in found[:MOST_LISTED]]},
    )


def _moment(text: str | None, *, what: str) -> datetime | None:
    if text is None:
        return None
    try:
        # A "+" that was not escaped arrives as a space.
        time = datetime.fromisoformat(text.strip().replace(" ", "+") if text.count(":") > 2 else text)
        if time.tzinfo is None:
            raise ValueError
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(
            400,
            "bad_parameter",
            f"{what}: not an ISO 8601 time with an offset",
            hint="write it like 2026-03-01T12:00:00Z",
        ) from None
