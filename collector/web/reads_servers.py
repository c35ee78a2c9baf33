"""GET servers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from collector.history.queries import servers_after
from collector.session import reading
from collector.web.reads_answers import ERRORS, answer, hinted, server_dict
from collector.web.reads_names import FleetName, fleet_number
from collector.web.reads_page import DEFAULT_LIMIT, Cursor, Limit, cursor_of, key_in
from collector.web.state import Services, services

router = APIRouter(tags=["servers"])

SERVERS = "servers"


@router.get("/servers", responses=ERRORS)
def list_servers(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Servers, one item for each address, in the order of their first result."""
    return answer(servers_body(at, fleet=fleet, limit=limit, cursor=cursor))


def servers_body(at: Services, *, fleet: str | None, limit: int, cursor: str | None) -> dict[str, Any]:
    """Return a page of servers as the API answers it."""
    after = 0 if cursor is None else key_in(cursor, SERVERS, int)[0]
    with reading(at.engine) as connection:
        rows = servers_after(
            connection, fleet_number=fleet_number(connection, fleet), after=after, limit=limit + 1
        )
    page = rows[:limit]
    items = [
        server_dict(row)
        | {
            "fleet_id": str(row.fleet_uuid),
            "port": row.port,
            "probe_type": row.probe_type,
            "location": row.location,
        }
        for row in page
    ]
    more = cursor_of(SERVERS, page[-1].id) if len(rows) > limit else None
    body = {"servers": items, "next": more}
    return hinted(body, None if rows or cursor else "a server appears with its first result; none is stored")
